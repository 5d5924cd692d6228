"""Shares told by verdicts on chosen and random questions together, and what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from engine.choosing.drawing import Why
from engine.choosing.estimating import weighted_mean
from engine.diagnostics.estimate import Estimate, wilson
from engine.judges.questions import Verdict
from engine.spot_checks.agreement import wilson as wilson_of_share


class Basis(StrEnum):
    """What a share stands for."""

    DRAWN = "the corpus"
    WEIGHED = "the corpus, weighed"
    ASKED = "the questions asked"


class Told(NamedTuple):
    """A share and what it stands for."""

    estimate: Estimate
    basis: Basis


def share_told(outcomes: Sequence[tuple[bool, Verdict]]) -> Told:
    """The share of outcomes that are true, weighed by chance where that is known.

    Questions that were all drawn at random speak for the corpus as they are. Where some were chosen
    and every chance is known, each counts by 1 / chance. Otherwise the share is of what was asked.

    Rounds of questions may be pooled: each by itself stands for the whole corpus.

    Args:
        outcomes: what is true or not of a question, and a verdict on it, which says how the
            question came to be asked.

    Returns:
        The share with its 95% interval; `n` counts outcomes. A weighed one's interval spans
        Hájek's and Wilson's for as many questions as the weights leave: Hájek's alone has no width
        where few outcomes happen to be all alike.

    Reference: Kish 1965, Survey Sampling, §11.7 (how many questions the weights leave).

    Example:
        >>> from engine.types import Attribute
        >>> from engine.judges.kinds import Kind
        >>> def verdict(chance):
        ...     return Verdict(Kind.POINT, Attribute("tone"), ("x",), "me", 5.0, probability=chance)
        >>> told = share_told([(True, verdict(1.0)), (False, verdict(0.25))])
        >>> told.estimate.value, told.basis.value
        (0.2, 'the corpus, weighed')
    """
    n_true = sum(is_true for is_true, _ in outcomes)
    plain = wilson(n_true, len(outcomes))
    if outcomes and all(verdict.stratum == Why.RANDOM for _, verdict in outcomes):
        return Told(plain, Basis.DRAWN)
    chances = [verdict.probability for _, verdict in outcomes]
    known = [chance for chance in chances if chance is not None]
    if not known or len(known) < len(outcomes):
        return Told(plain, Basis.ASKED)
    return Told(_weighed([is_true for is_true, _ in outcomes], known), Basis.WEIGHED)


def _weighed(outcomes: Sequence[bool], chances: Sequence[float]) -> Estimate:
    found = weighted_mean([float(is_true) for is_true in outcomes], chances)
    weights = [1 / chance for chance in chances]
    n_left = sum(weights) ** 2 / sum(weight**2 for weight in weights)
    low, high = wilson_of_share(found.value, max(1, int(n_left)))
    if found.n > 1:
        low, high = min(low, found.low), max(high, found.high)
    return Estimate(found.value, max(0.0, low), min(1.0, high), found.n)
