"""Pairs known to be the same or different that a repair may be fitted on, and no held-out text."""

from __future__ import annotations

import numpy as np

from engine.corpus import Corpus
from engine.diagnostics.truth import (
    PairTruth,
    both_orders,
    truth_from_labels,
    truth_from_verdicts,
)
from engine.errors import BadInput
from engine.tuning.truth import Wanted, judged, truth_column, untouched_rows
from engine.types import Attribute, Rows

N_PAIRS = 10_000
"""Pairs drawn from a label column where no number is asked for."""


def pairs_of(
    corpus: Corpus, attribute: Attribute, wanted: Wanted, learnt: Rows | None = None
) -> PairTruth:
    """The pairs that a repair may be fitted on, in the corpus's rows; no held-out text in any role.

    A judge's pairs come both ways round, so that either text is an anchor.

    Args:
        corpus: in canonical order, so that the same ones are drawn whatever its own order.
        attribute: the respect.
        wanted: whose truth, and at most how many verdicts; its noise is not used.
        learnt: (u,) rows that the method under repair learnt from. Their similarities are better
            than those of other texts will be, so no pair holds one of them.

    Raises:
        BadInput: there is no such truth, or none of it is left; the message says what to do.
    """
    taken = np.empty(0, dtype=np.int64) if learnt is None else learnt
    barred = np.union1d(untouched_rows(corpus, wanted), taken)
    column = truth_column(corpus, attribute, wanted)
    if column is not None:
        return _of_labels(corpus, column, wanted, barred, taken)
    verdicts, source = judged(corpus, attribute, wanted)
    once = truth_from_verdicts(verdicts, corpus.texts, f"the verdicts of {source}")
    # Those that may be used are counted, not those that the method under repair used up.
    usable = np.flatnonzero(~np.isin(once.left, barred) & ~np.isin(once.right, barred))
    kept = once.where(usable[: wanted.n_verdicts or None])
    if not 0 < kept.n_same < kept.n_pairs:
        raise BadInput(
            f"This repair is fitted on pairs judged the same and different in {attribute.name!r}; "
            f"among texts that are {_left_over(taken)} there are {kept.n_same} and "
            f"{kept.n_pairs - kept.n_same} ({wanted.truth}). Answer some spot checks, or name a "
            f"label column in the option column{_or_none_at_all(taken)}."
        )
    return both_orders(kept)


def _of_labels(corpus: Corpus, column: str, wanted: Wanted, barred: Rows, taken: Rows) -> PairTruth:
    codes = corpus.label_codes(column).codes.copy()
    codes[barred] = -1
    n_pairs = wanted.n_verdicts or N_PAIRS
    try:
        return truth_from_labels(codes, column, n_pairs=n_pairs, seed=wanted.seed)
    except BadInput as error:
        if not len(taken):
            raise
        raise BadInput(
            f"Nothing is left to fit this repair on: of {len(corpus)} texts {len(taken)} taught "
            f"the method under repair, and the {int((codes >= 0).sum())} labelled others that are "
            f"not held out give no pairs of both kinds in column {column!r}. Use a larger corpus, "
            f"lower held_out{_or_none_at_all(taken)}."
        ) from error


def _left_over(taken: Rows) -> str:
    if not len(taken):
        return "not held out"
    return f"neither held out nor among the {len(taken)} that taught the method under repair"


def _or_none_at_all(taken: Rows) -> str:
    return ", or choose a repair that is not fitted, such as zt-norm" if len(taken) else ""


def texts_of(truth: PairTruth) -> Rows:
    """(u,) rows that occur in a pair, in either role."""
    return np.unique(np.concatenate([truth.left, truth.right]))


def n_verdicts_of(truth: PairTruth) -> int:
    """How many pairs were judged: one that stands both ways round counts once."""
    return len(np.unique(np.sort(np.stack([truth.left, truth.right]), axis=0), axis=1).T)
