"""Do two judges say the same, beyond what chance would give? And one judge, when asked again?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from engine.diagnostics.estimate import Estimate, percentile_estimate, wilson
from engine.errors import BadInput
from engine.judges.kinds import SIDED_KINDS, Choice, Kind, Status
from engine.judges.questions import Verdict
from engine.spot_checks.answers import same_from_grade
from engine.types import Doubles

N_DRAWS = 2000
NEAR_POINTS = 1.0
"""Scores of one text count as the same up to this far apart, on the scale from 0 to 10."""

_SAME = {True: Choice.SAME, False: Choice.DIFFERENT, None: Choice.UNSURE}


def cohen_kappa(first: Sequence[str], second: Sequence[str], *, seed: int = 0) -> Estimate:
    """Agreement of two judges beyond chance: 0 = what chance gives, 1 = always, below 0 = less.

    The interval spans a percentile bootstrap over the items and the Wilson interval of the share
    agreed on, put through the same formula: the bootstrap alone has no width where all few items
    happen to be agreed on.

    Args:
        first: (n,) what one judge said of each item.
        second: (n,) what the other said of the same items.
        seed: of the bootstrap.

    Returns:
        κ; `n` counts items. Undefined without items, and where both always say one same thing,
        for then chance alone would agree on all.

    Raises:
        BadInput: lengths differ.

    Reference: Cohen 1960, Educational and Psychological Measurement 20(1), 37–46.

    Example:
        >>> cohen_kappa(["same", "same", "different", "different"], ["same"] * 3 + ["different"])[0]
        0.5
    """
    if len(first) != len(second):
        raise BadInput(f"{len(first)} answers and {len(second)}; give one of each judge an item.")
    n = len(first)
    words = sorted({*first, *second})
    if len(words) < 2:
        return Estimate.undefined()
    place = {word: i for i, word in enumerate(words)}
    table = np.zeros((len(words), len(words)))
    for one, other in zip(first, second, strict=True):
        table[place[one], place[other]] += 1
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(n, table.ravel() / n, size=N_DRAWS).reshape(N_DRAWS, *table.shape)
    value = float(_kappas(table[None])[0])
    found = percentile_estimate(value, _kappas(draws.astype(np.float64)), n=n)
    agreed = wilson(round(float(np.trace(table))), n)
    low, high = (_beyond(end, float(_by_chance(table[None])[0])) for end in agreed[1:3])
    return Estimate(value, min(low, _or(found.low, low)), max(high, _or(found.high, high)), n)


def _kappas(tables: Doubles) -> Doubles:
    """(draws,) κ of confusion tables (draws, words, words); NaN where chance agrees on all."""
    agreed = np.trace(tables, axis1=1, axis2=2) / tables.sum(axis=(1, 2))
    chance = _by_chance(tables)
    safe = np.where(chance < 1, chance, 0)
    kappas: Doubles = np.where(chance < 1, (agreed - safe) / (1 - safe), np.nan)
    return kappas


def _by_chance(tables: Doubles) -> Doubles:
    totals = tables.sum(axis=(1, 2))
    shares: Doubles = (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1) / totals**2
    return shares


def _beyond(agreed: float, chance: float) -> float:
    return (agreed - chance) / (1 - chance)


def _or(end: float, other: float) -> float:
    return other if np.isnan(end) else end


def answers_in_words(verdicts: Iterable[Verdict], kind: Kind) -> dict[str, str]:
    """What one judge says of each pair, triplet or comparison, by unordered key.

    A pair is same, different or unsure by the mean of its grades. A side is named by the text that
    stands first in the order of the hashes, so that either order of asking gives the same word;
    verdicts that do not all agree make a tie.

    Args:
        verdicts: one judge's; those of another kind, or that were not parsed, are passed over.
        kind: pair, triplet or comparison.

    Raises:
        BadInput: another kind.
    """
    if kind is not Kind.PAIR and kind not in SIDED_KINDS:
        raise BadInput(f"A question of kind {kind.value!r} is not answered in one of a few words.")
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.kind is kind and verdict.status is Status.PARSED:
            groups.setdefault(verdict.unordered_key, []).append(verdict)
    word = _grade_word if kind is Kind.PAIR else _side_word
    return {key: word(group) for key, group in groups.items()}


def _grade_word(verdicts: Sequence[Verdict]) -> str:
    grades = [verdict.value for verdict in verdicts if verdict.value is not None]
    return _SAME[same_from_grade(sum(grades) / len(grades) if grades else None)]


def _side_word(verdicts: Sequence[Verdict]) -> str:
    words = {_turned(verdict) for verdict in verdicts}
    return words.pop() if len(words) == 1 else Choice.TIE


def _turned(verdict: Verdict) -> str:
    choice = verdict.choice or Choice.TIE
    left, right = verdict.text_keys[-2:]
    return choice if left <= right else choice.mirrored


def judges_agree(one: Mapping[str, str], other: Mapping[str, str], *, seed: int = 0) -> Estimate:
    """Cohen's κ of two judges on the questions that both answered; see answers_in_words."""
    both = sorted(one.keys() & other.keys())
    return cohen_kappa([one[key] for key in both], [other[key] for key in both], seed=seed)


def repeat_agreement(verdicts: Iterable[Verdict]) -> Estimate:
    """Share of questions, asked again word for word, that got the same answer each time.

    Scores up to one point of ten apart count as the same.

    Args:
        verdicts: one judge's; those that were not parsed are passed over.

    Returns:
        The share and its Wilson interval; `n` counts questions asked twice or more in one order.
    """
    again = asked_again(verdicts)
    return wilson(sum(alike for alike, _ in again), len(again))


def asked_again(verdicts: Iterable[Verdict]) -> list[tuple[bool, Verdict]]:
    """Of each question asked twice or more in one order, whether all answers are the same.

    Args:
        verdicts: one judge's; those that were not parsed are passed over.

    Returns:
        Whether they are, and the first verdict, a question; see repeat_agreement.
    """
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.status is Status.PARSED:
            groups.setdefault(verdict.question_key, []).append(verdict)
    return [(_all_alike(group), group[0]) for group in groups.values() if len(group) > 1]


def _all_alike(verdicts: Sequence[Verdict]) -> bool:
    if verdicts[0].kind is Kind.POINT:
        scores = [verdict.value for verdict in verdicts if verdict.value is not None]
        return max(scores) - min(scores) <= NEAR_POINTS
    return len({(verdict.value, verdict.choice, verdict.answer) for verdict in verdicts}) == 1
