"""What a tuned similarity is worth on texts it never saw."""

from __future__ import annotations

import numpy as np

from engine.diagnostics.estimate import Estimate, bootstrap_mean
from engine.tuning.triplets import Triplets
from engine.types import Doubles, Rows, Similarity


def triplet_wins(similarity: Similarity, triplets: Triplets) -> Doubles:
    """(m,) 1 where the positive ranks above the negative, 0.5 for a tie, else 0; NaN = unscored."""
    high = similarity.pairs(triplets.anchor, triplets.positive)
    low = similarity.pairs(triplets.anchor, triplets.negative)
    wins = (high > low) + 0.5 * (high == low)
    return np.where(np.isnan(high) | np.isnan(low), np.nan, wins).astype(np.float64)


def held_out_accuracy(
    similarity: Similarity, triplets: Triplets, training_rows: Rows, *, seed: int = 0
) -> Estimate:
    """Share of triplets ordered rightly, of those with no text that was learnt from in any role.

    Args:
        similarity: what was tuned.
        triplets: of any texts; those that hold a training text are left out.
        training_rows: rows that it learnt from, as a `TrainedOn` method says.
        seed: of the bootstrap over anchors.

    Returns:
        The accuracy with its interval; `n` is the number of anchors, 0 where none was unseen.
    """
    fresh = triplets.where(~triplets.touching(training_rows))
    wins = triplet_wins(similarity, fresh)
    scored = ~np.isnan(wins)
    if not scored.any():
        return Estimate.undefined()
    _, group = np.unique(fresh.anchor[scored], return_inverse=True)
    counts = np.bincount(group)
    return bootstrap_mean(np.bincount(group, weights=wins[scored]) / counts, seed=seed)
