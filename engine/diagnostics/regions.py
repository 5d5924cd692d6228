"""Regions of a corpus under one common threshold, and what a similarity means in each of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.diagnostics.anchors import AnchorPairs, by_anchor
from engine.diagnostics.estimate import Estimate, bootstrap_mean
from engine.diagnostics.thresholds import best_threshold
from engine.diagnostics.truth import Groups, PairTruth
from engine.types import Bools, Doubles, Floats, Rows

WINDOW = 0.1
"""Half the width, in standard deviations, of what counts as "about the same similarity"."""
N_LEVELS = 19
MIN_PAIRS = 30
MIN_ANCHORS = 8


class RegionAt(NamedTuple):
    """One region under a common threshold: shares weighted by the truth's weights, NaN if empty."""

    name: str
    precision: float
    recall: float
    false_positive_rate: float
    n_same: int
    n_different: int


class RegionLoss(NamedTuple):
    """What a region loses by the common threshold.

    loss: mean over its anchors of Youden's J at the region's own threshold (chosen on the other
        half of its anchors) less J at the common one. `n` counts anchors; the interval allows for
        as many regions as were compared.
    own: the region's own threshold, on all its pairs. common: the common one.
    """

    name: str
    loss: Estimate
    own: float
    common: float


class Meaning(NamedTuple):
    """Share of a region's pairs at about one similarity that are the same; `n` counts anchors."""

    name: str
    same: Estimate
    n_pairs: int


class Contrast(NamedTuple):
    """One similarity that means "same" in one region and "different" in another."""

    similarity: float
    same_in: Meaning
    different_in: Meaning


def regions_at(
    similarities: Floats | Doubles, truth: PairTruth, groups: Groups, threshold: float
) -> list[RegionAt]:
    """Precision, recall and false-positive rate of each region at one common threshold.

    Args:
        similarities: (m,) of the truth's pairs; NaN pairs are dropped.
        truth: the pairs; each belongs to its anchor's region.
        groups: the regions.
        threshold: pairs from it upwards are called the same.
    """
    values, known = truth.scored(similarities)
    n = len(groups.names)
    code = groups.codes[known.left]
    inside = code >= 0
    code, values, known = code[inside], values[inside], known.where(inside)
    called, weight = values >= threshold, known.weights

    def mass(chosen: Bools) -> Doubles:
        return _mass(code[chosen], weight[chosen], n)

    n_same = np.bincount(code[known.same], minlength=n)
    n_different = np.bincount(code[~known.same], minlength=n)
    right, wrong = mass(called & known.same), mass(called & ~known.same)
    precision = _ratio(right, right + wrong)
    recall = _ratio(right, mass(known.same))
    rate = _ratio(wrong, mass(~known.same))
    columns = zip(
        groups.names,
        *(x.tolist() for x in (precision, recall, rate, n_same, n_different)),
        strict=True,
    )
    return [row for row in map(RegionAt._make, columns) if row.n_same + row.n_different]


def region_losses(
    similarities: Floats | Doubles, truth: PairTruth, groups: Groups, *, seed: int = 0
) -> list[RegionLoss]:
    """What each region loses by the common threshold, the greatest loss first.

    Args:
        similarities: (m,) of the truth's pairs; NaN pairs are dropped.
        truth: the pairs; each belongs to its anchor's region.
        groups: the regions; those with fewer than 8 anchors with pairs of both kinds are left out.
        seed: of the halves and of the bootstrap over anchors.
    """
    pairs = by_anchor(similarities, truth)
    if not pairs.n_anchors:
        return []
    common = best_threshold(pairs.similarities, pairs.same).threshold
    at_common = _youden(pairs, np.full(pairs.n_anchors, common))
    region = groups.codes[pairs.rows]
    chosen = [g for g in range(len(groups.names)) if (region == g).sum() >= MIN_ANCHORS]
    first = np.random.default_rng(seed).permutation(pairs.n_anchors) % 2 == 0
    level = 1 - 0.05 / max(1, len(chosen))
    found = []
    for group in chosen:
        here = region == group
        halves = [here & first, here & ~first]
        if not all(half.any() for half in halves):
            continue
        cuts = np.full(pairs.n_anchors, common)
        cuts[halves[0]], cuts[halves[1]] = _cut(pairs, halves[1]), _cut(pairs, halves[0])
        lost = (_youden(pairs, cuts) - at_common)[here]
        loss = bootstrap_mean(lost, seed=seed, level=level)
        found.append(RegionLoss(groups.names[group], loss, _cut(pairs, here), common))
    return sorted(found, key=lambda each: -each.loss.value)


