"""Replays verdicts that were given before, so that a judge can be shown without a key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from engine.judges.ledger import Ledger
from engine.judges.questions import Question, Status, Verdict, as_asked
from engine.judges.verdict_files import read_entries
from engine.types import Attribute


class ReplayJudge:
    """Answers what it holds verdicts for, with the sides in either order.

    A verdict asked in the question's own order goes before one with the sides swapped; of several,
    the last given counts. A question without a verdict is answered "unanswerable". Nothing is
    recorded: what is replayed has been recorded before.

    Args:
        verdicts: the verdicts to replay, in the order given.
        source: whose they are, for the judge's name.
    """

    def __init__(self, verdicts: Iterable[Verdict], source: str) -> None:
        self.name = f"replay: {source}"
        self._verdicts = tuple(verdicts)
        self._by_key = {verdict.question_key: verdict for verdict in self._verdicts}
        self._by_unordered_key = {verdict.unordered_key: verdict for verdict in self._verdicts}

    @classmethod
    def from_ledger(cls, ledger: Ledger, judge: str) -> Self:
        """Replay one judge's standing verdicts."""
        return cls(ledger.verdicts(judge=judge), judge)

    @classmethod
    def from_jsonl(cls, path: Path | str, texts: Mapping[str, str], source: str) -> Self:
        """Replay a corpus's verdicts.jsonl.

        Args:
            path: the file.
            texts: the corpus's texts by id.
            source: who gave the verdicts.

        Raises:
            BadInput: a line can't be read as a verdict, or names an unknown id.
        """
        entries = read_entries(Path(path), texts, source)
        return cls((entry.verdict for entry in entries if not entry.withdrawn), source)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All that can be replayed, repeats included, in the order given."""
        return self._verdicts

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes that there are verdicts on, in the order first met."""
        return tuple(dict.fromkeys(verdict.attribute for verdict in self._verdicts))

    def can_answer(self, question: Question) -> bool:
        """Whether there is a verdict on the question in either order."""
        return question.unordered_key in self._by_unordered_key

    def answer(self, questions: Sequence[Question]) -> Iterator[Verdict]:
        """A verdict on each distinct question, in order, also where it is unanswerable."""
        for question in {question.key: question for question in questions}.values():
            found = self._by_key.get(question.key) or self._by_unordered_key.get(
                question.unordered_key
            )
            if found is None:
                reason = "no verdict on this question was given before"
                yield Verdict.of(question, self.name, status=Status.UNANSWERABLE, reason=reason)
            else:
                yield as_asked(found, question)
