"""Verdicts on an ordered attribute as numbers on rows: comparisons won, and scores by batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from engine.diagnostics.transitivity import Comparisons, comparisons
from engine.errors import BadInput
from engine.judges.kinds import Choice, Kind, Status
from engine.judges.questions import Verdict
from engine.spot_checks.answers import rows_by_text_key
from engine.types import Doubles, Rows


class Wins(NamedTuple):
    """Comparisons of two texts: the winner has more of the attribute.

    A tie is one win each way, so that it pulls both texts together.

    winner: (m,) rows.
    loser: (m,) rows.
    """

    winner: Rows
    loser: Rows


class Scores(NamedTuple):
    """Scores of texts, each given in one batch of judging.

    rows: (m,) the texts; one may occur in several batches.
    values: (m,) points, such as 0–10.
    batch: (m,) whole numbers from 0.
    batch_names: name of each batch.
    """

    rows: Rows
    values: Doubles
    batch: Rows
    batch_names: tuple[str, ...]


NO_WINS = Wins(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
NO_SCORES = Scores(
    np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0, dtype=np.int64), tuple[str, ...]()
)


def wins(verdicts: Iterable[Verdict], texts: Sequence[str]) -> Wins:
    """Every decided or tied comparison among the corpus's texts, repeats included.

    Args:
        verdicts: one judge's, on one attribute; what is no parsed comparison is passed over.
        texts: the corpus's texts, in the order of its rows.
    """
    rows = rows_by_text_key(texts)
    found: list[tuple[int, int]] = []
    for verdict in _parsed(verdicts, Kind.COMPARISON):
        if not all(key in rows for key in verdict.text_keys):
            continue
        left, right = (rows[key] for key in verdict.text_keys)
        if left != right:
            found += _won(left, right, verdict.choice)
    columns = np.array(found, dtype=np.int64).reshape(-1, 2).T
    return Wins(columns[0], columns[1])


def _won(left: int, right: int, choice: Choice | None) -> list[tuple[int, int]]:
    if choice is Choice.TIE:
        return [(left, right), (right, left)]
    return [(left, right)] if choice is Choice.LEFT else [(right, left)]


def scores(verdicts: Iterable[Verdict], texts: Sequence[str]) -> Scores:
    """Every score of the corpus's texts, with the batch it came in.

    Args:
        verdicts: one judge's, on one attribute; what is no parsed point is passed over.
        texts: the corpus's texts, in the order of its rows.
    """
    rows = rows_by_text_key(texts)
    found = [
        (rows[verdict.text_keys[0]], verdict.value, verdict.batch)
        for verdict in _parsed(verdicts, Kind.POINT)
        if verdict.text_keys[0] in rows and verdict.value is not None
    ]
    names = tuple(sorted({batch for _, _, batch in found}))
    return Scores(
        np.array([row for row, _, _ in found], dtype=np.int64),
        np.array([value for _, value, _ in found], dtype=np.float64),
        np.array([names.index(batch) for _, _, batch in found], dtype=np.int64),
        names,
    )


def triplet_comparisons(verdicts: Iterable[Verdict], texts: Sequence[str]) -> Comparisons:
    """The decided triplets of the corpus's texts as its rows; see diagnostics.transitivity.

    The winner is more like the anchor. Repeats that conflict cancel each other; ties say nothing of
    an order and are left out.

    Args:
        verdicts: one judge's, on one attribute; what is no parsed triplet is passed over.
        texts: the corpus's texts, in the order of its rows.
    """
    rows = rows_by_text_key(texts)
    known = (one for one in verdicts if all(key in rows for key in one.text_keys))
    return comparisons(known, rows)


def check_rows(n_texts: int, *parts: Rows) -> None:
    """Refuse rows that the corpus does not have.

    Raises:
        BadInput: a row is negative or not below n_texts.
    """
    for rows in parts:
        if len(rows) and not 0 <= rows.min() <= rows.max() < n_texts:
            raise BadInput(
                f"Rows run from {rows.min()} to {rows.max()}; with {n_texts} texts they must run "
                f"from 0 to {n_texts - 1}."
            )


def _parsed(verdicts: Iterable[Verdict], kind: Kind) -> Iterable[Verdict]:
    return (one for one in verdicts if one.kind is kind and one.status is Status.PARSED)
