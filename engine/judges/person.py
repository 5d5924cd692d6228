"""The analyst as the judge of spot checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.errors import BadInput
from engine.judges.ledger import Ledger
from engine.judges.questions import (
    TOP_GRADE,
    Choice,
    PairQuestion,
    Question,
    Status,
    Verdict,
    as_asked,
)
from engine.types import Attribute

_GRADES = {Choice.SAME: TOP_GRADE, Choice.DIFFERENT: 0.0, Choice.UNSURE: None}


@dataclass(frozen=True)
class PersonJudge:
    """Keeps what the analyst says of pairs: same, different or unsure.

    Args:
        ledger: where the answers are recorded.
        name: who answers.
    """

    ledger: Ledger
    name: str = "person"

    def record(
        self,
        question: PairQuestion,
        choice: Choice,
        *,
        stratum: str = "",
        seconds: float | None = None,
    ) -> Verdict:
        """Write the analyst's answer to disk; it takes the place of an earlier one on the pair.

        Args:
            question: the pair; either order is the same pair.
            choice: same, different or unsure.
            stratum: why the pair was asked: disagreement or random.
            seconds: how long the analyst took, where known.

        Raises:
            BadInput: the choice is none of the three.
        """
        if choice not in _GRADES:
            allowed = ", ".join(_GRADES)
            raise BadInput(f"A pair can't be answered {str(choice)!r}. Allowed: {allowed}.")
        verdict = Verdict.of(
            question,
            self.name,
            value=_GRADES[choice],
            choice=Choice(choice),
            stratum=stratum,
            seconds=seconds,
        )
        self.ledger.record(verdict, replaces=True)
        return verdict

    def undo(self, attribute: Attribute) -> Verdict | None:
        """Withdraw the last standing answer on the attribute; None where there is none."""
        return self.ledger.undo_last(self.name, attribute)

    def answer(self, questions: Sequence[Question]) -> Iterator[Verdict]:
        """What the analyst has answered; unanswerable, and not recorded, what is still to ask."""
        for question in {question.key: question for question in questions}.values():
            found = self.ledger.get_either_order(question.unordered_key, self.name)
            if found is None:
                reason = f"{self.name} has not answered this question"
                yield Verdict.of(question, self.name, status=Status.UNANSWERABLE, reason=reason)
            else:
                yield as_asked(found, question)
