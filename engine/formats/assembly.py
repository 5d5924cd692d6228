"""A table and the use of its columns → ids, texts, labels, and what was dropped on the way."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from engine.errors import BadCorpus, UnknownName
from engine.formats.columns import describe_columns, guess_columns
from engine.formats.table import Dropped, Table, counted, listed_rows

LONG_TEXT = 100_000
EMPTY = "the text is empty"
ID_DIGITS = 12


class Wanted(NamedTuple):
    """What the caller asked for; None = guess."""

    text: str | None = None
    labels: Sequence[str] | None = None
    ids: str | None = None
    deduplicate: bool = False


class Parts(NamedTuple):
    """The makings of a corpus."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    labels: dict[str, tuple[str, ...]]
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    text_column: str


def assemble(table: Table, wanted: Wanted, source: str) -> Parts:
    """Choose columns, drop rows without text, make ids.

    Args:
        table: text cells, indexed by row in the file.
        wanted: columns asked for.
        source: what to call the table in an error message.

    Raises:
        UnknownName: a column asked for is not there.
        BadCorpus: no row, no usable text column, or not one text.
    """
    frame = table.frame
    if not len(frame):
        raise BadCorpus(f"{source} has no rows of text.{_first_loss(table.dropped)}")
    text, id_column, labels = _choose(frame, wanted, source)
    kept, dropped = _with_text(frame, text, wanted.deduplicate)
    if not len(kept):
        raise BadCorpus(
            f"Every text of column {text!r} of {source} is empty ({counted(len(frame), 'row')}). "
            f"Choose another column: {', '.join(map(repr, frame.columns))}."
        )
    texts = tuple(kept[text].tolist())
    ids, id_notes = _ids(kept, id_column, texts)
    return Parts(
        ids=ids,
        texts=texts,
        labels={name: tuple(kept[name].tolist()) for name in labels},
        dropped=dropped,
        notes=(*id_notes, *_text_notes(texts, kept.index.tolist())),
        text_column=text,
    )


def _choose(frame: pd.DataFrame, wanted: Wanted, source: str) -> tuple[str, str | None, list[str]]:
    known = [str(name) for name in frame.columns]
    asked = [wanted.text, wanted.ids, *(wanted.labels or ())]
    unknown = next((name for name in asked if name is not None and name not in known), None)
    if unknown is not None:
        raise UnknownName("column", unknown, known)
    guess = guess_columns(frame)
    text = wanted.text or guess.text
    if text is None:
        raise BadCorpus(
            f"No column of {source} looks like text: {describe_columns(frame)}. "
            "Say which column holds the texts (text_column), or add one."
        )
    ids = wanted.ids or (guess.ids if guess.ids != text else None)
    labels = guess.labels if wanted.labels is None else wanted.labels
    return text, ids, [name for name in dict.fromkeys(labels) if name not in (text, ids)]


def _first_loss(dropped: Sequence[Dropped]) -> str:
    if not dropped:
        return " Add rows below its header."
    first = dropped[0]
    return (
        f" {counted(len(dropped), 'row')} could not be read;"
        f" the first is row {first.row:,}: {first.reason}."
    )


def _with_text(
    frame: pd.DataFrame, text: str, deduplicate: bool
) -> tuple[pd.DataFrame, tuple[Dropped, ...]]:
    empty = frame[text].str.strip() == ""
    lost = [Dropped(int(row), EMPTY) for row in frame.index[empty]]
    kept = frame[~empty]
    if deduplicate:
        again = kept[text].duplicated()
        reason = "the same text came before"
        lost += [Dropped(int(row), reason) for row in kept.index[again]]
        kept = kept[~again]
    return kept, tuple(lost)


def _ids(
    kept: pd.DataFrame, column: str | None, texts: Sequence[str]
) -> tuple[tuple[str, ...], list[str]]:
    own = [value.strip() for value in kept[column].tolist()] if column else [""] * len(texts)
    ids = [given or content_id(text) for given, text in zip(own, texts, strict=True)]
    notes = []
    rows = kept.index.tolist()
    if column and "" in own:
        blank = [row for row, given in zip(rows, own, strict=True) if not given]
        notes.append(f"No id in {listed_rows(blank)}: made from the text.")
    unique = _made_unique(ids)
    changed = [row for row, old, new in zip(rows, ids, unique, strict=True) if old != new]
    if column and changed:
        notes.append(
            f"Ids repeat in column {column!r}: a number was added in {listed_rows(changed)}."
        )
    return tuple(unique), notes


def content_id(text: str) -> str:
    """An id that depends on nothing but the text, so that reordering a file keeps it.

    Example:
        >>> content_id("one cat")
        't-805faeecbfd6'
    """
    data = text.encode("utf-8", errors="surrogatepass")
    return f"t-{hashlib.sha256(data).hexdigest()[:ID_DIGITS]}"


def _made_unique(ids: Sequence[str]) -> list[str]:
    taken = set(ids)
    n_seen: Counter[str] = Counter()
    result = []
    for identifier in ids:
        n_seen[identifier] += 1
        unique = identifier
        while n_seen[identifier] > 1 and unique in taken:
            unique = f"{identifier}-{n_seen[identifier]}"
            n_seen[identifier] += unique in taken
        taken.add(unique)
        result.append(unique)
    return result


def _text_notes(texts: Sequence[str], rows: Sequence[int]) -> list[str]:
    notes = []
    n_repeats = len(texts) - len(set(texts))
    if n_repeats:
        notes.append(
            f"{counted(n_repeats, 'text')} the same as an earlier one, and kept: "
            "leave them out by asking to deduplicate."
        )
    long = [row for row, text in zip(rows, texts, strict=True) if len(text) > LONG_TEXT]
    if long:
        longest = max(map(len, texts))
        notes.append(
            f"{counted(len(long), 'text')} longer than {LONG_TEXT:,} characters "
            f"({listed_rows(long)}; the longest has {longest:,}): models read only a beginning."
        )
    return notes
