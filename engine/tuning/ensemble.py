"""Several methods' scores as one: made comparable, then fused by ranks or by learnt weights.

Reciprocal rank fusion needs no truth. Weights are non-negative and learnt on triplets; where they
are not better than the best single member on anchors held back, that member stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from engine.errors import BadInput
from engine.normalise.matrices import rectangle
from engine.similarity import SparseSimilarity
from engine.tuning.splits import FOLD_SEED, shares_of
from engine.tuning.triplets import Triplets
from engine.types import Bools, Doubles, Floats, Rows, Scale, Similarity

RRF_K = 60
MAX_TEXTS = 3000
RIDGE = 0.01
N_FOLDS = 5


class Weights(NamedTuple):
    """What was learnt of the members, in their order.

    weights: (k,) that sum to 1. abstained: whether the data did not support more than one member.
    accuracies: (k,) each member's accuracy on the triplets. held_back: accuracy of the weights on
    folds that they did not see; NaN where there were too few anchors.
    """

    weights: Doubles
    abstained: bool
    accuracies: Doubles
    held_back: float


def matrices(members: Mapping[str, Similarity]) -> Floats:
    """(k, n, n) all similarities of each member, standardised over the pairs of different texts.

    Raises:
        BadInput: too many texts, or a member that scores only a shortlist.
    """
    n_texts = next(iter(members.values())).n_texts
    if n_texts > MAX_TEXTS:
        raise BadInput(
            f"An ensemble holds all pairs and there are {n_texts:,} texts; at most {MAX_TEXTS:,}. "
            "Take a sample of the corpus."
        )
    everyone = np.arange(n_texts, dtype=np.int64)
    found = np.empty((len(members), n_texts, n_texts), dtype=np.float32)
    for place, (name, member) in enumerate(members.items()):
        scored = rectangle(member, everyone, everyone)
        if np.isnan(scored).any():
            raise BadInput(
                f"Member {name!r} scores only some pairs, so it can't be fused with others. "
                "Leave it out."
            )
        found[place] = comparable(scored)
    return found


def comparable(similarities: Floats) -> Floats:
    """(n, n) with mean 0 and spread 1 over the pairs of different texts.

    Example:
        >>> comparable(np.array([[9, 1], [3, 9]], dtype=np.float32)).tolist()
        [[7.0, -1.0], [1.0, 7.0]]
    """
    off = similarities[~np.eye(len(similarities), dtype=np.bool_)].astype(np.float64)
    spread = off.std()
    scaled = (similarities - off.mean()) / (spread if spread > 1e-12 else 1.0)
    return np.asarray(scaled, dtype=np.float32)


def reciprocal_ranks(similarities: Floats, k: int = RRF_K) -> Floats:
    """(n, n) 1 / (k + rank) of each candidate for each anchor, the text itself left out.

    Tied candidates share their mean rank, so that the order of rows can't decide.

    Reference: Cormack, Clarke and Büttcher 2009, Reciprocal Rank Fusion, SIGIR; k = 60.

    Example:
        >>> ranks = reciprocal_ranks(np.array([[9.0, 1.0, 2.0]] * 3, dtype=np.float32))
        >>> [round(1 / value) - 60 for value in ranks[0, 1:].tolist()]
        [2, 1]
    """
    from scipy.stats import rankdata

    own = similarities.astype(np.float64)
    np.fill_diagonal(own, -np.inf)
    return np.asarray(1.0 / (k + rankdata(-own, axis=1)), dtype=np.float32)


def stored(scores: Floats, scale: Scale) -> SparseSimilarity:
    """All pairs' scores as a Similarity that can be kept: row = anchor, column = candidate."""
    identity = sp.csr_array(sp.identity(len(scores), dtype=np.float32, format="csr"))
    return SparseSimilarity(identity, sp.csr_array(np.ascontiguousarray(scores.T)), scale)


def member_margins(scores: Floats, triplets: Triplets) -> Doubles:
    """(m, k) how far each member puts each positive above its negative."""
    anchor = triplets.anchor
    lead = scores[:, anchor, triplets.positive] - scores[:, anchor, triplets.negative]
    return np.asarray(lead.T, dtype=np.float64)


