"""False positives of each anchor at the threshold that lets 5% through over all anchors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.diagnostics.estimate import Estimate, bootstrap_mean
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput
from engine.types import Doubles, Floats, Rows

RATE = 0.05
AT_LEAST = 20
BAND = 0.95


class AnchorFalsePositives(NamedTuple):
    """False-positive rates by anchor at one pooled threshold.

    threshold: the similarity that a share `rate` of all different pairs exceeds.
    rows: (a,) the anchors.
    rates: (a,) share of each anchor's different pairs above the threshold.
    low, high: (a,) where binomial chance alone would keep 95% of the anchors.
    outside: share of anchors beyond their band; at most about 5% when nothing is wrong.
    highest: the 95th percentile of the rates.
    """

    threshold: float
    rows: Rows
    rates: Doubles
    low: Doubles
    high: Doubles
    outside: Estimate
    highest: float


def false_positive_rates(
    similarities: Floats | Doubles,
    truth: PairTruth,
    *,
    rate: float = RATE,
    at_least: int = AT_LEAST,
    seed: int = 0,
) -> AnchorFalsePositives:
    """Each anchor's false-positive rate at the threshold that lets `rate` through overall.

    Args:
        similarities: (m,) of the truth's pairs; NaN = not scored.
        truth: the pairs; only the different ones count.
        rate: the pooled rate, strictly between 0 and 1.
        at_least: different pairs that an anchor must have.
        seed: of the bootstrap over anchors.

    Raises:
        BadInput: the rate is out of range.
    """
    if not 0 < rate < 1:
        raise BadInput(f"rate is {rate}; it must lie strictly between 0 and 1, such as 0.05.")
    values, known = truth.scored(similarities)
    values, known = values[~known.same], known.where(~known.same)
    rows, anchor = np.unique(known.left, return_inverse=True)
    n_pairs = np.bincount(anchor, minlength=len(rows))
    usable = n_pairs >= at_least
    if not usable.any():
        none = np.empty(0)
        return AnchorFalsePositives(
            np.nan, rows[:0], none, none, none, Estimate.undefined(), np.nan
        )
    kept = usable[anchor]
    threshold = float(np.quantile(values[kept], 1 - rate, method="lower"))
    n_above = np.bincount(anchor, weights=values > threshold, minlength=len(rows))[usable]
    n, rows = n_pairs[usable], rows[usable]
    rates = n_above / n
    low, high = _band(n, float(n_above.sum() / n.sum()))
    outside = bootstrap_mean((rates < low) | (rates > high), seed=seed)
    return AnchorFalsePositives(
        threshold, rows, rates, low, high, outside, float(np.quantile(rates, 0.95))
    )


def _band(n: Rows, rate: float) -> tuple[Doubles, Doubles]:
    from scipy.stats import binom

    low, high = binom.interval(BAND, n, rate)
    return np.asarray(low / n, dtype=np.float64), np.asarray(high / n, dtype=np.float64)
