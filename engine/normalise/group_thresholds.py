"""One threshold a region, drawn towards the common one where a region has few verdicts."""

from __future__ import annotations

import numpy as np

from engine.diagnostics.thresholds import best_threshold
from engine.diagnostics.truth import Groups, PairTruth
from engine.errors import BadInput
from engine.normalise.affine import AffineSimilarity
from engine.normalise.order import rows_in_order
from engine.types import Bools, Doubles, Rows, Similarity

STRENGTH = 30.0
"""Pairs of its rarer kind at which a group's own threshold and the common one weigh the same."""


def per_group_threshold(
    similarity: Similarity,
    truth: PairTruth,
    groups: Groups,
    *,
    strength: float = STRENGTH,
    seed: int = 0,
    ranks: Rows | None = None,
) -> AffineSimilarity:
    """Similarities shifted so that one threshold suits every group.

    A pair belongs to the group of its anchor, as everywhere here. Each group's threshold (Youden's
    J) is shrunk to (n · own + strength · common) / (n + strength), n being its pairs of the rarer
    kind. All excesses over the common threshold then shrink by their reliability: what thresholds
    from two random halves of each group's anchors agree on. Groups that differ by luck alone are
    left as they are. What remains is subtracted from the group's anchors' similarities, so the
    order around an anchor never changes. Texts in no group keep their similarities.

    Args:
        similarity: any.
        truth: pairs of both kinds.
        groups: regions of the corpus; one code a text.
        strength: 0 trusts each group's own pairs, a large number keeps the common threshold.
        seed: of the halves.
        ranks: (n,) each text's place in an order that its content decides, so that the same texts
            in other rows fall into the same halves; without it the rows' own order decides.

    Raises:
        BadInput: pairs of a kind are missing, groups don't fit, ranks are no order, or
            strength is negative.

    Reference: Efron & Morris 1973, J. Am. Stat. Assoc. 68, 117–130 (shrinkage by reliability);
        Youden 1950, Cancer 3(1), 32–35.
    """
    if strength < 0:
        raise BadInput(f"strength is {strength}; it must be 0 or more.")
    if len(groups.codes) != similarity.n_texts:
        raise BadInput(f"{len(groups.codes)} group codes for {similarity.n_texts} texts; one each.")
    values, known = truth.scored(similarity.pairs(truth.left, truth.right))
    common = best_threshold(values, known.same).threshold
    code = groups.codes[known.left]
    half = _first_half(similarity.n_texts, seed, ranks)[known.left]
    found = np.zeros((3, len(groups.names) + 1))
    for row, chosen in enumerate((np.ones_like(half), half, ~half)):
        for group in range(len(groups.names)):
            here = chosen & (code == group)
            found[row, group] = _shrunk_excess(values[here], known.same[here], common, strength)
    used = np.isin(np.arange(len(groups.names) + 1), code)
    excess = found[0] * _reliability(*found[:, used])
    nothing = np.zeros(similarity.n_texts, dtype=np.float32)
    offset = excess[groups.codes].astype(np.float32)
    return AffineSimilarity(similarity, nothing + 1, nothing, offset, nothing, similarity.scale)


def _first_half(n_texts: int, seed: int, ranks: Rows | None) -> Bools:
    """(n,) whether each text is in the first of two random halves."""
    first = np.empty(n_texts, dtype=np.bool_)
    first[rows_in_order(n_texts, ranks)] = np.random.default_rng(seed).permutation(n_texts) % 2 == 0
    return first


def _shrunk_excess(values: Doubles, same: Bools, common: float, strength: float) -> float:
    """How far a group's threshold lies above the common one, drawn towards it; 0 with no say."""
    n = int(min(same.sum(), (~same).sum()))
    if n == 0:
        return 0.0
    return (best_threshold(values, same).threshold - common) * n / (n + strength)


def _reliability(whole: Doubles, one: Doubles, other: Doubles) -> float:
    """Share of the groups' spread that two halves agree on, in [0, 1].

    Around the groups' mean: the common threshold has luck of its own, which all groups share.
    """
    if not len(whole):
        return 0.0
    spread = float(((whole - whole.mean()) ** 2).sum())
    agreed = float(((one - one.mean()) * (other - other.mean())).sum())
    return min(1.0, max(0.0, agreed / spread)) if spread > 0 else 0.0
