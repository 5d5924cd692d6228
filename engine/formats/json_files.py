"""JSON and JSON Lines → a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from engine.formats.encoding import decoded
from engine.formats.records import RecordCollector
from engine.formats.source import Source
from engine.formats.table import Table

SHAPES = "a list of objects, a list of strings, or an object of equally long lists"


def read_json_lines(source: Source) -> Table:
    """Read one JSON value a line; a malformed line is dropped and named.

    A file that is one JSON list after all is read as that.
    """
    with decoded(source.stream) as (stream, _):
        first = next((line for line in stream if line.strip()), "")
    if first.lstrip().startswith("["):
        value = _parsed(source)
        if not isinstance(value, _Malformed):
            return _from_value(source, value, ("The file is one JSON list, not JSON Lines.",))
    return _from_lines(source)


def read_json(source: Source) -> Table:
    """Read one JSON value; a file of JSON Lines after all is read as that.

    Raises:
        BadCorpus: neither JSON nor JSON Lines, or another shape.
    """
    value = _parsed(source)
    if not isinstance(value, _Malformed):
        return _from_value(source, value, ())
    table = _from_lines(source) if value.may_be_lines else None
    if table is None or not len(table.frame):
        raise source.refuse(f"is not valid JSON: {value.problem}.")
    return Table(table.frame, (*table.notes, "The file is JSON Lines, not JSON."), table.dropped)


class _Malformed:
    """Why a text is no JSON."""

    def __init__(self, error: Exception) -> None:
        self.problem = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
        self.may_be_lines = isinstance(error, json.JSONDecodeError) and error.lineno > 1


def _parsed(source: Source) -> Any:  # noqa: ANN401 — any JSON value
    with decoded(source.stream) as (stream, _):
        try:
            return json.load(stream)
        except (ValueError, RecursionError) as error:
            return _Malformed(error)


def _from_lines(source: Source) -> Table:
    collector = RecordCollector()
    n_read = n_left = 0
    with decoded(source.stream) as (stream, notes):
        for row, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            if n_read == source.limit:
                n_left += 1
                continue
            n_read += 1
            _add_line(collector, row, line)
    return collector.table((*notes, *source.left_out(n_left)))


def _add_line(collector: RecordCollector, row: int, line: str) -> None:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        collector.drop(row, f"it is not valid JSON ({error.msg})")
    except ValueError:
        collector.drop(row, "it holds a number with too many digits")
    except RecursionError:
        collector.drop(row, "it is nested too deeply")
    else:
        collector.add(row, record)


def _from_value(source: Source, value: object, notes: tuple[str, ...]) -> Table:
    with decoded(source.stream) as (_, encoding_notes):
        pass
    records, shape_notes = _records(source, value)
    collector = RecordCollector()
    for row, record in enumerate(records[: source.limit], start=1):
        collector.add(row, record)
    left_out = source.left_out(len(records) - source.limit) if len(records) > source.limit else ()
    return collector.table((*encoding_notes, *notes, *shape_notes, *left_out))


def _records(source: Source, value: object) -> tuple[list[object], tuple[str, ...]]:
    if isinstance(value, list):
        return value, ()
    if not isinstance(value, dict) or not value:
        raise source.refuse(f"holds {type(value).__name__} where it needs {SHAPES}.")
    if all(isinstance(column, list) for column in value.values()):
        return _from_lists(source, value)
    if all(isinstance(column, dict) for column in value.values()):
        return _from_columns(value), ("The file is columns of numbered cells.",)
    inner = [key for key, column in value.items() if _is_records(column)]
    if len(inner) == 1:
        return value[inner[0]], (f"The texts are in the file's list {inner[0]!r}.",)
    raise source.refuse(f"is an object with the keys {_keys(value)}; it needs {SHAPES}.")


def _from_lists(
    source: Source, columns: Mapping[str, list[object]]
) -> tuple[list[object], tuple[str, ...]]:
    if len(columns) == 1 and _is_records(next(iter(columns.values()))):
        name, records = next(iter(columns.items()))
        return records, (f"The texts are in the file's list {name!r}.",)
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name!r} has {n}" for name, n in list(lengths.items())[:10])
        raise source.refuse(f"has lists of different lengths: {listed}. Make them equally long.")
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)], ()


def _from_columns(columns: Mapping[str, Mapping[str, object]]) -> list[object]:
    rows = dict.fromkeys(key for column in columns.values() for key in column)
    return [{name: column.get(row) for name, column in columns.items()} for row in rows]


def _is_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _keys(value: Iterable[str]) -> str:
    return ", ".join(map(repr, list(value)[:10]))
