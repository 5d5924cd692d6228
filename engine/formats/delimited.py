"""CSV and its kin, record by record: no row is lost without being named, memory stays flat."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import pandas as pd

from engine.formats.encoding import decoded
from engine.formats.source import Source
from engine.formats.table import Dropped, Table, counted, listed_rows, text_frame, unique_names

CHUNK = 20_000
DELIMITERS = ",;\t|"
N_SNIFFED = 1 << 16
MAX_CELL = 1 << 26
LONG_NAME = 60
MISSING = frozenset({"NaN", "nan", "<NA>", "#N/A", "NULL", "null"})


def read_delimited(source: Source, delimiter: str | None = None) -> Table:
    """Read delimited text with a header.

    Short rows are filled up with missing cells, rows with more cells than the header are dropped,
    both with their numbers. In a file of one column a delimiter is part of the text.

    Args:
        source: the file.
        delimiter: found from the first records if not given.

    Raises:
        BadCorpus: no header, a quote that is never closed, or a cell beyond 64 million characters.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL))
    with decoded(source.stream, newline="") as (stream, notes):
        start = stream.read(N_SNIFFED)
        stream.seek(0)
        if start.lower().startswith("sep="):
            delimiter = stream.readline()[4:].strip("\r\n") or "\t"
        reader = _Reader(source, stream, delimiter or sniff_delimiter(start))
        return reader.table(notes)


def sniff_delimiter(start: str) -> str:
    r"""The delimiter that cuts the first records most evenly; a comma if none cuts the header.

    Example:
        >>> sniff_delimiter("id;text\n1;one, two\n2;three\n")
        ';'
    """
    return max(DELIMITERS, key=lambda delimiter: _evenness(start, delimiter))


def _evenness(start: str, delimiter: str) -> tuple[float, int]:
    complete = start if len(start) < N_SNIFFED else start[: start.rfind("\n") + 1] or start
    reader = csv.reader(io.StringIO(complete, newline=""), delimiter=delimiter)
    lengths = [len(record) for record in islice(reader, 50) if record]
    if not lengths or lengths[0] == 1:
        return (0.0, 0)
    return (lengths.count(lengths[0]) / len(lengths), lengths[0])


class _Lines:
    """Lines of a stream, without NUL; counts lines and quotes since the last record."""

    def __init__(self, stream: Iterator[str]) -> None:
        self._stream = stream
        self.n_quotes = 0
        self.n_lines = 0
        self.n_with_nul = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._stream:
            self.n_lines += 1
            self.n_quotes += line.count('"')
            if "\0" in line:
                self.n_with_nul += 1
                yield line.replace("\0", "")
            else:
                yield line

    def start_record(self) -> None:
        self.n_quotes = 0
        self.n_lines = 0


class _Reader:
    """One pass over one file."""

    def __init__(self, source: Source, stream: Iterator[str], delimiter: str) -> None:
        self._source = source
        self._delimiter = delimiter
        self._lines = _Lines(stream)
        self._dropped: list[Dropped] = []
        self._short: list[int] = []
        self._rejoined: list[int] = []
        self._n_missing = 0

    def table(self, notes: tuple[str, ...]) -> Table:
        """Read everything up to the limit and count the rest."""
        records = self._records()
        header = next(records, None)
        if header is None:
            raise self._source.refuse("is empty: it needs a header and at least one row.")
        numbered = enumerate(records, start=1)
        chunks = list(self._chunks(header, islice(numbered, self._source.limit)))
        left_out = self._source.left_out(sum(1 for _ in numbered))
        frame = pd.concat(chunks) if chunks else text_frame({n: [] for n in _names(header)}, [])
        every_note = (*notes, *_header_notes(header), *self._notes(), *left_out)
        return Table(frame, every_note, tuple(self._dropped))

    def _records(self) -> Iterator[list[str]]:
        n_records = 0
        try:
            for record in csv.reader(self._lines, delimiter=self._delimiter):
                n_lines, n_quotes = self._lines.n_lines, self._lines.n_quotes
                if n_lines > 1 and n_quotes % 2:
                    raise self._unclosed(n_records, n_lines)
                self._lines.start_record()
                if record:
                    n_records += 1
                    yield record
        except csv.Error as error:
            raise self._source.refuse(f"can't be read as CSV: {error}.", _at(n_records)) from error

    def _unclosed(self, n_records: int, n_lines: int) -> Exception:
        return self._source.refuse(
            f'opens a quote (") that is never closed: it runs on over {counted(n_lines, "line")}. '
            'Close it, or write it twice ("") inside a quoted cell.',
            _at(n_records),
        )

    def _chunks(
        self, header: list[str], numbered: Iterator[tuple[int, list[str]]]
    ) -> Iterator[pd.DataFrame]:
        names = _names(header)
        while block := list(islice(numbered, CHUNK)):
            fitted = ((row, self._fitted(row, record, len(names))) for row, record in block)
            kept = [(row, record) for row, record in fitted if record is not None]
            if kept:
                rows, records = zip(*kept, strict=True)
                columns = dict(zip(names, map(list, zip(*records, strict=True)), strict=True))
                yield self._without_markers(text_frame(columns, rows))

    def _fitted(self, row: int, record: list[str], width: int) -> list[str] | None:
        if len(record) == width:
            return record
        if len(record) < width:
            self._short.append(row)
            return record + [""] * (width - len(record))
        if width == 1:
            self._rejoined.append(row)
            return [self._delimiter.join(record)]
        if not any(record[width:]):
            return record[:width]
        reason = f"it has {len(record)} cells where the header has {width}"
        self._dropped.append(Dropped(row, reason))
        return None

    def _without_markers(self, frame: pd.DataFrame) -> pd.DataFrame:
        marked = frame.isin(MISSING)
        n_marked = int(marked.to_numpy().sum())
        self._n_missing += n_marked
        return frame.mask(marked, "") if n_marked else frame

    def _notes(self) -> Iterator[str]:
        if self._short:
            n = counted(len(self._short), "row")
            where = listed_rows(self._short)
            yield f"{n} with fewer cells than the header, filled up with missing ones: {where}."
        if self._rejoined:
            where = listed_rows(self._rejoined)
            yield f"The one column was kept whole where it holds {self._delimiter!r}: {where}."
        if self._n_missing:
            yield f"{counted(self._n_missing, 'cell')} that say NaN or null were read as missing."
        if self._lines.n_with_nul:
            yield f"NUL characters were taken out of {counted(self._lines.n_with_nul, 'line')}."


def _names(header: list[str]) -> list[str]:
    return unique_names(name.replace(chr(0xFEFF), "") for name in header)


def _header_notes(header: list[str]) -> Iterator[str]:
    repeated = [name for name, n in Counter(header).items() if n > 1 and name]
    if repeated:
        yield f"Column names that repeat were numbered: {', '.join(map(repr, repeated))}."
    long = next((name for name in header if len(name) > LONG_NAME), None)
    if long is not None:
        yield (
            f"The first line was taken for column names, among them {long[:LONG_NAME] + '…'!r}. "
            "If it is a text, add a header line."
        )


def _at(n_records: int) -> str:
    """Where a record stands; the header is record 0."""
    return f", row {n_records:,}," if n_records else ", its header,"
