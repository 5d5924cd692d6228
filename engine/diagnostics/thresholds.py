"""The best threshold of each anchor, and how far those thresholds lie apart."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.diagnostics.anchors import N_SHUFFLES, AnchorPairs, by_anchor, shuffled
from engine.diagnostics.estimate import Estimate, anchor_counts, percentile_estimate
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput
from engine.types import Bools, Doubles, Floats, Rows

AT_LEAST = 5
"""Pairs of each kind that an anchor needs: with fewer, its best threshold is mostly luck."""
N_DRAWS = 1000

Objective = Literal["youden", "f1"]


class BestThreshold(NamedTuple):
    """A threshold (pairs from it upwards count as same) and what it reaches there."""

    threshold: float
    reached: float


class AnchorThresholds(NamedTuple):
    """Best threshold by anchor.

    rows: (a,) the anchors.
    thresholds: (a,) where Youden's J is highest.
    low, high: (a,) the range of thresholds that do as well within one standard error of J.
    spread: standard deviation of the thresholds, in standard deviations of the similarities.
    by_chance: the spread when the same pairs are dealt out to the anchors at random.
    n_skipped: anchors with too few pairs of a kind.
    """

    rows: Rows
    thresholds: Doubles
    low: Doubles
    high: Doubles
    spread: Estimate
    by_chance: float
    n_skipped: int


def best_threshold(
    similarities: npt.ArrayLike,
    same: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    objective: Objective = "youden",
) -> BestThreshold:
    """The threshold that tells same from different pairs best, midway between two similarities.

    Youden's J (sensitivity + specificity − 1) does not depend on how many pairs are the same, so
    it can be compared between anchors; F1 does, and suits retrieval. Of equally good thresholds
    the lowest is taken.

    Args:
        similarities: (m,) none NaN.
        same: (m,) whether each pair is the same; both kinds must occur.
        weights: (m,) positive; all 1 when None.
        objective: what is made as high as possible.

    Raises:
        BadInput: lengths differ, a similarity is NaN, a kind is missing, or no such objective.

    Reference: Youden 1950, Cancer 3(1), 32–35.

    Example:
        >>> best_threshold([0.9, 0.7, 0.5, 0.1], [True, True, False, False])
        BestThreshold(threshold=0.6, reached=1.0)
    """
    values, is_same = np.asarray(similarities, dtype=np.float64), np.asarray(same, dtype=np.bool_)
    weight = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
    _check(values, is_same, weight, objective)
    order = np.argsort(values, kind="stable")
    values, is_same, weight = values[order], is_same[order], weight[order]
    same_below = np.cumsum(weight * is_same) - weight * is_same
    different_below = np.cumsum(weight * ~is_same) - weight * ~is_same
    n_same, n_different = (weight * is_same).sum(), (weight * ~is_same).sum()
    if objective == "youden":
        reached = (n_same - same_below) / n_same + different_below / n_different - 1
    else:
        found = n_same - same_below
        reached = 2 * found / (found + (n_different - different_below) + n_same)
    reached[1:][values[1:] == values[:-1]] = -np.inf
    best = int(np.argmax(reached))
    lower = values[best - 1] if best else values[best]
    return BestThreshold(float((lower + values[best]) / 2), float(reached[best]))


def anchor_thresholds(
    similarities: Floats | Doubles, truth: PairTruth, *, at_least: int = AT_LEAST, seed: int = 0
) -> AnchorThresholds:
    """Each anchor's best threshold by Youden's J, and the spread of them.

    A few pairs an anchor make thresholds scatter although nothing differs between anchors;
    `by_chance` says how much, and a spread whose interval lies above it is real.

    Args:
        similarities: (m,) of the truth's pairs; NaN = not scored.
        truth: the pairs.
        at_least: pairs of each kind that an anchor must have.
        seed: of the bootstrap over anchors, and of the shuffles.

    Raises:
        BadInput: there is not one similarity a pair.
    """
    pairs = by_anchor(similarities, truth, at_least=at_least)
    if not pairs.n_anchors:
        none = np.empty(0)
        undefined = Estimate.undefined()
        return AnchorThresholds(pairs.rows, none, none, none, undefined, np.nan, pairs.n_skipped)
    cuts = _cuts(pairs)
    scale = float(pairs.similarities.std()) or np.nan
    rng = np.random.default_rng(seed)
    draws = _spread_draws(cuts.thresholds, rng) / scale
    spread = percentile_estimate(
        float(cuts.thresholds.std()) / scale, draws, n=len(cuts.thresholds)
    )
    chance = [float(_cuts(shuffled(pairs, rng)).thresholds.std()) for _ in range(N_SHUFFLES)]
    return AnchorThresholds(
        pairs.rows, *cuts, spread, float(np.mean(chance)) / scale, pairs.n_skipped
    )


class _Cuts(NamedTuple):
    thresholds: Doubles
    low: Doubles
    high: Doubles


def _cuts(pairs: AnchorPairs) -> _Cuts:
    """Youden's best cut of every anchor at once, on pairs sorted within anchors."""
    order = np.lexsort((pairs.similarities, pairs.anchor))
    values, same = pairs.similarities[order], pairs.same[order]
    anchor = pairs.anchor[order]
    starts = np.flatnonzero(np.diff(anchor, prepend=-1))
    n_same, n_different = pairs.count(pairs.same)[anchor], pairs.count(~pairs.same)[anchor]
    missed = _before(same, starts, anchor) / n_same
    rejected = _before(~same, starts, anchor) / n_different
    j = rejected - missed
    is_start = np.zeros(len(values), dtype=np.bool_)
    is_start[starts] = True
    tied = ~is_start & (values == np.concatenate([[np.nan], values[:-1]]))
    j[tied] = -np.inf
    lower = np.where(is_start, values, np.concatenate([values[:1], values[:-1]]))
    middle = (lower + values) / 2
    top = np.maximum.reduceat(j, starts)
    place = np.where(j == top[anchor], np.arange(len(j)), len(j))
    best = np.minimum.reduceat(place, starts)
    error = _standard_error(missed[best], n_same[best]) + _standard_error(
        rejected[best], n_different[best]
    )
    nearly = j >= (top - np.sqrt(error))[anchor]
    low = np.minimum.reduceat(np.where(nearly, middle, np.inf), starts)
    high = np.maximum.reduceat(np.where(nearly, middle, -np.inf), starts)
    return _Cuts(middle[best], low, high)


