"""Runs in the background: queued by cost, watched, cancelled; they outlive a change of page."""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.errors import Cancelled, LikewiseError, UnknownName
from engine.methods.registry import card, name_of, options
from engine.models.shelf import ModelShelf
from engine.resources import Resources
from engine.run import Run, RunRequest, RunStore, draw_map, prepare
from engine.store import VectorStore
from engine.types import Level

logger = logging.getLogger(__name__)


class State(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DRAWING = "drawing its map"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


POLL_SECONDS = 0.1
FINISHED = (State.DONE, State.FAILED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as a page shows it. fraction lies in [0, 1]; seconds count since it began to run."""

    key: str
    method: str
    state: State
    fraction: float = 0.0
    note: str = ""
    seconds: float = 0.0

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in FINISHED


class JobQueue:
    """Two workers: one for light methods; one for language models, which lets light ones go first.

    So the first maps come in seconds, and a long run never keeps a short one waiting.

    Args:
        store: where finished runs are kept.
        vectors: where vectors are kept as soon as they are made.
        models: the models of this process.
    """

    def __init__(self, store: RunStore, vectors: VectorStore, models: ModelShelf) -> None:
        self.store = store
        self._vectors = vectors
        self._models = models
        self._lock = threading.Lock()
        self._status: dict[str, JobStatus] = {}
        self._runs: dict[str, Run] = {}
        self._cancelled: set[str] = set()
        self._started: dict[str, float] = {}
        self._order = itertools.count()
        self._lanes: dict[bool, queue.PriorityQueue[tuple[str, int, str, RunRequest]]] = {}
        for heavy in (False, True):
            self._lanes[heavy] = queue.PriorityQueue()
            name = "likewise-heavy" if heavy else "likewise-light"
            threading.Thread(target=self._work, args=(heavy,), name=name, daemon=True).start()

    def submit(self, request: RunRequest) -> str:
        """Queue a run unless it was asked for before or is kept; returns its key.

        A job that failed or was cancelled stays so until `forget` is called.
        """
        key, name = request.key, name_of(request.method)
        with self._lock:
            if key in self._status:
                return key
            if self.store.has(key) and self.store.positions(key) is not None:
                self._status[key] = JobStatus(key, name, State.DONE, 1.0)
                return key
            self._status[key] = JobStatus(key, name, State.WAITING)
        level = card(name).level
        uses_model = any(option.model_kinds for option in options(name))
        rank = f"{level}{'model' if uses_model else ''}"
        self._lanes[level >= Level.LM_PASSES].put((rank, next(self._order), key, request))
        return key

    def status(self, key: str) -> JobStatus:
        """Where a job stands.

        Raises:
            UnknownName: this process was never asked for that run.
        """
        with self._lock:
            if key not in self._status:
                raise UnknownName("job", key, self._status)
            found = self._status[key]
            since = self._started.get(key)
        if since is None or found.finished:
            return found
        return replace(found, seconds=time.monotonic() - since)

    def keys(self) -> list[str]:
        """Every job this process was asked for, in order."""
        with self._lock:
            return list(self._status)

    def cancel(self, key: str) -> None:
        """Ask a job to stop; the vectors it has made so far stay in the store."""
        with self._lock:
            found = self._status.get(key)
            if found is None or found.finished:
                return
            self._cancelled.add(key)
            if found.state is State.WAITING:
                self._status[key] = replace(found, state=State.CANCELLED)

    def forget(self, key: str) -> None:
        """Forget a job that failed or was cancelled, so that it can be asked for again."""
        with self._lock:
            found = self._status.get(key)
            if found is not None and found.state in (State.FAILED, State.CANCELLED):
                del self._status[key]
                self._started.pop(key, None)
                self._cancelled.discard(key)

    def run(self, key: str) -> Run | None:
        """The finished run, as soon as its neighbours are known; None before that."""
        with self._lock:
            if key in self._runs:
                return self._runs[key]
            state = self._status[key].state if key in self._status else None
        if state in (State.DONE, State.DRAWING) and self.store.has(key):
            loaded = self.store.load(key)
            with self._lock:
                return self._runs.setdefault(key, loaded)
        return None

    def _work(self, heavy: bool) -> None:
        while True:
            # The key as it was submitted: a model fetched meanwhile would change it.
            _, _, key, request = self._lanes[heavy].get()
            if heavy:
                self._let_light_jobs_pass(key)
            with self._lock:
                found = self._status.get(key)
                if found is None or found.state is not State.WAITING:
                    continue
                self._started[key] = time.monotonic()
            try:
                self._perform(key, request)
            except Cancelled:
                self._set(key, state=State.CANCELLED)
            except LikewiseError as error:
                self._set(key, state=State.FAILED, note=str(error))
            except Exception as error:
                logger.exception("run %s failed", key)
                self._set(key, state=State.FAILED, note=f"{type(error).__name__}: {error}")

    def _let_light_jobs_pass(self, key: str) -> None:
        """Wait while light jobs are under way: on few cores both would only slow each other."""
        while not self._light_is_idle():
            with self._lock:
                if key not in self._status or self._status[key].finished:
                    return
            time.sleep(POLL_SECONDS)

    def _light_is_idle(self) -> bool:
        with self._lock:
            return not any(
                not status.finished and card(status.method).level < Level.LM_PASSES
                for status in self._status.values()
            )

    def _perform(self, key: str, request: RunRequest) -> None:
        self._set(key, state=State.RUNNING)
        if self.store.has(key):
            run = self.store.load(key)
        else:
            run = prepare(request, self._resources(key))
            self.store.save(run)
        with self._lock:
            self._runs[key] = run
        self._set(key, state=State.DRAWING, fraction=1.0)
        draw_map(run, request.corpus, self.store)
        self._set(key, state=State.DONE)

    def _resources(self, key: str) -> Resources:
        return Resources(
            models=self._models,
            vectors=self._vectors,
            progress=lambda fraction, note: self._tell(key, fraction, note),
            cancelled=lambda: key in self._cancelled,
        )

    def _tell(self, key: str, fraction: float, note: str) -> None:
        """Progress of a running job; a finished one may still score pairs on demand."""
        with self._lock:
            old = self._status[key]
            if old.state is State.RUNNING:
                self._status[key] = replace(old, fraction=fraction, note=note)

    def _set(
        self,
        key: str,
        *,
        state: State | None = None,
        fraction: float | None = None,
        note: str | None = None,
    ) -> None:
        with self._lock:
            old = self._status[key]
            seconds = time.monotonic() - self._started.get(key, time.monotonic())
            self._status[key] = replace(
                old,
                state=old.state if state is None else state,
                fraction=old.fraction if fraction is None else fraction,
                note=old.note if note is None else note,
                seconds=seconds,
            )
