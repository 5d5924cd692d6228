"""Whether an answer fits its kind of question."""

from __future__ import annotations

import json

from engine.errors import BadInput
from engine.judges.kinds import SIDED_KINDS, TOP_GRADE, TOP_SCORE, Choice, Kind
from engine.judges.tuple_answers import canonical_answer

_SIDES = (Choice.LEFT, Choice.RIGHT, Choice.TIE)
_CHOICES = {
    Kind.PAIR: (Choice.SAME, Choice.DIFFERENT, Choice.UNSURE),
    Kind.TRIPLET: _SIDES,
    Kind.COMPARISON: _SIDES,
    Kind.POINT: (),
}


def check_answer(kind: Kind, value: float | None, choice: Choice | None) -> None:
    """Refuse what a pair, triplet, comparison or point can't be answered with.

    Raises:
        BadInput: value and choice do not fit the kind, or are out of range.
    """
    if choice is not None and choice not in _CHOICES[kind]:
        allowed = ", ".join(_CHOICES[kind]) or "none"
        raise BadInput(f"A {kind} can't be answered {str(choice)!r}. Allowed choices: {allowed}.")
    if kind in SIDED_KINDS:
        if choice is None or value is not None:
            raise BadInput(
                f"A {kind} is answered by a choice alone, not by the value {value!r} and the "
                f"choice {choice!r}. Give left, right or tie."
            )
        return
    top = TOP_GRADE if kind is Kind.PAIR else TOP_SCORE
    if value is None and choice is Choice.UNSURE:
        return
    if value is None or not 0 <= value <= top:
        raise BadInput(
            f"A {kind} can't have the value {value!r}. Give a number from 0 to {top:g}, "
            "or make the status 'unparsed'."
        )


def check_tuple_answer(
    kind: Kind, n_texts: int, value: float | None, choice: Choice | None, answer: str
) -> None:
    """Refuse what a question on several texts can't be answered with.

    Raises:
        BadInput: there is a value or a choice, or the answer is not canonical JSON of its kind.
    """
    if value is not None or choice is not None:
        raise BadInput(f"A question of kind {kind.value!r} has an answer and nothing else.")
    try:
        said = json.loads(answer)
    except ValueError as error:
        raise BadInput(f"The answer {answer!r} is no JSON.") from error
    if canonical_answer(kind, n_texts, said) != answer:
        raise BadInput(f"The answer {answer!r} is not in its canonical form; see canonical_answer.")
