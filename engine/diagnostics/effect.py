"""What a repair changes: local AUC, pooled AUC and gap, before and after, on the same anchors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.diagnostics.discrimination import wins_by_anchor
from engine.diagnostics.estimate import N_DRAWS, Estimate, anchor_counts, percentile_estimate
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput
from engine.types import Doubles, Floats


class RepairEffect(NamedTuple):
    """After less before, on pairs that both scored; anchors are resampled jointly.

    local: below 0, the repair makes the ranking around each text worse.
    pooled: above 0, one threshold serves better than before.
    gap: below 0, similarities mean more nearly the same everywhere.
    """

    local: Estimate
    pooled: Estimate
    gap: Estimate


def repair_effect(
    before: Floats | Doubles, after: Floats | Doubles, truth: PairTruth, *, seed: int = 0
) -> RepairEffect:
    """The change that a repair makes, with its interval over anchors.

    Args:
        before: (m,) similarities of the truth's pairs; NaN = not scored.
        after: (m,) repaired ones.
        truth: pairs that the repair was not fitted on.
        seed: of the bootstrap over anchors.

    Raises:
        BadInput: there is not one similarity a pair.
    """
    if before.shape != after.shape or before.shape != truth.same.shape:
        raise BadInput(
            f"{before.shape} and {after.shape} similarities for {truth.n_pairs} pairs; as many."
        )
    scored = ~np.isnan(before) & ~np.isnan(after)
    rows, anchor = np.unique(truth.left, return_inverse=True)
    n_same = np.bincount(anchor[scored & truth.same], minlength=len(rows))
    n_different = np.bincount(anchor[scored & ~truth.same], minlength=len(rows))
    usable = (n_same > 0) & (n_different > 0)
    n_anchors = int(usable.sum())
    if not n_anchors:
        return RepairEffect(*(Estimate.undefined() for _ in range(3)))
    kept = scored & usable[anchor]
    place = (np.cumsum(usable) - 1)[anchor[kept]]
    rng = np.random.default_rng(seed)
    counts = np.concatenate(
        [np.ones((1, n_anchors)), anchor_counts(n_anchors, n_draws=N_DRAWS, rng=rng)]
    )
    sizes = (n_same[usable].astype(np.float64), n_different[usable].astype(np.float64))
    figures = []
    for values in (before, after):
        wins = wins_by_anchor(values[kept], truth.same[kept], place)
        figures.append(_local_and_pooled(wins, sizes, counts))
    local, pooled = figures[1][0] - figures[0][0], figures[1][1] - figures[0][1]
    changes = [
        percentile_estimate(float(draws[0]), draws[1:], n=n_anchors)
        for draws in (local, pooled, local - pooled)
    ]
    return RepairEffect(*changes)


def _local_and_pooled(
    wins: Doubles, sizes: tuple[Doubles, Doubles], counts: Doubles
) -> tuple[Doubles, Doubles]:
    """Both AUCs under each row of counts."""
    n_same, n_different = sizes
    local = counts @ (np.diagonal(wins) / (n_same * n_different)) / counts.sum(axis=1)
    pooled = ((counts @ wins) * counts).sum(axis=1) / ((counts @ n_same) * (counts @ n_different))
    return local, pooled
