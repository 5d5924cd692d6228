"""OPIS: how inconsistently one threshold serves the anchors, over the thresholds that matter."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.diagnostics.anchors import N_SHUFFLES, AnchorPairs, by_anchor, shuffled
from engine.diagnostics.estimate import Estimate, anchor_counts, percentile_estimate
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput
from engine.types import Doubles, Floats

N_THRESHOLDS = 50
RATES = (0.01, 0.2)
"""Pooled false-positive rates between which a threshold counts as usable."""
AT_LEAST = 5
N_DRAWS = 1000


class Opis(NamedTuple):
    """The operating-point inconsistency score, in [0, 0.25]; 0 = all anchors alike.

    score: with its interval over anchors.
    by_chance: the score when the same pairs are dealt out to the anchors at random.
    low, high: the usable thresholds it is integrated over.
    """

    score: Estimate
    by_chance: float
    low: float
    high: float


def opis(
    similarities: Floats | Doubles,
    truth: PairTruth,
    *,
    rates: tuple[float, float] = RATES,
    at_least: int = AT_LEAST,
    seed: int = 0,
) -> Opis:
    """Mean over anchors of the squared distance between the anchor's utility curve and the mean.

    Utility at a threshold: the harmonic mean of sensitivity and specificity, each in [0, 1]. The
    integral over usable thresholds is divided by their range and taken at 50 equal steps. Usable
    are the thresholds at which the pooled false-positive rate lies between the two rates.

    The paper compares classes, by distance, and asks how far operating characteristics vary over
    them; the utility above is how others who measured it by the paper's definition wrote it (the
    paper's own text was not at hand). Ours: anchors in the place of classes, each with at least so
    many pairs of a kind; false-positive rates up to 20%, as a text has few pairs; the interval; and
    what chance alone gives. So compare scores with `by_chance`, not with the paper's tables.

    Args:
        similarities: (m,) of the truth's pairs; NaN = not scored.
        truth: the pairs.
        rates: lowest and highest pooled false-positive rate.
        at_least: pairs of each kind that an anchor must have.
        seed: of the bootstrap over anchors, and of the shuffles.

    Raises:
        BadInput: the rates are not 0 < low < high < 1.

    Reference: Zhang et al. 2023, Threshold-Consistent Margin Loss, arXiv:2307.04047.
    """
    if not 0 < rates[0] < rates[1] < 1:
        raise BadInput(f"Rates {rates} must rise, and lie strictly between 0 and 1.")
    pairs = by_anchor(similarities, truth, at_least=at_least)
    if not pairs.n_anchors:
        return Opis(Estimate.undefined(), np.nan, np.nan, np.nan)
    low, high = np.quantile(
        pairs.similarities[~pairs.same], [1 - rates[1], 1 - rates[0]], method="linear"
    )
    grid = np.linspace(low, high, N_THRESHOLDS)
    rng = np.random.default_rng(seed)
    curves = utility_curves(pairs, grid)
    n_anchors = pairs.n_anchors
    draws = _score(curves, anchor_counts(n_anchors, n_draws=N_DRAWS, rng=rng) / n_anchors)
    score = percentile_estimate(_plain(curves), draws, n=n_anchors)
    chance = [_plain(utility_curves(shuffled(pairs, rng), grid)) for _ in range(N_SHUFFLES)]
    return Opis(score, float(np.mean(chance)), float(low), float(high))


def utility_curves(pairs: AnchorPairs, thresholds: Doubles) -> Doubles:
    """(a, t) harmonic mean of sensitivity and specificity of each anchor at each threshold.

    Args:
        pairs: gathered by anchor.
        thresholds: (t,) ascending; pairs from a threshold upwards count as same.
    """
    n_steps = len(thresholds)
    step = np.searchsorted(thresholds, pairs.similarities, side="right")
    cell = pairs.anchor * (n_steps + 1) + step
    kinds = []
    for kind in (pairs.same, ~pairs.same):
        counts = np.bincount(cell[kind], minlength=pairs.n_anchors * (n_steps + 1))
        below = np.cumsum(counts.reshape(pairs.n_anchors, n_steps + 1), axis=1)
        kinds.append(below[:, :n_steps] / below[:, -1:])
    sensitivity, specificity = 1 - kinds[0], kinds[1]
    total = sensitivity + specificity
    return np.where(total > 0, 2 * sensitivity * specificity / np.where(total > 0, total, 1), 0.0)


def _plain(curves: Doubles) -> float:
    return float(((curves - curves.mean(axis=0)) ** 2).mean())


def _score(curves: Doubles, shares: Doubles) -> Doubles:
    """(draws,) the score under each resampling: mean of squares less square of the mean."""
    centred = curves - curves.mean(axis=0)
    spread: Doubles = (shares @ centred**2 - (shares @ centred) ** 2).mean(axis=1)
    return spread
