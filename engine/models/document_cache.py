"""What a language model has read of each document, kept so that a new question costs only itself.

A prompt is a document and, after it, what is asked of it. The keys and values of the document do
not depend on the question: they are read once, and kept in memory up to a limit in megabytes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.errors import BadInput
from engine.models.batching import length_sorted_batches
from engine.models.forward import log_probabilities, padded, state_after, to_numpy
from engine.types import Floats

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import DynamicCache, PreTrainedModel

LIMIT_VARIABLE = "LIKEWISE_DOCUMENT_CACHE_MB"
DEFAULT_LIMIT_MB = 1024.0
_MEGABYTE = 1_000_000


class KeyValues(NamedTuple):
    """Keys and values of one document: for each layer read, (heads, tokens, dims) of both."""

    keys: list[Tensor]
    values: list[Tensor]

    @property
    def n_tokens(self) -> int:
        """How many tokens the document has."""
        return int(self.keys[0].shape[1])

    @property
    def n_bytes(self) -> int:
        """How much memory they take."""
        parts = [*self.keys, *self.values]
        return sum(part.element_size() * part.nelement() for part in parts)


def limit_from_environment() -> float:
    """Megabytes that a model's documents may take: $LIKEWISE_DOCUMENT_CACHE_MB, or 1,024.

    Raises:
        BadInput: the variable is no number from 0 up.
    """
    said = os.environ.get(LIMIT_VARIABLE, "").strip()
    try:
        limit = float(said) if said else DEFAULT_LIMIT_MB
    except ValueError:
        limit = -1.0
    if not 0 <= limit < float("inf"):
        raise BadInput(
            f"{LIMIT_VARIABLE} is {said!r}; it must be a number of megabytes, 0 or more, such as "
            f"{DEFAULT_LIMIT_MB:.0f}. 0 keeps nothing."
        )
    return limit


@dataclass
class DocumentCache:
    """The documents that one model has read, up to a limit.

    When it is full, documents that the pass at hand did not ask for make room, and no others: a
    corpus larger than the limit keeps the part that fits, instead of pushing itself out.

    Args:
        limit_mb: megabytes; 0 keeps nothing.
    """

    limit_mb: float = field(default_factory=limit_from_environment)
    _kept: dict[tuple[int, ...], KeyValues] = field(default_factory=dict, repr=False)
    _asked: dict[tuple[int, ...], int] = field(default_factory=dict, repr=False)
    _pass: int = 0
    _n_bytes: int = 0

    def __len__(self) -> int:
        """How many documents are kept."""
        return len(self._kept)

    @property
    def megabytes(self) -> float:
        """How much memory they take."""
        return self._n_bytes / _MEGABYTE

    def begin_pass(self) -> None:
        """From here on, what earlier passes asked for may make room."""
        self._pass += 1

    def get(self, ids: Sequence[int], n_layers: int) -> KeyValues | None:
        """The keys and values of a document for its first layers, or None."""
        key = tuple(ids)
        found = self._kept.get(key)
        if found is None or len(found.keys) < n_layers:
            return None
        self._asked[key] = self._pass
        return KeyValues(found.keys[:n_layers], found.values[:n_layers])

    def put(self, ids: Sequence[int], read: KeyValues) -> bool:
        """Keep a document if there is room; says whether it was kept."""
        key = tuple(ids)
        self._drop(key)
        room = self.limit_mb * _MEGABYTE - read.n_bytes
        for other in [each for each in self._kept if self._asked[each] < self._pass]:
            if self._n_bytes <= room:
                break
            self._drop(other)
        if self._n_bytes > room:
            return False
        self._kept[key], self._asked[key] = read, self._pass
        self._n_bytes += read.n_bytes
        return True

    def clear(self) -> None:
        """Forget all documents."""
        for key in list(self._kept):
            self._drop(key)

    def _drop(self, key: tuple[int, ...]) -> None:
        if key in self._kept:
            self._n_bytes -= self._kept.pop(key).n_bytes
            del self._asked[key]


def recalled(
    model: PreTrainedModel,
    ids: list[list[int]],
    depth: int,
    cache: DocumentCache | None,
    token_budget: int,
) -> tuple[list[KeyValues], int]:
    """Keys and values of documents, and how many tokens had to be read for them.

    Args:
        model: a transformers causal language model.
        ids: token ids of n documents, the longest first.
        depth: layers to run, ≥ 1.
        cache: looked up, and added to; None reads all and keeps nothing.
        token_budget: tokens read at once, padding included.
    """
    known = [None if cache is None else cache.get(each, depth) for each in ids]
    missing = [each for each, found in zip(ids, known, strict=True) if found is None]
    # The sort is stable, and they came longest first: the parts follow each other in their order.
    parts = length_sorted_batches(
        [len(each) for each in missing],
        [""] * len(missing),
        token_budget=token_budget,
        max_texts=len(missing) or 1,
    )
    new = iter(
        one for part in parts for one in read_documents(model, [missing[r] for r in part], depth)
    )
    read = []
    for each, found in zip(ids, known, strict=True):
        one = next(new) if found is None else found
        if found is None and cache is not None:
            cache.put(each, one)
        read.append(one)
    return read, sum(len(each) for each in missing)


def read_documents(model: PreTrainedModel, ids: list[list[int]], depth: int) -> list[KeyValues]:
    """Read n documents through the first `depth` layers, and give their keys and values.

    Args:
        model: a transformers causal language model.
        ids: token ids of n documents.
        depth: layers to run, ≥ 1.
    """
    import torch
    from transformers import DynamicCache

    cache = DynamicCache()
    with torch.inference_mode():
        state_after(model, padded(model, ids), depth, cache)
    layers: list[Any] = cache.layers[:depth]
    return [
        KeyValues(
            [layer.keys[row, :, -len(each) :].clone() for layer in layers],
            [layer.values[row, :, -len(each) :].clone() for layer in layers],
        )
        for row, each in enumerate(ids)
    ]


def pooled_states(
    model: PreTrainedModel,
    documents: list[KeyValues],
    ids: list[list[int]],
    depth: int,
    *,
    mean: bool,
) -> Floats:
    """(n, d) states after `depth` layers of what follows each document.

    Args:
        model: the model that read the documents.
        documents: n documents, read through at least `depth` layers.
        ids: token ids of what follows each.
        depth: 0 … number of layers.
        mean: the mean over all that follows; else the state of its last token.
    """
    import torch

    with torch.inference_mode():
        inputs, cache = _continued(model, documents, ids)
        state = state_after(model, inputs, depth, cache)
        if not mean:
            return to_numpy(state[:, -1])
        width = max(len(row) for row in ids)
        weights = inputs["attention_mask"][:, -width:].unsqueeze(-1).float()
        return to_numpy((state.float() * weights).sum(dim=1) / weights.sum(dim=1))


def next_token_logits(
    model: PreTrainedModel, documents: list[KeyValues], ids: list[list[int]]
) -> Floats:
    """(n, vocabulary) log-probabilities of the token after each document and what follows it."""
    import torch

    with torch.inference_mode():
        inputs, cache = _continued(model, documents, ids)
        out = model(**inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return to_numpy(log_probabilities(out.logits[:, -1]))


def _continued(
    model: PreTrainedModel, documents: list[KeyValues], ids: list[list[int]]
) -> tuple[dict[str, Tensor], DynamicCache]:
    """Inputs of what follows, with the documents before it padded to one length on their left."""
    import torch

    inputs = padded(model, ids)
    lengths = torch.tensor([each.n_tokens for each in documents], device=model.device)
    width = int(lengths.max())
    places = torch.arange(width, device=model.device)
    before = (places[None, :] >= width - lengths[:, None]).long()
    inputs["attention_mask"] = torch.cat([before, inputs["attention_mask"]], dim=1)
    inputs["position_ids"] = inputs["position_ids"] + lengths[:, None]
    return inputs, _stacked(documents, width)


def _stacked(documents: list[KeyValues], width: int) -> DynamicCache:
    from transformers import DynamicCache

    cache = DynamicCache()
    for layer in range(len(documents[0].keys)):
        keys = _left_padded([each.keys[layer] for each in documents], width)
        values = _left_padded([each.values[layer] for each in documents], width)
        cache.update(keys, values, layer)
    return cache


def _left_padded(parts: list[Tensor], width: int) -> Tensor:
    n_heads, _, n_dims = parts[0].shape
    out = parts[0].new_zeros((len(parts), n_heads, width, n_dims))
    for row, part in enumerate(parts):
        out[row, :, width - part.shape[1] :] = part
    return out
