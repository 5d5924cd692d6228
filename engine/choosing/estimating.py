"""Shares of a corpus from questions that were not asked alike often; and with a cheap judge's help.

weighted_mean      Hájek: answers weighted by 1 / probability, over the sum of the weights
total_mean         Horvitz–Thompson: the same over the known size of the population
assisted_mean      PPI++: a cheap judge on everything, corrected by the dear judge on a sample
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from engine.diagnostics.estimate import Estimate
from engine.errors import BadInput
from engine.judges.planning import Z_95
from engine.types import Doubles


def weighted_mean(values: npt.ArrayLike, probabilities: npt.ArrayLike) -> Estimate:
    """Mean over all that could have been asked, from what was asked (Hájek's estimator).

    Args:
        values: (n,) answers, such as 1 for same and 0 for different.
        probabilities: (n,) chance that each had of being asked; see engine.choosing.drawing.

    Returns:
        The mean and its 95% interval; undefined with nothing, no interval with one answer.

    Raises:
        BadInput: lengths differ, or a chance is not in (0, 1].

    Reference: Hájek 1971, in Foundations of Statistical Inference, 236; Särndal, Swensson & Wretman
    1992, Model Assisted Survey Sampling, §5.7.

    Example:
        >>> round(weighted_mean([1, 0, 0], [0.5, 0.25, 0.25]).value, 3)
        0.2
    """
    y, p = _checked(values, probabilities)
    if not len(y):
        return Estimate.undefined()
    value = float((y / p).sum() / (1 / p).sum())
    return _interval(value, _variance(y - value, p) / float((1 / p).sum()) ** 2, len(y))


def total_mean(values: npt.ArrayLike, probabilities: npt.ArrayLike, n_population: int) -> Estimate:
    """Mean over a population of known size (Horvitz–Thompson's estimator).

    Exactly unbiased, where Hájek's is so for large samples; mostly the wider of the two.

    Args:
        values: (n,) answers.
        probabilities: (n,) chance that each had of being asked.
        n_population: how many could have been asked.

    Raises:
        BadInput: lengths differ, a chance is not in (0, 1], or n_population < n.

    Reference: Horvitz & Thompson 1952, J. Am. Stat. Assoc. 47, 663–685.

    Example:
        >>> total_mean([1, 0], [0.5, 0.5], 4).value
        0.5
    """
    y, p = _checked(values, probabilities)
    if n_population < max(1, len(y)):
        raise BadInput(f"{len(y)} answers of a population of {n_population}; it can't be smaller.")
    if not len(y):
        return Estimate.undefined()
    value = float((y / p).sum() / n_population)
    return _interval(value, _variance(y, p) / n_population**2, len(y))


def assisted_mean(
    dear: npt.ArrayLike,
    cheap: npt.ArrayLike,
    cheap_all: npt.ArrayLike,
    *,
    probabilities: npt.ArrayLike | None = None,
    power: float | None = None,
) -> Estimate:
    """Mean of a dear judge's answers, helped by a cheap judge's answers on many more.

    power · mean(cheap on all) + mean(dear − power · cheap on the sample). However bad the cheap
    judge is the result stays right; the better he is the narrower it gets. The power that makes it
    narrowest is found unless given: 0 ignores the cheap judge, 1 is plain PPI.

    Args:
        dear: (n,) the dear judge's answers on a sample.
        cheap: (n,) the cheap one's on the same.
        cheap_all: (m,) the cheap one's on a random sample, or on all, without the dear ones.
        probabilities: (n,) chance of each in the dear sample; None = all alike.
        power: from 0 to 1; None = tuned.

    Raises:
        BadInput: lengths differ, nothing was given, or power is out of range.

    Reference: Angelopoulos et al. 2023, arXiv:2301.09633 (PPI); Angelopoulos, Duchi & Zrnic 2023,
    arXiv:2311.01453, §6 (PPI++: power tuning).

    Example:
        >>> assisted_mean([1, 0, 1, 0], [1, 0, 1, 0], [1, 1, 1, 0], power=1.0).value
        0.75
    """
    y = np.asarray(dear, dtype=np.float64)
    p = np.full(len(y), 0.5) if probabilities is None else np.asarray(probabilities, np.float64)
    y, p = _checked(y, p)
    f, everything = np.asarray(cheap, np.float64), np.asarray(cheap_all, np.float64)
    if f.shape != y.shape or not len(everything) or len(y) < 2:
        raise BadInput(
            f"{len(y)} dear and {len(f)} cheap answers, and {len(everything)} more cheap ones; "
            "give at least 2, as many, and at least 1."
        )
    weights = (1 / p) / (1 / p).sum()
    tuned = _power(y, f, everything, weights) if power is None else power
    if not 0 <= tuned <= 1:
        raise BadInput(f"power is {tuned}; it must lie from 0 to 1.")
    rest = y - tuned * f
    middle = float((weights * rest).sum())
    value = tuned * float(everything.mean()) + middle
    # As with replacement, for the sample is small against what it speaks for.
    n = len(y)
    variance = n / (n - 1) * float((weights**2 * (rest - middle) ** 2).sum())
    variance += tuned**2 * float(everything.var()) / len(everything)
    return _interval(value, variance, n)


def _power(y: Doubles, f: Doubles, everything: Doubles, weights: Doubles) -> float:
    mean_f = float((weights * f).sum())
    together = float((weights * (y - (weights * y).sum()) * (f - mean_f)).sum())
    spread = float(np.concatenate([f, everything]).var())
    if spread <= 0:
        return 0.0
    return min(1.0, max(0.0, together / ((1 + len(y) / len(everything)) * spread)))


def _variance(y: Doubles, p: Doubles) -> float:
    """Of the estimated total, for samples of fixed size; what was asked for certain adds nothing.

    Reference: Hájek 1964, Ann. Math. Stat. 35, 1491–1523; Deville & Tillé 2005, J. Stat. Plan.
    Inference 128, 569–591.
    """
    free = 1 - p
    if free.sum() <= 0:
        return 0.0
    n = int((free > 0).sum())
    level = float((free * y / p).sum() / free.sum())
    return n / max(1, n - 1) * float((free * (y / p - level) ** 2).sum())


def _interval(value: float, variance: float, n: int) -> Estimate:
    if n < 2:
        return Estimate(value, math.nan, math.nan, n)
    half = Z_95 * math.sqrt(max(0.0, variance))
    return Estimate(value, value - half, value + half, n)


def _checked(values: npt.ArrayLike, probabilities: npt.ArrayLike) -> tuple[Doubles, Doubles]:
    y, p = np.asarray(values, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    if y.ndim != 1 or y.shape != p.shape:
        raise BadInput(f"{y.shape} answers and {p.shape} probabilities; give one of each.")
    if not (np.isfinite(y).all() and ((p > 0) & (p <= 1)).all()):
        raise BadInput("An answer is not finite, or a probability is not above 0 and up to 1.")
    return y, p
