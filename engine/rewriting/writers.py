"""Who writes rewrites: a language model on this machine, Anthropic's, or any server's.

A writer hands over each reply the moment it has it, so that a run that is stopped loses none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from engine.models.revisions import model_revision
from engine.resources import Resources
from engine.rewriting.prompts import Request, request
from engine.types import Attribute

LOCAL_CHUNK = 16
N_AT_ONCE = 8

Keep = Callable[[Mapping[str, str]], None]


class Writer(Protocol):
    """Asks a language model for rewrites."""

    @property
    def title(self) -> str:
        """Who writes, in words."""
        ...

    @property
    def key(self) -> str:
        """Everything about the writer that changes its replies."""
        ...

    @property
    def short(self) -> bool:
        """Whether it is asked in the wording for small models."""
        ...

    @property
    def view(self) -> int:
        """Which of the ways to ask for a rewrite it uses."""
        ...

    def write(
        self, texts: Sequence[str], attribute: Attribute, resources: Resources, keep: Keep
    ) -> None:
        """Ask for each text once, and hand the replies to `keep` as they come."""
        ...


@dataclass(frozen=True, slots=True)
class LocalWriter:
    """A language model on this machine, through its chat template."""

    model: str
    max_new_tokens: int
    short: bool = True
    view: int = 0

    @property
    def title(self) -> str:
        """The model's name."""
        return self.model

    @property
    def key(self) -> str:
        """Model, revision and length; known without loading the model."""
        return f"local|{model_revision(self.model)}|{self.max_new_tokens}{way_of(self.view)}"

    def write(
        self, texts: Sequence[str], attribute: Attribute, resources: Resources, keep: Keep
    ) -> None:
        """Generate in chunks of texts of like length; what a chunk gave is kept at once."""
        lm = resources.language_model(self.model)
        # Sorted, so that the batches, and with them the replies, don't hang on the order of rows.
        ordered = sorted(texts, key=lambda text: (len(text), text))
        for start in range(0, len(ordered), LOCAL_CHUNK):
            chunk = ordered[start : start + LOCAL_CHUNK]
            asked = [request(t, attribute, short=self.short, view=self.view) for t in chunk]
            part = resources.with_progress(
                start / len(ordered), (start + len(chunk)) / len(ordered)
            )
            prompts = [lm.chat(each.system, each.user) for each in asked]
            replies = part.generate(self.model, prompts, max_new_tokens=self.max_new_tokens)
            keep(dict(zip(chunk, replies, strict=True)))
            resources.meter.add(n_truncated=sum(each.cut for each in asked))


class Reply(NamedTuple):
    """What a server answered: the text, and the tokens read and written."""

    text: str
    n_tokens_in: int
    n_tokens_out: int


class Prices(NamedTuple):
    """Dollars per million tokens read and written; 0 where they aren't known."""

    dollars_in: float = 0.0
    dollars_out: float = 0.0


NOT_KNOWN = Prices()


@dataclass(frozen=True, slots=True)
class ServerWriter:
    """A language model behind a server, asked about several texts at once.

    connect: opens the connection; what it returns answers one request, from any thread.
    """

    title: str
    key: str
    connect: Callable[[], Callable[[Request], Reply]]
    prices: Prices = NOT_KNOWN
    short: bool = False
    view: int = 0

    def write(
        self, texts: Sequence[str], attribute: Attribute, resources: Resources, keep: Keep
    ) -> None:
        """Ask about eight texts at a time; each reply is kept by the thread that got it."""
        ask = self.connect()
        requests = (request(text, attribute, short=self.short, view=self.view) for text in texts)
        resources.meter.note_prompts(self.title, (each.user for each in requests))

        def one(text: str) -> None:
            started = time.perf_counter()
            asked = request(text, attribute, short=self.short, view=self.view)
            reply = ask(asked)
            keep({text: reply.text})
            resources.meter.add(
                seconds=time.perf_counter() - started,
                passes=1,
                lm_tokens=reply.n_tokens_in + reply.n_tokens_out,
                n_truncated=int(asked.cut),
                dollars=self._dollars(reply),
            )

        for n_done in _in_threads(one, texts):
            resources.report(n_done / len(texts), f"Rewriting {n_done} of {len(texts)}")
            resources.check_cancelled()

    def _dollars(self, reply: Reply) -> float:
        dollars_in = reply.n_tokens_in * self.prices.dollars_in
        return (dollars_in + reply.n_tokens_out * self.prices.dollars_out) / 1e6


def way_of(view: int) -> str:
    """The part of a key that tells another way of asking apart; the first way has none.

    Example:
        >>> way_of(0), way_of(2)
        ('', '|view 2')
    """
    return f"|view {view}" if view else ""


def _in_threads(work: Callable[[str], None], texts: Sequence[str]) -> Iterator[int]:
    """How many are done, after each; the first error stops those that were not begun."""
    pool = ThreadPoolExecutor(max_workers=N_AT_ONCE)
    try:
        futures = [pool.submit(work, text) for text in texts]
        for n_done, future in enumerate(as_completed(futures), start=1):
            future.result()
            yield n_done
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
