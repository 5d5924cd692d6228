"""Bytes → text: a byte-order mark, else UTF-8, else a guess that is noted."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from engine.formats.table import REPLACEMENT

BLOCK = 1 << 20
N_GUESSED_FROM = 1 << 17
EAST_ASIAN = frozenset({"Chinese", "Japanese", "Korean"})
_SYMBOL_IN_WORD = re.compile(r"[^\W\d_][¡¢£¤¥¦§¨©«¬®¯±²³´¶¸¹»¼½¾¿][^\W\d_]")
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Decoded(NamedTuple):
    """A text stream that can be rewound, and notes on its encoding."""

    stream: io.TextIOWrapper
    notes: tuple[str, ...]


class _Encoding(NamedTuple):
    name: str
    notes: tuple[str, ...] = ()


@contextmanager
def decoded(binary: BinaryIO, *, newline: str | None = None) -> Iterator[Decoded]:
    """Open a binary stream as text; the stream itself stays open afterwards.

    Args:
        binary: seekable.
        newline: as for open(): None = every line end becomes a line feed.
    """
    encoding = _encoding_of(binary)
    binary.seek(0)
    stream = io.TextIOWrapper(binary, encoding=encoding.name, errors="replace", newline=newline)
    try:
        yield Decoded(stream, encoding.notes)
    finally:
        stream.detach()


def _encoding_of(binary: BinaryIO) -> _Encoding:
    binary.seek(0)
    head = binary.read(4096)
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if marked is not None:
        return _Encoding(marked)
    wide = _wide_encoding(head)
    if wide is not None:
        return _Encoding(wide, (f"The file has no byte-order mark; it was read as {wide}.",))
    binary.seek(0)
    broken = _first_broken_block(binary)
    return _Encoding("utf-8") if broken is None else _guess(*broken)


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 without a mark: nearly every other byte is NUL in Western text."""
    pairs = len(head) // 2
    if pairs < 2:
        return None
    if head[1::2].count(0) > 0.7 * pairs and not head[0::2].count(0):
        return "utf-16-le"
    if head[0::2].count(0) > 0.7 * pairs and not head[1::2].count(0):
        return "utf-16-be"
    return None


def _first_broken_block(binary: BinaryIO) -> tuple[bytes, int] | None:
    """The first block that isn't UTF-8 and where it starts to fail, or None."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    start = 0
    while block := binary.read(BLOCK):
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            return block, start + max(error.start, 0)
        start += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        binary.seek(max(0, start - BLOCK))
        return binary.read(BLOCK), start - 1
    return None


def _guess(block: bytes, position: int) -> _Encoding:
    where = f"around byte {position:,}"
    as_utf8 = block.decode("utf-8", errors="replace")
    n_bad = as_utf8.count(REPLACEMENT)
    n_good = sum(not character.isascii() for character in as_utf8) - n_bad
    if n_good > 4 * n_bad:
        note = f"The file is UTF-8 with broken bytes ({where}); they became {REPLACEMENT}."
        return _Encoding("utf-8", (note,))
    name = _guess_legacy(block)
    note = f"The file is not UTF-8 ({where}); it was read as {name}, which is a guess."
    return _Encoding(name, (note,))


def _guess_legacy(block: bytes) -> str:
    """The likeliest legacy encoding of a block.

    Kindred encodings differ in a few letters, and the guesser picks among them by little;
    Windows-1252, the commonest by far, is taken wherever it is one of the plausible ones and puts
    no symbol inside a word. Japanese is looked for first, because its kana give it away.
    """
    import charset_normalizer

    sample = block[:N_GUESSED_FROM]
    japanese = next((name for name in ("cp932", "euc_jp") if _has_kana(sample, name)), None)
    if japanese is not None:
        return japanese
    matches = charset_normalizer.from_bytes(sample)
    best = matches.best()
    if best is None or (best.language in EAST_ASIAN and _n_high(sample) < 0.05 * len(sample)):
        return "cp1252"
    if "mac_roman" in best.could_be_from_charset:
        return "mac_roman"
    plausible = any("cp1252" in match.could_be_from_charset for match in matches)
    western = plausible and not _SYMBOL_IN_WORD.search(sample.decode("cp1252", errors="replace"))
    return "cp1252" if western else str(best.encoding)


def _n_high(sample: bytes) -> int:
    """Bytes beyond ASCII: rare in Western text, most of an East Asian one."""
    return sum(byte > 127 for byte in sample)


def _has_kana(sample: bytes, encoding: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return False
    foreign = [character for character in text if not character.isascii()]
    n_kana = sum("\u3040" <= character <= "\u30ff" for character in foreign)
    return n_kana > 0.2 * max(1, len(foreign))
