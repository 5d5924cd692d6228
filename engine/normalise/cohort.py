"""Repairs by a cohort: each text is set against how like a sample of the corpus it is anyway."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.diagnostics.chunks import row_chunks
from engine.errors import BadInput
from engine.normalise.affine import AffineSimilarity, scores_few_pairs
from engine.normalise.matrices import rectangle
from engine.normalise.order import rows_in_order
from engine.types import Doubles, Floats, Rows, Scale, Similarity

N_COHORT = 500
TOP_SHARE = 0.5
LEAST_SPREAD = 0.1
"""A text's spread below this share of the mean spread is raised to it, lest noise be blown up."""


class CohortStatistics(NamedTuple):
    """(n,) mean and spread of each text's similarities to the most alike of the cohort."""

    mean: Doubles
    spread: Doubles


def z_norm(
    similarity: Similarity,
    *,
    n_cohort: int = N_COHORT,
    top: int | None = None,
    seed: int = 0,
    ranks: Rows | None = None,
) -> AffineSimilarity:
    """(s − μ) / σ with mean and spread of the ANCHOR's similarities to a cohort.

    Undoes a scale and offset of each anchor; hubs among candidates stay.

    Args:
        similarity: any.
        n_cohort: texts sampled as cohort.
        top: only the so many most alike of the cohort count; half of them when None.
        seed: of the sample.
        ranks: (n,) each text's place in an order that its content decides, so that the same texts
            in other rows have the same cohort; without it the rows' own order decides.

    Raises:
        BadInput: a number is out of range, ranks are no order, or similarities to the cohort do
            not vary.

    Reference: Auckenthaler, Carey & Lloyd-Thomas 2000, Digital Signal Processing 10, 42–54.
    """
    cohort = _cohort(similarity.n_texts, n_cohort, seed, ranks)
    found = _statistics(similarity, "anchor", cohort, top)
    nothing = np.zeros(similarity.n_texts)
    return _affine(similarity, (1 / found.spread, nothing), (found.mean / found.spread, nothing))


def t_norm(
    similarity: Similarity,
    *,
    n_cohort: int = N_COHORT,
    top: int | None = None,
    seed: int = 0,
    ranks: Rows | None = None,
) -> AffineSimilarity:
    """(s − μ) / σ with mean and spread of the similarities of a cohort to the CANDIDATE.

    Takes hubs down; a scale and offset of each anchor stays. See `z_norm` for the arguments.

    Reference: Auckenthaler, Carey & Lloyd-Thomas 2000, Digital Signal Processing 10, 42–54.
    """
    cohort = _cohort(similarity.n_texts, n_cohort, seed, ranks)
    found = _statistics(similarity, "candidate", cohort, top)
    nothing = np.zeros(similarity.n_texts)
    return _affine(similarity, (nothing, 1 / found.spread), (nothing, found.mean / found.spread))


def as_norm(
    similarity: Similarity,
    *,
    n_cohort: int = N_COHORT,
    top: int | None = None,
    seed: int = 0,
    ranks: Rows | None = None,
) -> AffineSimilarity:
    """The mean of `z_norm` and `t_norm`: ½[(s − μ_a)/σ_a + (s − μ_c)/σ_c]. See `z_norm`.

    Reference: Matějka et al. 2017, Analysis of Score Normalization in Multilingual Speaker
        Recognition, Interspeech, eq. 6.
    """
    cohort = _cohort(similarity.n_texts, n_cohort, seed, ranks)
    anchor = _statistics(similarity, "anchor", cohort, top)
    candidate = _statistics(similarity, "candidate", cohort, top)
    return _affine(
        similarity,
        (0.5 / anchor.spread, 0.5 / candidate.spread),
        (0.5 * anchor.mean / anchor.spread, 0.5 * candidate.mean / candidate.spread),
    )


def zt_norm(
    similarity: Similarity,
    *,
    n_cohort: int = N_COHORT,
    top: int | None = None,
    seed: int = 0,
    ranks: Rows | None = None,
) -> AffineSimilarity:
    """`z_norm`, then `t_norm` of that. See `z_norm`.

    `as_norm` averages the two and so takes half of each side's offset out; this takes out both.

    Reference: Auckenthaler, Carey & Lloyd-Thomas 2000, Digital Signal Processing 10, 42–54.
    """
    by_anchor = z_norm(similarity, n_cohort=n_cohort, top=top, seed=seed, ranks=ranks)
    return t_norm(by_anchor, n_cohort=n_cohort, top=top, seed=seed, ranks=ranks)