def meanings(
    similarities: Floats | Doubles,
    truth: PairTruth,
    groups: Groups,
    similarity: float,
    *,
    window: float = WINDOW,
    seed: int = 0,
) -> list[Meaning]:
    """Share of same pairs at about one similarity, by region, for regions with enough pairs.

    Args:
        similarities: (m,) of the truth's pairs; NaN pairs are dropped.
        truth: the pairs; shares are weighted by its weights.
        groups: the regions.
        similarity: the similarity asked about.
        window: half the width around it, in standard deviations of all similarities.
        seed: of the bootstrap over anchors.
    """
    values, known = truth.scored(similarities)
    if not len(values):
        return []
    near = np.abs(values - similarity) <= window * values.std()
    known = known.where(near)
    code = groups.codes[known.left]
    found = []
    for group, name in enumerate(groups.names):
        part = known.where(code == group)
        anchors, anchor = np.unique(part.left, return_inverse=True)
        if part.n_pairs < MIN_PAIRS or len(anchors) < MIN_ANCHORS:
            continue
        mass = np.bincount(anchor, weights=part.weights)
        same = np.bincount(anchor, weights=part.weights * part.same)
        share = bootstrap_mean(same / mass, weights=mass, seed=seed)
        found.append(Meaning(name, share, part.n_pairs))
    return found


def contrast(
    similarities: Floats | Doubles, truth: PairTruth, groups: Groups, *, seed: int = 0
) -> Contrast | None:
    """The similarity whose meaning differs most between two regions, if it does.

    It is looked for on the pairs of half the anchors and measured on those of the other half, so
    that having looked for it does not flatter it.

    Args:
        similarities: (m,) of the truth's pairs; NaN pairs are dropped.
        truth: the pairs.
        groups: the regions.
        seed: of the halves and of the bootstrap over anchors.

    Returns:
        None unless, on the second half, one region's interval lies above one half and the other's
        below.
    """
    values, known = truth.scored(similarities)
    if not len(values):
        return None
    first = np.random.default_rng(seed).permutation(len(groups.codes)) % 2 == 0
    looked = first[known.left]
    best = _widest(values[looked], known.where(looked), groups)
    if best is None:
        return None
    at, same_name, different_name = best
    measured = {
        each.name: each
        for each in meanings(values[~looked], known.where(~looked), groups, at, seed=seed)
    }
    if same_name not in measured or different_name not in measured:
        return None
    high, low = measured[same_name], measured[different_name]
    if high.same.low > 0.5 > low.same.high:
        return Contrast(at, high, low)
    return None


def _widest(values: Doubles, truth: PairTruth, groups: Groups) -> tuple[float, str, str] | None:
    """Similarity and two regions on either side of one half, the nearer of the two farthest off."""
    if not len(values):
        return None
    best, best_margin = None, 0.0
    for level in np.quantile(values, np.linspace(0.05, 0.95, N_LEVELS)).tolist():
        shares = _shares(values, truth, groups, level)
        known = ~np.isnan(shares)
        if not known.any():
            continue
        top, bottom = int(np.nanargmax(shares)), int(np.nanargmin(shares))
        margin = min(shares[top] - 0.5, 0.5 - shares[bottom])
        if margin > best_margin:
            best_margin = margin
            best = (level, groups.names[top], groups.names[bottom])
    return best


def _shares(values: Doubles, truth: PairTruth, groups: Groups, level: float) -> Doubles:
    """(g,) share of same pairs about a level; NaN where pairs or anchors are too few."""
    near = np.abs(values - level) <= WINDOW * values.std()
    code = groups.codes[truth.left]
    near &= code >= 0
    n, part, code = len(groups.names), truth.where(near), code[near]
    n_pairs = np.bincount(code, minlength=n)
    anchors: Rows = np.unique(part.left)
    n_anchors = np.bincount(groups.codes[anchors], minlength=n)
    mass = _mass(code, part.weights, n)
    same = _mass(code, part.weights * part.same, n)
    enough = (n_pairs >= MIN_PAIRS) & (n_anchors >= MIN_ANCHORS)
    return np.where(enough, _ratio(same, mass), np.nan)


def _cut(pairs: AnchorPairs, anchors: Bools) -> float:
    here = anchors[pairs.anchor]
    return best_threshold(pairs.similarities[here], pairs.same[here]).threshold


def _youden(pairs: AnchorPairs, thresholds: Doubles) -> Doubles:
    """(a,) J of each anchor at its threshold."""
    called = pairs.similarities >= thresholds[pairs.anchor]
    sensitivity = pairs.count(called & pairs.same) / pairs.count(pairs.same)
    false_positives = pairs.count(called & ~pairs.same) / pairs.count(~pairs.same)
    return np.asarray(sensitivity - false_positives, dtype=np.float64)


def _mass(code: Rows, weights: Doubles, n: int) -> Doubles:
    return np.asarray(np.bincount(code, weights=weights, minlength=n), dtype=np.float64)


def _ratio(part: Doubles, whole: Doubles) -> Doubles:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan)
