"""Local and pooled AUC of same-label against different-label pairs, and the gap between them.

Local: per anchor, then averaged. Pooled: all the same pairs under one threshold. Their gap is the
cost of similarities that don't mean the same thing from one anchor to the next.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.diagnostics.estimate import (
    N_DRAWS,
    Estimate,
    anchor_counts,
    percentile_estimate,
)
from engine.errors import BadInput
from engine.types import Bools, Doubles, Floats, Rows, Similarity


class LabelledPairs(NamedTuple):
    """m anchor–candidate pairs: (m,) rows of each, and whether their labels are the same."""

    anchors: Rows
    candidates: Rows
    same: Bools


class Discrimination(NamedTuple):
    """Local AUC, pooled AUC and their gap, over the same pairs; `n` counts anchors in each.

    local: mean over anchors of the AUC within the anchor.
    pooled: AUC over all pairs of those anchors at once.
    gap: local − pooled, resampled jointly.
    n_skipped: drawn anchors without scored pairs of both kinds; they are in none of the three.
    n_pairs: scored pairs of the anchors that were used.
    """

    local: Estimate
    pooled: Estimate
    gap: Estimate
    n_skipped: int
    n_pairs: int


def auc(similarities: npt.ArrayLike, same: npt.ArrayLike) -> float:
    """Chance that a same-label pair is more alike than a different-label pair; ties count half.

    Args:
        similarities: (m,) none NaN.
        same: (m,) whether the labels of each pair are the same.

    Returns:
        A number in [0, 1]; NaN when one of the two kinds is absent.

    Raises:
        BadInput: lengths differ, or a similarity is NaN.

    Reference: Hanley & McNeil 1982, Radiology 143(1), 29–36.

    Example:
        >>> auc([0.9, 0.5, 0.5, 0.1], [True, True, False, False])
        0.875
    """
    numbers, is_same = np.asarray(similarities, dtype=np.float64), np.asarray(same, dtype=np.bool_)
    if numbers.ndim != 1 or numbers.shape != is_same.shape:
        raise BadInput(f"{numbers.shape} similarities and {is_same.shape} labels; give as many.")
    if np.isnan(numbers).any():
        raise BadInput("A similarity is NaN; leave out pairs that were not scored.")
    n_same = int(is_same.sum())
    n_different = len(is_same) - n_same
    if not n_same or not n_different:
        return float("nan")
    wins = wins_by_anchor(numbers, is_same, np.zeros(len(numbers), dtype=np.int64))
    return float(wins[0, 0] / (n_same * n_different))


def draw_labelled_pairs(
    codes: npt.ArrayLike, *, n_anchors: int = 200, n_candidates: int = 300, seed: int = 0
) -> LabelledPairs:
    """Draw anchors, and for each of them other texts, uniformly and without repeats.

    Args:
        codes: (n_texts,) whole-number labels; -1 = missing, never used.
        n_anchors: at most this many anchors.
        n_candidates: at most this many other texts for each.
        seed: the same seed draws the same pairs.

    Raises:
        BadInput: fewer than two labels occur, no label occurs twice, or a count is below 1.
    """
    labels = np.asarray(codes)
    if n_anchors < 1 or n_candidates < 1:
        raise BadInput(f"{n_anchors} anchors × {n_candidates} candidates; both must be ≥ 1.")
    rows = np.flatnonzero(labels >= 0).astype(np.int64)
    _, sizes = np.unique(labels[rows], return_counts=True)
    if len(sizes) < 2 or sizes.max() < 2:
        raise BadInput(
            f"{len(sizes)} labels on {len(rows)} labelled texts; discrimination needs at least "
            "2 labels, one of them on at least 2 texts."
        )
    rng = np.random.default_rng(seed)
    n_others = len(rows) - 1
    picked = rng.choice(len(rows), size=min(n_anchors, len(rows)), replace=False)
    width = min(n_candidates, n_others)
    others = np.stack([rng.choice(n_others, size=width, replace=False) for _ in picked])
    others += others >= picked[:, None]
    anchors, candidates = np.repeat(rows[picked], width), rows[others].ravel()
    return LabelledPairs(anchors, candidates, labels[anchors] == labels[candidates])


def measure_discrimination(
    similarity: Similarity,
    codes: npt.ArrayLike,
    *,
    n_anchors: int = 200,
    n_candidates: int = 300,
    seed: int = 0,
    n_draws: int = N_DRAWS,
) -> Discrimination:
    """Local AUC, pooled AUC and gap of a Similarity, on pairs drawn at random.

    Args:
        similarity: over the rows that `codes` labels.
        codes: (n_texts,) whole-number labels; -1 = missing.
        n_anchors: at most this many anchors.
        n_candidates: at most this many other texts for each.
        seed: of the draw of pairs and of the bootstrap.
        n_draws: bootstrap draws.

    Raises:
        BadInput: `codes` is not one label per text, or `draw_labelled_pairs` refuses.
    """
    labels = np.asarray(codes)
    if labels.shape != (similarity.n_texts,):
        raise BadInput(
            f"Codes of shape {labels.shape} for {similarity.n_texts} texts; give one each."
        )
    pairs = draw_labelled_pairs(labels, n_anchors=n_anchors, n_candidates=n_candidates, seed=seed)
    similarities = similarity.pairs(pairs.anchors, pairs.candidates)
    return discrimination_of(similarities, pairs, seed=seed, n_draws=n_draws)


def discrimination_of(
    similarities: Floats | Doubles, pairs: LabelledPairs, *, seed: int = 0, n_draws: int = N_DRAWS
) -> Discrimination:
    """Local AUC, pooled AUC and gap of pairs already scored.

    NaN pairs are dropped; then anchors without both kinds of pairs are skipped and counted. When
    none is left all three figures are `Estimate.undefined()`.

    Args:
        similarities: (m,) of `pairs`; NaN = not scored.
        pairs: (m,) from `draw_labelled_pairs`.
        seed: of the bootstrap over anchors.
        n_draws: bootstrap draws.

    Raises:
        BadInput: there are not as many similarities as pairs.
    """
    if similarities.shape != pairs.same.shape:
        raise BadInput(
            f"{similarities.shape} similarities for {pairs.same.shape} pairs; give one each."
        )
    anchor_rows, anchor = np.unique(pairs.anchors, return_inverse=True)
    scored = ~np.isnan(similarities)
    n_same = np.bincount(anchor[scored & pairs.same], minlength=len(anchor_rows))
    n_different = np.bincount(anchor[scored & ~pairs.same], minlength=len(anchor_rows))
    usable = (n_same > 0) & (n_different > 0)
    n_used = int(usable.sum())
    n_skipped = len(anchor_rows) - n_used
    if not n_used:
        nothing = Estimate.undefined()
        return Discrimination(nothing, nothing, nothing, n_skipped, 0)
    kept = scored & usable[anchor]
    renumbered = (np.cumsum(usable) - 1)[anchor[kept]]
    wins = wins_by_anchor(similarities[kept], pairs.same[kept], renumbered)
    estimates = _estimates(wins, n_same[usable], n_different[usable], seed, n_draws)
    return Discrimination(*estimates, n_skipped, int(kept.sum()))


def wins_by_anchor(similarities: Floats | Doubles, same: Bools, anchor: Rows) -> Doubles:
    """(A, A) cell i, j: same-label pairs of anchor i above different-label pairs of anchor j.

    Ties count half. The diagonal gives the local AUCs and the whole matrix the pooled one, also
    under any resampling of the anchors, so the bootstrap never looks at the pairs again.
    """
    n_anchors = int(anchor.max()) + 1
    levels, level = np.unique(similarities, return_inverse=True)
    same_level, same_anchor = level[same], anchor[same]
    different_level, different_anchor = level[~same], anchor[~same]
    by_anchor = np.argsort(different_anchor, kind="stable")
    ends = np.cumsum(np.bincount(different_anchor, minlength=n_anchors))
    wins = np.zeros((n_anchors, n_anchors))
    for column, one in enumerate(np.split(different_level[by_anchor], ends[:-1])):
        at_level = np.bincount(one, minlength=len(levels))
        beaten = np.cumsum(at_level) - 0.5 * at_level
        wins[:, column] = np.bincount(same_anchor, weights=beaten[same_level], minlength=n_anchors)
    return wins


def _estimates(
    wins: Doubles, n_same: Rows, n_different: Rows, seed: int, n_draws: int
) -> tuple[Estimate, Estimate, Estimate]:
    n_anchors = len(wins)
    per_anchor = np.diagonal(wins) / (n_same * n_different)
    counts = anchor_counts(n_anchors, n_draws=n_draws, rng=np.random.default_rng(seed))
    local_draws = counts @ per_anchor / n_anchors
    n_pairs_of_pairs = (counts @ n_same) * (counts @ n_different)
    pooled_draws = ((counts @ wins) * counts).sum(axis=1) / n_pairs_of_pairs
    local = float(per_anchor.mean())
    pooled = float(wins.sum() / (n_same.sum() * n_different.sum()))
    return (
        percentile_estimate(local, local_draws, n=n_anchors),
        percentile_estimate(pooled, pooled_draws, n=n_anchors),
        percentile_estimate(local - pooled, local_draws - pooled_draws, n=n_anchors),
    )
