"""Bringing in what batches were answered, whoever sent them and whenever."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.judges.anthropic_judge import AnthropicJudge
from engine.judges.anthropic_replies import reply_of
from engine.judges.batch_service import may_be, reported, result_lines
from engine.judges.batch_store import BatchJob, BatchState, BatchStore, Requested
from engine.judges.calls import JudgeUnavailable, verdict_on
from engine.judges.money import BATCH_SHARE, Hold, Prices
from engine.judges.questions import Verdict

if TYPE_CHECKING:
    from anthropic import Anthropic
    from anthropic.types.messages import MessageBatch

N_RECORDED_AT_ONCE = 200
ENDED = "ended"
# The service lists a batch at once; clocks differ by less than this.
GRACE = datetime.timedelta(minutes=2)


class Collected(NamedTuple):
    """What became of a batch's requests. n_failed were not paid for, and may be asked again."""

    n_landed: int
    n_failed: int


class Progress(NamedTuple):
    """How far the service said a batch is when it was last looked at.

    status: in_progress, canceling or ended. The counts are of requests; most of them stand under
    n_processing until the whole batch has ended.
    """

    status: str
    n_processing: int
    n_succeeded: int
    n_failed: int
    when: datetime.datetime


@dataclass
class Collector:
    """Collects the batches of one judge under one prompt version.

    Args:
        judge: reaches the service, holds the ledger and pays; its guide plays no part.
        name: whose batches, as the ledger knows that judge.
        prompt_version: the wording it was asked in.
        progress: by our name of each batch, how far it was when it was last looked at; several
            collectors may share one.

    Attributes:
        collected: by our name of each batch, what became of its requests.
        holds: by our name of each, what is held for it until it is over.
    """

    judge: AnthropicJudge
    name: str
    prompt_version: str
    progress: dict[str, Progress] = field(default_factory=dict)
    collected: dict[str, Collected] = field(default_factory=dict, init=False)
    holds: dict[str, Hold] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Open the store, and halve the prices."""
        self._terms = self.judge.terms
        self.prices = Prices(self.judge.model, share=BATCH_SHARE)
        self.store = BatchStore(self._terms.ledger, self.name, self.prompt_version)

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
                if job.batch_id is not None and self._look(client, job) == ENDED:
                    yield from self._results(client, job)

    def cancel(self, job: BatchJob) -> None:
        """Have no more of a batch answered; what is answered by then is paid for, and collected.

        Raises:
            JudgeUnavailable: the service can't be asked, or it is not known whether it has it.
        """
        if job.batch_id is None:
            raise JudgeUnavailable(
                "Whether this batch arrived is not known yet, so it can't be cancelled. Look again "
                "in a minute or two."
            )
        with self.judge.client() as client, reported():
            if self._look(client, job) != ENDED:
                self._note(job, client.messages.batches.cancel(job.batch_id))

    def give_up(self, job: str) -> None:
        """The batch was never sent: its questions are free again, and nothing is held for it."""
        self.store.mark(job, BatchState.NOT_SENT)
        self._release(job)

    def _release(self, job: str) -> None:
        if hold := self.holds.pop(job, None):
            hold.release()

    def _look(self, client: Anthropic, job: BatchJob) -> str:
        batch = client.messages.batches.retrieve(str(job.batch_id))
        self._note(job, batch)
        return batch.processing_status

    def _note(self, job: BatchJob, batch: MessageBatch) -> None:
        counts = batch.request_counts
        self.progress[job.job] = Progress(
            batch.processing_status,
            counts.processing,
            counts.succeeded,
            counts.errored + counts.canceled + counts.expired,
            datetime.datetime.now(datetime.UTC),
        )

    def _results(self, client: Anthropic, job: BatchJob) -> Iterator[Verdict]:
        requests = self.store.requests(job.job)
        n_landed = n_foreign = 0
        part: list[Verdict] = []
        n_unreadable = 0
        for custom_id, message in result_lines(client, str(job.batch_id)):
            n_unreadable += custom_id is None
            requested = requests.get(custom_id or "")
            if requested is None:
                n_foreign += custom_id is not None
            elif message is not None:
                n_landed += 1
                part.append(self._verdict(requested, message, str(job.batch_id)))
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
        self._release(job.job)

    def _verdict(self, requested: Requested, message: object, batch_id: str) -> Verdict:
        reply = reply_of(json.dumps(message, ensure_ascii=False))
        details: Any = {
            "prompt_version": self.prompt_version,
            "dollars": None if reply.tokens is None else self.prices.dollars(reply.tokens),
            "batch": batch_id,
            "stratum": requested.stratum,
            "probability": requested.probability,
        }
        return verdict_on(requested.asked, self.name, reply, details)

    def _record(self, verdicts: list[Verdict]) -> list[Verdict]:
        # A collection that was interrupted begins again at the first result.
        new = self._terms.ledger.record_new(verdicts)
        for verdict in new:
            self._terms.purse.spend(verdict.dollars)
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
            self.give_up(job.job)
