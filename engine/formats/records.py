"""Records, one at a time → a table: nested objects flattened one level, holes filled with ""."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from engine.formats.table import Dropped, Table, cell_text, text_frame, unique_names

CHUNK = 20_000
LABELS = "labels"
TEXT = "text"


class RecordCollector:
    """Collects records into chunks of text columns; memory grows with the text, not the objects."""

    def __init__(self) -> None:
        self._columns: dict[str, list[str]] = {}
        self._rows: list[int] = []
        self._chunks: list[pd.DataFrame] = []
        self._dropped: list[Dropped] = []
        self._flattened: dict[str, None] = {}
        self._stringified: dict[str, None] = {}

    def add(self, row: int, record: object) -> None:
        """Take one record, or drop it if it is neither an object nor a string."""
        if isinstance(record, str):
            record = {TEXT: record}
        if not isinstance(record, Mapping):
            self.drop(row, f"it is neither an object nor a string but {_json_kind(record)}")
            return
        for name, value in self._cells(record):
            column = self._column(name)
            column.extend([""] * (len(self._rows) - len(column)))
            column.append(cell_text(value))
        self._rows.append(row)
        if len(self._rows) == CHUNK:
            self._close_chunk()

    def drop(self, row: int, reason: str) -> None:
        """Account for a row that can't be read."""
        self._dropped.append(Dropped(row, reason))

    def table(self, notes: tuple[str, ...] = ()) -> Table:
        """All that was collected."""
        self._close_chunk()
        frame = _joined(self._chunks)
        return Table(frame, (*notes, *self._notes()), tuple(self._dropped))

    def _column(self, name: str) -> list[str]:
        """The column of that name that this record hasn't filled yet."""
        column = self._columns.setdefault(name, [])
        return column if len(column) <= len(self._rows) else self._column(f"{name} (again)")

    def _cells(self, record: Mapping[object, object]) -> Iterator[tuple[str, object]]:
        for key, value in record.items():
            name = cell_text(key)
            if isinstance(value, Mapping):
                self._flattened[name] = None
                for inner, nested in value.items():
                    plain = name == LABELS and inner not in record
                    own = cell_text(inner) if plain else f"{name}.{cell_text(inner)}"
                    self._note_nested(own, nested)
                    yield own, nested
            else:
                self._note_nested(name, value)
                yield name, value

    def _note_nested(self, name: str, value: object) -> None:
        if isinstance(value, Mapping | list | tuple):
            self._stringified[name] = None

    def _close_chunk(self) -> None:
        if not self._rows:
            return
        for column in self._columns.values():
            column.extend([""] * (len(self._rows) - len(column)))
        self._chunks.append(text_frame(self._columns, self._rows))
        self._columns = {name: [] for name in self._columns}
        self._rows = []

    def _notes(self) -> tuple[str, ...]:
        notes = []
        if self._flattened:
            notes.append(f"Nested objects became columns of their own: {_few(self._flattened)}.")
        if self._stringified:
            notes.append(f"Lists and deeper objects are kept as JSON: {_few(self._stringified)}.")
        return tuple(notes)


def _few(names: Mapping[str, None], most: int = 10) -> str:
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(map(repr, listed[:most])) + more


def _joined(chunks: list[pd.DataFrame]) -> pd.DataFrame:
    if not chunks:
        return text_frame({}, [])
    frame = chunks[0] if len(chunks) == 1 else pd.concat(chunks).fillna("")
    return frame.set_axis(unique_names(map(str, frame.columns)), axis="columns")


def _json_kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    return "a list" if isinstance(value, list) else "a number"
