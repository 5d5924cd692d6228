"""Every measure of calibration on one Similarity, from one scoring of the pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.diagnostics.anchors import by_anchor
from engine.diagnostics.anisotropy import Anisotropy, anisotropy
from engine.diagnostics.asymmetry import asymmetry
from engine.diagnostics.discrimination import Discrimination, LabelledPairs, discrimination_of
from engine.diagnostics.estimate import Estimate
from engine.diagnostics.false_positives import AnchorFalsePositives, false_positive_rates
from engine.diagnostics.hubness import (
    antihub_share,
    hubness_skew,
    k_occurrence,
    robin_hood_index,
)
from engine.diagnostics.leakage import Leakage, attribute_leakage
from engine.diagnostics.opis import Opis, opis
from engine.diagnostics.regions import Contrast, RegionLoss, contrast, region_losses
from engine.diagnostics.reliability import Reliability, reliability
from engine.diagnostics.thresholds import AnchorThresholds, anchor_thresholds, best_threshold
from engine.diagnostics.transfer import Transfer, threshold_transfer
from engine.diagnostics.transitivity import broken_triangles
from engine.diagnostics.truth import Groups, PairTruth
from engine.diagnostics.variance import MIN_ANCHORS, VarianceShares, variance_shares
from engine.errors import BadInput
from engine.similarity import VectorSimilarity
from engine.types import Doubles, Neighbours, Rows, Scale, Similarity

K_HUBNESS = 10
MAX_TEXTS_SEARCHED = 5000
N_ASYMMETRY = 5000
N_TRIANGLE_PAIRS = 20_000
MIN_RELIABILITY_ANCHORS = 16


@dataclass(frozen=True, slots=True)
class Hubness:
    """How evenly texts occur in the others' lists of k neighbours."""

    skew: float
    antihubs: float
    robin_hood: float
    k: int


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """What every measure says of one Similarity. None = it could not be measured; see `notes`.

    Attributes:
        truth: source and numbers of the pairs that it rests on.
        n_not_scored: pairs that the similarity has no number for; they are in no measure.
        scale: what the similarities are.
        pooled_threshold: best single threshold by Youden's J over the pairs of usable anchors.
        triangles: broken "same" triangles of the truth; 0 for labels, by construction.
        notes: why a measure is missing.
    """

    truth: str
    n_pairs: int
    n_not_scored: int
    scale: Scale
    discrimination: Discrimination
    pooled_threshold: float
    thresholds: AnchorThresholds
    opis: Opis
    false_positives: AnchorFalsePositives
    variance: VarianceShares
    asymmetry: Estimate
    reliability: Reliability | None
    hubness: Hubness | None
    anisotropy: Anisotropy | None
    transfer: Transfer | None
    regions: tuple[RegionLoss, ...]
    contrast: Contrast | None
    leakage: Leakage | None
    triangles: Estimate | None
    notes: tuple[str, ...]


def calibration_report(
    similarity: Similarity,
    truth: PairTruth,
    groups: Groups | None = None,
    *,
    other_codes: npt.ArrayLike | None = None,
    neighbours: Neighbours | None = None,
    seed: int = 0,
) -> CalibrationReport:
    """Measure the calibration of a Similarity against a truth.

    Nothing grows with texts squared: pairs are the truth's, and hubness is measured on the
    neighbour lists given, or searched for only up to 5,000 texts.

    Args:
        similarity: any; pairs that it has no number for are left out and counted.
        truth: pairs; a repair that was fitted on verdicts needs others here.
        groups: regions of the corpus, for threshold transfer and what a similarity means in each.
        other_codes: (n_texts,) labels of a competing attribute, for leakage; -1 = missing.
        neighbours: of ALL texts in row order, as a run keeps them.
        seed: of every draw.

    Raises:
        BadInput: groups, codes or neighbours don't fit the corpus.
    """
    _check(similarity, groups, other_codes, neighbours)
    values = similarity.pairs(truth.left, truth.right)
    notes: list[str] = []
    scored, known = truth.scored(values)
    pairs = LabelledPairs(known.left, known.right, known.same)
    return CalibrationReport(
        truth=truth.described,
        n_pairs=known.n_pairs,
        n_not_scored=truth.n_pairs - known.n_pairs,
        scale=similarity.scale,
        discrimination=discrimination_of(scored, pairs, seed=seed),
        pooled_threshold=_pooled_threshold(scored, known),
        thresholds=anchor_thresholds(scored, known, seed=seed),
        opis=opis(scored, known, seed=seed),
        false_positives=false_positive_rates(scored, known, seed=seed),
        variance=_variance(scored, known, notes),
        asymmetry=_asymmetry(similarity, known, seed),
        reliability=_reliability(scored, known, seed, notes),
        hubness=_hubness(similarity, neighbours, notes),
        anisotropy=_anisotropy(similarity, seed, notes),
        transfer=threshold_transfer(scored, known, groups, seed=seed) if groups else None,
        regions=tuple(region_losses(scored, known, groups, seed=seed)) if groups else (),
        contrast=contrast(scored, known, groups, seed=seed) if groups else None,
        leakage=None
        if other_codes is None
        else attribute_leakage(scored, known, other_codes, seed=seed),
        triangles=_triangles(known, notes),
        notes=tuple(notes),
    )


