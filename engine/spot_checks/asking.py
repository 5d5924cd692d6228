"""Putting a queue of spot checks to a judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.judges.questions import Judge, PairQuestion, Status
from engine.spot_checks.answers import AnsweredPair, same_from_grade
from engine.spot_checks.queue import SpotCheck
from engine.types import Attribute


@dataclass(frozen=True, slots=True)
class CheckedPair:
    """A spot check with its answer; None while the judge has not answered it."""

    check: SpotCheck
    answer: AnsweredPair | None
    reason: str = ""


def question_of(check: SpotCheck, attribute: Attribute, texts: Sequence[str]) -> PairQuestion:
    """The pair of a spot check as a question."""
    return PairQuestion(attribute, texts[check.left_row], texts[check.right_row])


def ask_queue(
    queue: Sequence[SpotCheck], judge: Judge, attribute: Attribute, texts: Sequence[str]
) -> list[CheckedPair]:
    """The judge's answer to each pair of the queue, each in the queue's stratum.

    Args:
        queue: from `spot_check_queue` or `replayable_queue`.
        judge: a label column, a replay, or the analyst's own answers so far.
        attribute: what is asked about.
        texts: the corpus's texts, in the order of its rows.
    """
    questions = [question_of(check, attribute, texts) for check in queue]
    found = {verdict.unordered_key: verdict for verdict in judge.answer(questions)}
    checked = []
    for check, question in zip(queue, questions, strict=True):
        verdict = found.get(question.unordered_key)
        if verdict is None or verdict.status is not Status.PARSED:
            checked.append(CheckedPair(check, None))
            continue
        same = same_from_grade(verdict.value)
        answer = AnsweredPair(check.left_row, check.right_row, same, check.stratum)
        checked.append(CheckedPair(check, answer, verdict.reason))
    return checked