def learnt_weights(margins: Doubles, anchor_texts: Sequence[str], *, seed: int = 0) -> Weights:
    """Non-negative weights, or the best member alone where they are not clearly better.

    "Clearly" is one standard error over anchors of the difference on folds that were held back.

    Args:
        margins: (m, k) from `member_margins`.
        anchor_texts: (m,) the anchors' texts: folds are made of these.
        seed: of the folds.

    Raises:
        BadInput: there is no triplet.
    """
    if not len(margins):
        raise BadInput("There is no triplet to weigh members by. Judge some, or fuse by ranks.")
    accuracies = _wins(margins).mean(axis=0)
    best = best_alone(margins, anchor_texts)
    alone = np.eye(margins.shape[1])[best]
    held_back, n_known = _held_back_wins(margins, anchor_texts, seed)
    if n_known < len(margins):
        return Weights(alone, True, accuracies, np.nan)
    lead = _by_anchor(held_back[:, 0] - held_back[:, 1], anchor_texts)
    error = lead.std() / np.sqrt(len(lead))
    accuracy = float(held_back[:, 0].mean())
    if lead.mean() <= error:
        return Weights(alone, True, accuracies, accuracy)
    return Weights(fit_weights(margins), False, accuracies, accuracy)


def best_alone(margins: Doubles, anchor_texts: Sequence[str]) -> int:
    """The member to fall back on: the last named of those that are as good as the best.

    As good: within one standard error over anchors of the difference. Name members from the
    plainest to the most specific, so that few triplets don't fall back on the plainest by chance.

    Args:
        margins: (m, k) from `member_margins`.
        anchor_texts: (m,) the anchors' texts.
    """
    wins = _wins(margins)
    best = int(np.argmax(wins.mean(axis=0)))
    for place in range(margins.shape[1] - 1, best, -1):
        lead = _by_anchor(wins[:, best] - wins[:, place], anchor_texts)
        if lead.mean() <= lead.std() / np.sqrt(len(lead)):
            return place
    return best


def fit_weights(margins: Doubles, ridge: float = RIDGE) -> Doubles:
    """(k,) non-negative weights that sum to 1, with the least logistic loss on the margins.

    Args:
        margins: (m, k) of triplets.
        ridge: pull toward equal weights.
    """
    from scipy.optimize import minimize

    n = margins.shape[1]
    even = np.full(n, 1.0 / n)

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        margin = margins @ weights
        slope = -np.exp(-np.logaddexp(0, margin)) / len(margin)
        offset = weights - even
        value = np.logaddexp(0, -margin).mean() + ridge * (offset @ offset)
        return float(value), margins.T @ slope + 2 * ridge * offset

    found = minimize(loss, even, jac=True, method="L-BFGS-B", bounds=[(0, None)] * n)
    total = float(found.x.sum())
    return np.asarray(found.x / total if total > 0 else even, dtype=np.float64)


def carriers(
    margins: Doubles, anchors: Rows, groups: Rows, names: Sequence[str]
) -> dict[int, tuple[str, float, int]]:
    """Which member orders each region best: region → its name, its accuracy, the triplets there.

    Args:
        margins: (m, k) of triplets; held out, lest the member that learnt most look best.
        anchors: (m,) their anchors' rows.
        groups: (n_texts,) the region of each text; -1 = none.
        names: (k,) the members.
    """
    wins, region = _wins(margins), groups[anchors]
    found = {}
    for each in np.unique(region[region >= 0]).tolist():
        accuracies = wins[region == each].mean(axis=0)
        best = int(np.argmax(accuracies))
        found[each] = (names[best], float(accuracies[best]), int((region == each).sum()))
    return found


def _held_back_wins(
    margins: Doubles, anchor_texts: Sequence[str], seed: int
) -> tuple[Doubles, int]:
    """(m, 2) wins of learnt weights and of the best member, each chosen without the fold."""
    folds = (shares_of(anchor_texts, seed + FOLD_SEED) * N_FOLDS).astype(np.int64)
    found, n_known = np.zeros((len(margins), 2)), 0
    for fold in range(N_FOLDS):
        left: Bools = folds == fold
        if not left.any():
            continue
        if left.all():
            return found, 0
        kept = [text for text, out in zip(anchor_texts, left, strict=True) if not out]
        best = best_alone(margins[~left], kept)
        weighed = margins[left] @ fit_weights(margins[~left])
        found[left] = np.column_stack([_wins(weighed), _wins(margins[left, best])])
        n_known += int(left.sum())
    return found, n_known


def _by_anchor(values: Doubles, anchor_texts: Sequence[str]) -> Doubles:
    _, group = np.unique(np.array(anchor_texts, dtype=object), return_inverse=True)
    return np.asarray(np.bincount(group, weights=values) / np.bincount(group))


def _wins(margins: Doubles) -> Doubles:
    return np.asarray((margins > 0) + 0.5 * (margins == 0), dtype=np.float64)
