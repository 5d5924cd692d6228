"""A corpus: ids, texts, the label columns that came with them, and an account of the loading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from engine.errors import BadCorpus, BadInput, UnknownName
from engine.formats.assembly import Wanted, assemble
from engine.formats.table import Dropped, Table, counted, listed_rows, table_from_frame
from engine.reading import read_table
from engine.samples import find_sample, sample_names
from engine.types import Rows, content_key

__all__ = [
    "Corpus",
    "Dropped",
    "LabelCodes",
    "LoadReport",
    "corpus_from_table",
    "load_corpus",
]

MAX_LISTED = 1000


class LabelCodes(NamedTuple):
    """One label column as numbers.

    codes: (n,) int64 positions in names, -1 where the label is missing.
    names: the distinct labels, in numeric order if all are numbers, else alphabetical.
    """

    codes: npt.NDArray[np.int64]
    names: tuple[str, ...]


@dataclass(frozen=True)
class LoadReport:
    """What happened between the file and the corpus: n_rows_read = len(corpus) + n_dropped.

    dropped: the dropped rows, at most the first 1,000; the counts are of all of them.
    """

    n_rows_read: int
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()
    n_dropped_by_reason: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, n_rows_read: int, dropped: Sequence[Dropped], notes: Sequence[str]) -> LoadReport:
        """A report that counts every dropped row and lists the first 1,000, by row."""
        counts = Counter(item.reason for item in dropped)
        listed = sorted(dropped, key=lambda item: item.row)[:MAX_LISTED]
        return cls(n_rows_read, tuple(listed), tuple(notes), MappingProxyType(dict(counts)))

    @property
    def n_dropped(self) -> int:
        """How many rows that were read are not in the corpus."""
        return sum(self.n_dropped_by_reason.values())

    def lines(self) -> list[str]:
        """The report as sentences, for the app and the command line.

        Example:
            >>> report = LoadReport.of(3, [Dropped(2, "the text is empty")], [])
            >>> report.lines()
            ['3 rows read, 2 texts kept.', '1 row dropped because the text is empty: row 2.']
        """
        n_kept = self.n_rows_read - self.n_dropped
        first = f"{counted(self.n_rows_read, 'row')} read, {counted(n_kept, 'text')} kept."
        dropped = [self._reason_line(*item) for item in self.n_dropped_by_reason.items()]
        return [first, *dropped, *self.notes]

    def _reason_line(self, reason: str, n: int) -> str:
        rows = [item.row for item in self.dropped if item.reason == reason]
        where = f": {_rows_of(rows, n)}." if rows else "."
        return f"{counted(n, 'row')} dropped because {reason}{where}"


def _rows_of(rows: list[int], n: int) -> str:
    return listed_rows([*rows, *([0] * (n - len(rows)))], most=min(5, len(rows)))


@dataclass(frozen=True)
class Corpus:
    """Ids and texts, and any label columns, of one collection.

    ids: unique. texts: never blank. labels: column → one value a row, "" = missing.
    text_column: the column the texts came from.
    """

    name: str
    ids: tuple[str, ...]
    texts: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]
    report: LoadReport
    text_column: str = "text"

    def __post_init__(self) -> None:
        """Refuse uneven columns, repeated ids and an empty corpus."""
        object.__setattr__(self, "labels", MappingProxyType(dict(self.labels)))
        _check_lengths(self.ids, self.texts, self.labels)

    def __len__(self) -> int:
        """How many texts there are."""
        return len(self.texts)

    def __hash__(self) -> int:
        """By content."""
        return hash(self.fingerprint)

    @cached_property
    def fingerprint(self) -> str:
        """Content key over ids and texts, in order; labels don't change it."""
        return content_key(str(len(self)), *self.ids, *self.texts)

    @cached_property
    def _rows_by_id(self) -> dict[str, int]:
        return {identifier: row for row, identifier in enumerate(self.ids)}

    def row_of(self, identifier: str) -> int:
        """The row of an id.

        Raises:
            UnknownName: no text has that id.
        """
        row = self._rows_by_id.get(identifier)
        if row is None:
            raise _unknown_id(identifier, self.ids)
        return row

    def subset(self, rows: Rows | Sequence[int]) -> Corpus:
        """The texts of some rows, in the order given.

        Args:
            rows: (m,) positions, each at most once.

        Raises:
            BadInput: no rows, a row out of range, or one given twice.
        """
        chosen = [int(row) for row in rows]
        outside = next((row for row in chosen if not 0 <= row < len(self)), None)
        if outside is not None:
            raise BadInput(f"Row {outside} is not in {self.name!r}: rows are 0 to {len(self) - 1}.")
        note = f"{counted(len(chosen), 'text')} chosen from the {len(self):,} of {self.name!r}."
        return Corpus(
            name=self.name,
            ids=tuple(self.ids[row] for row in chosen),
            texts=tuple(self.texts[row] for row in chosen),
            labels={name: tuple(v[row] for row in chosen) for name, v in self.labels.items()},
            report=LoadReport.of(len(chosen), (), (note,)),
            text_column=self.text_column,
        )

    def sample(self, n: int, seed: int) -> Corpus:
        """A random sample without replacement, in the corpus's order; all of it if n is larger.

        Raises:
            BadInput: n is below 1.
        """
        if n < 1:
            raise BadInput(f"A sample has at least 1 text, not {n}.")
        if n >= len(self):
            return self
        rows = np.random.default_rng(seed).choice(len(self), size=n, replace=False)
        return self.subset(np.sort(rows))

    def label_codes(self, column: str) -> LabelCodes:
        """One label column as numbers.

        Raises:
            UnknownName: there is no such label column.
        """
        if column not in self.labels:
            raise UnknownName("label column", column, self.labels)
        values = self.labels[column]
        names = tuple(sorted(set(values) - {""}, key=_label_order(values)))
        position = {name: code for code, name in enumerate(names)} | {"": -1}
        codes = np.fromiter((position[v] for v in values), dtype=np.int64, count=len(values))
        return LabelCodes(codes, names)


