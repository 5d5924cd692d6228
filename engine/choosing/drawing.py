"""Chosen questions, each with why it was chosen and how likely that was.

Two ways to choose, and both keep estimates unbiased:

drawn    with chances that follow priorities, a part of them alike for all: each question drawn
         stands for 1 / chance others
certain  the best of all are taken: they stand for themselves, and a random part for the rest
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from engine.errors import BadInput
from engine.judges.kinds import Kind
from engine.judges.questions import ComparisonQuestion, PairQuestion, Question, TripletQuestion
from engine.spot_checks.queue import Stratum
from engine.types import Attribute, Doubles, Rows

LEAST_RANDOM = 0.05


class Why(StrEnum):
    """Why a question is asked; kept beside its verdict as the stratum."""

    RANDOM = Stratum.RANDOM.value
    DISAGREEMENT = Stratum.DISAGREEMENT.value
    COVERAGE = "coverage"
    BORDER = "border"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A question to ask.

    rows: (left, right) or (anchor, left, right).
    why: what it was chosen for.
    probability: the chance that it had of being asked, in (0, 1]; 1 / probability is how many
        questions it stands for. See engine.choosing.estimating.
    """

    rows: tuple[int, ...]
    why: Why
    probability: float


class Drawn(NamedTuple):
    """A sample of a population.

    positions: (n,) what was drawn, none twice.
    whys: (n,) for what.
    probabilities: (n,) of being drawn.
    """

    positions: Rows
    whys: tuple[Why, ...]
    probabilities: Doubles


def draw(
    n_population: int,
    priorities: Mapping[Why, Doubles],
    shares: Mapping[Why, float],
    *,
    n: int,
    seed: int,
) -> Drawn:
    """Draw n of a population, each with a chance that is known exactly.

    The chance is n · Σ share · priority / Σ priority, capped at 1, random having the same priority
    for all. So each reason gets about its share of the sample; what is drawn for "random" is by
    itself a sample in which all have the same chance (but for those capped).

    Args:
        n_population: how many there are to draw from.
        priorities: (n_population,) ≥ 0 for each reason but random; all 0 gives its share to random.
        shares: of each reason; sum to 1, and random at least 0.05.
        n: how many; all where there are no more.
        seed: the same seed draws the same.

    Raises:
        BadInput: shares that do not sum to 1 or lack a random part, priorities that are negative or
            of another length, or n < 1.

    Reference: Madow 1949, Ann. Math. Stat. 20, 333–354 (systematic sampling with unequal chances,
    here in a random order); Owen 2013, Monte Carlo theory, §9.11 (mixtures).

    Example:
        >>> drawn = draw(100, {}, {Why.RANDOM: 1.0}, n=10, seed=0)
        >>> len(set(drawn.positions.tolist())), round(float(drawn.probabilities[0]), 3)
        (10, 0.1)
    """
    _check_shares(priorities, shares, n_population, n)
    parts = {why: _share_of(why, priorities, share, n_population) for why, share in shares.items()}
    mixed = np.sum(list(parts.values()), axis=0)
    chances = _capped(mixed, min(n, n_population))
    rng = np.random.default_rng(seed)
    positions = _systematic(chances, rng)
    within = np.stack([part[positions] for part in parts.values()]) / mixed[positions]
    picked = (within.cumsum(axis=0) < rng.random(len(positions))).sum(axis=0)
    names = list(parts)
    whys = tuple(names[min(i, len(names) - 1)] for i in picked.tolist())
    return Drawn(positions, whys, chances[positions])


def _share_of(why: Why, priorities: Mapping[Why, Doubles], share: float, n: int) -> Doubles:
    given = priorities.get(why, np.ones(n))
    total = given.sum()
    return share * (given / total if total > 0 else np.full(n, 1 / n))


def _capped(mixed: Doubles, n: int) -> Doubles:
    """Chances in proportion that sum to n, none above 1."""
    certain = np.zeros(len(mixed), dtype=np.bool_)
    while True:
        left = n - int(certain.sum())
        rest = mixed[~certain].sum()
        chances = np.where(certain, 1.0, left * mixed / rest if rest > 0 else 0.0)
        over = ~certain & (chances > 1)
        if not over.any():
            return np.asarray(chances, dtype=np.float64)
        certain |= over


def _systematic(chances: Doubles, rng: np.random.Generator) -> Rows:
    order = rng.permutation(len(chances))
    ends = chances[order].cumsum()
    n = round(float(ends[-1]))
    ticks = rng.random() + np.arange(n)
    # Rounding may leave the last end a hair below the last tick.
    at = np.minimum(np.searchsorted(ends, ticks, side="right"), len(order) - 1)
    return np.asarray(order[at], dtype=np.int64)


def _check_shares(
    priorities: Mapping[Why, Doubles], shares: Mapping[Why, float], n_population: int, n: int
) -> None:
    if n < 1 or n_population < 1:
        raise BadInput(f"{n} of {n_population} can't be drawn; at least 1 of at least 1.")
    check_random(shares.get(Why.RANDOM, 0.0))
    if min(shares.values()) < 0 or abs(sum(shares.values()) - 1) > 1e-9:
        raise BadInput(f"The shares {dict(shares)} must be ≥ 0 and sum to 1.")
    missing = [why.value for why in shares if why not in priorities and why is not Why.RANDOM]
    if missing:
        raise BadInput(f"There are no priorities for {', '.join(missing)}. Give them or no share.")
    for why, given in priorities.items():
        if given.shape != (n_population,) or not (np.isfinite(given).all() and (given >= 0).all()):
            raise BadInput(f"The priorities for {why.value} must be {n_population} numbers ≥ 0.")


def check_random(share: float) -> None:
    """Refuse a choice without a random part: nothing could be said of what was not chosen.

    Raises:
        BadInput: share is below 0.05 or above 1.
    """
    if not LEAST_RANDOM <= share <= 1:
        raise BadInput(
            f"A random share of {share:g} was asked for; it must be from {LEAST_RANDOM:g} to 1, "
            "for only random questions speak for what was not asked."
        )


def questions_of(
    chosen: Sequence[Chosen], kind: Kind, attribute: Attribute, texts: Sequence[str]
) -> list[Question]:
    """The questions, in order, ready for a judge.

    Args:
        chosen: pairs or triplets of rows.
        kind: pair, comparison or triplet.
        attribute: the respect.
        texts: the corpus's texts, in the order of its rows.

    Raises:
        BadInput: another kind, or one that does not go with the rows.
    """
    makers = {
        Kind.PAIR: (2, PairQuestion),
        Kind.COMPARISON: (2, ComparisonQuestion),
        Kind.TRIPLET: (3, TripletQuestion),
    }
    if kind not in makers:
        raise BadInput(f"Rows make no question of kind {kind.value!r}. Known: {', '.join(makers)}.")
    n_texts, maker = makers[kind]
    if any(len(one.rows) != n_texts for one in chosen):
        raise BadInput(f"A {kind.value} needs {n_texts} rows; these were chosen for another kind.")
    return [maker(attribute, *(texts[row] for row in one.rows)) for one in chosen]


def strata_of(chosen: Sequence[Chosen], questions: Sequence[Question]) -> dict[str, str]:
    """Why each question is asked, by its key, to be written beside its verdict."""
    both = zip(chosen, questions, strict=True)
    return {question.key: one.why.value for one, question in both}
