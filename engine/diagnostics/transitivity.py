"""Does a judge contradict himself? Order flips, circular triads, broken "same" triangles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from engine.diagnostics.estimate import Estimate, wilson
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput
from engine.judges.questions import Choice, Kind, Status, Verdict
from engine.types import Bools, Rows

CHANCE_OF_CIRCLE = 0.25
"""Share of circular triads when each comparison is a toss of a coin."""


class OrderFlips(NamedTuple):
    """What changing the sides of a triplet or a comparison does to its verdict.

    flipped: share of questions asked both ways round whose verdict changed; `n` counts them.
    first_side: share of decided verdicts that fell on the side shown first; 0.5 is fair. `n`
        counts verdicts.
    """

    flipped: Estimate
    first_side: Estimate


def order_flips(verdicts: Iterable[Verdict], kind: Kind = Kind.TRIPLET) -> OrderFlips:
    """Order flips and position bias of one judge's triplets, or of his comparisons.

    A tie one way and a side the other way counts as changed.

    Args:
        verdicts: one judge's; those that are no parsed verdicts of the kind are passed over. Of
            several on a question in one order the last counts.
        kind: triplet or comparison.
    """
    latest = _latest(verdicts, kind)
    changed = [differ(*twice) for twice in both_ways(latest, kind)]
    taken = sides_taken(latest, kind)
    n_first = sum(verdict.choice is Choice.LEFT for verdict in taken)
    return OrderFlips(wilson(sum(changed), len(changed)), wilson(n_first, len(taken)))


def sides_taken(verdicts: Iterable[Verdict], kind: Kind) -> list[Verdict]:
    """One judge's verdicts of the kind that fell on a side.

    Args:
        verdicts: those of other kinds are passed over; of several on a question in one order the
            last counts.
        kind: triplet or comparison.
    """
    latest = _latest(verdicts, kind)
    return [verdict for verdict in latest if verdict.choice in (Choice.LEFT, Choice.RIGHT)]


def both_ways(verdicts: Iterable[Verdict], kind: Kind) -> list[tuple[Verdict, Verdict]]:
    """One judge's parsed verdicts on each question that he was asked with its sides either way.

    Args:
        verdicts: those of other kinds are passed over; of several on a question in one order the
            last counts.
        kind: of the questions.
    """
    by_question: dict[str, list[Verdict]] = {}
    for verdict in _latest(verdicts, kind):
        by_question.setdefault(verdict.unordered_key, []).append(verdict)
    return [(group[0], group[1]) for group in by_question.values() if len(group) == 2]


def differ(first: Verdict, second: Verdict) -> bool:
    """Whether a verdict changed with the order of its sides."""
    return first.value != second.value or first.choice != _mirrored(second.choice)


def _latest(verdicts: Iterable[Verdict], kind: Kind) -> list[Verdict]:
    latest = {
        verdict.question_key: verdict
        for verdict in verdicts
        if verdict.kind is kind and verdict.status is Status.PARSED
    }
    return list(latest.values())


def _mirrored(choice: Choice | None) -> Choice | None:
    return None if choice is None else choice.mirrored


def grade_flips(verdicts: Iterable[Verdict]) -> Estimate:
    """Share of pairs graded both ways round whose grade changed; `n` counts pairs."""
    twice = graded_both_ways(verdicts)
    return wilson(sum(first.value != second.value for first, second in twice), len(twice))


def graded_both_ways(verdicts: Iterable[Verdict]) -> list[tuple[Verdict, Verdict]]:
    """One judge's verdicts on each pair that he graded both ways round."""
    return [
        (first, second)
        for first, second in both_ways(verdicts, Kind.PAIR)
        if first.value is not None and second.value is not None
    ]


class Comparisons(NamedTuple):
    """Decided comparisons: winner is more like the anchor than loser is; rows or any numbers."""

    anchor: Rows
    winner: Rows
    loser: Rows


def comparisons(verdicts: Iterable[Verdict], rows: Mapping[str, int] | None = None) -> Comparisons:
    """One judge's decided triplets; repeats that conflict cancel each other.

    Args:
        verdicts: those that are no decided triplets are passed over.
        rows: number of each text by its key; texts are numbered as they are met where left out.
    """
    numbers = dict(rows or {})
    votes: dict[tuple[int, int, int], int] = {}
    for verdict in verdicts:
        if verdict.kind is not Kind.TRIPLET or verdict.choice not in (Choice.LEFT, Choice.RIGHT):
            continue
        anchor, left, right = (numbers.setdefault(k, len(numbers)) for k in verdict.text_keys)
        vote = 1 if verdict.choice is Choice.LEFT else -1
        low, high = min(left, right), max(left, right)
        key = (anchor, low, high)
        votes[key] = votes.get(key, 0) + (vote if low == left else -vote)
    decided = [(a, x, y) if n > 0 else (a, y, x) for (a, x, y), n in votes.items() if n]
    columns = np.array(decided, dtype=np.int64).reshape(-1, 3).T
    return Comparisons(columns[0], columns[1], columns[2])


def intransitive_triads(compared: Comparisons) -> Estimate:
    """Share of triads, all compared under one anchor, that go round in a circle; a coin gives 1/4.

    Args:
        compared: each pair of candidates of an anchor at most once.

    Returns:
        The share and its Wilson interval (triads that share a comparison are not independent, so
        it is a little narrow); `n` counts triads.

    Raises:
        BadInput: a pair of candidates is compared twice under one anchor.

    Reference: Kendall & Babington Smith 1940, Biometrika 31, 324–345.
    """
    if not len(compared.anchor):
        return Estimate.undefined()
    top = int(max(compared.winner.max(), compared.loser.max())) + 1
    nodes, node = np.unique(
        np.concatenate(
            [compared.anchor * top + compared.winner, compared.anchor * top + compared.loser]
        ),
        return_inverse=True,
    )
    winner, loser = np.split(node, 2)
    wins = _adjacency(winner, loser, len(nodes))
    met = wins + wins.T
    if met.max() > 1:
        raise BadInput("Two candidates are compared twice under one anchor; give one verdict each.")
    circular = round(float((wins @ wins).multiply(wins.T).sum()) / 3)
    total = round(float((met @ met).multiply(met).sum()) / 6)
    return wilson(circular, total)


def broken_triangles(truth: PairTruth) -> Estimate:
    """Of triangles with at least two "same" sides, the share whose third is "different".

    Being the same carries over: where it does not, a judge (or the attribute) has no sharp edges.

    Args:
        truth: pairs, in either order; a pair judged both same and different is left out.

    Returns:
        The share and its Wilson interval (a little narrow, as triangles share sides); `n` counts
        triangles.
    """
    same, different = _undirected(truth, truth.same), _undirected(truth, ~truth.same)
    both = same.multiply(different)
    same, different = same - both, different - both
    paths = same @ same
    n_broken = round(float(paths.multiply(different).sum()) / 2)
    n_whole = round(float(paths.multiply(same).sum()) / 6)
    return wilson(n_broken, n_broken + n_whole)


def _undirected(truth: PairTruth, chosen: Bools) -> sp.csr_array:
    n = int(max(truth.left.max(), truth.right.max())) + 1 if truth.n_pairs else 1
    one_way = _adjacency(truth.left[chosen], truth.right[chosen], n)
    return sp.csr_array((one_way + one_way.T) > 0, dtype=np.float64)


def _adjacency(start: Rows, end: Rows, n: int) -> sp.csr_array:
    return sp.csr_array((np.ones(len(start)), (start, end)), shape=(n, n))