def _known_path(source: str | Path) -> Path:
    """A path as it is; a bare word that is no file was meant as a sample's name."""
    path = Path(source)
    if path.suffix or path.exists() or path.parent != Path():
        return path
    raise UnknownName("file or sample", str(source), sample_names())


class _LabelOrder:
    """Sort key: numbers by size where every label is one, else text."""

    def __init__(self, numeric: bool) -> None:
        self._numeric = numeric

    def __call__(self, label: str) -> tuple[float, str]:
        return (float(label) if self._numeric else 0.0, label)


def _label_order(values: Sequence[str]) -> _LabelOrder:
    return _LabelOrder(all(_is_number(value) for value in set(values) - {""}))


def _is_number(value: str) -> bool:
    try:
        return bool(np.isfinite(float(value)))
    except ValueError:
        return False


def _unknown_id(identifier: str, ids: Sequence[str]) -> UnknownName:
    """List only the nearest ids: a corpus may have a million."""
    stem = identifier.lower()[:3]
    near = [known for known in ids if known.lower().startswith(stem)][:10] or ids[:10]
    return UnknownName("text id", identifier, near)


def _check_lengths(
    ids: Sequence[str], texts: Sequence[str], labels: Mapping[str, Sequence[str]]
) -> None:
    if not texts:
        raise BadCorpus("A corpus needs at least one text, and this one has none.")
    if len(ids) != len(texts):
        raise BadCorpus(f"A corpus needs one id a text: {len(ids)} ids, {len(texts)} texts.")
    uneven = next((name for name, values in labels.items() if len(values) != len(texts)), None)
    if uneven is not None:
        raise BadCorpus(
            f"Label column {uneven!r} has {len(labels[uneven])} values for {len(texts)} texts."
        )
    repeated = [name for name, n in Counter(ids).items() if n > 1]
    if repeated:
        raise BadCorpus(f"Ids must differ, and {repeated[0]!r} occurs more than once.")


def corpus_from_table(
    frame: pd.DataFrame | Table,
    *,
    name: str,
    text_column: str | None = None,
    label_columns: Sequence[str] | None = None,
    id_column: str | None = None,
    deduplicate: bool = False,
) -> Corpus:
    """A corpus from a data frame or a table that was read; columns not named are guessed.

    Rows with the same text are kept, and counted in the report, unless deduplicate is set:
    two customers who wrote the same words are two customers.

    Args:
        frame: one row a text; cells of any type. A Table brings its notes and dropped rows along.
        name: what to call the corpus.
        text_column: where the texts are.
        label_columns: which columns to keep as labels; none if empty.
        id_column: where the ids are; repeated ids get a number, missing ones are made.
        deduplicate: keep only the first row of each text.

    Raises:
        UnknownName: a column asked for is not there.
        BadCorpus: no rows, no usable text column, or no text in it.

    Example:
        >>> frame = pd.DataFrame({"text": ["one cat", "", "two dogs"], "n": [1, 2, 3]})
        >>> corpus = corpus_from_table(frame, name="pets")
        >>> corpus.texts, corpus.report.n_dropped
        (('one cat', 'two dogs'), 1)
    """
    wanted = Wanted(text_column, label_columns, id_column, deduplicate)
    table = frame if isinstance(frame, Table) else table_from_frame(frame)
    return _corpus(table, wanted, name=name, source=f"Table {name!r}")


def _corpus(table: Table, wanted: Wanted, *, name: str, source: str) -> Corpus:
    parts = assemble(table, wanted, source)
    dropped = (*table.dropped, *parts.dropped)
    report = LoadReport.of(table.n_rows_read, dropped, (*table.notes, *parts.notes))
    return Corpus(name, parts.ids, parts.texts, parts.labels, report, parts.text_column)


def load_corpus(
    source: str | Path,
    *,
    text_column: str | None = None,
    label_columns: Sequence[str] | None = None,
    id_column: str | None = None,
    limit: int | None = None,
    deduplicate: bool = False,
) -> Corpus:
    """A corpus from a file, or one of the samples by its name or folder.

    Args:
        source: a path (CSV, TSV, JSON, JSONL, Parquet, Excel, plain text), or 'math_problems' ….
        text_column: where the texts are; guessed if not given.
        label_columns: which columns to keep as labels; guessed if not given, none if empty.
        id_column: where the ids are; guessed if not given.
        limit: read at most so many rows; 1,000,000 if not given.
        deduplicate: keep only the first row of each text.

    Raises:
        UnknownName: a column asked for is not there.
        BadCorpus: no such file, or it can't be read as a corpus; the message says where.
    """
    known = find_sample(source)
    if known is not None:
        text_column = text_column or known.text_column
        label_columns = known.label_columns if label_columns is None else label_columns
        id_column = id_column or "id"
    path = known.path if known is not None else _known_path(source)
    table = read_table(path, filename=path.name, limit=limit)
    wanted = Wanted(text_column, label_columns, id_column, deduplicate)
    name = known.name if known is not None else path.name.split(".")[0]
    return _corpus(table, wanted, name=name, source=repr(path.name))
