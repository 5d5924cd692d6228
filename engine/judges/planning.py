"""What more verdicts would bring: "the next 200 cost about $1.20 and narrow ±8 points to ±5"."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.errors import BadInput

Z_95 = 1.959964


def wilson_half_width(share: float, n: int) -> float:
    """Half the width of the 95% Wilson interval of a share.

    Args:
        share: what was seen, in [0, 1].
        n: among how many.

    Raises:
        BadInput: share is not in [0, 1], or n < 1.

    Reference: Wilson 1927, eq. 4 (the score interval).

    Example:
        >>> round(wilson_half_width(0.5, 100), 3)
        0.096
    """
    if not 0 <= share <= 1 or n < 1:
        raise BadInput(f"A share of {share} among {n} has no interval; give 0 to 1, and n ≥ 1.")
    spread = math.sqrt(share * (1 - share) / n + Z_95**2 / (4 * n**2))
    return Z_95 * spread / (1 + Z_95**2 / n)


@dataclass(frozen=True, slots=True)
class NextStep:
    """What asking some more questions would cost and bring.

    n_more: questions. dollars: about what they cost, None where the price is unknown.
    half_width_now, half_width_then: of the 95% interval of a share, should it stay as it is.
    """

    n_more: int
    dollars: float | None
    half_width_now: float
    half_width_then: float

    def __str__(self) -> str:
        """The step in one sentence."""
        cost = "at an unknown price" if self.dollars is None else f"for about ${self.dollars:.2f}"
        now, then = 100 * self.half_width_now, 100 * self.half_width_then
        return (
            f"The next {self.n_more:,} questions, {cost}, would narrow the interval from "
            f"±{now:.1f} to about ±{then:.1f} points."
        )


def next_step(share: float, n_now: int, n_more: int, dollars_each: float | None) -> NextStep:
    """What n_more questions would bring for a share, such as an accuracy or a flip rate.

    Args:
        share: the share so far, in [0, 1].
        n_now: how many verdicts it rests on, ≥ 1.
        n_more: how many more to ask, ≥ 1.
        dollars_each: about what one costs, such as an estimate's dollars over its questions; None
            where the price is unknown.

    Raises:
        BadInput: a number is out of range.

    Example:
        >>> print(next_step(0.9, 100, 200, 0.004))
        The next 200 questions, for about $0.80, would narrow the interval from ±6.0 to about ±3.4 \
points.
    """
    if n_more < 1:
        raise BadInput(f"n_more is {n_more}; ask for at least 1 question.")
    return NextStep(
        n_more=n_more,
        dollars=None if dollars_each is None else n_more * dollars_each,
        half_width_now=wilson_half_width(share, n_now),
        half_width_then=wilson_half_width(share, n_now + n_more),
    )
