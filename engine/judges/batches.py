"""Large jobs at half price: Anthropic's Message Batches, sent once, collected whenever."""

from __future__ import annotations

import datetime
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.errors import LikewiseError
from engine.judges.anthropic_judge import AnthropicJudge
from engine.judges.anthropic_replies import reply_of
from engine.judges.batch_service import (
    ArrivalUnknown,
    may_be,
    reported,
    result_lines,
    send_batch,
)
from engine.judges.batch_store import BatchJob, BatchState, BatchStore
from engine.judges.calls import Asked, JudgeUnavailable, verdict_on
from engine.judges.money import BATCH_SHARE, CapReached, Estimate, Hold, Prices
from engine.judges.prompts import Prompt, prompt_for
from engine.judges.questions import Question, Verdict

if TYPE_CHECKING:
    from anthropic import Anthropic
    from anthropic.types.messages import MessageBatch

MAX_REQUESTS = 100_000
MAX_BYTES = 200_000_000
N_RECORDED_AT_ONCE = 200
# The service lists a batch at once; clocks differ by less than this.
GRACE = datetime.timedelta(minutes=2)


class Collected(NamedTuple):
    """What became of a batch's requests. n_failed were not paid for, and may be asked again."""

    n_landed: int
    n_failed: int


@dataclass
class BatchJudge:
    """The same judge by batches: the same verdicts under the same name, at half the price.

    A batch is written down before it is sent, its questions are claimed until it is collected, and
    its id is written down when it has arrived. Whatever is interrupted is taken up by the next
    `answer` or `collect`, also after a restart.

    Args:
        judge: whom to ask; its purse pays.
        poll_seconds: how often to look whether a batch has ended.

    Attributes:
        collected: by our name of each batch, what became of its requests.
    """

    judge: AnthropicJudge
    poll_seconds: float = 60.0
    collected: dict[str, Collected] = field(default_factory=dict, init=False)
    _holds: dict[str, Hold] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Open the store, and halve the prices."""
        self._terms = replace(self.judge.terms, prices=Prices(self.judge.model, share=BATCH_SHARE))
        self.store = BatchStore(self._terms.ledger, self.name, self._terms.guide.version)

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

    def submit(self, questions: Sequence[Question]) -> list[str]:
        """Send the questions that are neither answered nor being asked.

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
        parts = _parts(list(new.values()))
        return [job for part in parts if (job := self._submit(part)) is not None]

    def _submit(self, part: list[tuple[Question, Prompt]]) -> str | None:
        job, requests = self.store.start([Asked.of(question) for question, _ in part])
        prompts = {question.key: prompt for question, prompt in part}
        bodies = [
            {"custom_id": custom_id, "params": self.judge.request(prompts[asked.key])}
            for custom_id, asked in requests.items()
        ]
        if not bodies:
            self.store.mark(job, BatchState.NOT_SENT)
            return None
        try:
            self._holds[job] = self._held([prompts[asked.key] for asked in requests.values()])
            with self.judge.client() as client:
                batch_id = send_batch(client, bodies, self.judge.max_retries)
        except ArrivalUnknown:
            raise
        except LikewiseError:
            self._give_up(job)
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

    def _give_up(self, job: str) -> None:
        self.store.mark(job, BatchState.NOT_SENT)
        if hold := self._holds.pop(job, None):
            hold.release()

    def collect(self) -> Iterator[Verdict]:
        """Verdicts of the batches that have ended, each recorded before it is yielded.

        Raises:
            JudgeUnavailable: the service can't be asked.
        """
        if not self.store.open_jobs():
            return
        with self.judge.client() as client, reported():
            self._look_for_lost(client)
            for job in self.store.open_jobs():
                if job.batch_id is not None:
                    batch = client.messages.batches.retrieve(job.batch_id)
                    if batch.processing_status == "ended":
                        yield from self._results(client, job)

    def _results(self, client: Anthropic, job: BatchJob) -> Iterator[Verdict]:
        requests = self.store.requests(job.job)
        n_landed = n_foreign = 0
        part: list[Verdict] = []
        n_unreadable = 0
        for custom_id, message in result_lines(client, str(job.batch_id)):
            n_unreadable += custom_id is None
            asked = requests.get(custom_id or "")
            if asked is None:
                n_foreign += custom_id is not None
            elif message is not None:
                n_landed += 1
                part.append(self._verdict(asked, message, str(job.batch_id)))
            if len(part) >= N_RECORDED_AT_ONCE:
                yield from self._record(part)
                part = []
        yield from self._record(part)
        if n_foreign and not n_landed:
            # The batch was taken for ours by its size; it is another's.
            self.store.mark(job.job, BatchState.SENDING)
            return
        if n_unreadable:
            raise JudgeUnavailable(
                f"{n_unreadable} results of batch {job.batch_id} can't be read. The others are "
                "kept; the batch stays open, so that nothing is paid for twice. Collect again."
            )
        self.store.mark(job.job, BatchState.COLLECTED, job.batch_id)
        self.collected[job.job] = Collected(n_landed, len(requests) - n_landed)
        if hold := self._holds.pop(job.job, None):
            hold.release()

    def _verdict(self, asked: Asked, message: object, batch_id: str) -> Verdict:
        reply = reply_of(json.dumps(message, ensure_ascii=False))
        dollars = None if reply.tokens is None else self._terms.prices.dollars(reply.tokens)
        version = self._terms.guide.version
        details: Any = {"prompt_version": version, "dollars": dollars, "batch": batch_id}
        return verdict_on(asked, self.name, reply, details)

    def _record(self, verdicts: list[Verdict]) -> list[Verdict]:
        # A collection that was interrupted begins again at the first result.
        terms = self._terms
        new = [
            verdict
            for verdict in verdicts
            if not terms.ledger.get(
                verdict.question_key, self.name, prompt_version=verdict.prompt_version
            )
        ]
        terms.ledger.record_all(new)
        for verdict in new:
            terms.purse.spend(verdict.dollars)
        return new

    def _look_for_lost(self, client: Anthropic) -> None:
        lost = [job for job in self.store.open_jobs() if job.batch_id is None]
        if not lost:
            return
        known = self.store.known_batch_ids()
        since = min(job.created for job in lost) - GRACE
        found = []
        for batch in client.messages.batches.list(limit=100):
            if batch.created_at < since:
                break
            if batch.id not in known:
                found.append(batch)
        for job in lost:
            self._find(client, job, found)

    def _find(self, client: Anthropic, job: BatchJob, batches: list[MessageBatch]) -> None:
        for batch in batches:
            if may_be(client, batch, job):
                batches.remove(batch)
                self.store.mark(job.job, BatchState.SENT, batch.id)
                return
        if datetime.datetime.now(datetime.UTC) - job.created > GRACE:
            self._give_up(job.job)


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
