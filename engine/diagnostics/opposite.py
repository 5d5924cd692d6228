"""Same similarity, opposite verdicts: two pairs that no single threshold can both get right."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.diagnostics.thresholds import best_threshold
from engine.diagnostics.truth import Groups, PairTruth
from engine.types import Bools, Doubles, Rows, Similarity

TOLERANCE = 0.02
N_PAIRS = 50
MIN_PAIRS = 20


class JudgedPair(NamedTuple):
    """One pair of texts with its similarity and the region of its anchor (left)."""

    left: int
    right: int
    similarity: float
    region: str
    threshold: float


class OppositeVerdicts(NamedTuple):
    """Two pairs of about equal similarity: one the same, one different and no less alike."""

    same: JudgedPair
    different: JudgedPair


def opposite_verdicts(
    similarity: Similarity,
    truth: PairTruth,
    groups: Groups,
    *,
    tolerance: float = TOLERANCE,
    n: int = N_PAIRS,
) -> list[OppositeVerdicts]:
    """Pairs of pairs with equal similarity and opposite verdicts, from two regions.

    Only pairs that their own region's threshold judges rightly are shown: the same pair lies above
    its region's, the different pair below its own. So both regions are in order by themselves, and
    what is wrong is that one similarity means two things. The different pair is at least as alike
    as the same one, so that no threshold between them tells them apart. The farther both lie from
    their thresholds the earlier they come; no pair occurs twice.

    Args:
        similarity: any.
        truth: pairs of both kinds; each belongs to its anchor's region.
        groups: the regions; those with fewer than 20 pairs of a kind are left out.
        tolerance: how far two similarities may differ, in standard deviations of all of them.
        n: at most this many.
    """
    values, known = truth.scored(similarity.pairs(truth.left, truth.right))
    if not len(values):
        return []
    code = groups.codes[known.left]
    thresholds = _thresholds(values, known.same, code, len(groups.names))
    margin = np.where(code >= 0, values - thresholds[code], np.nan)
    margin = np.where(known.same, margin, -margin)
    same = np.flatnonzero(known.same & (margin > 0))
    different = np.flatnonzero(~known.same & (margin > 0))
    matched = _matched(values, margin, code, (same, different), tolerance * float(values.std()))

    def judged(pair: int) -> JudgedPair:
        region = int(code[pair])
        return JudgedPair(
            int(known.left[pair]),
            int(known.right[pair]),
            float(values[pair]),
            groups.names[region],
            float(thresholds[region]),
        )

    return [OppositeVerdicts(judged(a), judged(b)) for a, b in matched[:n]]


def _thresholds(values: Doubles, same: Bools, code: Rows, n_groups: int) -> Doubles:
    """(g,) best threshold of each region; NaN where it has too few pairs of a kind."""
    out = np.full(n_groups, np.nan)
    for group in range(n_groups):
        here = code == group
        if min((here & same).sum(), (here & ~same).sum()) >= MIN_PAIRS:
            out[group] = best_threshold(values[here], same[here]).threshold
    return out


def _matched(
    values: Doubles, margin: Doubles, code: Rows, kinds: tuple[Rows, Rows], tolerance: float
) -> list[tuple[int, int]]:
    """Pairs of pairs of two regions, widest smaller margin first.

    The different pair lies above the same one, by the tolerance at most.
    """
    same, different = kinds
    different = different[np.argsort(values[different], kind="stable")]
    start = np.searchsorted(values[different], values[same], side="left")
    end = np.searchsorted(values[different], values[same] + tolerance, side="right")
    taken: set[int] = set()
    found = []
    # The most convincing same pairs choose first.
    for place in np.argsort(-margin[same], kind="stable").tolist():
        pair = int(same[place])
        near = different[start[place] : end[place]]
        near = near[code[near] != code[pair]]
        for other in near[np.argsort(-margin[near], kind="stable")].tolist():
            if other not in taken:
                taken.add(other)
                found.append((pair, other))
                break
    return sorted(found, key=lambda two: -min(margin[two[0]], margin[two[1]]))
