"""Do two methods list the same neighbours? Overlap at k, and rank-biased overlap."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.diagnostics.estimate import Estimate, bootstrap_mean
from engine.errors import BadInput
from engine.types import Doubles, Rows

PERSISTENCE = 0.9

Measure = Literal["rank-biased overlap", "overlap"]


def overlap_at_k(a_rows: npt.ArrayLike, b_rows: npt.ArrayLike, *, seed: int = 0) -> Estimate:
    """Mean over anchors of the share of neighbours that two lists have in common.

    The share is |A ∩ B| / max(|A|, |B|). An anchor for which either list is empty is not counted:
    a method that scored nothing neither agrees nor disagrees.

    Args:
        a_rows: (q, k) neighbour lists of one method, -1 at the end of a short one.
        b_rows: (q, k') those of the other, for the same anchors in the same order.
        seed: of the bootstrap over anchors.

    Raises:
        BadInput: the lists are not of the same anchors, repeat a row, or have a gap.

    Example:
        >>> overlap_at_k([[1, 2]], [[2, 3]]).value
        0.5
    """
    common, a_size, b_size = _overlap_by_depth(a_rows, b_rows)
    longer = np.maximum(a_size, b_size)
    comparable = np.minimum(a_size, b_size) > 0
    share = np.where(comparable, common[:, -1] / np.maximum(longer, 1), np.nan)
    return bootstrap_mean(share, seed=seed)


def rank_biased_overlap(a: npt.ArrayLike, b: npt.ArrayLike, p: float = PERSISTENCE) -> float:
    """Rank-biased overlap of two finite lists, extrapolated: RBO_ext.

    Args:
        a: (k,) rows, best first; -1 pads the end.
        b: (k',) rows, best first; may be longer or shorter.
        p: persistence, strictly between 0 and 1; at 0.9 the first 10 places weigh 86%.

    Returns:
        In [0, 1]; 1 for identical lists, 0 for disjoint ones; NaN when either list is empty.

    Raises:
        BadInput: p is out of range, or a list repeats a row or has a gap.

    Reference: Webber, Moffat & Zobel 2010, ACM TOIS 28(4), 20, eq. 32.

    Example:
        >>> round(rank_biased_overlap([1, 2, 3, 4, 5], [2, 3, 4, 1, 5], 0.9), 3)
        0.828
    """
    return float(_rank_biased([np.asarray(a)], [np.asarray(b)], p)[0])


def mean_rank_biased_overlap(
    a_rows: npt.ArrayLike, b_rows: npt.ArrayLike, *, p: float = PERSISTENCE, seed: int = 0
) -> Estimate:
    """Mean over anchors of `rank_biased_overlap`; anchors with an empty list are not counted.

    Args:
        a_rows: (q, k) neighbour lists of one method, -1 at the end of a short one.
        b_rows: (q, k') those of the other, for the same anchors in the same order.
        p: persistence.
        seed: of the bootstrap over anchors.

    Raises:
        BadInput: as `overlap_at_k` and `rank_biased_overlap`.
    """
    return bootstrap_mean(_rank_biased(a_rows, b_rows, p), seed=seed)


def method_agreement(
    neighbour_rows: Mapping[str, npt.ArrayLike],
    *,
    measure: Measure = "rank-biased overlap",
    seed: int = 0,
) -> dict[tuple[str, str], Estimate]:
    """Agreement of every two methods, each unordered pair once, in the order given.

    Args:
        neighbour_rows: by method, (q, k) lists for the same anchors in the same order.
        measure: "rank-biased overlap" weighs the top of the lists, "overlap" ignores order.
        seed: of the bootstrap over anchors.

    Raises:
        BadInput: the measure is not one of the two, or lists can't be compared.
    """
    if measure not in ("rank-biased overlap", "overlap"):
        raise BadInput(f"No measure is called {measure!r}. Known: overlap, rank-biased overlap.")
    compare = overlap_at_k if measure == "overlap" else mean_rank_biased_overlap
    return {
        (first, second): compare(neighbour_rows[first], neighbour_rows[second], seed=seed)
        for first, second in combinations(neighbour_rows, 2)
    }


def _rank_biased(a_rows: npt.ArrayLike, b_rows: npt.ArrayLike, p: float) -> Doubles:
    """(q,) RBO_ext of each anchor's two lists; NaN where either is empty."""
    if not 0 < p < 1:
        raise BadInput(f"p is {p}; persistence must lie strictly between 0 and 1, such as 0.9.")
    common, a_size, b_size = _overlap_by_depth(a_rows, b_rows)
    shorter, longer = np.minimum(a_size, b_size), np.maximum(a_size, b_size)
    # An empty list is turned into NaN at the end; 1 only keeps the division quiet until then.
    s, ell = np.maximum(shorter, 1), np.maximum(longer, 1)
    anchor = np.arange(len(common))
    at_s, at_ell = common[anchor, s - 1], common[anchor, ell - 1]
    depth = np.arange(1, common.shape[1] + 1)
    assumed = at_s[:, None] * np.maximum(depth - s[:, None], 0) / s[:, None]
    weight = np.where(depth <= ell[:, None], p**depth, 0.0)
    seen = (1 - p) / p * ((common + assumed) / depth * weight).sum(axis=1)
    beyond = ((at_ell - at_s) / ell + at_s / s) * p**ell
    return np.where(shorter > 0, seen + beyond, np.nan)


def _overlap_by_depth(a_rows: npt.ArrayLike, b_rows: npt.ArrayLike) -> tuple[Rows, Rows, Rows]:
    """(q, K) rows in common among the first d of both lists, and the (q,) sizes of each."""
    a, b = _checked(a_rows), _checked(b_rows)
    if len(a) != len(b):
        raise BadInput(
            f"Lists of {len(a)} and of {len(b)} anchors; give those of the same anchors."
        )
    n_anchors, width = len(a), max(a.shape[1], b.shape[1])
    both = np.full((n_anchors, 2, width), -1, dtype=np.int64)
    both[:, 0, : a.shape[1]], both[:, 1, : b.shape[1]] = a, b
    flat = both.reshape(n_anchors, 2 * width)
    order = np.argsort(flat, axis=1, kind="stable")
    ordered = np.take_along_axis(flat, order, axis=1)
    pair = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    met_at = np.maximum(order[:, 1:] % width, order[:, :-1] % width)
    anchor = np.nonzero(pair)[0]
    cell = anchor * width + met_at[pair]
    met = np.bincount(cell, minlength=n_anchors * width).reshape(n_anchors, width)
    common: Rows = np.cumsum(met, axis=1).astype(np.int64)
    return common, (a >= 0).sum(axis=1), (b >= 0).sum(axis=1)


def _checked(rows: npt.ArrayLike) -> Rows:
    lists = np.asarray(rows, dtype=np.int64)
    if lists.ndim != 2 or lists.shape[1] == 0:
        raise BadInput(f"Neighbour lists of shape {lists.shape}; give (anchors, k) with k ≥ 1.")
    if ((lists[:, 1:] >= 0) & (lists[:, :-1] < 0)).any():
        raise BadInput("A neighbour list has a gap; -1 may only pad its end.")
    ordered = np.sort(lists, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
        raise BadInput("A neighbour list names the same row twice; each may occur once.")
    return lists
