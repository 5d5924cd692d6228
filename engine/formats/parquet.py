"""Parquet → a table, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from engine.formats.records import RecordCollector
from engine.formats.source import Source
from engine.formats.table import Table

BATCH = 5_000
PANDAS_INDEX = "__index_level_"


def read_parquet(source: Source) -> Table:
    """Read a Parquet file; the index that pandas may have stored with it is left out.

    Raises:
        BadCorpus: the file is damaged.
    """
    import pyarrow
    import pyarrow.parquet

    collector = RecordCollector()
    try:
        file = pyarrow.parquet.ParquetFile(source.stream)
        n_left = max(0, int(file.metadata.num_rows) - source.limit)
        for row, record in enumerate(islice(_records(file), source.limit), start=1):
            collector.add(row, record)
    except (pyarrow.ArrowException, OSError) as error:
        raise source.refuse(f"is damaged, or no Parquet file: {error}") from error
    return collector.table(source.left_out(n_left))


def _records(file: Any) -> Iterator[dict[str, object]]:  # noqa: ANN401 — pyarrow is untyped
    for batch in file.iter_batches(batch_size=BATCH):
        for record in batch.to_pylist():
            yield {name: cell for name, cell in record.items() if not name.startswith(PANDAS_INDEX)}
