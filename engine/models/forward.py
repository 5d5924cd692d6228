"""Forward passes of a causal language model over token ids; left-padded."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import ModelUnavailable
from engine.types import Floats

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase


class _Reached(BaseException):
    """Carries the hidden state of the layer that was asked for out of the forward pass.

    A BaseException, so that no handler inside the model can swallow it.
    """

    def __init__(self, state: Tensor) -> None:
        super().__init__()
        self.state = state


def last_state(model: PreTrainedModel, ids: list[list[int]], depth: int) -> Floats:
    """(n, d) state of the last token after `depth` layers; later layers aren't run.

    Args:
        model: a transformers causal language model.
        ids: token ids of n prompts.
        depth: 0 … number of layers; the last has been through the final norm.
    """
    import torch

    with torch.inference_mode():
        return to_numpy(state_after(model, padded(model, ids), depth)[:, -1])


def state_after(
    model: PreTrainedModel,
    inputs: dict[str, Tensor],
    depth: int,
    cache: DynamicCache | None = None,
) -> Tensor:
    """(n, tokens, d) states after `depth` layers; later layers aren't run.

    Args:
        model: a transformers causal language model.
        inputs: from `padded`.
        depth: 0 … number of layers; the last has been through the final norm.
        cache: keys and values of what came before, if any; grows by these tokens.
    """
    body = model.base_model
    past = {"use_cache": False} if cache is None else {"use_cache": True, "past_key_values": cache}
    if depth == model.config.get_text_config().num_hidden_layers:
        last: Tensor = body(**inputs, **past).last_hidden_state
        return last
    return _state_before(body, {**inputs, **past}, depth)


def last_logits(model: PreTrainedModel, ids: list[list[int]], *, raw: bool = False) -> Floats:
    """(n, vocabulary) log-probabilities of the next token; or its logits as they are."""
    import torch

    with torch.inference_mode():
        out = model(**padded(model, ids), use_cache=False, logits_to_keep=1)
        last = out.logits[:, -1]
        return to_numpy(last if raw else log_probabilities(last))


def log_probabilities(logits: Tensor) -> Tensor:
    """(n, vocabulary) log-probabilities, in single precision whatever the model's."""
    import torch

    return torch.log_softmax(logits.float(), dim=-1)


class PrefixCache:
    """The keys and values of a prefix, read once and shared by every prompt that begins with it."""

    def __init__(self, model: PreTrainedModel, prefix_ids: list[int]) -> None:
        """Read the prefix."""
        import torch
        from transformers import DynamicCache

        self._model = model
        self._n = len(prefix_ids)
        with torch.inference_mode():
            ids = torch.tensor([prefix_ids], device=model.device)
            cache = DynamicCache(config=model.config)
            model.base_model(input_ids=ids, past_key_values=cache, use_cache=True)
            self._cache = cache

    def last_logits(self, ids: list[list[int]], *, raw: bool = False) -> Floats:
        """(n, vocabulary) log-probabilities, or logits, of the token after prefix + ids."""
        import torch

        inputs = padded(self._model, ids)
        with torch.inference_mode():
            cache = copy.deepcopy(self._cache)
            cache.batch_repeat_interleave(len(ids))
            before = torch.ones((len(ids), self._n), dtype=torch.long, device=self._model.device)
            inputs["attention_mask"] = torch.cat([before, inputs["attention_mask"]], dim=1)
            inputs["position_ids"] = inputs["position_ids"] + self._n
            out = self._model(**inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
            last = out.logits[:, -1]
            return to_numpy(last if raw else log_probabilities(last))


def shared_prefix_length(ids: list[list[int]]) -> int:
    """How many tokens all rows begin with, leaving each at least one of its own.

    Example:
        >>> shared_prefix_length([[1, 2, 3], [1, 2, 4]]), shared_prefix_length([[1, 2], [1, 2]])
        (2, 1)
    """
    shortest = min(len(row) for row in ids) - 1
    for place in range(shortest):
        if any(row[place] != ids[0][place] for row in ids):
            return place
    return shortest


def generated_ids(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    ids: list[list[int]],
    max_new_tokens: int,
    stop: Sequence[str],
) -> Tensor:
    """(n, ≤ max_new_tokens) ids of the greedy continuation."""
    import torch

    inputs = padded(model, ids)
    del inputs["position_ids"]
    stopping = {"stop_strings": list(stop), "tokenizer": tokenizer} if stop else {}
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    with torch.inference_mode():
        out = model.generate(  # type: ignore[operator]  # declared as Tensor | Module
            **inputs,
            max_new_tokens=max_new_tokens,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            pad_token_id=pad,
            **stopping,
        )
    new: Tensor = out[:, inputs["input_ids"].shape[1] :]
    return new


def padded(model: PreTrainedModel, ids: list[list[int]]) -> dict[str, Tensor]:
    """Left-padded input_ids, attention_mask and position_ids on the model's device."""
    import torch

    width = max(len(row) for row in ids)
    tokens = np.zeros((len(ids), width), dtype=np.int64)
    mask = np.zeros((len(ids), width), dtype=np.int64)
    for place, row in enumerate(ids):
        tokens[place, width - len(row) :] = row
        mask[place, width - len(row) :] = 1
    positions = np.maximum(mask.cumsum(axis=1) - 1, 0)
    arrays = {"input_ids": tokens, "attention_mask": mask, "position_ids": positions}
    return {name: torch.from_numpy(array).to(model.device) for name, array in arrays.items()}


def to_numpy(values: Tensor) -> Floats:
    """The values as float32, on the CPU."""
    return np.asarray(values.float().cpu().numpy(), dtype=np.float32)


def _state_before(body: Module, inputs: dict[str, Any], layer: int) -> Tensor:
    def stop(_module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        raise _Reached(args[0] if args else kwargs["hidden_states"])

    layers = getattr(body, "layers", None)
    if layers is None:
        raise ModelUnavailable(
            f"{type(body).__name__} doesn't name its layers as expected, so the state between two "
            "of them can't be read; use layer -1, or another model."
        )
    hook = layers[layer].register_forward_pre_hook(stop, with_kwargs=True)
    try:
        body(**inputs)
    except _Reached as reached:
        return reached.state
    finally:
        hook.remove()
    raise ModelUnavailable(f"The forward pass never came to layer {layer}.")
