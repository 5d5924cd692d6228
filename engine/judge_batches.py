"""Batches in the background: sent, looked at now and then, collected, also after a restart."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.errors import BadInput, LikewiseError, StoreError, UnknownName
from engine.judges.anthropic_judge import AnthropicJudge
from engine.judges.batch_collecting import Collector, Progress
from engine.judges.batch_store import SentBatch, Waiting, sent_batches, set_up, waiting_judges
from engine.judges.batches import BatchJudge
from engine.judges.claims import Claims
from engine.judges.ledger import Ledger
from engine.judges.questions import Question

logger = logging.getLogger(__name__)

POLL_SECONDS = 60.0
NOTHING_SENT = "Nothing was sent: all of the questions are answered, or are being asked."


@dataclass(frozen=True, slots=True)
class Sending:
    """Questions to be asked as a batch.

    Args:
        judge: who is asked; its purse pays.
        questions: what to ask.
        strata: why each is asked, by question_key; written beside its verdict.
        probabilities: the chance that each had of being asked for it, where it is known.
    """

    judge: AnthropicJudge
    questions: tuple[Question, ...]
    strata: Mapping[str, str] = field(default_factory=dict)
    probabilities: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeenBatch:
    """A batch as a page shows it. progress: None before this process first looked at it."""

    sent: SentBatch
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class BatchesStatus:
    """Where the batches stand.

    batches: the newest first. n_sending: questions that are on their way to the service. looking:
    whether something that was asked for is not done yet. problems: what went wrong with sending,
    looking or cancelling when it was last tried, in sentences.
    """

    batches: tuple[SeenBatch, ...]
    n_sending: int
    looking: bool
    problems: tuple[str, ...]

    @property
    def n_open(self) -> int:
        """How many batches are being sent or wait to be collected."""
        return sum(seen.sent.is_open for seen in self.batches)


class BatchJobs:
    """One worker that sends batches, and looks gently whether those that are open have ended.

    What was sent is known from the ledger's file: after a restart it is looked at again. The worker
    ends when nothing is open.

    Args:
        ledger: where verdicts land, and batches are written down.
        make_judge: gives the judge that reaches a model, by which batches of earlier runs are
            collected.
        poll_seconds: how long to wait between two looks.
    """

    def __init__(
        self,
        ledger: Ledger,
        make_judge: Callable[[str], AnthropicJudge],
        *,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._ledger, self._make_judge, self._poll_seconds = ledger, make_judge, poll_seconds
        self._lock = threading.Lock()
        self._tasks: queue.Queue[tuple[str, Callable[[], None]]] = queue.Queue()
        self._closed = threading.Event()
        self._worker: threading.Thread | None = None
        self._progress: dict[str, Progress] = {}
        self._problems: dict[str, str] = {}
        self._n_sending = self._n_pending = 0
        set_up(ledger)
        if waiting_judges(ledger):
            self.look_again()

    def submit(self, sending: Sending) -> None:
        """Send the questions that are neither answered nor being asked, on the worker's thread.

        Raises:
            BadInput: there is no question.
        """
        if not sending.questions:
            raise BadInput("There is no question to ask. Choose at least one.")
        with self._lock:
            self._n_sending += len(sending.questions)
        self._do("send", lambda: self._send(sending))

    def look_again(self) -> None:
        """Look at once whether open batches have ended, and collect those that have."""
        with self._lock:
            self._problems.clear()
        self._do("look", self._look)

    def cancel(self, job: str) -> None:
        """Have no more of a batch answered; what is answered by then is paid for, and collected.

        Args:
            job: our name of the batch.

        Raises:
            UnknownName: no batch is called so.
        """
        known = {sent.batch.job: sent for sent in sent_batches(self._ledger)}
        if job not in known:
            raise UnknownName("batch", job, known)
        self._do("cancel", lambda: self._cancel(known[job]))

    @property
    def n_sending(self) -> int:
        """Questions that are on their way to the service; the ledger's file is not read."""
        with self._lock:
            return self._n_sending

    def status(self) -> BatchesStatus:
        """Where everything stands, without asking the service."""
        found = sent_batches(self._ledger)
        with self._lock:
            return BatchesStatus(
                tuple(SeenBatch(sent, self._progress.get(sent.batch.job)) for sent in found),
                self._n_sending,
                bool(self._n_pending),
                tuple(self._problems.values()),
            )

    def waiting_keys(self, judge: AnthropicJudge) -> set[str]:
        """Keys of the judge's questions that wait in a batch, under its present guide."""
        return Claims(self._ledger, judge.name, judge.terms.guide.version).in_batches()

    def close(self) -> None:
        """End the worker after what it is at; what was sent stays in the ledger's file."""
        self._closed.set()
        self._do("look", lambda: None)
        if self._worker is not None:
            self._worker.join()

    def _do(self, what: str, task: Callable[[], None]) -> None:
        with self._lock:
            self._n_pending += 1
            self._problems.pop(what, None)
            self._tasks.put((what, task))
            if self._worker is None:
                self._worker = threading.Thread(
                    target=self._work, name="likewise-batches", daemon=True
                )
                self._worker.start()

    def _work(self) -> None:
        while True:
            try:
                what, task = self._tasks.get(timeout=self._poll_seconds)
            except queue.Empty:
                self._perform("look", self._look)
            else:
                self._perform(what, task)
                with self._lock:
                    self._n_pending -= 1
            if self._done():
                return

    def _done(self) -> bool:
        over = self._closed.is_set() or not self._any_open()
        with self._lock:
            if not over or (self._tasks.qsize() and not self._closed.is_set()):
                return False
            self._worker = None
            return True

    def _any_open(self) -> bool:
        try:
            return bool(waiting_judges(self._ledger))
        except StoreError:
            # Whoever looks next is told; until the file can be read again nothing is given up.
            return True

    def _perform(self, what: str, task: Callable[[], None]) -> None:
        problem = ""
        try:
            task()
        except LikewiseError as error:
            problem = str(error)
        except Exception as error:
            logger.exception("%s: batches failed", what)
            problem = f"{type(error).__name__}: {error}"
        with self._lock:
            self._problems.pop(what, None)
            if problem:
                self._problems[what] = problem

    def _send(self, sending: Sending) -> None:
        judge = BatchJudge(sending.judge)
        try:
            self._ledger.note_strata(judge.name, sending.strata, sending.probabilities)
            sent = judge.submit(
                sending.questions, strata=sending.strata, probabilities=sending.probabilities
            )
        finally:
            with self._lock:
                self._n_sending -= len(sending.questions)
        if not sent:
            raise BadInput(NOTHING_SENT)

    def _look(self) -> None:
        for waiting in waiting_judges(self._ledger):
            for _ in self._collector(waiting).collect():
                pass

    def _cancel(self, sent: SentBatch) -> None:
        waiting = Waiting(sent.judge, sent.prompt_version, sent.model)
        self._collector(waiting).cancel(sent.batch)

    def _collector(self, waiting: Waiting) -> Collector:
        judge = self._make_judge(waiting.model)
        return Collector(judge, waiting.judge, waiting.prompt_version, self._progress)
