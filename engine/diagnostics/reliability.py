"""Does a stated chance of being the same come true? Reliability and ECE, overall and by region."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.diagnostics.curves import CurveName, fit_curve
from engine.diagnostics.estimate import Estimate, anchor_counts, percentile_estimate
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput
from engine.types import Bools, Doubles, Floats, Rows

N_BINS = 10
N_QUARTERS = 4
N_DRAWS = 300


class ReliabilityCurve(NamedTuple):
    """Stated against observed, by equal-width bin of the stated; NaN where a bin is empty.

    stated: (b,) mean stated probability.
    observed: (b,) share of pairs that are the same.
    n_pairs: (b,) pairs in each bin.
    """

    stated: Doubles
    observed: Doubles
    n_pairs: Rows


class Reliability(NamedTuple):
    """How far probabilities fitted on other texts can be trusted.

    curve: over all held-out pairs.
    ece: expected calibration error, pooled.
    by_quarter: of each quarter of the anchors, from those whose different pairs are least alike on
        average to those whose are most. Large while `ece` is small: right on average, wrong
        nearly everywhere.
    quarter_curves: their curves.
    curve_name: what was fitted.
    bins, quarters: (m,) of each scored pair: its bin on the curves, and its anchor's quarter.
    """

    curve: ReliabilityCurve
    ece: Estimate
    by_quarter: tuple[Estimate, ...]
    quarter_curves: tuple[ReliabilityCurve, ...]
    curve_name: str
    bins: Rows
    quarters: Rows


def expected_calibration_error(
    probabilities: npt.ArrayLike,
    same: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    n_bins: int = N_BINS,
) -> float:
    """Mean gap between stated and observed share of same pairs, in [0, 1].

    Args:
        probabilities: (m,) in [0, 1].
        same: (m,) whether each pair is the same.
        weights: (m,) positive; all 1 when None.
        n_bins: equal-width bins; empty ones are ignored.

    Raises:
        BadInput: lengths differ, there is nothing, or a probability is out of range.

    Reference: Guo et al. 2017, arXiv:1706.04599, eq. 3.

    Example:
        >>> round(expected_calibration_error([0.75, 0.75, 0.25], [True, False, False]), 4)
        0.25
    """
    p, is_same, weight = _checked(probabilities, same, weights)
    sums = _bin_sums(p, is_same, weight, np.zeros(len(p), dtype=np.int64), 1, n_bins)
    return float(_ece(sums)[0])


def reliability_curve(
    probabilities: npt.ArrayLike,
    same: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    n_bins: int = N_BINS,
) -> ReliabilityCurve:
    """Stated against observed share of same pairs; see `expected_calibration_error`."""
    p, is_same, weight = _checked(probabilities, same, weights)
    bins = _bin(p, n_bins)
    mass = np.bincount(bins, weights=weight, minlength=n_bins)
    safe = np.where(mass > 0, mass, np.nan)
    return ReliabilityCurve(
        np.bincount(bins, weights=weight * p, minlength=n_bins) / safe,
        np.bincount(bins, weights=weight * is_same, minlength=n_bins) / safe,
        np.bincount(bins, minlength=n_bins).astype(np.int64),
    )


def held_out_probabilities(
    similarities: Floats | Doubles, truth: PairTruth, *, curve: CurveName, seed: int = 0
) -> Doubles:
    """(m,) each pair's chance of being the same, by a curve fitted on other anchors' pairs.

    Anchors are split into random halves; each half is read off the other's curve.

    Args:
        similarities: (m,) of the truth's pairs; NaN = not scored, and stays NaN.
        truth: the pairs.
        curve: which to fit.
        seed: of the halves.

    Raises:
        BadInput: a half lacks pairs of a kind.
    """
    anchors, anchor = np.unique(truth.left, return_inverse=True)
    first = (np.random.default_rng(seed).permutation(len(anchors)) % 2 == 0)[anchor]
    values = np.asarray(similarities, dtype=np.float64)
    out = np.full(len(values), np.nan)
    for fitted, read in ((first, ~first), (~first, first)):
        out[read] = fit_curve(curve, values[fitted], truth.where(fitted))(values[read])
    return out


def reliability(
    similarities: Floats | Doubles,
    truth: PairTruth,
    *,
    curve: CurveName = "isotonic",
    n_bins: int = N_BINS,
    seed: int = 0,
) -> Reliability:
    """Reliability and ECE on held-out anchors, pooled and by quarter of the anchors.

    Args:
        similarities: (m,) of the truth's pairs; NaN pairs are dropped.
        truth: the pairs.
        curve: turns similarities into probabilities.
        n_bins: equal-width bins.
        seed: of the halves and of the bootstrap over anchors.

    Raises:
        BadInput: fewer than 8 anchors, or a half lacks pairs of a kind.
    """
    values, known = truth.scored(similarities)
    anchors, anchor = np.unique(known.left, return_inverse=True)
    if len(anchors) < 2 * N_QUARTERS:
        raise BadInput(
            f"{len(anchors)} anchors have scored pairs; quarters need at least {2 * N_QUARTERS}."
        )
    p = held_out_probabilities(values, known, curve=curve, seed=seed)
    quarter = _quarters(values, known.same, anchor, len(anchors))
    sums = _bin_sums(p, known.same, known.weights, anchor, len(anchors), n_bins)
    each = [sums[:, quarter == q] for q in range(N_QUARTERS)]
    curves = []
    for q in range(N_QUARTERS):
        here = quarter[anchor] == q
        curves.append(
            reliability_curve(p[here], known.same[here], weights=known.weights[here], n_bins=n_bins)
        )
    return Reliability(
        reliability_curve(p, known.same, weights=known.weights, n_bins=n_bins),
        _ece_estimate(sums, seed),
        tuple(_ece_estimate(part, seed) for part in each),
        tuple(curves),
        curve,
        _bin(p, n_bins),
        quarter[anchor],
    )


def _quarters(values: Doubles, same: Bools, anchor: Rows, n_anchors: int) -> Rows:
    """(a,) quarter of each anchor by the mean similarity of its different pairs, lowest 0."""
    n = np.bincount(anchor[~same], minlength=n_anchors)
    total = np.bincount(anchor[~same], weights=values[~same], minlength=n_anchors)
    level = np.where(n > 0, total / np.maximum(n, 1), values.mean())
    place = np.empty(n_anchors, dtype=np.int64)
    place[np.argsort(level, kind="stable")] = np.arange(n_anchors)
    return place * N_QUARTERS // n_anchors


def _bin(p: Doubles, n_bins: int) -> Rows:
    return np.minimum((p * n_bins).astype(np.int64), n_bins - 1)


def _bin_sums(
    p: Doubles, same: Bools, weight: Doubles, anchor: Rows, n_anchors: int, n_bins: int
) -> Doubles:
    """(2, a, b) weight × (observed − stated), and weight, by anchor and bin."""
    cell = anchor * n_bins + _bin(p, n_bins)
    parts = (weight * (same - p), weight)
    sums = [np.bincount(cell, weights=part, minlength=n_anchors * n_bins) for part in parts]
    return np.asarray(sums, dtype=np.float64).reshape(2, n_anchors, n_bins)


def _ece(sums: Doubles, counts: Doubles | None = None) -> Doubles:
    """(draws,) error of the whole, or of each resampling of the anchors."""
    shares = np.ones((1, sums.shape[1])) if counts is None else counts
    gap, mass = shares @ sums[0], shares @ sums[1]
    return np.asarray(np.abs(gap).sum(axis=1) / mass.sum(axis=1), dtype=np.float64)


def _ece_estimate(sums: Doubles, seed: int) -> Estimate:
    n_anchors = sums.shape[1]
    counts = anchor_counts(n_anchors, n_draws=N_DRAWS, rng=np.random.default_rng(seed))
    return percentile_estimate(float(_ece(sums)[0]), _ece(sums, counts), n=n_anchors)


def _checked(
    probabilities: npt.ArrayLike, same: npt.ArrayLike, weights: npt.ArrayLike | None
) -> tuple[Doubles, Bools, Doubles]:
    p, is_same = np.asarray(probabilities, dtype=np.float64), np.asarray(same, dtype=np.bool_)
    weight = np.ones(len(p)) if weights is None else np.asarray(weights, dtype=np.float64)
    if p.ndim != 1 or not len(p) or not p.shape == is_same.shape == weight.shape:
        raise BadInput(
            f"{p.shape} probabilities, {is_same.shape} labels and {weight.shape} weights; give "
            "as many, at least one."
        )
    if not ((p >= 0) & (p <= 1)).all():
        raise BadInput("A probability is NaN or outside 0 to 1; fit a curve first.")
    return p, is_same, weight