def _pooled_threshold(scored: Doubles, known: PairTruth) -> float:
    pairs = by_anchor(scored, known)
    if not pairs.n_anchors:
        return float("nan")
    return best_threshold(pairs.similarities, pairs.same).threshold


def _asymmetry(similarity: Similarity, known: PairTruth, seed: int) -> Estimate:
    some = np.random.default_rng(seed).permutation(known.n_pairs)[:N_ASYMMETRY]
    return asymmetry(similarity, known.left[some], known.right[some], seed=seed)


def _variance(scored: Doubles, known: PairTruth, notes: list[str]) -> VarianceShares:
    n_anchors = len(np.unique(known.left[~known.same]))
    if n_anchors < MIN_ANCHORS:
        notes.append(
            f"Shares of variance need {MIN_ANCHORS} anchors with different pairs; there are "
            f"{n_anchors}."
        )
    return variance_shares(scored, known)


def _reliability(
    scored: Doubles, known: PairTruth, seed: int, notes: list[str]
) -> Reliability | None:
    n_anchors = by_anchor(scored, known).n_anchors
    if n_anchors < MIN_RELIABILITY_ANCHORS:
        notes.append(
            f"Reliability needs {MIN_RELIABILITY_ANCHORS} anchors with pairs of both kinds; there "
            f"are {n_anchors}."
        )
        return None
    return reliability(scored, known, seed=seed)


def _hubness(
    similarity: Similarity, neighbours: Neighbours | None, notes: list[str]
) -> Hubness | None:
    n_texts = similarity.n_texts
    if neighbours is None and n_texts > MAX_TEXTS_SEARCHED:
        notes.append(
            f"Hubness needs the neighbours of all {n_texts:,} texts: give those the run kept."
        )
        return None
    k = max(1, min(K_HUBNESS, n_texts - 1))
    rows: Rows
    if neighbours is None:
        rows = similarity.neighbours(np.arange(n_texts, dtype=np.int64), k).rows
    else:
        rows = neighbours.rows[:, :k]
    counts = k_occurrence(rows, n_texts)
    return Hubness(
        hubness_skew(counts), antihub_share(counts), robin_hood_index(counts), rows.shape[1]
    )


def _anisotropy(similarity: Similarity, seed: int, notes: list[str]) -> Anisotropy | None:
    if not isinstance(similarity, VectorSimilarity):
        notes.append("Anisotropy is a property of dense vectors, and this similarity has none.")
        return None
    return anisotropy(similarity.vectors, seed=seed)


def _triangles(known: PairTruth, notes: list[str]) -> Estimate | None:
    if known.n_pairs > N_TRIANGLE_PAIRS:
        notes.append(
            f"Triangles are looked for among up to {N_TRIANGLE_PAIRS:,} pairs; labels have no "
            "broken ones."
        )
        return None
    return broken_triangles(known)


def _check(
    similarity: Similarity,
    groups: Groups | None,
    other_codes: npt.ArrayLike | None,
    neighbours: Neighbours | None,
) -> None:
    n_texts = similarity.n_texts
    sizes = {
        "group codes": None if groups is None else len(groups.codes),
        "labels of the other attribute": None if other_codes is None else np.size(other_codes),
        "neighbour lists": None if neighbours is None else len(neighbours.rows),
    }
    for what, size in sizes.items():
        if size is not None and size != n_texts:
            raise BadInput(f"{size} {what} for {n_texts} texts; give one a text.")
