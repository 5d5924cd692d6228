"""Which pairs the calibration gap comes from: right around their anchor, wrong among all pairs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.diagnostics.anchors import by_anchor
from engine.diagnostics.truth import PairTruth
from engine.types import Bools, Doubles, Floats, Rows


class PairCosts(NamedTuple):
    """Where each pair stands among the pairs of the other kind; NaN where it is in neither AUC.

    own: (m,) share of its anchor's pairs of the other kind that it is on the right side of.
    everyone: (m,) the same among the pairs of all anchors. The mean over the same pairs is the
        pooled AUC, and so is the mean over the different ones.
    """

    own: Doubles
    everyone: Doubles

    @property
    def cost(self) -> Doubles:
        """(m,) own less everyone, in [-1, 1]: what one threshold for all takes from the pair."""
        return self.own - self.everyone


def pair_costs(similarities: Floats | Doubles, truth: PairTruth) -> PairCosts:
    """Where each pair stands around its anchor, and among all pairs; ties count half.

    A same pair that lies above its anchor's different pairs but below those of others costs pooled
    AUC and not local AUC; so does a different pair that outranks the same pairs of others alone.

    Args:
        similarities: (m,) of the truth's pairs; NaN = not scored.
        truth: the pairs; anchors without both kinds are in no AUC.

    Raises:
        BadInput: there is not one similarity a pair.

    Reference: the placement values of DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44, 837–845.

    Example:
        >>> left, right = np.array([0, 0, 1, 1]), np.array([2, 3, 2, 3])
        >>> truth = PairTruth(left, right, np.array([True, False, True, False]), "me")
        >>> pair_costs(np.array([0.9, 0.6, 0.5, 0.1]), truth).cost.tolist()
        [0.0, 0.5, 0.5, 0.0]
    """
    usable = np.isin(truth.left, by_anchor(similarities, truth).rows)
    kept = usable & ~np.isnan(similarities)
    own, everyone = np.full(truth.n_pairs, np.nan), np.full(truth.n_pairs, np.nan)
    if kept.any():
        values, same = similarities[kept].astype(np.float64), truth.same[kept]
        own[kept] = _placed(values, same, truth.left[kept])
        everyone[kept] = _placed(values, same, np.zeros(len(values), dtype=np.int64))
    return PairCosts(own, everyone)


def regional_auc(costs: PairCosts, same: Bools, inside: Bools) -> float:
    """AUC of one region's pairs against everyone's: same and different ones weigh alike.

    Args:
        costs: of all pairs.
        same: (m,) whether each pair is the same.
        inside: (m,) whether its anchor is in the region.

    Returns:
        NaN where the region lacks pairs of a kind.
    """
    kinds = [inside & kind & ~np.isnan(costs.everyone) for kind in (same, ~same)]
    if not all(kind.any() for kind in kinds):
        return float("nan")
    return float(np.mean([costs.everyone[kind].mean() for kind in kinds]))


def _placed(values: Doubles, same: Bools, group: Rows) -> Doubles:
    """(m,) share of the group's pairs of the other kind that each pair is on the right side of."""
    order = np.lexsort((values, group))
    values, same, group = values[order], same[order], group[order]
    starts = np.diff(group, prepend=group[0] - 1) != 0
    part = np.cumsum(starts) - 1
    tie = np.cumsum(starts | (np.diff(values, prepend=values[0]) != 0)) - 1
    placed = np.empty(len(values))
    for kind in (same, ~same):
        others = (~kind).astype(np.float64)
        in_tie, in_part = np.bincount(tie, weights=others), np.bincount(part, weights=others)
        below = (np.cumsum(in_tie) - 0.5 * in_tie)[tie] - (np.cumsum(in_part) - in_part)[part]
        placed[kind] = (below / np.maximum(in_part, 1)[part])[kind]
    placed[~same] = 1 - placed[~same]
    found = np.empty(len(values))
    found[order] = placed
    return found
