"""The models in memory: each loaded when first asked for, once per process."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from engine.models.catalogue import Kind

if TYPE_CHECKING:
    from engine.models.cross_encoder import CrossEncoderModel
    from engine.models.encoder import Encoder
    from engine.models.language_model import LanguageModel

_Model = TypeVar("_Model")


class ModelShelf:
    """Loads models lazily and keeps them; two threads that want the same one share one load."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._models: dict[tuple[Kind, str], object] = {}

    def encoder(self, name: str) -> Encoder:
        """A sentence encoder by packaged name, folder or hub id."""
        from engine.models.encoder import Encoder

        return self._get(Kind.ENCODER, name, Encoder)

    def language_model(self, name: str) -> LanguageModel:
        """A language model by packaged name, folder or hub id."""
        from engine.models.language_model import LanguageModel

        return self._get(Kind.LANGUAGE_MODEL, name, LanguageModel)

    def cross_encoder(self, name: str) -> CrossEncoderModel:
        """A cross-encoder by folder or hub id."""
        from engine.models.cross_encoder import CrossEncoderModel

        return self._get(Kind.CROSS_ENCODER, name, CrossEncoderModel)

    def loaded(self) -> list[tuple[Kind, str]]:
        """Kind and name of the models in memory."""
        with self._lock:
            return list(self._models)

    def clear(self) -> None:
        """Forget all models, so that their memory can be freed."""
        with self._lock:
            self._models.clear()

    def _get(self, kind: Kind, name: str, load: Callable[[str], _Model]) -> _Model:
        with self._lock:
            model = self._models.get((kind, name))
            if model is None:
                model = self._models[kind, name] = load(name)
        return model  # type: ignore[return-value]  # the key's kind fixes the type


@functools.cache
def process_shelf() -> ModelShelf:
    """The shelf that everything in this process shares."""
    return ModelShelf()
