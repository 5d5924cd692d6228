"""One file on its way in, and what it holds judging by its first bytes."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

from engine.errors import BadCorpus
from engine.formats.table import counted

HEAD = 512

_SIGNATURES = (
    (b"PAR1", "Parquet data"),
    (b"PK\x03\x04", "an Excel workbook or zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel (.xls) or encrypted workbook"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"%PDF", "a PDF"),
    (b"BZh", "bzip2-compressed data"),
    (b"\xfd7zXZ", "xz-compressed data"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)
PARQUET, WORKBOOK, OLD_WORKBOOK, GZIP = (name for _, name in _SIGNATURES[:4])
HTML = "a web page"
TEXT = "text"
NOTHING = "nothing"


class Source(NamedTuple):
    """A file to read.

    stream: seekable, at its beginning. limit: most rows to read.
    """

    stream: BinaryIO
    filename: str
    limit: int

    def refuse(self, problem: str, where: str = "") -> BadCorpus:
        """The error for something wrong with this file."""
        return BadCorpus(f"{self.filename!r}{where} {problem}")

    def left_out(self, n: int) -> tuple[str, ...]:
        """A note on rows beyond the limit, if there are any."""
        if not n:
            return ()
        return (
            f"Only the first {counted(self.limit, 'row')} were read; {n:,} more are left out. "
            "Set a higher limit to read them.",
        )


def content_of(stream: BinaryIO) -> str:
    """What the first bytes say the stream holds; it is left at its beginning."""
    stream.seek(0)
    head = stream.read(HEAD)
    stream.seek(0)
    if not head:
        return NOTHING
    known = next((name for signature, name in _SIGNATURES if head.startswith(signature)), None)
    if known is not None:
        return known
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return HTML if start.startswith((b"<!doctype html", b"<html")) else TEXT
