"""Which layers of an encoder are tuned, and the others' result, read once a text.

Only the upper half is tuned: what is below it gives the same for a text at every step, so it is
kept. That more than halves what a step costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.errors import BadInput

if TYPE_CHECKING:
    import torch


SAME = 1e-4
"""Vectors of two ways to read a text that differ by less are the same."""


def tuned_layers(transformer: Any) -> list[str]:  # noqa: ANN401 - a torch module
    """Names of the linear maps in the upper half of a transformer's layers.

    Raises:
        BadInput: it has no stack of layers.
    """
    import torch

    stacks = {n: m for n, m in transformer.named_modules() if isinstance(m, torch.nn.ModuleList)}
    if not stacks:
        raise BadInput(
            f"A {type(transformer).__name__} has no layers to fine-tune. Choose a transformer, or "
            "use the method projection."
        )
    stack = max(stacks, key=lambda name: len(stacks[name]))
    n_layers = len(stacks[stack])
    upper = tuple(f"{stack}.{place}." for place in range(n_layers // 2, n_layers))
    return [
        name
        for name, module in transformer.named_modules()
        if name.startswith(upper) and isinstance(module, torch.nn.Linear)
    ]


class LowerLayers:
    """What the untuned layers of a sentence-transformers model say of each text, kept in memory.

    Whether a model can be read in two halves is tried on its first texts. Where that gives other
    vectors than reading it whole (some kinds treat their first layer apart, or pad on the left),
    it is read whole every time.
    """

    def __init__(self, model: Any) -> None:  # noqa: ANN401 - a SentenceTransformer
        """Part the layers of a model."""
        import torch

        self._model = model
        self._encoder: Any = getattr(model.transformers_model, "encoder", None)
        layers = list(getattr(self._encoder, "layer", []))
        middle = len(layers) // 2
        self._lower = torch.nn.ModuleList(layers[:middle])
        self._upper = torch.nn.ModuleList(layers[middle:])
        self._whole = torch.nn.ModuleList(layers)
        self._states: dict[str, torch.Tensor] = {}
        self._given: torch.Tensor | None = None
        self._parted: bool | None = None if middle else False
        if middle:
            self._upper[0].register_forward_pre_hook(self._instead, with_kwargs=True)

    def vectors(self, texts: Sequence[str], features: dict[str, Any]) -> torch.Tensor:
        """(n, d) sentence vectors; the layers below are run only for texts not yet read.

        Args:
            texts: n texts.
            features: what the model's tokenizer made of them.
        """
        if self._parted is None:
            self._parted = self._can_be_parted(texts, features)
        return self._upper_half(texts, features) if self._parted else self._read(features)

    def _can_be_parted(self, texts: Sequence[str], features: dict[str, Any]) -> bool:
        import torch

        with torch.no_grad():
            whole, halves = self._read(features), self._upper_half(texts, features)
        self._given, self._encoder.layer = None, self._whole
        return bool(torch.allclose(whole, halves, atol=SAME))

    def _upper_half(self, texts: Sequence[str], features: dict[str, Any]) -> torch.Tensor:
        import torch

        if any(text not in self._states for text in texts):
            self._read_below(texts, features)
        states = [self._states[text] for text in texts]
        self._given = torch.nn.utils.rnn.pad_sequence(states, batch_first=True)
        self._encoder.layer = self._upper
        return self._read(features)

    def _read(self, features: dict[str, Any]) -> torch.Tensor:
        found: torch.Tensor = self._model(dict(features))["sentence_embedding"]
        return found

    def _read_below(self, texts: Sequence[str], features: dict[str, Any]) -> None:
        import torch

        self._encoder.layer = self._lower
        with torch.no_grad():
            states = self._model[0](dict(features))["token_embeddings"]
        lengths = features["attention_mask"].sum(dim=1).tolist()
        for text, state, length in zip(texts, states, lengths, strict=True):
            self._states[text] = state[:length].clone()

    def _instead(self, module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Any:  # noqa: ANN401
        """Hand the first tuned layer what is kept, not what it would get."""
        del module
        if self._given is None:
            return None
        if given:
            return (self._given, *given[1:]), named
        return given, {**named, "hidden_states": self._given}