def csls(
    similarity: Similarity,
    *,
    k: int = 10,
    n_cohort: int = N_COHORT,
    seed: int = 0,
    ranks: Rows | None = None,
) -> AffineSimilarity:
    """2s − r_a − r_c, where r is a text's mean similarity to its k nearest in the cohort.

    Takes dense regions down and lifts sparse ones; scales stay. With a cohort that is not the
    whole corpus the k nearest are farther away, which shifts all similarities alike.

    Args:
        similarity: any.
        k: nearest texts averaged.
        n_cohort: texts sampled as cohort.
        seed: of the sample.
        ranks: as for `z_norm`.

    Raises:
        BadInput: a number is out of range, or ranks are no order.

    Reference: Conneau et al. 2018, Word Translation Without Parallel Data, arXiv:1710.04087.
    """
    cohort = _cohort(similarity.n_texts, n_cohort, seed, ranks)
    if not 1 <= k < len(cohort):
        raise BadInput(f"k is {k}; it must lie from 1 to {len(cohort) - 1}, below the cohort.")
    anchor = _top_statistics(similarity, cohort, k, "anchor")
    candidate = _top_statistics(similarity, cohort, k, "candidate")
    ones = np.ones(similarity.n_texts)
    return _affine(similarity, (ones, ones), (anchor.mean, candidate.mean), similarity.scale)


def _affine(
    similarity: Similarity,
    gains: tuple[Doubles, Doubles],
    offsets: tuple[Doubles, Doubles],
    scale: Scale = Scale.LOGIT,
) -> AffineSimilarity:
    anchor_gain, candidate_gain = (gain.astype(np.float32) for gain in gains)
    anchor_offset, candidate_offset = (offset.astype(np.float32) for offset in offsets)
    return AffineSimilarity(
        similarity, anchor_gain, candidate_gain, anchor_offset, candidate_offset, scale
    )


def _statistics(
    similarity: Similarity, side: str, cohort: Rows, top: int | None
) -> CohortStatistics:
    n_top = max(2, round(TOP_SHARE * len(cohort))) if top is None else top
    if not 2 <= n_top <= len(cohort):
        raise BadInput(f"top is {n_top}; it must lie from 2 to the cohort's {len(cohort)}.")
    found = _top_statistics(similarity, cohort, n_top, side)
    mean_spread = float(np.nanmean(found.spread)) if np.isfinite(found.spread).any() else 0.0
    if mean_spread == 0:
        raise BadInput(
            "The similarities to the cohort do not vary, so there is nothing to standardise by. "
            "Use a larger cohort, or another repair."
        )
    return CohortStatistics(found.mean, np.maximum(found.spread, LEAST_SPREAD * mean_spread))


def _cohort(n_texts: int, n_cohort: int, seed: int, ranks: Rows | None) -> Rows:
    """The drawn rows; in order of their ranks, so that sums too come out the same."""
    if n_cohort < 3 or n_texts < 3:
        raise BadInput(f"A cohort of {n_cohort} from {n_texts} texts; both must be at least 3.")
    drawn = np.sort(np.random.default_rng(seed).permutation(n_texts)[:n_cohort])
    return rows_in_order(n_texts, ranks)[drawn]


def _top_statistics(
    similarity: Similarity, cohort: Rows, n_top: int, side: str
) -> CohortStatistics:
    """Each text against the cohort, itself left out; NaN where fewer than two were scored."""
    everyone = np.arange(similarity.n_texts, dtype=np.int64)
    if scores_few_pairs(similarity):
        # Hardly any cohort pair was scored; the pairs that were are the cohort.
        scored = similarity.neighbours(everyone, max(n_top, len(cohort))).similarities
        return CohortStatistics(*_mean_and_spread(scored, n_top))
    mean, spread = np.empty(len(everyone)), np.empty(len(everyone))
    for rows in row_chunks(everyone, len(cohort)):
        if side == "anchor":
            block = np.array(rectangle(similarity, rows, cohort), dtype=np.float32)
        else:
            block = np.array(rectangle(similarity, cohort, rows).T, dtype=np.float32)
        block[rows[:, None] == cohort] = np.nan
        mean[rows], spread[rows] = _mean_and_spread(block, n_top)
    return CohortStatistics(mean, spread)


def _mean_and_spread(block: Floats, n_top: int) -> tuple[Doubles, Doubles]:
    known = np.where(np.isnan(block), -np.inf, block)
    top = -np.partition(-known, n_top - 1, axis=1)[:, :n_top].astype(np.float64)
    used = np.isfinite(top)
    n_used = used.sum(axis=1)
    safe = np.maximum(n_used, 1)
    mean = np.where(used, top, 0).sum(axis=1) / safe
    deviation = np.where(used, top - mean[:, None], 0)
    spread = np.sqrt((deviation**2).sum(axis=1) / safe)
    enough = n_used >= min(2, n_top)
    return np.where(enough, mean, np.nan), np.where(enough, spread, np.nan)
