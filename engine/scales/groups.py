"""From "same" and "different" to groups: the most probable membership of every text.

Each verdict is right with probability 1 − noise. The beliefs are those of a mean field: they are
found by repeating  log q_i(c) = Σ_j ± log((1 − noise) / noise) · q_j(c)  over the pairs judged,
+ for same and − for different. Memory is linear in verdicts, and in texts × groups.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from engine.errors import BadInput
from engine.scales.answers import check_rows
from engine.types import Bools, Doubles, Rows

N_STEPS = 60
DAMPING = 0.5


class JudgedGroups(NamedTuple):
    """Groups and how well they keep the verdicts.

    membership: (n, k) beliefs, rows summing to 1; even where nothing was judged.
    kept: share of verdicts that the likeliest groups agree with.
    """

    membership: Doubles
    kept: float

    @property
    def codes(self) -> Rows:
        """(n,) the likeliest group of each text."""
        return np.asarray(self.membership.argmax(axis=1), dtype=np.int64)


def judged_groups(
    n_texts: int,
    left: Rows,
    right: Rows,
    same: Bools,
    *,
    n_groups: int,
    noise: float = 0.1,
    start: Doubles | None = None,
    n_starts: int = 3,
    seed: int = 0,
) -> JudgedGroups:
    """Group texts by verdicts on pairs.

    Args:
        n_texts: corpus size.
        left: (m,) rows.
        right: (m,) rows.
        same: (m,) what the judge said.
        n_groups: how many groups, from 2.
        noise: share of verdicts taken to be wrong, in (0, 0.5).
        start: (n, k) beliefs to begin at, such as an earlier fit's; tried before the random starts.
        n_starts: starts in all; the one whose groups keep most verdicts is returned.
        seed: of the random starts.

    Raises:
        BadInput: no verdict, unknown rows, or a number out of range.

    Reference: Bansal, Blum & Chawla 2004, Machine Learning 56 (correlation clustering).

    Example:
        >>> pairs = np.array([0, 1, 0, 2]), np.array([1, 2, 3, 3])
        >>> found = judged_groups(4, *pairs, np.array([True, False, False, True]), n_groups=2)
        >>> found.codes[0] == found.codes[1] != found.codes[2] == found.codes[3]
        np.True_
    """
    if not len(left):
        raise BadInput("There is no verdict on a pair to group texts by. Ask some.")
    if not 0 < noise < 0.5 or n_groups < 2 or n_starts < 1:
        raise BadInput(
            f"noise {noise}, {n_groups} groups, {n_starts} starts; noise must lie between 0 and "
            "0.5, with at least 2 groups and 1 start."
        )
    check_rows(n_texts, left, right)
    weight = np.log((1 - noise) / noise) * np.where(same, 1.0, -1.0)
    ends = np.concatenate([left, right]), np.concatenate([right, left])
    graph = sp.csr_array((np.concatenate([weight, weight]), ends), shape=(n_texts, n_texts))
    rng = np.random.default_rng(seed)
    starts = [] if start is None else [start]
    starts += [rng.dirichlet(np.ones(n_groups), n_texts) for _ in range(n_starts - len(starts))]
    found = [_settled(graph, begin) for begin in starts]
    kept = [_kept(each, left, right, same) for each in found]
    best = int(np.argmax(kept))
    return JudgedGroups(found[best], kept[best])


def beliefs_of(groups: list[list[int]], n_texts: int, n_groups: int) -> Doubles:
    """(n, k) beliefs to start from: sure of the rows in groups, even for all others."""
    beliefs = np.full((n_texts, n_groups), 1 / n_groups)
    for group, rows in enumerate(groups):
        beliefs[rows] = 0.02 / n_groups
        beliefs[rows, group] += 0.98
    return beliefs


def _settled(graph: sp.csr_array, begin: Doubles) -> Doubles:
    beliefs = begin
    for _ in range(N_STEPS):
        field = graph @ beliefs
        raised = np.exp(field - field.max(axis=1, keepdims=True))
        told = raised / raised.sum(axis=1, keepdims=True)
        beliefs = DAMPING * beliefs + (1 - DAMPING) * told
    return np.asarray(beliefs, dtype=np.float64)


def _kept(beliefs: Doubles, left: Rows, right: Rows, same: Bools) -> float:
    codes = beliefs.argmax(axis=1)
    return float(((codes[left] == codes[right]) == same).mean())