def _before(kind: Bools, starts: Rows, anchor: Rows) -> Doubles:
    """(m,) how many pairs of a kind the same anchor has further down."""
    counts = kind.astype(np.float64)
    total = np.cumsum(counts) - counts
    return np.asarray(total - total[starts][anchor], dtype=np.float64)


def _standard_error(share: Doubles, n: Doubles) -> Doubles:
    """Squared error of a share; half a pair is added to each side, lest a perfect one has none."""
    smoothed = (share * n + 0.5) / (n + 1)
    return np.asarray(smoothed * (1 - smoothed) / n, dtype=np.float64)


def _spread_draws(thresholds: Doubles, rng: np.random.Generator) -> Doubles:
    n_anchors = len(thresholds)
    counts = anchor_counts(n_anchors, n_draws=N_DRAWS, rng=rng)
    centred = thresholds - thresholds.mean()
    mean, square = counts @ centred / n_anchors, counts @ centred**2 / n_anchors
    return np.asarray(np.sqrt(np.maximum(square - mean**2, 0)), dtype=np.float64)


def _check(values: Doubles, same: Bools, weight: Doubles, objective: str) -> None:
    if objective not in ("youden", "f1"):
        raise BadInput(f"No objective is called {objective!r}. Known: f1, youden.")
    if values.ndim != 1 or not values.shape == same.shape == weight.shape:
        raise BadInput(
            f"{values.shape} similarities, {same.shape} labels and {weight.shape} weights; as many."
        )
    if np.isnan(values).any():
        raise BadInput("A similarity is NaN; leave out pairs that were not scored.")
    if not same.any() or same.all():
        raise BadInput("A threshold needs pairs of both kinds, same and different.")
