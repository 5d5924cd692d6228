"""Cross-encoders: a logit for a pair of texts read together."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import ModelUnavailable
from engine.models.batching import PassBatch, collect, length_sorted_batches, run_batches
from engine.models.catalogue import Kind, resolve
from engine.models.loading import (
    Device,
    find_weights,
    model_key,
    pick_device,
    unavailable,
    without_progress_bars,
)
from engine.models.prompt_tokens import PromptTokens
from engine.types import Floats

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_CPU_TOKEN_BUDGET, _GPU_TOKEN_BUDGET = 2048, 65536
_MAX_PAIRS = 64


class CrossEncoderModel:
    """A cross-encoder in memory; safe to use from several threads, one pass at a time.

    key: name, revision and precision, for cache keys. max_tokens: window of a pair.
    """

    def __init__(self, name: str) -> None:
        """Load a folder or a hub id.

        Raises:
            UnknownName: no such name.
            ModelUnavailable: its weights aren't here and can't be fetched, or give no single logit.
        """
        entry = resolve(name, Kind.CROSS_ENCODER)
        weights = find_weights(entry)
        self._device = pick_device()
        self._model = _load(name, str(weights.path), self._device)
        self._tokens = PromptTokens(name, self._model.tokenizer)
        self._lock = threading.Lock()
        self.name = name
        self.key = model_key(entry, weights, self._device)
        self.max_tokens = int(self._model.max_seq_length or 1_000_000)

    def plain(self, text: str) -> str:
        """The text with special tokens spelt out in it, such as [SEP], broken up."""
        return self._tokens.plain(text)

    def predict(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """(n,) raw logits of pairs, never squashed; higher is more alike.

        Args:
            pairs: n (query, document) pairs, the instruction already in the query.
        """
        return collect(self.batches(pairs), len(pairs), 1).values[:, 0]

    def batches(self, pairs: Sequence[tuple[str, str]]) -> Iterator[PassBatch]:
        """The same pass, batch by batch, longest pairs first; values are (b, 1).

        Special tokens spelt out in a text are broken up: none can end its side of the pair.
        """
        if not pairs:
            return
        pairs = [(self.plain(left), self.plain(right)) for left, right in pairs]
        lengths = self._lengths(pairs)
        planned = length_sorted_batches(
            [min(length, self.max_tokens) for length in lengths],
            ["\0".join(pair) for pair in pairs],
            token_budget=_CPU_TOKEN_BUDGET if self._device.name == "cpu" else _GPU_TOKEN_BUDGET,
            max_texts=_MAX_PAIRS,
        )
        yield from run_batches(
            planned, lengths, self.max_tokens, lambda rows: self._run([pairs[row] for row in rows])
        )

    def _lengths(self, pairs: Sequence[tuple[str, str]]) -> list[int]:
        left, right = zip(*pairs, strict=True)
        ids = self._model.tokenizer(
            list(left), list(right), truncation=False, padding=False, verbose=False
        )["input_ids"]
        return [len(row) for row in ids]

    def _run(self, pairs: list[tuple[str, str]]) -> Floats:
        import torch

        with self._lock, torch.inference_mode():
            logits = self._model.predict(
                pairs,
                batch_size=len(pairs),
                show_progress_bar=False,
                activation_fn=torch.nn.Identity(),
            )
        return np.asarray(logits, dtype=np.float32).reshape(len(pairs), 1)


def _load(name: str, folder: str, device: Device) -> CrossEncoder:
    from sentence_transformers import CrossEncoder

    try:
        with without_progress_bars():
            model: CrossEncoder = CrossEncoder(
                folder,
                device=device.name,
                local_files_only=True,
                model_kwargs={"dtype": device.dtype},
            )
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise unavailable(name, f"{folder} can't be read as a cross-encoder ({error}).") from error
    if model.num_labels != 1:
        raise ModelUnavailable(
            f"Model {name!r} gives {model.num_labels} logits for a pair; one that gives a "
            "single logit is needed, such as cross-encoder/ms-marco-MiniLM-L6-v2."
        )
    model.eval()
    return model
