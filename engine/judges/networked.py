"""What judges behind a network have in common: their terms, an estimate, and asking all at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager

from engine.judges.asking import Terms, ask_all
from engine.judges.calls import Sender
from engine.judges.ledger import Ledger
from engine.judges.money import Estimate, Prices, Purse, estimate
from engine.judges.prompts import Guide, Prompt, prompt_for
from engine.judges.questions import Question, Verdict


class NetworkedJudge(ABC):
    """A judge that is asked by calls which cost money, each recorded as it lands.

    A frozen dataclass with at least these fields, which calls `_settle_terms` when it is made.
    """

    ledger: Ledger
    cap_dollars: float | None
    n_concurrent: int
    guide: Guide
    max_tokens: int
    purse: Purse | None
    terms: Terms

    @property
    @abstractmethod
    def name(self) -> str:
        """The model, and whatever else changes its answers."""

    @abstractmethod
    def _connect(self) -> AbstractAsyncContextManager[Sender]:
        """Open the connection, and give what sends prompts over it."""

    def _settle_terms(self, prices: Prices) -> None:
        """Make the purse, where none is shared, and the terms."""
        purse = self.purse if self.purse is not None else Purse(self.cap_dollars)
        terms = Terms(
            judge=self.name,
            ledger=self.ledger,
            purse=purse,
            prices=prices,
            guide=self.guide,
            max_tokens=self.max_tokens,
            n_concurrent=self.n_concurrent,
        )
        # The dataclass is frozen for everybody else.
        object.__setattr__(self, "purse", purse)
        object.__setattr__(self, "terms", terms)

    def answer(self, questions: Sequence[Question]) -> Iterator[Verdict]:
        """A verdict on each distinct question, recorded before it is yielded.

        Raises:
            CapReached: the cap allows no further call; raised after all that came in.
            JudgeUnavailable: some questions got no answer; likewise.
            BadInput: there is a cap, and the model's price is unknown.
        """
        return ask_all(questions, self.terms, self._connect)

    def _estimated(
        self, questions: Sequence[Question], count: Callable[[Prompt], int] | None = None
    ) -> Estimate:
        """What asking would cost; what the ledger answers costs nothing."""
        distinct = {question.key: question for question in questions}.values()
        new = [question for question in distinct if self.terms.known(question) is None]
        return estimate(
            [prompt_for(question, self.guide) for question in new],
            [question.kind for question in new],
            self.terms.prices,
            n_known=len(distinct) - len(new),
            max_tokens=self.max_tokens,
            tokens_out=lambda kind: self.ledger.mean_tokens_out(self.name, kind),
            count=count,
        )
