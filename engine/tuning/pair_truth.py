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


def pairs_of(corpus: Corpus, attribute: Attribute, wanted: Wanted) -> PairTruth:
    """The pairs that a repair may be fitted on, in the corpus's rows; no held-out text in any role.

    A judge's pairs come both ways round, so that either text is an anchor.

    Args:
        corpus: in canonical order, so that the same ones are drawn whatever its own order.
        attribute: the respect.
        wanted: whose truth, and at most how many verdicts; its noise is not used.

    Raises:
        BadInput: there is no such truth; the message says what to do.
    """
    column = truth_column(corpus, attribute, wanted)
    held_out = untouched_rows(corpus, wanted)
    if column is not None:
        codes = corpus.label_codes(column).codes.copy()
        codes[held_out] = -1
        n_pairs = wanted.n_verdicts or N_PAIRS
        return truth_from_labels(codes, column, n_pairs=n_pairs, seed=wanted.seed)
    verdicts, source = judged(corpus, attribute, wanted)
    given = verdicts[: wanted.n_verdicts or None]
    once = truth_from_verdicts(given, corpus.texts, f"the verdicts of {source}")
    kept = once.where(~np.isin(once.left, held_out) & ~np.isin(once.right, held_out))
    if not 0 < kept.n_same < kept.n_pairs:
        raise BadInput(
            f"This repair is fitted on pairs judged the same and different in {attribute.name!r}; "
            f"among texts that are not held out there are {kept.n_same} and "
            f"{kept.n_pairs - kept.n_same} ({wanted.truth}). Answer some spot checks, or name a "
            "label column in the option column."
        )
    return both_orders(kept)


def texts_of(truth: PairTruth) -> Rows:
    """(u,) rows that occur in a pair, in either role."""
    return np.unique(np.concatenate([truth.left, truth.right]))


def n_verdicts_of(truth: PairTruth) -> int:
    """How many pairs were judged: one that stands both ways round counts once."""
    return len(np.unique(np.sort(np.stack([truth.left, truth.right]), axis=0), axis=1).T)
