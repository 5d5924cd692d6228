"""Finding the groups there are: texts one by one against a member of each group found so far."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from engine.errors import BadInput
from engine.types import Rows

AskSame = Callable[[int, int], bool]
"""Asks a judge whether the text of the first row is the same as that of the second."""

JOINED = 20.0
"""Odds of being the same from which a text joins a group; one to a hundred sets it apart."""
APART = 0.01
MOST_PER_GROUP = 9


def explored_groups(
    same: AskSame,
    order: Rows,
    *,
    n_groups: int,
    noise: float,
    max_questions: int,
    seed: int,
) -> list[list[int]]:
    """Groups of the first texts of an order, each text tested until it is in one or in none.

    A text is asked about with members of each group in turn until the odds say that it belongs
    there or not, or no question is left: then likelier counts. After all groups, it opens one.
    Stops when n_groups are open, the order ends, or the questions are used up. One question at a
    time: it is for the first few dozen texts.

    Args:
        same: asks the judge.
        order: rows, such as landmarks from farthest first, which cover the corpus.
        n_groups: how many to find at most, from 2.
        noise: share of verdicts that are wrong, as repeats or labels show it; in (0, 0.5).
        max_questions: at most so many.
        seed: of the order of groups.

    Returns:
        Rows of each group, the first opened first.

    Raises:
        BadInput: noise or n_groups is out of range.

    Reference: Basu, Banerjee & Mooney 2004, SDM (Explore); Wald 1945 (the sequential test).
    """
    if not 0 < noise < 0.5 or n_groups < 2:
        raise BadInput(
            f"noise {noise} and {n_groups} groups; noise must lie between 0 and 0.5, and at least "
            "2 groups be sought."
        )
    search = _Search(same, math.log((1 - noise) / noise), -math.log(n_groups - 1), max_questions)
    rng = np.random.default_rng(seed)
    groups: list[list[int]] = []
    for row in order.tolist():
        if len(groups) == n_groups or search.n_left <= 0:
            break
        joined = next(
            (g for g in rng.permutation(len(groups)).tolist() if search.belongs(row, groups[g])),
            None,
        )
        if search.n_left <= 0:
            break
        if joined is None:
            groups.append([row])
        else:
            groups[joined].append(row)
    return groups


class _Search:
    """Asks until the odds are clear or the questions are used up."""

    def __init__(self, same: AskSame, step: float, prior: float, n_left: int) -> None:
        self._same, self._step, self._prior = same, step, prior
        self.n_left = n_left

    def belongs(self, row: int, members: list[int]) -> bool:
        odds = self._prior
        # Either order of each pair once: the same question again would say nothing new.
        for turn in range(min(MOST_PER_GROUP, 2 * len(members))):
            if self.n_left <= 0 or not math.log(APART) < odds < math.log(JOINED):
                break
            member = members[turn % len(members)]
            is_swapped = turn // len(members) % 2 == 1
            self.n_left -= 1
            said = self._same(member, row) if is_swapped else self._same(row, member)
            odds += self._step if said else -self._step
        return odds >= 0
