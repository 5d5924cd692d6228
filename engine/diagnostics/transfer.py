"""What the threshold of one region is worth in another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.diagnostics.estimate import Estimate, bootstrap_mean
from engine.diagnostics.thresholds import best_threshold
from engine.diagnostics.truth import Groups, PairTruth
from engine.errors import BadInput
from engine.types import Bools, Doubles, Floats, Rows

AT_LEAST = 20
N_GROUPS = 30


class Transfer(NamedTuple):
    """F1 in every group at every group's threshold.

    names: of the g groups.
    thresholds: (g,) best for F1 on all pairs of the group.
    f1: (g, g) row i, column j: F1 on group j at the threshold that is best for group i; the
        diagonal is what a group reaches with its own.
    loss: mean over groups of their own F1 less what the other groups' thresholds reach there.
    n_same, n_different: (g,) pairs.
    n_left_out: groups with too few pairs of a kind, or beyond the largest ones.
    """

    names: tuple[str, ...]
    thresholds: Doubles
    f1: Doubles
    loss: Estimate
    n_same: Rows
    n_different: Rows
    n_left_out: int


class _Pairs(NamedTuple):
    values: Doubles
    truth: PairTruth


def threshold_transfer(
    similarities: Floats | Doubles,
    truth: PairTruth,
    groups: Groups,
    *,
    at_least: int = AT_LEAST,
    n_groups: int = N_GROUPS,
    seed: int = 0,
) -> Transfer:
    """F1 of each group's best threshold on each group, measured on pairs it was not chosen on.

    The anchors of each group are split at random into halves. Thresholds are chosen on one half
    and measured on the other, both ways round, then averaged: the diagonal has no head start.
    A pair belongs to the group of its anchor (left).

    Args:
        similarities: (m,) of the truth's pairs; NaN = not scored.
        truth: the pairs.
        groups: regions of the corpus.
        at_least: pairs of each kind that each half of a group must have.
        n_groups: only the groups with most pairs are compared.
        seed: of the halves, and of the bootstrap over groups.

    Raises:
        BadInput: `n_groups` is below 1.
    """
    if n_groups < 1:
        raise BadInput(f"n_groups is {n_groups}; at least 1 is needed.")
    values, known = truth.scored(similarities)
    rng = np.random.default_rng(seed)
    half = rng.permutation(len(groups.codes)) % 2 == 0
    code, first = groups.codes[known.left], half[known.left]
    chosen = _largest_usable(code, first, known.same, at_least, n_groups)
    parts = [
        [_Pairs(values[here], known.where(here)) for here in (in_group & first, in_group & ~first)]
        for in_group in (code == group for group in chosen)
    ]
    f1 = _cross_fitted(parts)
    whole = [np.flatnonzero(code == group) for group in chosen]
    cuts = [_best(_Pairs(values[rows], known.where(rows))) for rows in whole]
    n_same = np.array([int(known.same[rows].sum()) for rows in whole], dtype=np.int64)
    n_pairs = np.array([len(rows) for rows in whole], dtype=np.int64)
    return Transfer(
        tuple(groups.names[group] for group in chosen),
        np.array(cuts),
        f1,
        _loss(f1, seed),
        n_same,
        n_pairs - n_same,
        len(np.unique(code[code >= 0])) - len(chosen),
    )


def _largest_usable(
    code: Rows, first: Bools, same: Bools, at_least: int, n_groups: int
) -> list[int]:
    """Groups with enough pairs of each kind in both halves, most pairs first, then by code."""
    usable = []
    for group in np.unique(code[code >= 0]).tolist():
        here = code == group
        cells = [(here & half & kind).sum() for half in (first, ~first) for kind in (same, ~same)]
        if min(cells) >= at_least:
            usable.append((-int(here.sum()), group))
    return sorted(group for _, group in sorted(usable)[:n_groups])


def _cross_fitted(parts: list[list[_Pairs]]) -> Doubles:
    total = np.zeros((len(parts), len(parts)))
    for fitted, measured in ((0, 1), (1, 0)):
        cuts = np.array([_best(group[fitted]) for group in parts])
        for j, group in enumerate(parts):
            total[:, j] += _f1_at(cuts, group[measured]) / 2
    return total


def _best(pairs: _Pairs) -> float:
    truth = pairs.truth
    found = best_threshold(pairs.values, truth.same, weights=truth.weights, objective="f1")
    return found.threshold


def _f1_at(thresholds: Doubles, pairs: _Pairs) -> Doubles:
    """(t,) weighted F1 when pairs from each threshold upwards count as same."""
    same, weights = pairs.truth.same, pairs.truth.weights
    called = pairs.values[None, :] >= thresholds[:, None]
    found = called @ (weights * same)
    wrong = called @ (weights * ~same)
    return np.asarray(2 * found / (found + wrong + (weights * same).sum()), dtype=np.float64)


def _loss(f1: Doubles, seed: int) -> Estimate:
    n_groups = len(f1)
    if n_groups < 2:
        return Estimate.undefined()
    own = np.diagonal(f1)
    others = (f1.sum(axis=0) - own) / (n_groups - 1)
    return bootstrap_mean(own - others, seed=seed)
