"""One threshold a region, drawn towards the common one where a region has few verdicts."""

from __future__ import annotations

import numpy as np

from engine.diagnostics.thresholds import best_threshold
from engine.diagnostics.truth import Groups, PairTruth
from engine.errors import BadInput
from engine.normalise.affine import AffineSimilarity
from engine.types import Bools, Doubles, Similarity

STRENGTH = 30.0
"""Pairs of its rarer kind at which a group's own threshold and the common one weigh the same."""


def per_group_threshold(
    similarity: Similarity, truth: PairTruth, groups: Groups, *, strength: float = STRENGTH
) -> AffineSimilarity:
    """Similarities shifted so that one threshold suits every group.

    A pair belongs to the group of its anchor, as everywhere here. Each group's threshold (Youden's
    J) is shrunk to (n · own + strength · common) / (n + strength), n being its pairs of the rarer
    kind; its excess over the common threshold is subtracted from its anchors' similarities. The
    order around an anchor never changes. Texts in no group keep their similarities.

    Args:
        similarity: any.
        truth: pairs of both kinds.
        groups: regions of the corpus; one code a text.
        strength: 0 trusts each group alone, a large number keeps the common threshold.

    Raises:
        BadInput: pairs of a kind are missing, groups don't fit, or strength is negative.

    Reference: shrinkage after James & Stein 1961; Youden 1950, Cancer 3(1), 32–35.
    """
    if strength < 0:
        raise BadInput(f"strength is {strength}; it must be 0 or more.")
    if len(groups.codes) != similarity.n_texts:
        raise BadInput(f"{len(groups.codes)} group codes for {similarity.n_texts} texts; one each.")
    values, known = truth.scored(similarity.pairs(truth.left, truth.right))
    common = best_threshold(values, known.same).threshold
    excess = np.zeros(len(groups.names) + 1)
    code = groups.codes[known.left]
    for group in range(len(groups.names)):
        here = code == group
        excess[group] = _shrunk_excess(values[here], known.same[here], common, strength)
    nothing = np.zeros(similarity.n_texts, dtype=np.float32)
    offset = excess[groups.codes].astype(np.float32)
    return AffineSimilarity(similarity, nothing + 1, nothing, offset, nothing, similarity.scale)


def _shrunk_excess(values: Doubles, same: Bools, common: float, strength: float) -> float:
    """How far a group's threshold lies above the common one, drawn towards it; 0 with no say."""
    n = int(min(same.sum(), (~same).sum()))
    if n == 0:
        return 0.0
    return (best_threshold(values, same).threshold - common) * n / (n + strength)
