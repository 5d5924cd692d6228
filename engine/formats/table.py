"""A file as a table: every cell a string, every lost row accounted for."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
EXACT_FLOAT = 2.0**53


@dataclass(frozen=True, slots=True)
class Dropped:
    """One row of a file that is not in the corpus.

    row: 1-based row in the file, header excluded; the line, for text files.
    reason: why, as a phrase that completes "row 7: …".
    """

    row: int
    reason: str


@dataclass(frozen=True)
class Table:
    """What a file holds.

    frame: columns of str, "" = missing; the index holds each row's 1-based row in the file.
    notes: sentences on what was guessed or repaired.
    dropped: rows that could not be read; with the frame's rows they are all rows read.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()

    @property
    def n_rows_read(self) -> int:
        """Rows of the file that were looked at, kept or not."""
        return len(self.frame) + len(self.dropped)


def cell_text(value: object) -> str:
    """One cell as text: "" where missing, whole floats without ".0", nested values as JSON.

    Example:
        >>> cell_text(3.0), cell_text(None), cell_text(True), cell_text(["a"])
        ('3', '', 'true', '["a"]')
    """
    if isinstance(value, str):
        return clean_text(value)
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return _other_text(value)


def clean_text(text: str) -> str:
    """The text without NUL characters, and with half surrogate pairs replaced.

    Neither can be part of well-formed text, and tokenizers and Parquet refuse them.

    Example:
        >>> clean_text("a" + chr(0) + "b")
        'ab'
    """
    if "\0" in text:
        text = text.replace("\0", "")
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(REPLACEMENT if "\ud800" <= c <= "\udfff" else c for c in text)
    return text


def _float_text(value: float) -> str:
    if math.isnan(value):
        return ""
    if value.is_integer() and abs(value) < EXACT_FLOAT:
        return str(int(value))
    return repr(float(value))


def _other_text(value: object) -> str:
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time() and value.tzinfo is None
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, bytes):
        return clean_text(value.decode("utf-8", errors="replace"))
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        return cell_text(value.item())  # a numpy scalar
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict | list | tuple):
        return clean_text(json.dumps(value, ensure_ascii=False, default=cell_text))
    return clean_text(str(value))


def text_frame(columns: dict[str, list[str]], rows: Sequence[int]) -> pd.DataFrame:
    """A frame of str columns indexed by the rows' numbers in the file."""
    index = pd.Index(list(rows), dtype="int64", name="row")
    typed = {name: pd.Series(cells, index=index, dtype="str") for name, cells in columns.items()}
    return pd.DataFrame(typed, index=index)


def table_from_frame(frame: pd.DataFrame) -> Table:
    """A table of text cells from any data frame; rows are numbered from 1.

    Example:
        >>> table_from_frame(pd.DataFrame({"n": [1.0, None]})).frame["n"].tolist()
        ['1', '']
    """
    names = unique_names(str(name) for name in frame.columns)
    cells = {
        name: [cell_text(value) for value in frame.iloc[:, i].tolist()]
        for i, name in enumerate(names)
    }
    return Table(text_frame(cells, range(1, len(frame) + 1)))


def unique_names(names: Iterable[str]) -> list[str]:
    """Column names made unique and never empty.

    Example:
        >>> unique_names(["text", "", "text"])
        ['text', 'column 2', 'text (2)']
    """
    filled = [" ".join(name.split()) or f"column {i}" for i, name in enumerate(names, start=1)]
    taken = set(filled)
    seen: set[str] = set()
    result = []
    for name in filled:
        unique = name if name not in seen else _free_name(name, taken)
        seen.add(unique)
        taken.add(unique)
        result.append(unique)
    return result


def _free_name(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"


def listed_rows(rows: Sequence[int], most: int = 5) -> str:
    """Row numbers in words, at most a few of them.

    Example:
        >>> listed_rows([3]), listed_rows([1, 2, 5, 6, 7, 8, 9])
        ('row 3', 'rows 1, 2, 5, 6, 7 and 2 more')
    """
    shown = ", ".join(f"{row:,}" for row in rows[:most])
    more = f" and {len(rows) - most:,} more" if len(rows) > most else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {shown}{more}"


def counted(n: int, noun: str) -> str:
    """A count with its noun.

    Example:
        >>> counted(1, "row"), counted(1200, "row")
        ('1 row', '1,200 rows')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
