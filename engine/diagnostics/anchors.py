"""Pairs gathered by anchor, and how the anchors would differ by chance alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.diagnostics.truth import PairTruth
from engine.types import Bools, Doubles, Floats, Rows

N_SHUFFLES = 5


@dataclass(frozen=True, slots=True, eq=False)
class AnchorPairs:
    """Scored pairs of those anchors that have both kinds.

    rows: (a,) the anchors' rows, ascending.
    anchor: (m,) which of them each pair belongs to.
    similarities, same, weights: (m,) of the pairs.
    n_skipped: anchors left out because a kind of pair was missing.
    """

    rows: Rows
    anchor: Rows
    similarities: Doubles
    same: Bools
    weights: Doubles
    n_skipped: int

    @property
    def n_anchors(self) -> int:
        """Anchors with both kinds of pairs."""
        return len(self.rows)

    def count(self, chosen: Bools) -> Doubles:
        """(a,) how many of the chosen pairs each anchor has."""
        return np.bincount(self.anchor[chosen], minlength=self.n_anchors).astype(np.float64)


def by_anchor(
    similarities: Floats | Doubles, truth: PairTruth, *, at_least: int = 1
) -> AnchorPairs:
    """Gather scored pairs by their left text.

    Args:
        similarities: (m,) of the truth's pairs; NaN pairs are dropped.
        truth: the pairs.
        at_least: pairs of each kind that an anchor must have.

    Raises:
        BadInput: there is not one similarity a pair.
    """
    values, known = truth.scored(similarities)
    rows, anchor = np.unique(known.left, return_inverse=True)
    n_same = np.bincount(anchor[known.same], minlength=len(rows))
    n_different = np.bincount(anchor[~known.same], minlength=len(rows))
    usable = (n_same >= at_least) & (n_different >= at_least)
    kept = usable[anchor] if len(anchor) else np.zeros(0, dtype=np.bool_)
    renumbered = (np.cumsum(usable) - 1)[anchor[kept]]
    return AnchorPairs(
        rows[usable],
        renumbered.astype(np.int64),
        values[kept],
        known.same[kept],
        known.weights[kept],
        int((~usable).sum()),
    )


def shuffled(pairs: AnchorPairs, rng: np.random.Generator) -> AnchorPairs:
    """The same pairs dealt out to the anchors at random, same and different apart.

    Each anchor keeps its numbers of pairs, and all anchors now mean the same by a similarity: what
    a measure still says of them is chance.
    """
    values = pairs.similarities.copy()
    for kind in (pairs.same, ~pairs.same):
        values[kind] = rng.permutation(values[kind])
    return replace(pairs, similarities=values)
