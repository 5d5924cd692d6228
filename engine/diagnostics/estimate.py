"""A measured figure and its interval: bootstrap over anchors for means, Wilson for shares."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.errors import BadInput
from engine.types import Doubles

N_DRAWS = 1000
LEVEL = 0.95

_CELLS_AT_ONCE = 4_000_000


class Estimate(NamedTuple):
    """A figure with its interval.

    value: the figure; NaN when nothing could be measured.
    low, high: ends of its interval (95% unless the maker says otherwise); NaN when n gives none.
    n: how many anchors (or triplets, where the maker says so) the figure rests on.
    """

    value: float
    low: float
    high: float
    n: int

    @classmethod
    def undefined(cls) -> Estimate:
        """Nothing was scored: all NaN, n = 0.

        A method that scored no pair is a finding to show in a table, not a reason to stop a run.

        Example:
            >>> Estimate.undefined()
            Estimate(value=nan, low=nan, high=nan, n=0)
        """
        return cls(math.nan, math.nan, math.nan, 0)


def bootstrap_mean(
    per_anchor_values: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    seed: int = 0,
    n_draws: int = N_DRAWS,
    level: float = LEVEL,
) -> Estimate:
    """Mean over anchors and its percentile interval, resampling anchors.

    NaN values and values of weight 0 are dropped and not counted in `n`. With nothing left the
    result is `Estimate.undefined()`; with one anchor the value stands and the interval is NaN,
    because one anchor says nothing about the spread.

    Args:
        per_anchor_values: (n,) one value per anchor; NaN = not measured.
        weights: (n,) finite and ≥ 0, such as pairs per anchor; all 1 when None.
        seed: of the resampling; the same seed gives the same interval.
        n_draws: bootstrap draws, ≥ 1.
        level: of the interval, strictly between 0 and 1.

    Raises:
        BadInput: shapes differ, a weight is negative or not finite, or an option is out of range.

    Reference: Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13.

    Example:
        >>> bootstrap_mean([1.0, 0.0, float("nan")]).value
        0.5
    """
    values = np.asarray(per_anchor_values, dtype=np.float64)
    weight = np.ones_like(values) if weights is None else np.asarray(weights, dtype=np.float64)
    _check_values(values, weight)
    kept = ~np.isnan(values) & (weight > 0)
    values, weight = values[kept], weight[kept]
    if not len(values):
        return Estimate.undefined()
    draws = _mean_draws(values, weight, np.random.default_rng(seed), n_draws)
    value = float((values * weight).sum() / weight.sum())
    return percentile_estimate(value, draws, n=len(values), level=level)


def percentile_estimate(value: float, draws: Doubles, *, n: int, level: float = LEVEL) -> Estimate:
    """The figure with the central `level` of its bootstrap draws as its interval.

    Args:
        value: the figure on all anchors.
        draws: (n_draws,) the figure on each resample of the anchors; NaN draws are left out.
        n: anchors; with fewer than two the interval is NaN.
        level: of the interval, strictly between 0 and 1.

    Raises:
        BadInput: `level` is out of range.
    """
    if not 0 < level < 1:
        raise BadInput(f"level is {level}; it must lie strictly between 0 and 1, such as 0.95.")
    defined = draws[~np.isnan(draws)]
    if n < 2 or not len(defined):
        return Estimate(value, math.nan, math.nan, n)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high), n)


def anchor_counts(n_anchors: int, *, n_draws: int, rng: np.random.Generator) -> Doubles:
    """(n_draws, n_anchors) how often each anchor occurs in each bootstrap resample.

    Raises:
        BadInput: `n_draws` is below 1.
    """
    _check_draws(n_draws)
    share = np.full(n_anchors, 1.0 / n_anchors)
    return rng.multinomial(n_anchors, share, size=n_draws).astype(np.float64)


def wilson(successes: int, n: int, *, level: float = LEVEL) -> Estimate:
    """A share and its Wilson score interval; `Estimate.undefined()` when n is 0.

    Args:
        successes: how many of the n succeeded, from 0 to n.
        n: independent trials, ≥ 0.
        level: of the interval, strictly between 0 and 1.

    Raises:
        BadInput: counts or level are out of range.

    Reference: Wilson 1927, J. Am. Stat. Assoc. 22(158), 209–212.

    Example:
        >>> [round(x, 3) for x in wilson(8, 10)]
        [0.8, 0.49, 0.943, 10]
    """
    if not 0 <= successes <= n:
        raise BadInput(f"{successes} successes in {n} trials; successes must lie from 0 to n.")
    if not 0 < level < 1:
        raise BadInput(f"level is {level}; it must lie strictly between 0 and 1, such as 0.95.")
    if n == 0:
        return Estimate.undefined()
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Estimate(share, max(0.0, centre - half), min(1.0, centre + half), n)


def _mean_draws(
    values: Doubles, weight: Doubles, rng: np.random.Generator, n_draws: int
) -> Doubles:
    _check_draws(n_draws)
    n = len(values)
    weighted = values * weight
    draws = np.empty(n_draws)
    step = max(1, _CELLS_AT_ONCE // n)
    for start in range(0, n_draws, step):
        picked = rng.integers(0, n, size=(min(step, n_draws - start), n))
        draws[start : start + step] = weighted[picked].sum(axis=1) / weight[picked].sum(axis=1)
    return draws


def _check_values(values: Doubles, weight: Doubles) -> None:
    if values.ndim != 1 or values.shape != weight.shape:
        raise BadInput(
            f"Values have shape {values.shape} and weights {weight.shape}; "
            "give one value, and one weight, per anchor."
        )
    if not (np.isfinite(weight).all() and (weight >= 0).all()):
        raise BadInput("A weight is negative or not finite; weights must be numbers ≥ 0.")


def _check_draws(n_draws: int) -> None:
    if n_draws < 1:
        raise BadInput(f"n_draws is {n_draws}; a bootstrap needs at least 1 draw, usually 1000.")
