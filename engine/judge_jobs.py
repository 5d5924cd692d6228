"""Asking a judge in the background: queued, watched, stopped; verdicts are on disk as they come."""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from engine.errors import BadInput, Cancelled, LikewiseError, UnknownName
from engine.judges.ledger import Ledger
from engine.judges.money import CapReached, Purse
from engine.judges.questions import Judge, Question, Status, Verdict, utc_now

logger = logging.getLogger(__name__)

N_WORKERS = 2
N_LATEST = 5
N_STRATA_AT_ONCE = 200


class AskingState(StrEnum):
    """Where the asking of a set of questions stands."""

    WAITING = "waiting"
    RUNNING = "asking"
    STOPPING = "stopping: what is on its way is waited for, and kept"
    STOPPED = "stopped"
    AT_CAP = "stopped at the cap"
    FAILED = "failed"
    DONE = "done"


FINISHED = (AskingState.STOPPED, AskingState.AT_CAP, AskingState.FAILED, AskingState.DONE)


@dataclass(frozen=True, slots=True)
class Asking:
    """Questions for a judge.

    Args:
        subject: what they are about, such as a corpus and an attribute: `latest` finds by it.
        title: who is asked, for whoever watches.
        questions: what to ask.
        make_judge: gives the judge, on the worker's thread: loading a model takes its time. It is
            handed a function that says whether the user wants to stop.
        ledger: where verdicts land.
        strata: why each question is asked, by question_key; written beside its verdict.
        probabilities: the chance that each had of being asked for it, by question_key, where it is
            known; written there too.
        purse: what the judge pays from; None for one that costs nothing.
    """

    subject: str
    title: str
    questions: tuple[Question, ...]
    make_judge: Callable[[Callable[[], bool]], Judge]
    ledger: Ledger
    strata: Mapping[str, str] = field(default_factory=dict)
    purse: Purse | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """What has come in so far.

    n_known: answers that were in the ledger before. by_status: all answers by their status.
    n_tokens_in, n_tokens_out: of the new ones. latest: the last few, newest first.
    """

    n_landed: int = 0
    n_known: int = 0
    by_status: Mapping[Status, int] = field(default_factory=dict)
    n_tokens_in: int = 0
    n_tokens_out: int = 0
    latest: tuple[Verdict, ...] = ()

    def with_verdict(self, verdict: Verdict, *, known: bool) -> Tally:
        """With one more answer."""
        statuses = Counter(self.by_status)
        statuses[verdict.status] += 1
        return Tally(
            n_landed=self.n_landed + 1,
            n_known=self.n_known + known,
            by_status=dict(statuses),
            n_tokens_in=self.n_tokens_in + (0 if known else verdict.n_tokens_in or 0),
            n_tokens_out=self.n_tokens_out + (0 if known else verdict.n_tokens_out or 0),
            latest=(verdict, *self.latest[: N_LATEST - 1]),
        )


@dataclass(frozen=True, slots=True)
class AskingStatus:
    """An asking as a page shows it.

    n_asked: distinct questions. seconds: since it began. spent: dollars so far, also of replies
    that were lost; n_unpriced: calls among them whose price is unknown. cap: None for no cap.
    costs: whether anything is paid for at all.
    """

    key: str
    title: str
    state: AskingState
    n_asked: int
    tally: Tally
    note: str = ""
    seconds: float = 0.0
    costs: bool = False
    spent: float = 0.0
    n_unpriced: int = 0
    cap: float | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in FINISHED

    @property
    def fraction(self) -> float:
        """Share of the questions that are answered, in [0, 1]."""
        return min(1.0, self.tally.n_landed / self.n_asked) if self.n_asked else 1.0


@dataclass
class _Job:
    asking: Asking
    status: AskingStatus
    stopped: threading.Event = field(default_factory=threading.Event)
    began: float | None = None


