"""Any supported file → a table of text cells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import BinaryIO

from engine.formats.columns import Columns, guess_columns
from engine.formats.records import RecordCollector
from engine.formats.table import Table

__all__ = ["Columns", "Table", "guess_columns", "read_table"]


def read_table(source: Path | BinaryIO, *, filename: str, limit: int | None = None) -> Table:
    """Read a JSONL file."""
    data = source.read_bytes() if isinstance(source, Path) else source.read()
    collector = RecordCollector()
    for row, line in enumerate(data.decode("utf-8").split("\n"), start=1):
        if line.strip() and (limit is None or row <= limit):
            collector.add(row, json.loads(line))
    return collector.table()
