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
    """What the untuned layers of a sentence-transformers model say of each text, kept in memory."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401 - a SentenceTransformer
        """Part the layers of a model where its kind is known; else all are read every time."""
        import torch

        self._model = model
        self._encoder: Any = getattr(model.transformers_model, "encoder", None)
        layers = list(getattr(self._encoder, "layer", []))
        # A text's states are padded anew on the right, where positions are counted from the left.
        self._kept = bool(layers) and model.tokenizer.padding_side == "right"
        self._states: dict[str, torch.Tensor] = {}
        self._given: torch.Tensor | None = None
        if self._kept:
            middle = len(layers) // 2
            self._lower = torch.nn.ModuleList(layers[:middle])
            self._upper = torch.nn.ModuleList(layers[middle:])
            self._upper[0].register_forward_pre_hook(self._instead, with_kwargs=True)

    def vectors(self, texts: Sequence[str], features: dict[str, Any]) -> torch.Tensor:
        """(n, d) sentence vectors; the layers below are run only for texts not yet read.

        Args:
            texts: n texts.
            features: what the model's tokenizer made of them.
        """
        import torch

        if self._kept:
            if any(text not in self._states for text in texts):
                self._read(texts, features)
            states = [self._states[text] for text in texts]
            self._given = torch.nn.utils.rnn.pad_sequence(states, batch_first=True)
            self._encoder.layer = self._upper
        found: torch.Tensor = self._model(features)["sentence_embedding"]
        return found

    def _read(self, texts: Sequence[str], features: dict[str, Any]) -> None:
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
        if given:
            return (self._given, *given[1:]), named
        return given, {**named, "hidden_states": self._given}