class JudgeJobs:
    """Two workers that ask judges; a judge may be asked about two corpora at once.

    Nothing is kept here that matters: each verdict is in the ledger before it is counted, so that
    after a kill the same questions are asked again and only what had not landed is sent.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}
        self._waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._numbers = itertools.count(1)
        for i in range(N_WORKERS):
            name = f"likewise-judge-{i}"
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def submit(self, asking: Asking) -> str:
        """Queue the questions; returns the asking's key.

        Raises:
            BadInput: there is no question, or the subject's last asking is not over yet.
        """
        if not asking.questions:
            raise BadInput("There is no question to ask. Choose at least one.")
        with self._lock:
            last = self._last(asking.subject)
            if last is not None and not last.status.finished:
                raise BadInput(
                    f"{last.status.title} is still being asked. Stop that, or wait for its end."
                )
            key = str(next(self._numbers))
            n_asked = len({question.key for question in asking.questions})
            status = AskingStatus(key, asking.title, AskingState.WAITING, n_asked, Tally())
            self._jobs[key] = _Job(asking, status)
        self._waiting.put(key)
        return key

    def status(self, key: str) -> AskingStatus:
        """Where an asking stands.

        Raises:
            UnknownName: this process was never asked for it.
        """
        with self._lock:
            return self._seen(self._job(key))

    def latest(self, subject: str) -> AskingStatus | None:
        """The last asking about a subject; None where there was none since the start."""
        with self._lock:
            last = self._last(subject)
            return None if last is None else self._seen(last)

    def stop(self, key: str) -> None:
        """Ask for no more; what is on its way is waited for, and kept.

        Raises:
            UnknownName: this process was never asked for it.
        """
        with self._lock:
            job = self._job(key)
            if job.status.finished:
                return
            job.stopped.set()
            waiting = job.status.state is AskingState.WAITING
            state = AskingState.STOPPED if waiting else AskingState.STOPPING
            job.status = replace(job.status, state=state)

    def _job(self, key: str) -> _Job:
        if key not in self._jobs:
            raise UnknownName("asking", key, self._jobs)
        return self._jobs[key]

    def _last(self, subject: str) -> _Job | None:
        about = [job for job in self._jobs.values() if job.asking.subject == subject]
        return about[-1] if about else None

    def _seen(self, job: _Job) -> AskingStatus:
        status, purse = job.status, job.asking.purse
        if purse is not None:
            status = replace(
                status,
                costs=True,
                spent=purse.spent,
                n_unpriced=purse.n_unpriced,
                cap=purse.cap_dollars,
            )
        if job.began is None or status.finished:
            return status
        return replace(status, seconds=time.monotonic() - job.began)

    def _work(self) -> None:
        while True:
            job = self._next()
            if job is None:
                continue
            try:
                self._perform(job)
            except CapReached as error:
                self._end(job, AskingState.AT_CAP, str(error))
            except Cancelled:
                self._end(job, AskingState.STOPPED)
            except LikewiseError as error:
                self._end(job, AskingState.FAILED, str(error))
            except Exception as error:
                logger.exception("asking %s failed", job.asking.title)
                self._end(job, AskingState.FAILED, f"{type(error).__name__}: {error}")
            else:
                stopped = job.stopped.is_set() and job.status.fraction < 1
                self._end(job, AskingState.STOPPED if stopped else AskingState.DONE)

    def _next(self) -> _Job | None:
        key = self._waiting.get()
        with self._lock:
            job = self._jobs[key]
            if job.status.finished:
                return None
            job.began = time.monotonic()
            job.status = replace(job.status, state=AskingState.RUNNING)
            return job

    def _perform(self, job: _Job) -> None:
        asking, began = job.asking, utc_now()
        judge = asking.make_judge(job.stopped.is_set)
        strata = _Strata(asking, judge.name)
        answers = judge.answer(asking.questions)
        left = {question.key: question for question in asking.questions}
        try:
            for verdict in answers:
                left.pop(verdict.question_key, None)
                self._count(job, strata, verdict, known=verdict.time < began)
                if job.stopped.is_set():
                    break
        finally:
            if isinstance(answers, Generator):
                # No new calls; those on their way are waited for and recorded, but not yielded.
                answers.close()
            for key in left:
                late = asking.ledger.get(key, judge.name)
                if late is not None and late.time >= began:
                    self._count(job, strata, late, known=False)
            strata.flush()

    def _count(self, job: _Job, strata: _Strata, verdict: Verdict, *, known: bool) -> None:
        strata.note(verdict)
        with self._lock:
            tally = job.status.tally.with_verdict(verdict, known=known)
            job.status = replace(job.status, tally=tally)

    def _end(self, job: _Job, state: AskingState, note: str = "") -> None:
        with self._lock:
            seconds = time.monotonic() - (job.began or time.monotonic())
            job.status = replace(job.status, state=state, note=note, seconds=seconds)


class _Strata:
    """Writes beside verdicts why they were asked for, and how likely that was, many at a time."""

    def __init__(self, asking: Asking, judge: str) -> None:
        self._asking = asking
        self._judge = judge
        self._waiting: dict[str, str] = {}

    def note(self, verdict: Verdict) -> None:
        """Keep in mind one that landed."""
        stratum = self._asking.strata.get(verdict.question_key, "")
        if stratum and not verdict.stratum:
            self._waiting[verdict.question_key] = stratum
        if len(self._waiting) >= N_STRATA_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write down what is kept in mind."""
        if self._waiting:
            asking = self._asking
            asking.ledger.note_strata(self._judge, self._waiting, asking.probabilities)
            self._waiting = {}
