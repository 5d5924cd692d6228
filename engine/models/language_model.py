"""Language models: hidden states, log-probabilities of choices, and generated text."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.errors import BadInput
from engine.models.batching import PassBatch, collect, length_sorted_batches, run_batches
from engine.models.catalogue import DEFAULT_LM, Kind, resolve
from engine.models.document_cache import (
    DocumentCache,
    KeyValues,
    next_token_logits,
    pooled_states,
    recalled,
)
from engine.models.forward import (
    PrefixCache,
    generated_ids,
    last_logits,
    last_state,
    shared_prefix_length,
)
from engine.models.gguf_weights import converted_folder
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
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_CPU_TOKEN_BUDGET, _GPU_TOKEN_BUDGET = 2048, 32768
_MAX_TEXTS = 64
_PREFIX_TOKENS_AS_ONE = 8
# The same for every ending, so that a document is always read in the same batch, to the same bits.
_ROOM_FOR_ENDINGS = 16
# Endings are short: more of them in a batch, or starting each layer costs more than running it.
_ENDINGS_WIDER = 4


class Hidden(NamedTuple):
    """Hidden states of n prompts: (n, d) float32, texts cut at the window, tokens read."""

    states: Floats
    n_truncated: int
    n_tokens: int


class LanguageModel:
    """A causal language model in memory; safe to use from several threads, one pass at a time.

    key: name, revision and precision, for cache keys. n_layers, n_dims: its shape.
    documents: what it remembers having read. max_tokens: the window. A longer prompt loses its
    beginning, because its end asks the question; such prompts are counted.
    """

    def __init__(self, name: str = DEFAULT_LM) -> None:
        """Load a packaged model, a folder or a hub id.

        Raises:
            UnknownName: no such name.
            ModelUnavailable: its weights aren't here and can't be fetched, or can't be read.
        """
        entry = resolve(name, Kind.LANGUAGE_MODEL)
        weights = find_weights(entry)
        folder = weights.path
        if folder.suffix == ".gguf":
            folder = converted_folder(weights.path, weights.revision)
        self._device = pick_device()
        self._model, tokenizer = _load(name, str(folder), self._device)
        self._prompts = PromptTokens(name, tokenizer)
        self._token_budget = _CPU_TOKEN_BUDGET if self._device.name == "cpu" else _GPU_TOKEN_BUDGET
        self._lock = threading.Lock()
        self.documents = DocumentCache()
        self.name = name
        self.key = model_key(entry, weights, self._device)
        config = self._model.config.get_text_config()
        self.n_layers = int(config.num_hidden_layers)
        self.n_dims = int(config.hidden_size)
        self.max_tokens = int(config.max_position_embeddings)

    def hidden_states(self, prompts: Sequence[str], layer: int) -> Hidden:
        """The state of each prompt's last token after a layer; later layers aren't run.

        Args:
            prompts: n prompts.
            layer: 0 for the embeddings, up to n_layers; negative counts from the end. The state
                after the last layer has been through the final norm, as in transformers.

        Raises:
            BadInput: no such layer, or an empty prompt.
        """
        return Hidden(*collect(self.hidden_batches(prompts, layer), len(prompts), self.n_dims))

    def hidden_batches(self, prompts: Sequence[str], layer: int) -> Iterator[PassBatch]:
        """The same pass, batch by batch, longest prompts first."""
        depth = self.layer_index(layer)
        yield from self._pass(prompts, lambda ids: last_state(self._model, ids, depth))

    def layer_index(self, layer: int) -> int:
        """A layer as 0 … n_layers.

        Raises:
            BadInput: no such layer.
        """
        if not -self.n_layers - 1 <= layer <= self.n_layers:
            raise BadInput(
                f"Model {self.name!r} has no layer {layer}: choose 0 (embeddings) to "
                f"{self.n_layers}, or -1 to {-self.n_layers - 1} counting from the end."
            )
        return layer if layer >= 0 else self.n_layers + 1 + layer

    def choice_logits(self, prompts: Sequence[str], choices: Sequence[str]) -> Floats:
        """(n, c) log-probability that each choice's first token comes next.

        Args:
            prompts: n prompts.
            choices: c answers, such as " yes" and " no"; mind the space that most models put there.

        Raises:
            BadInput: two choices begin with the same token, or one is empty.
        """
        return collect(self.choice_batches(prompts, choices), len(prompts), len(choices)).values

    def choice_batches(
        self, prompts: Sequence[str], choices: Sequence[str], *, raw: bool = False
    ) -> Iterator[PassBatch]:
        """The same pass, batch by batch, longest prompts first; raw for logits as they are."""
        first = self._prompts.first_of(choices)
        yield from self._pass(prompts, lambda ids: last_logits(self._model, ids, raw=raw)[:, first])

    def choice_logits_after(
        self, prefix: str, suffixes: Sequence[str], choices: Sequence[str]
    ) -> Floats:
        """(n, c) choice_logits of prefix + suffix; the prefix is read once.

        Args:
            prefix: what all prompts begin with.
            suffixes: n endings.
            choices: c answers.

        Raises:
            BadInput: two choices begin with the same token, or one is empty.
        """
        batches = self.choice_batches_after(prefix, suffixes, choices)
        return collect(batches, len(suffixes), len(choices)).values

    def choice_batches_after(
        self, prefix: str, suffixes: Sequence[str], choices: Sequence[str], *, raw: bool = False
    ) -> Iterator[PassBatch]:
        """The same pass, batch by batch, longest suffixes first; raw for logits as they are."""
        first = self._prompts.first_of(choices)
        prompts = [prefix + suffix for suffix in suffixes]
        if not prompts:
            return
        ids = self._prompts.ids(prompts)
        # The boundary may fuse two tokens, so what is shared is counted in tokens of the whole.
        n_shared = shared_prefix_length(ids)
        if n_shared < 1 or max(len(row) for row in ids) > self.max_tokens:
            yield from self.choice_batches(prompts, choices, raw=raw)
            return
        with self._lock:
            cache = PrefixCache(self._model, ids[0][:n_shared])
        rests = [row[n_shared:] for row in ids]
        n_read = n_shared
        # Every row of a batch gets a copy of the prefix's keys and values: they count, in part.
        for batch in self._batches_of(
            rests,
            prompts,
            self.max_tokens,
            lambda cut, _rows: cache.last_logits(cut, raw=raw)[:, first],
            extra=n_shared // _PREFIX_TOKENS_AS_ONE,
        ):
            yield batch._replace(n_tokens=batch.n_tokens + n_read)
            n_read = 0

    def hidden_batches_after(
        self,
        documents: Sequence[str],
        continuations: Sequence[str],
        layer: int,
        *,
        mean: bool = False,
        keep: bool = True,
    ) -> Iterator[PassBatch]:
        """States of what follows each document, which is read once and kept.

        Documents and what follows are turned into tokens apart, so that a document's tokens are
        the same whatever is asked of it.

        Args:
            documents: n beginnings of prompts.
            continuations: n endings, such as a question.
            layer: as in `hidden_states`.
            mean: the mean state over the ending; else the state of its last token.
            keep: whether documents are looked up and kept; the numbers are the same.
        """
        depth = self.layer_index(layer)
        yield from self._pass_after(
            documents,
            continuations,
            max(1, depth),
            lambda read, ids: pooled_states(self._model, read, ids, depth, mean=mean),
            keep=keep,
        )

    def choice_batches_after_documents(
        self,
        documents: Sequence[str],
        continuations: Sequence[str],
        choices: Sequence[str],
        *,
        keep: bool = True,
    ) -> Iterator[PassBatch]:
        """Log-probability that each choice's first token follows document and ending."""
        first = self._prompts.first_of(choices)
        yield from self._pass_after(
            documents,
            continuations,
            self.n_layers,
            lambda read, ids: next_token_logits(self._model, read, ids)[:, first],
            keep=keep,
        )

    def generate(
        self,
        prompts: Sequence[str],
        max_new_tokens: int = 64,
        *,
        stop: Sequence[str] = (),
    ) -> list[str]:
        """The likeliest continuation of each prompt, token by token (greedy: the same every time).

        Args:
            prompts: n prompts.
            max_new_tokens: at most so many tokens each.
            stop: end before any of these strings.

        Raises:
            BadInput: max_new_tokens isn't positive.
        """
        texts = [""] * len(prompts)
        for rows, written in self.generate_batches(prompts, max_new_tokens, stop=stop):
            for row, text in zip(rows, written, strict=True):
                texts[row] = text
        return texts

    def generate_batches(
        self, prompts: Sequence[str], max_new_tokens: int = 64, *, stop: Sequence[str] = ()
    ) -> Iterator[tuple[list[int], list[str]]]:
        """The same, batch by batch: rows and their continuations."""
        if max_new_tokens < 1:
            raise BadInput(f"max_new_tokens is {max_new_tokens}; it must be at least 1.")
        written: dict[int, str] = {}

        def run(ids: list[list[int]], rows: list[int]) -> Floats:
            new = generated_ids(self._model, self._prompts.tokenizer, ids, max_new_tokens, stop)
            texts = self._prompts.tokenizer.batch_decode(new, skip_special_tokens=True)
            written.update(zip(rows, (_cut(text, stop) for text in texts), strict=True))
            return np.zeros((len(rows), 0), dtype=np.float32)

        ids = self._prompts.ids(prompts)
        room = self.room_beside(max_new_tokens)
        for batch in self._batches_of(ids, prompts, room, run, extra=max_new_tokens):
            yield batch.rows, [written[row] for row in batch.rows]

    def room_beside(self, max_new_tokens: int) -> int:
        """Tokens of a prompt that fit the window beside what is to be written."""
        return max(1, self.max_tokens - max_new_tokens)

    def chat(self, system: str, user: str) -> str:
        """The prompt that the model's own chat template makes, up to where its answer begins.

        A special token spelt out in either text is broken up, so no text can end its own turn.

        Args:
            system: what the model is told to be; "" for the template's own.
            user: the request.

        Raises:
            BadInput: the model has no chat template.
        """
        return self._prompts.chat(system, user)

    def plain(self, text: str) -> str:
        """The text with special tokens spelt out in it broken up, for prompts written by hand."""
        return self._prompts.plain(text)

    def count_tokens(self, prompts: Sequence[str]) -> list[int]:
        """Tokens of each prompt, before any truncation."""
        return [len(row) for row in self._prompts.ids(prompts)]

    def _pass(
        self, prompts: Sequence[str], run: Callable[[list[list[int]]], Floats]
    ) -> Iterator[PassBatch]:
        ids = self._prompts.ids(prompts)
        yield from self._batches_of(ids, prompts, self.max_tokens, lambda cut, _rows: run(cut))

    def _pass_after(
        self,
        documents: Sequence[str],
        continuations: Sequence[str],
        depth: int,
        run: Callable[[list[KeyValues], list[list[int]]], Floats],
        *,
        keep: bool,
    ) -> Iterator[PassBatch]:
        if not documents:
            return
        ids, after = self._prompts.ids(documents), self._prompts.after(continuations)
        # One limit for all: a document's tokens must not depend on its neighbours in a batch.
        limit = max(1, self.max_tokens - max(len(row) for row in after))
        n_read: dict[int, int] = {}
        with self._lock:
            self.documents.begin_pass()

        def continued(cut: list[list[int]], rows: list[int]) -> Floats:
            read, n_new = recalled(
                self._model, cut, depth, self.documents if keep else None, self._token_budget
            )
            n_read[rows[0]] = n_new + sum(len(after[row]) for row in rows)
            return run(read, [after[row] for row in rows])

        for batch in self._batches_of(
            ids, documents, limit, continued, extra=_ROOM_FOR_ENDINGS, wider=_ENDINGS_WIDER
        ):
            yield batch._replace(n_tokens=n_read[batch.rows[0]])

    def _batches_of(
        self,
        ids: list[list[int]],
        texts: Sequence[str],
        limit: int,
        run: Callable[[list[list[int]], list[int]], Floats],
        extra: int = 0,
        wider: int = 1,
    ) -> Iterator[PassBatch]:
        lengths = [len(row) for row in ids]
        planned = length_sorted_batches(
            [min(length, limit) + extra for length in lengths],
            texts,
            token_budget=self._token_budget * wider,
            max_texts=_MAX_TEXTS,
        )

        def locked(rows: list[int]) -> Floats:
            with self._lock:
                return run([self._prompts.cut(ids[row], limit) for row in rows], rows)

        yield from run_batches(planned, lengths, limit, locked)


def _cut(text: str, stop: Sequence[str]) -> str:
    for end in stop:
        text = text.split(end, 1)[0]
    return text


def _load(
    name: str, folder: str, device: Device
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        with without_progress_bars():
            model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
                folder, dtype=device.dtype, attn_implementation="sdpa", local_files_only=True
            )
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise unavailable(name, f"{folder} can't be read as a language model ({error}).") from error
    model.to(device.name)  # type: ignore[arg-type]  # its decorator hides Module.to
    model.eval()  # type: ignore[no-untyped-call]
    return model, tokenizer
