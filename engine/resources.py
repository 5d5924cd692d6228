"""What a method works with: models, the vectors already paid for, a meter, a way to stop.

Everything that runs a model goes through here, so it is cached, counted and can be cancelled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import BadInput, Cancelled
from engine.meter import N_PROMPTS_KEPT, Meter
from engine.models.batching import PassBatch
from engine.models.shelf import ModelShelf, process_shelf
from engine.store import VectorStore
from engine.types import Floats, content_key

if TYPE_CHECKING:
    from engine.models.cross_encoder import CrossEncoderModel
    from engine.models.encoder import Encoder
    from engine.models.language_model import LanguageModel

Progress = Callable[[float, str], None]

__all__ = ["Meter", "Progress", "Resources"]


class Resources:
    """Models, cache, meter, progress and cancellation, handed to every method.

    Example:
        >>> Resources(cancelled=lambda: True).check_cancelled()
        Traceback (most recent call last):
            ...
        engine.errors.Cancelled: The run was stopped. What was computed is kept.
    """

    def __init__(
        self,
        *,
        models: ModelShelf | None = None,
        vectors: VectorStore | None = None,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
        meter: Meter | None = None,
    ) -> None:
        """Use the process's shelf and the store in the data folder, unless told otherwise.

        Args:
            models: where models are loaded.
            vectors: where vectors are kept.
            progress: told the share done in [0, 1] and what is being done.
            cancelled: asked between batches; True stops the run.
            meter: counts to add to.
        """
        self.models = models or process_shelf()
        self.vectors = vectors or VectorStore()
        self.meter = meter or Meter()
        self._progress = progress
        self._cancelled = cancelled

    def encoder(self, name: str) -> Encoder:
        """A sentence encoder, loaded when first asked for."""
        return self.models.encoder(name)

    def language_model(self, name: str) -> LanguageModel:
        """A language model, loaded when first asked for."""
        return self.models.language_model(name)

    def cross_encoder(self, name: str) -> CrossEncoderModel:
        """A cross-encoder, loaded when first asked for."""
        return self.models.cross_encoder(name)

    def embed(self, model: str, texts: Sequence[str]) -> Floats:
        """(n, d) unit vectors of texts; only those not in the store are encoded.

        Args:
            model: encoder name.
            texts: n texts, instruction included; duplicates are encoded once.

        Raises:
            Cancelled: the user stopped the run; finished batches are kept.
        """
        encoder = self.encoder(model)
        return self._cached(
            _Job(
                model, f"{encoder.key}|unit", encoder.n_dims, "Encoding texts", counts_tokens=False
            ),
            list(texts),
            lambda rows: encoder.batches([texts[row] for row in rows]),
        )

    def hidden_states(self, model: str, prompts: Sequence[str], *, layer: int) -> Floats:
        """(n, d) state of each prompt's last token after a layer; cached.

        Args:
            model: language-model name.
            prompts: n prompts; duplicates are read once.
            layer: 0 for the embeddings, up to the number of layers; negative counts from the end.

        Raises:
            BadInput: no such layer.
            Cancelled: the user stopped the run.
        """
        lm = self.language_model(model)
        depth = lm.layer_index(layer)
        return self._cached(
            _Job(model, f"{lm.key}|last-token|layer {depth}", lm.n_dims, "Reading prompts"),
            list(prompts),
            lambda rows: lm.hidden_batches([prompts[row] for row in rows], depth),
        )

    def choice_logits(self, model: str, prompts: Sequence[str], choices: Sequence[str]) -> Floats:
        """(n, c) log-probability that each choice's first token comes next; cached.

        Raises:
            BadInput: two choices begin with the same token.
            Cancelled: the user stopped the run.
        """
        lm = self.language_model(model)
        return self._cached(
            _choice_job(model, lm.key, choices),
            list(prompts),
            lambda rows: lm.choice_batches([prompts[row] for row in rows], choices),
        )

    def choice_logits_after(
        self,
        model: str,
        prefix: str,
        suffixes: Sequence[str],
        choices: Sequence[str],
        *,
        raw: bool = False,
    ) -> Floats:
        """(n, c) choice_logits of prefix + suffix, the prefix read once; the same cache.

        Args:
            model: language-model name.
            prefix: what all prompts begin with.
            suffixes: n endings.
            choices: c answers.
            raw: the logits as the model gives them, not log-probabilities.

        Raises:
            BadInput: two choices begin with the same token.
            Cancelled: the user stopped the run.
        """
        lm = self.language_model(model)
        return self._cached(
            _choice_job(model, lm.key, choices, how="raw " if raw else ""),
            [prefix + suffix for suffix in suffixes],
            lambda rows: lm.choice_batches_after(
                prefix, [suffixes[row] for row in rows], choices, raw=raw
            ),
        )

    def hidden_states_after(
        self,
        model: str,
        documents: Sequence[str],
        continuations: Sequence[str],
        *,
        layer: int,
        mean: bool = False,
        keep: bool = True,
    ) -> Floats:
        """(n, d) state of what follows each document; the documents are read once a process.

        Args:
            model: language-model name.
            documents: n beginnings of prompts, which do not name the attribute.
            continuations: n endings, which do.
            layer: as in `hidden_states`.
            mean: the mean state over the ending; else the state of its last token.
            keep: whether the documents' keys and values are kept; the numbers are the same.

        Raises:
            BadInput: no such layer, or an empty ending.
            Cancelled: the user stopped the run.
        """
        lm = self.language_model(model)
        depth = lm.layer_index(layer)
        space = f"{lm.key}|{'mean' if mean else 'last'} after document|layer {depth}"
        return self._cached(
            _Job(model, space, lm.n_dims, "Reading prompts"),
            _joined(documents, continuations),
            lambda rows: lm.hidden_batches_after(
                [documents[row] for row in rows],
                [continuations[row] for row in rows],
                depth,
                mean=mean,
                keep=keep,
            ),
            shown=_shown(documents, continuations),
        )

    def choice_logits_after_documents(
        self,
        model: str,
        documents: Sequence[str],
        continuations: Sequence[str],
        choices: Sequence[str],
    ) -> Floats:
        """(n, c) log-probability that each choice's first token follows document and ending.

        Raises:
            BadInput: two choices begin with the same token, or an empty ending.
            Cancelled: the user stopped the run.
        """
        lm = self.language_model(model)
        return self._cached(
            _choice_job(model, lm.key, choices, how="after document "),
            _joined(documents, continuations),
            lambda rows: lm.choice_batches_after_documents(
                [documents[row] for row in rows], [continuations[row] for row in rows], choices
            ),
            shown=_shown(documents, continuations),
        )

    def cross_encode(self, model: str, pairs: Sequence[tuple[str, str]]) -> Floats:
        """(n,) raw logits of (query, document) pairs; cached by the content of the pair.

        Raises:
            Cancelled: the user stopped the run.
        """
        reader = self.cross_encoder(model)
        pairs = [(reader.plain(left), reader.plain(right)) for left, right in pairs]
        logits = self._cached(
            _Job(model, f"{reader.key}|pair logit", 1, "Reading pairs", counts_tokens=False),
            [content_key(*pair) for pair in pairs],
            lambda rows: reader.batches([pairs[row] for row in rows]),
            shown=[f"{left}\n{right}" for left, right in pairs[:N_PROMPTS_KEPT]],
        )
        return logits[:, 0]

    def generate(
        self,
        model: str,
        prompts: Sequence[str],
        *,
        max_new_tokens: int = 64,
        stop: Sequence[str] = (),
    ) -> list[str]:
        """The greedy continuation of each prompt; counted, not cached.

        Raises:
            Cancelled: the user stopped the run.
        """
        lm = self.language_model(model)
        unique = list(dict.fromkeys(prompts))
        self.meter.note_prompts(model, unique)
        self.check_cancelled()
        written: dict[str, str] = {}
        started = time.perf_counter()
        for rows, texts in lm.generate_batches(unique, max_new_tokens, stop=stop):
            read = [unique[row] for row in rows]
            written.update(zip(read, texts, strict=True))
            lengths = lm.count_tokens(read)
            n_tokens = sum(lengths) + sum(lm.count_tokens([t for t in texts if t]))
            n_cut = sum(length > lm.room_beside(max_new_tokens) for length in lengths)
            now = time.perf_counter()
            self.meter.add(
                seconds=now - started, passes=len(rows), lm_tokens=n_tokens, n_truncated=n_cut
            )
            started = now
            self.report(len(written) / len(unique), f"Writing {len(written)} of {len(unique)}")
            self.check_cancelled()
        return [written[prompt] for prompt in prompts]

    def with_progress(self, low: float, high: float) -> Resources:
        """A view that shares everything, and whose progress 0 … 1 is reported as low … high.

        Raises:
            BadInput: not 0 ≤ low ≤ high ≤ 1.
        """
        if not 0 <= low <= high <= 1:
            raise BadInput(f"Progress runs from {low} to {high}; it needs 0 ≤ low ≤ high ≤ 1.")
        outer = self._progress
        inner: Progress | None = None
        if outer is not None:
            tell = outer

            def inner(share: float, what: str) -> None:
                tell(low + (high - low) * share, what)

        return Resources(
            models=self.models,
            vectors=self.vectors,
            progress=inner,
            cancelled=self._cancelled,
            meter=self.meter,
        )

    def report(self, share: float, what: str) -> None:
        """Tell whoever watches how much is done, in [0, 1], and what is being done."""
        if self._progress is not None:
            self._progress(min(1.0, max(0.0, share)), what)

    def check_cancelled(self) -> None:
        """Stop here if the user asked for it.

        Raises:
            Cancelled: the user stopped the run.
        """
        if self._cancelled is not None and self._cancelled():
            raise Cancelled("The run was stopped. What was computed is kept.")

    def _cached(
        self,
        job: _Job,
        texts: list[str],
        batches: Callable[[list[int]], Iterator[PassBatch]],
        shown: Sequence[str] | None = None,
    ) -> Floats:
        self.check_cancelled()
        unique = dict.fromkeys(texts)
        first = {text: row for row, text in reversed(list(enumerate(texts)))}
        values, found = self.vectors.get(job.space, texts)
        if not found.any():
            values = np.full((len(texts), job.n_dims), np.nan, dtype=np.float32)
        missing = [first[text] for text in unique if not found[first[text]]]
        self.meter.add(n_cached=len(unique) - len(missing))
        self.meter.note_prompts(job.model, shown if shown is not None else unique)
        n_done = 0
        for batch in self._metered(job, batches(missing)) if missing else ():
            rows = [missing[row] for row in batch.rows]
            self.vectors.put(job.space, [texts[row] for row in rows], batch.values)
            values[rows] = batch.values
            n_done += len(rows)
            self.report(batch.done, f"{job.what}: {n_done} of {len(missing)}")
            self.check_cancelled()
        return values[[first[text] for text in texts]]

    def _metered(self, job: _Job, batches: Iterator[PassBatch]) -> Iterator[PassBatch]:
        started = time.perf_counter()
        for batch in batches:
            self.meter.add(
                seconds=time.perf_counter() - started,
                passes=len(batch.rows),
                lm_tokens=batch.n_tokens if job.counts_tokens else 0,
                n_truncated=batch.n_truncated,
            )
            yield batch
            started = time.perf_counter()


@dataclass(frozen=True, slots=True)
class _Job:
    """One kind of pass: which model, which space of the store, how long its vectors are."""

    model: str
    space: str
    n_dims: int
    what: str
    counts_tokens: bool = True


def _joined(documents: Sequence[str], continuations: Sequence[str]) -> list[str]:
    """One cache key a prompt that also says where it is split: the tokens depend on that."""
    return [content_key(*parts) for parts in zip(documents, continuations, strict=True)]


def _shown(documents: Sequence[str], continuations: Sequence[str]) -> list[str]:
    return [start + end for start, end in zip(documents, continuations, strict=True)][
        :N_PROMPTS_KEPT
    ]


def _choice_job(model: str, key: str, choices: Sequence[str], how: str = "") -> _Job:
    space = f"{key}|{how}choices {content_key(*choices)}"
    return _Job(model, space, len(choices), "Asking the language model")
