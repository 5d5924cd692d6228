"""What a judge said, in a few words, and dollars as they are shown."""

from __future__ import annotations

import streamlit as st

from engine.judges.kinds import TOP_GRADE, TOP_SCORE, Kind, Status
from engine.judges.questions import Verdict

LEAST_DOLLARS = 0.0001


def said(verdict: Verdict) -> str:
    """The answer, or why there is none.

    Example:
        >>> from engine.types import Attribute
        >>> said(Verdict(Kind.PAIR, Attribute("tone"), ("x", "y"), "me", value=3.0))
        'grade 3 of 4'
    """
    if verdict.status is not Status.PARSED:
        return (
            f"{verdict.status.value}: {verdict.reason}" if verdict.reason else verdict.status.value
        )
    if verdict.choice is not None:
        return verdict.choice.value
    if verdict.kind is Kind.PAIR:
        return f"grade {verdict.value:g} of {TOP_GRADE:g}"
    if verdict.kind is Kind.POINT:
        return f"{verdict.value:.1f} of {TOP_SCORE:g}"
    return verdict.answer


def dollars(amount: float | None) -> str:
    """Dollars with enough digits to be more than none; an unknown price is never 0.

    Example:
        >>> dollars(None), dollars(0.0), dollars(0.00012), dollars(3.456)
        ('unknown price', '$0', '$0.0001', '$3.46')
    """
    if amount is None:
        return "unknown price"
    if amount == 0:
        return "$0"
    if amount < LEAST_DOLLARS:
        return f"< ${LEAST_DOLLARS}"
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.4f}"


def show_problem(title: str, detail: str) -> None:
    """What went wrong; the detail may quote a file or a server, so it is never Markdown."""
    st.error(title, icon=":material/error:")
    st.code(detail, language=None, wrap_lines=True)
