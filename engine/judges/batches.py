"""Large jobs at half price: Anthropic's Message Batches, sent once, collected whenever."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.errors import LikewiseError
from engine.judges.anthropic_judge import AnthropicJudge
from engine.judges.batch_collecting import Collected, Collector
from engine.judges.batch_service import ArrivalUnknown, send_batch
from engine.judges.batch_store import BatchState, BatchStore, Requested
from engine.judges.calls import Asked, JudgeUnavailable
from engine.judges.money import BATCH_SHARE, CapReached, Estimate, Hold
from engine.judges.prompts import Prompt, prompt_for
from engine.judges.questions import Question, Verdict

MAX_REQUESTS = 100_000
MAX_BYTES = 200_000_000


@dataclass
class BatchJudge:
    """The same judge by batches: the same verdicts under the same name, at half the price.

    A batch is written down before it is sent, its questions are claimed until it is collected, and
    its id is written down when it has arrived. Whatever is interrupted is taken up by the next
    `answer` or `collect`, also after a restart.

    Args:
        judge: whom to ask; its purse pays.
        poll_seconds: how often to look whether a batch has ended.
    """

    judge: AnthropicJudge
    poll_seconds: float = 60.0

    def __post_init__(self) -> None:
        """Open what collects its batches, and halve the prices."""
        self.collector = Collector(self.judge, self.name, self.judge.terms.guide.version)
        self._terms = replace(self.judge.terms, prices=self.collector.prices)

    @property
    def store(self) -> BatchStore:
        """The judge's batches on disk."""
        return self.collector.store

    @property
    def collected(self) -> Mapping[str, Collected]:
        """By our name of each batch, what became of its requests."""
        return self.collector.collected

    @property
    def name(self) -> str:
        """The judge's name: a verdict is the same whichever way it was asked for."""
        return self.judge.name

    def estimate(self, questions: Sequence[Question], *, counted: bool = True) -> Estimate:
        """What asking would cost at half the price; see AnthropicJudge.estimate."""
        whole = self.judge.estimate(questions, counted=counted)
        halved = [
            None if dollars is None else BATCH_SHARE * dollars
            for dollars in (whole.dollars, whole.dollars_at_most)
        ]
        return replace(whole, dollars=halved[0], dollars_at_most=halved[1])

    def answer(self, questions: Sequence[Question]) -> Iterator[Verdict]:
        """Send what the ledger can't answer, wait for it, and yield each verdict once recorded.

        May be stopped and begun again at any time: what was sent is not sent again.

        Raises:
            CapReached: the whole batch, at its highest price, does not fit under the cap.
            JudgeUnavailable: the service can't be asked, or left some questions unanswered.
        """
        distinct = {question.key: question for question in questions}
        yielded: set[str] = set()
        self.submit(list(distinct.values()))
        while True:
            ended = list(self.collect())
            for key, question in distinct.items():
                verdict = None if key in yielded else self._terms.known(question)
                if verdict is not None:
                    yielded.add(key)
                    yield verdict
            if not self.store.open_jobs() or len(yielded) == len(distinct):
                break
            if not ended:
                time.sleep(self.poll_seconds)
        n_left = len(distinct) - len(yielded)
        if n_left:
            raise JudgeUnavailable(
                f"{n_left} of {len(distinct)} questions got no answer from the batch: they failed, "
                "expired or were cancelled, and were not paid for, or another run is asking them. "
                "Ask again for the rest."
            )

    def submit(
        self,
        questions: Sequence[Question],
        *,
        strata: Mapping[str, str] | None = None,
        probabilities: Mapping[str, float] | None = None,
    ) -> list[str]:
        """Send the questions that are neither answered nor being asked.

        Args:
            questions: what to ask.
            strata: why each is asked, by question_key; written beside its verdict.
            probabilities: the chance that each had of being asked for it, where it is known.

        Returns:
            Our names of the batches: none where there is nothing to send.

        Raises:
            CapReached: the batch, at its highest price, does not fit under the cap.
            BadInput: there is a cap, and the model's price is unknown.
            JudgeUnavailable: the service turned the batch away, or it is not known whether it
                arrived; `collect` finds out.
        """
        new: dict[str, tuple[Question, Prompt]] = {}
        for question in questions:
            if self._terms.known(question) is None:
                new[question.key] = (question, prompt_for(question, self._terms.guide))
        reasons, chances = strata or {}, probabilities or {}
        jobs = []
        for part in _parts(list(new.values())):
            requested = [
                Requested(Asked.of(one), reasons.get(one.key, ""), chances.get(one.key))
                for one, _ in part
            ]
            if (job := self._submit(part, requested)) is not None:
                jobs.append(job)
        return jobs

    def _submit(
        self, part: list[tuple[Question, Prompt]], requested: list[Requested]
    ) -> str | None:
        job, requests = self.store.start(requested, self.judge.model)
        prompts = {question.key: prompt for question, prompt in part}
        bodies = [
            {"custom_id": custom_id, "params": self.judge.request(prompts[asked.key])}
            for custom_id, asked in requests.items()
        ]
        if not bodies:
            self.store.mark(job, BatchState.NOT_SENT)
            return None
        try:
            self.collector.holds[job] = self._held(
                [prompts[asked.key] for asked in requests.values()]
            )
            with self.judge.client() as client:
                batch_id = send_batch(client, bodies, self.judge.max_retries)
        except ArrivalUnknown:
            raise
        except LikewiseError:
            self.collector.give_up(job)
            raise
        self.store.mark(job, BatchState.SENT, batch_id)
        return job

    def _held(self, prompts: list[Prompt]) -> Hold:
        # The whole batch at its highest price: once sent, it can't be stopped at the cap.
        terms = self._terms
        most = [terms.prices.most_dollars(prompt, terms.max_tokens) for prompt in prompts]
        known = [dollars for dollars in most if dollars is not None]
        total = math.fsum(known) if len(known) == len(most) else None
        hold = terms.purse.try_hold(total)
        if hold is None:
            raise CapReached(terms.purse.cap_message(total))
        return hold

    def collect(self) -> Iterator[Verdict]:
        """Verdicts of the batches that have ended, each recorded before it is yielded.

        Raises:
            JudgeUnavailable: the service can't be asked.
        """
        return self.collector.collect()


def _parts(asked: list[tuple[Question, Prompt]]) -> list[list[tuple[Question, Prompt]]]:
    parts: list[list[tuple[Question, Prompt]]] = []
    n_bytes = 0
    for one in asked:
        # JSON spells a character of three bytes out in six, and the body says a little more.
        size = 2 * one[1].n_bytes + 1000
        if not parts or n_bytes + size > MAX_BYTES or len(parts[-1]) >= MAX_REQUESTS:
            parts.append([])
            n_bytes = 0
        parts[-1].append(one)
        n_bytes += size
    return parts
