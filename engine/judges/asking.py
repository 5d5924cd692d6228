"""Asking a language model many questions at a time: nothing paid for is lost or asked twice."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from engine.errors import BadInput, LikewiseError
from engine.judges.calls import Asked, CallFailed, JudgeUnavailable, Sender, verdict_on
from engine.judges.claims import Claims
from engine.judges.ledger import Ledger
from engine.judges.money import CapReached, Hold, Prices, Purse
from engine.judges.prompts import Guide, prompt_for
from engine.judges.questions import Question, Verdict

POLL_SECONDS = 0.05
LONGEST_POLL_SECONDS = 1.0
# Shorter prefixes are not cached by any model, so the first call need not go ahead of the others.
N_BYTES_WORTH_CACHING = 4000

Connect = Callable[[], AbstractAsyncContextManager[Sender]]


@dataclass(frozen=True)
class Terms:
    """How a judge is asked.

    Args:
        judge: its name.
        ledger: where its verdicts are recorded.
        purse: what may be spent.
        prices: the model's price list.
        guide: what it is told beside attribute and rubric.
        max_tokens: the most that a reply may take.
        n_concurrent: how many calls may be in flight.

    Raises:
        BadInput: a number is not positive.
    """

    judge: str
    ledger: Ledger
    purse: Purse
    prices: Prices
    guide: Guide
    max_tokens: int
    n_concurrent: int

    def __post_init__(self) -> None:
        """Refuse numbers that ask nothing."""
        for name in ("max_tokens", "n_concurrent"):
            if getattr(self, name) < 1:
                raise BadInput(f"{name} is {getattr(self, name)}; it must be at least 1.")

    def known(self, question: Question) -> Verdict | None:
        """The verdict that the ledger holds, if any."""
        version = self.guide.version
        return self.ledger.get(question.key, self.judge, prompt_version=version)


def ask_all(questions: Sequence[Question], terms: Terms, connect: Connect) -> Iterator[Verdict]:
    """Verdicts as they come in, each recorded before it is yielded; known ones come first.

    Questions that another run is asking are waited for, not asked again. Whoever stops iterating
    stops new calls; those in flight are waited for and recorded.

    Args:
        questions: may hold one several times; it is asked once.
        terms: how to ask.
        connect: opens the connection and gives what sends prompts over it.

    Raises:
        CapReached: the cap allows no further call. Raised after all that came in was yielded.
        JudgeUnavailable: some questions got no answer; likewise.
    """
    unanswered: dict[str, Question] = {}
    for question in {question.key: question for question in questions}.values():
        verdict = terms.known(question)
        if verdict is None:
            unanswered[question.key] = question
        else:
            yield verdict
    if not unanswered:
        return
    run = _Run(unanswered, terms, connect)
    thread = threading.Thread(target=run.main, name=f"asking {terms.judge}", daemon=True)
    thread.start()
    try:
        while not isinstance(item := run.landed.get(), _End):
            yield item
    finally:
        run.stopped.set()
        thread.join()
    if item.error is not None:
        raise item.error


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


@dataclass
class _Run:
    """One pass over the unanswered questions, in a thread with an event loop of its own."""

    questions: dict[str, Question]
    terms: Terms
    connect: Connect
    landed: queue.SimpleQueue[Verdict | _End] = field(default_factory=queue.SimpleQueue)
    stopped: threading.Event = field(default_factory=threading.Event)
    problem: LikewiseError | None = None
    failures: list[str] = field(default_factory=list)
    n_failed_in_a_row: int = 0
    poll_seconds: float = POLL_SECONDS
    unrecorded: list[Verdict] = field(default_factory=list)
    recording: asyncio.Lock = field(default_factory=asyncio.Lock)

    def main(self) -> None:
        """Ask all, and end with what went wrong: whoever waits must always be told of the end."""
        error: BaseException | None = None
        try:
            asyncio.run(self._all())
        except BaseException as raised:  # noqa: BLE001 - raised again by whoever iterates
            error = raised
        self.landed.put(_End(error or self.problem or self._unanswered()))

    async def _all(self) -> None:
        version = self.terms.guide.version
        claims = await asyncio.to_thread(Claims, self.terms.ledger, self.terms.judge, version)
        waiting = dict(self.questions)
        try:
            async with self.connect() as send:
                while waiting and not self._over():
                    mine = await asyncio.to_thread(claims.take, waiting)
                    # Another run may have answered some between the first look and the claim.
                    await self._pick_up(waiting)
                    await self._ask([waiting.pop(key) for key in mine if key in waiting], send)
                    await asyncio.to_thread(claims.release)
                    if waiting:
                        await self._wait_for_others(waiting, claims)
        finally:
            await asyncio.to_thread(claims.release)

    async def _wait_for_others(self, waiting: dict[str, Question], claims: Claims) -> None:
        for key in await asyncio.to_thread(claims.in_batches):
            if waiting.pop(key, None) is not None:
                self.failures.append("it waits in a batch that is not collected yet")
        n_before = len(waiting)
        await self._pick_up(waiting)
        if waiting:
            patient = min(2 * self.poll_seconds, LONGEST_POLL_SECONDS)
            self.poll_seconds = POLL_SECONDS if len(waiting) < n_before else patient
            await asyncio.sleep(self.poll_seconds)

    async def _pick_up(self, waiting: dict[str, Question]) -> None:
        def known() -> list[Verdict]:
            found = (self.terms.known(question) for question in waiting.values())
            return [verdict for verdict in found if verdict is not None]

        for verdict in await asyncio.to_thread(known):
            del waiting[verdict.question_key]
            self.landed.put(verdict)

    async def _ask(self, questions: list[Question], send: Sender) -> None:
        first, rest = self._first_of_each_prefix(questions)
        for part in (first, rest):
            pending = deque(part)
            n_workers = min(self.terms.n_concurrent, len(pending))
            async with asyncio.TaskGroup() as group:
                for _ in range(n_workers):
                    group.create_task(self._work(pending, send))

    def _first_of_each_prefix(
        self, questions: list[Question]
    ) -> tuple[list[Question], list[Question]]:
        # The first call writes the prefix to the cache, so that the others can read it there.
        first: dict[str, Question] = {}
        for question in questions:
            system = prompt_for(question, self.terms.guide).system
            if len(system.encode("utf-8", "replace")) >= N_BYTES_WORTH_CACHING:
                first.setdefault(system, question)
        ahead = {question.key for question in first.values()}
        return list(first.values()), [one for one in questions if one.key not in ahead]

    async def _work(self, pending: deque[Question], send: Sender) -> None:
        while pending and not self._over():
            question = pending.popleft()
            try:
                verdict = await self._verdict(question, send)
            except CallFailed as error:
                self._failed(error)
            except LikewiseError as error:
                # No new calls; those in flight are left to land.
                self.problem = error
            else:
                self.n_failed_in_a_row = 0
                self.landed.put(verdict)

    def _over(self) -> bool:
        return self.stopped.is_set() or self.problem is not None

    def _failed(self, error: CallFailed) -> None:
        self.failures.append(str(error))
        self.n_failed_in_a_row += 1
        if error.for_good or self.n_failed_in_a_row > 2 * self.terms.n_concurrent:
            self.problem = JudgeUnavailable(
                f"{self.terms.judge} can't be asked: {error} What was answered is kept."
            )

    async def _verdict(self, question: Question, send: Sender) -> Verdict:
        terms = self.terms
        prompt = prompt_for(question, terms.guide)
        hold = await self._hold(terms.prices.most_dollars(prompt, terms.max_tokens))
        started = time.perf_counter()
        try:
            reply = await send(prompt, hold)
        except BaseException:
            hold.release()
            raise
        dollars = None if reply.tokens is None else terms.prices.dollars(reply.tokens)
        hold.settle(dollars)
        verdict = verdict_on(
            Asked.of(question),
            terms.judge,
            reply,
            {
                "prompt_version": terms.guide.version,
                "dollars": dollars,
                "seconds": time.perf_counter() - started,
            },
        )
        await self._record(verdict)
        return verdict

    async def _record(self, verdict: Verdict) -> None:
        # What lands while others are being written is written next, all at once.
        self.unrecorded.append(verdict)
        async with self.recording:
            part, self.unrecorded = self.unrecorded, []
            if not part:
                return
            try:
                await asyncio.to_thread(self.terms.ledger.record_all, part)
            except BaseException:
                # Each of those waiting for it is to fail for itself.
                self.unrecorded = part + self.unrecorded
                raise

    async def _hold(self, dollars: float | None) -> Hold:
        purse = self.terms.purse
        while True:
            hold = purse.try_hold(dollars)
            if hold is not None:
                return hold
            if not purse.n_in_flight:
                raise CapReached(purse.cap_message(dollars))
            # What is in flight mostly settles far below its highest price, and makes room.
            await asyncio.sleep(POLL_SECONDS)

    def _unanswered(self) -> LikewiseError | None:
        if not self.failures:
            return None
        n_asked = len(self.questions)
        return JudgeUnavailable(
            f"{len(self.failures)} of {n_asked} questions got no answer from {self.terms.judge}; "
            f"the last because {self.failures[-1]} What was answered is kept; ask again for the "
            "rest."
        )
