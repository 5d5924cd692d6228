"""Sentence encoders: texts to unit vectors, with sentence-transformers underneath."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.errors import ModelUnavailable
from engine.models.batching import PassBatch, collect, length_sorted_batches, run_batches
from engine.models.catalogue import DEFAULT_ENCODER, Kind, resolve
from engine.models.loading import (
    Device,
    find_weights,
    model_key,
    pick_device,
    unavailable,
    without_progress_bars,
)
from engine.types import Floats

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# On a CPU, batches much larger than this fall out of the cache and pad more.
_CPU_TOKEN_BUDGET, _GPU_TOKEN_BUDGET = 2048, 65536
_CPU_MAX_TEXTS, _GPU_MAX_TEXTS = 32, 1024


class Encoded(NamedTuple):
    """What one call to encode gave.

    vectors: (n, d) float32 of unit length. n_truncated: texts cut at the window. n_tokens: read.
    """

    vectors: Floats
    n_truncated: int
    n_tokens: int


class Encoder:
    """A sentence encoder in memory; safe to use from several threads, one pass at a time.

    key: name, revision and precision, for cache keys. n_dims: vector length.
    max_tokens: the window; longer texts are cut, and counted.
    """

    def __init__(self, name: str = DEFAULT_ENCODER) -> None:
        """Load a packaged model, a folder or a hub id.

        Raises:
            UnknownName: no such name.
            ModelUnavailable: its weights aren't here and can't be fetched, or can't be read.
        """
        entry = resolve(name, Kind.ENCODER)
        weights = find_weights(entry)
        folder = weights.path.parent if weights.path.is_file() else weights.path
        self._device = pick_device()
        self._model = _load(name, str(folder), self._device)
        self._lock = threading.Lock()
        self.name = name
        self.key = model_key(entry, weights, self._device)
        self.n_dims = int(self._model.get_embedding_dimension() or 0)
        self.max_tokens = int(self._model.max_seq_length or 1_000_000)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encode texts in one pass of length-sorted batches.

        Args:
            texts: n texts, with their instruction already in front where the model wants one.
        """
        return Encoded(*collect(self.batches(texts), len(texts), self.n_dims))

    def batches(self, texts: Sequence[str]) -> Iterator[PassBatch]:
        """The same pass, batch by batch, longest texts first."""
        if not texts:
            return
        lengths = self._lengths(texts)
        small = self._device.name == "cpu"
        planned = length_sorted_batches(
            [min(length, self.max_tokens) for length in lengths],
            texts,
            token_budget=_CPU_TOKEN_BUDGET if small else _GPU_TOKEN_BUDGET,
            max_texts=_CPU_MAX_TEXTS if small else _GPU_MAX_TEXTS,
        )
        yield from run_batches(
            planned, lengths, self.max_tokens, lambda rows: self._run([texts[row] for row in rows])
        )

    def _lengths(self, texts: Sequence[str]) -> list[int]:
        tokenizer = self._model.tokenizer
        if not callable(tokenizer):
            # Static embeddings carry a bare `tokenizers` tokenizer, and have no window to exceed.
            return [len(encoding.ids) for encoding in tokenizer.encode_batch(list(texts))]
        ids = tokenizer(list(texts), truncation=False, padding=False, verbose=False)["input_ids"]
        return [len(row) for row in ids]

    def _run(self, texts: list[str]) -> Floats:
        import torch

        with self._lock, torch.inference_mode():
            features = {
                name: value.to(self._device.name) if isinstance(value, torch.Tensor) else value
                for name, value in self._model.preprocess(texts).items()
            }
            vectors = self._model(features)["sentence_embedding"].float()
            unit = torch.nn.functional.normalize(vectors, dim=1)
            return np.asarray(unit.cpu().numpy(), dtype=np.float32)


def _load(name: str, folder: str, device: Device) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    try:
        with without_progress_bars():
            model = SentenceTransformer(
                folder,
                device=device.name,
                local_files_only=True,
                model_kwargs={"dtype": device.dtype},
            )
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise unavailable(
            name, f"{folder} can't be read as a sentence encoder ({error})."
        ) from error
    if model.get_embedding_dimension() is None:
        raise ModelUnavailable(f"Model {name!r} doesn't say how long its vectors are.")
    model.eval()
    return model
