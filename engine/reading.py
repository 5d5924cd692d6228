"""Any supported file → a table of text cells.

CSV and TSV (delimiter found), JSON, JSON Lines, Parquet, Excel, plain text (one text a line);
the text formats also compressed with gzip. The name says which; the first bytes must agree.
"""

from __future__ import annotations

import difflib
import gzip
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from engine.errors import BadCorpus, BadInput
from engine.formats.columns import Columns, guess_columns
from engine.formats.delimited import read_delimited
from engine.formats.json_files import read_json, read_json_lines
from engine.formats.parquet import read_parquet
from engine.formats.plain import read_lines
from engine.formats.source import (
    GZIP,
    NOTHING,
    OLD_WORKBOOK,
    PARQUET,
    TEXT,
    WORKBOOK,
    Source,
    content_of,
)
from engine.formats.table import Dropped, Table

__all__ = ["MAX_ROWS", "Columns", "Dropped", "Table", "guess_columns", "read_table", "suffixes"]

MAX_ROWS = 1_000_000


class _Format(NamedTuple):
    """What a file of one name ending must hold, and who reads it."""

    content: str
    read: Callable[[Source], Table]


def _read_workbook(source: Source) -> Table:
    from engine.formats.workbook import read_workbook

    return read_workbook(source)


_FORMATS = {
    ".csv": _Format(TEXT, read_delimited),
    ".tsv": _Format(TEXT, partial(read_delimited, delimiter="\t")),
    ".tab": _Format(TEXT, partial(read_delimited, delimiter="\t")),
    ".jsonl": _Format(TEXT, read_json_lines),
    ".ndjson": _Format(TEXT, read_json_lines),
    ".json": _Format(TEXT, read_json),
    ".txt": _Format(TEXT, read_lines),
    ".parquet": _Format(PARQUET, read_parquet),
    ".xlsx": _Format(WORKBOOK, _read_workbook),
    ".xlsm": _Format(WORKBOOK, _read_workbook),
}
_RENAME = {PARQUET: ".parquet", WORKBOOK: ".xlsx", TEXT: ".csv, .jsonl or .txt"}


def suffixes() -> tuple[str, ...]:
    """The name endings that can be read, without gzip's.

    Example:
        >>> ".csv" in suffixes()
        True
    """
    return tuple(_FORMATS)


def read_table(source: Path | BinaryIO, *, filename: str, limit: int | None = None) -> Table:
    """Read a file, or an uploaded stream, as a table of text cells.

    Args:
        source: a path, or a seekable binary stream, which stays open.
        filename: says the format by its ending, and names the file in messages.
        limit: read at most so many rows, and note how many more there are; 1,000,000 if not given.

    Raises:
        BadInput: limit is below 1.
        BadCorpus: there is no such file, or it can't be read; the message says where and why.
    """
    if limit is not None and limit < 1:
        raise BadInput(f"A row limit is at least 1, not {limit}.")
    most = MAX_ROWS if limit is None else limit
    try:
        if not isinstance(source, Path):
            return _read(source, filename, most)
        _check_path(source)
        with source.open("rb") as stream:
            return _read(stream, filename, most)
    except (OSError, EOFError, zlib.error) as error:
        raise BadCorpus(f"{filename!r} can't be read: {error}.") from error


def _read(stream: BinaryIO, filename: str, limit: int) -> Table:
    name = filename.lower()
    content = content_of(stream)
    if content == GZIP:
        name = name.removesuffix(".gz")
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=stream))
        content = content_of(stream)
    known = _format_of(filename, Path(name).suffix, content)
    return known.read(Source(stream, filename, limit))


def _format_of(filename: str, suffix: str, content: str) -> _Format:
    """The format that the name says, if the content agrees."""
    known = _FORMATS.get(suffix)
    if suffix == ".xls" or content == OLD_WORKBOOK:
        raise BadCorpus(
            f"{filename!r} is an old Excel workbook (.xls), or one with a password. "
            "Save it as .xlsx without a password, or as .csv."
        )
    if known is None:
        ending = f"a file ending in {suffix!r}" if suffix else "a file without an ending"
        raise BadCorpus(f"{filename!r} can't be read: {ending} is none of {', '.join(_FORMATS)}.")
    if content == NOTHING:
        raise BadCorpus(f"{filename!r} is empty: it has 0 bytes.")
    if content != known.content:
        hint = f" Rename it to end in {_RENAME[content]}." if content in _RENAME else ""
        raise BadCorpus(f"{filename!r} holds {content}, not what its name says ({suffix}).{hint}")
    return known


def _check_path(path: Path) -> None:
    if path.is_dir():
        inside = [each.name for each in sorted(path.iterdir()) if _readable(each)]
        listed = f"one of its files: {', '.join(inside[:10])}" if inside else "a file"
        raise BadCorpus(f"{str(path)!r} is a folder. Give {listed}.")
    if not path.exists():
        raise BadCorpus(f"There is no file at {str(path)!r}.{_near(path)}")


def _readable(path: Path) -> bool:
    return Path(path.name.lower().removesuffix(".gz")).suffix in _FORMATS


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return f" Nor is there a folder {str(path.parent)!r}."
    names = [each.name for each in path.parent.iterdir() if _readable(each)]
    near = difflib.get_close_matches(path.name, names, n=3)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
