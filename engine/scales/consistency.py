"""How consistent a judge is, and whether he became more so: with a definition card, say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from engine.diagnostics.drift import BatchDrift, batch_drift, scores_by_batch
from engine.diagnostics.estimate import Estimate
from engine.diagnostics.judge_agreement import answers_in_words, judges_agree, repeat_agreement
from engine.diagnostics.transitivity import grade_flips, order_flips
from engine.errors import BadInput
from engine.judges.kinds import Kind
from engine.judges.questions import Verdict


@dataclass(frozen=True, slots=True)
class Consistency:
    """Figures of one set of verdicts, each with its interval; undefined where nothing shows it.

    Attributes:
        triplet_flips: share of triplets whose verdict changed with the sides; lower is better.
        comparison_flips: of comparisons, likewise.
        grade_changes: share of pairs whose grade changed with the sides; lower is better.
        repeats: share of questions answered alike when asked again; higher is better.
        drift: points that the batch farthest off scores above or below the others on the anchors
            they share, as a size ≥ 0; lower is better.
        kappa: agreement with other verdicts, such as labels', beyond chance; higher is better.
    """

    triplet_flips: Estimate
    comparison_flips: Estimate
    grade_changes: Estimate
    repeats: Estimate
    drift: Estimate
    kappa: Estimate


def consistency(
    verdicts: Sequence[Verdict], truth: Sequence[Verdict] = (), *, kind: Kind = Kind.PAIR
) -> Consistency:
    """Measure one judge's verdicts on one attribute.

    Args:
        verdicts: his; several on a question are repeats.
        truth: whose agreement counts, such as a label judge's verdicts on the same questions.
        kind: of the questions that agreement is measured on: pair, triplet or comparison.
    """
    kappa = judges_agree(answers_in_words(verdicts, kind), answers_in_words(truth, kind))
    return Consistency(
        triplet_flips=order_flips(verdicts).flipped,
        comparison_flips=order_flips(verdicts, Kind.COMPARISON).flipped,
        grade_changes=grade_flips(verdicts),
        repeats=repeat_agreement(verdicts),
        drift=_largest(batch_drift(scores_by_batch(verdicts))),
        kappa=kappa,
    )


def consistency_change(
    before: Sequence[Verdict],
    after: Sequence[Verdict],
    truth: Sequence[Verdict] = (),
    *,
    kind: Kind = Kind.PAIR,
) -> Mapping[str, Estimate]:
    """After less before, by the name of each figure, with an interval.

    An interval that leaves out 0 is a change. Ask the same questions both times, or two random
    samples of them; the interval takes the two for independent, and so is a little wide where the
    questions are the same.

    Args:
        before: verdicts, such as those given without a card.
        after: verdicts given with it.
        truth: see consistency.
        kind: see consistency.
    """
    first, second = (consistency(one, truth, kind=kind) for one in (before, after))
    names = [field.name for field in fields(Consistency)]
    return {name: difference(getattr(first, name), getattr(second, name)) for name in names}


def difference(before: Estimate, after: Estimate) -> Estimate:
    """After less before, its interval made of the intervals of both.

    Each limit lies as far from the difference as the square root of the sum of squares of the two
    distances on its side. For shares with Wilson intervals this is Newcombe's method 10. Undefined
    where one of the two is; `n` is the smaller.

    Raises:
        BadInput: an interval does not hold its figure.

    Reference: Newcombe 1998, Statistics in Medicine 17, 873–890; Zou & Donner 2008, Statistics in
    Medicine 27, 1693–1702 (MOVER).

    Example:
        >>> found = difference(Estimate(0.5, 0.4, 0.6, 90), Estimate(0.2, 0.1, 0.3, 80))
        >>> [round(x, 3) for x in found]
        [-0.3, -0.441, -0.159, 80]
    """
    ends = (*before[:3], *after[:3])
    if any(math.isnan(end) for end in ends):
        return Estimate.undefined()
    slack = 1e-9
    if any(not e.low - slack <= e.value <= e.high + slack for e in (before, after)):
        raise BadInput(f"An interval does not hold its figure: {before}, {after}.")
    value = after.value - before.value
    down = math.hypot(after.value - after.low, before.high - before.value)
    up = math.hypot(after.high - after.value, before.value - before.low)
    return Estimate(value, value - down, value + up, min(before.n, after.n))


def _largest(drifts: Sequence[BatchDrift]) -> Estimate:
    """The offset farthest from 0, as a size: its sign says which batch, not how much."""
    if not drifts:
        return Estimate.undefined()
    value, low, high, n = max((drift.offset for drift in drifts), key=lambda one: abs(one.value))
    if value < 0:
        value, low, high = -value, -high, -low
    return Estimate(value, max(0.0, low), max(0.0, high), n)
