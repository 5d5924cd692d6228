"""Where the spread of similarities between different texts comes from: anchor, candidate, rest."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from engine.diagnostics.estimate import Estimate
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput
from engine.types import Doubles, Floats, Rows

N_BLOCKS = 20
MIN_ANCHORS = 20
"""With fewer, the variance between anchors rests on a handful of numbers."""
Z_95 = 1.959964


class VarianceShares(NamedTuple):
    """Shares of the variance of similarities of different pairs; they add up to 1.

    anchor: due to which text is compared to: thresholds should differ by anchor.
    candidate: due to which text is offered: hubs.
    residual: what neither explains.
    n_pairs: different pairs used.
    """

    anchor: Estimate
    candidate: Estimate
    residual: Estimate
    n_pairs: int


def variance_shares(similarities: Floats | Doubles, truth: PairTruth) -> VarianceShares:
    """Two-way random effects on the different pairs: s = mean + anchor + candidate + residual.

    The components come from Henderson's first method, which is unbiased however unequal the
    numbers of pairs are and needs one pass over them. A component that comes out negative is 0.
    Intervals: jackknife over 20 blocks of anchors, ± 1.96 standard errors, cut to [0, 1].

    Args:
        similarities: (m,) of the truth's pairs; NaN = not scored.
        truth: the pairs; only the different ones count.

    Returns:
        The shares; all undefined with fewer than 20 anchors, when anchors and candidates do not
        cross enough to be told apart, or when nothing varies. `n` counts anchors.

    Raises:
        BadInput: there is not one similarity a pair.

    Reference: Henderson 1953, Biometrics 9(2), 226–252; Searle, Casella & McCulloch 1992,
        Variance Components, §5.3.
    """
    values, known = truth.scored(similarities)
    different = ~known.same
    values, known = values[different], known.where(different)
    anchors, anchor = np.unique(known.left, return_inverse=True)
    candidate = np.unique(known.right, return_inverse=True)[1]
    shares = _shares(values, anchor, candidate) if len(anchors) >= MIN_ANCHORS else None
    if shares is None:
        nothing = Estimate.undefined()
        return VarianceShares(nothing, nothing, nothing, len(values))
    low, high = _jackknife(values, anchor, candidate, shares)
    estimates = [
        Estimate(float(share), float(a), float(b), len(anchors))
        for share, a, b in zip(shares, low, high, strict=True)
    ]
    return VarianceShares(estimates[0], estimates[1], estimates[2], len(values))


def variance_components(values: Doubles, anchor: Rows, candidate: Rows) -> Doubles:
    """(3,) unbiased variance of anchors, candidates and residual; may be negative.

    Args:
        values: (m,) similarities.
        anchor: (m,) which anchor each belongs to, numbered from 0.
        candidate: (m,) which candidate, likewise.

    Returns:
        NaN where the design can't tell them apart.

    Raises:
        BadInput: lengths differ.
    """
    if not len(values) == len(anchor) == len(candidate):
        raise BadInput("Values, anchors and candidates have different lengths; give one of each.")
    if len(values) < 3:
        return np.full(3, np.nan)
    n = float(len(values))
    # Sums of squares are of large equal numbers otherwise; the components do not change.
    centred = values - values.mean()
    n_anchor, n_candidate = np.bincount(anchor), np.bincount(candidate)
    sums_a = np.bincount(anchor, weights=centred)
    sums_b = np.bincount(candidate, weights=centred)
    kept_a, kept_b = n_anchor > 0, n_candidate > 0
    t_a = (sums_a[kept_a] ** 2 / n_anchor[kept_a]).sum()
    t_b = (sums_b[kept_b] ** 2 / n_candidate[kept_b]).sum()
    cross_a, cross_b = _crossing(anchor, candidate, n_anchor, n_candidate)
    square_a, square_b = (n_anchor**2).sum() / n, (n_candidate**2).sum() / n
    equations = np.array(
        [
            [n - square_a, cross_a - square_b, kept_a.sum() - 1],
            [cross_b - square_a, n - square_b, kept_b.sum() - 1],
            [n - square_a, n - square_b, n - 1],
        ]
    )
    if np.linalg.cond(equations) > 1e10:
        return np.full(3, np.nan)
    return np.linalg.solve(equations, np.array([t_a, t_b, (centred**2).sum()]))


def _crossing(
    anchor: Rows, candidate: Rows, n_anchor: Rows, n_candidate: Rows
) -> tuple[float, float]:
    """Σ n_ij² / n_i and Σ n_ij² / n_j over the cells that hold pairs."""
    cells, n_cell = np.unique(anchor * len(n_candidate) + candidate, return_counts=True)
    i, j = cells // len(n_candidate), cells % len(n_candidate)
    return float((n_cell**2 / n_anchor[i]).sum()), float((n_cell**2 / n_candidate[j]).sum())


def _shares(values: Doubles, anchor: Rows, candidate: Rows) -> Doubles | None:
    components = np.maximum(variance_components(values, anchor, candidate), 0)
    total = components.sum()
    if not np.isfinite(total) or total <= 0:
        return None
    return np.asarray(components / total, dtype=np.float64)


def _jackknife(
    values: Doubles, anchor: Rows, candidate: Rows, shares: Doubles
) -> tuple[Doubles, Doubles]:
    n_anchors = int(anchor.max()) + 1
    n_blocks = min(N_BLOCKS, n_anchors)
    without = []
    for block in range(n_blocks):
        kept = anchor % n_blocks != block
        found = _shares(values[kept], anchor[kept], candidate[kept])
        if found is not None:
            without.append(found)
    if len(without) < 2:
        return np.full(3, np.nan), np.full(3, np.nan)
    each = np.stack(without)
    n = len(each)
    error = np.sqrt((n - 1) / n * ((each - each.mean(axis=0)) ** 2).sum(axis=0))
    half = np.where(np.isfinite(error), Z_95 * error, math.nan)
    return np.maximum(shares - half, 0), np.minimum(shares + half, 1)
