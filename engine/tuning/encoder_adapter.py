"""A fine-tuned encoder as what differs from the encoder it was made of: two small matrices a layer.

An adapter is some hundred kilobytes and is kept in the data folder by the content key of all that
it was learnt from, so that the same fit is never paid for twice.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from engine.errors import StoreError
from engine.models.encoder import Encoder
from engine.models.shelf import ModelShelf
from engine.resources import Resources
from engine.store import data_dir
from engine.types import Floats, content_key

_CHOICE = "choice"


class LowRank(NamedTuple):
    """What is added to one layer's weight: up @ down.

    down: (r, n_in), scale included. up: (n_out, r).
    """

    down: Floats
    up: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Adapter:
    """What is added to an encoder's layers, by the layer's name in it."""

    layers: Mapping[str, LowRank]

    @property
    def key(self) -> str:
        """Content key of all numbers: the revision of the encoder that it makes.

        Example:
            >>> Adapter({}).key == Adapter({}).key
            True
        """
        parts = []
        for name, (down, up) in sorted(self.layers.items()):
            parts += [name, down.astype("<f4").tobytes().hex(), up.astype("<f4").tobytes().hex()]
        return content_key(*parts)

    @property
    def n_bytes(self) -> int:
        """How much memory it takes."""
        return sum(side.nbytes for layer in self.layers.values() for side in layer)


class Choice(NamedTuple):
    """What was chosen on calibration triplets, and what the fit took.

    n_steps: of training; 0 is the encoder as it was. before, after: soft accuracy on the
    calibration triplets; NaN where there were too few to choose by. n_calibration: how many there
    were. n_truncated: training texts that were cut at the window. seconds: of the fit.
    """

    n_steps: int
    before: float
    after: float
    n_calibration: int
    n_truncated: int
    seconds: float

    @property
    def described(self) -> str:
        """In words, for the notes of a run.

        Example:
            >>> Choice(0, 0.61, 0.61, 40, 0, 9.0).described
            'raw encoder kept: tuning did not beat it on 40 calibration triplets (0.610)'
        """
        if np.isnan(self.before):
            return (
                f"{self.n_steps} steps, unchecked: {self.n_calibration} calibration triplets are "
                "too few to tell whether tuning helps"
            )
        on = f"{self.n_calibration} calibration triplets"
        if not self.n_steps:
            return f"raw encoder kept: tuning did not beat it on {on} ({self.before:.3f})"
        cut = f"; {self.n_truncated} training texts cut at the window" if self.n_truncated else ""
        return f"{self.n_steps} steps; on {on} {self.before:.3f} → {self.after:.3f}{cut}"


class Tuned(NamedTuple):
    """An adapter and what was chosen for it."""

    adapter: Adapter
    choice: Choice


class AdaptedEncoder(Encoder):
    """An encoder with an adapter added to its weights; its key says so."""

    def __init__(self, name: str, adapter: Adapter) -> None:
        """Load the encoder anew and add the adapter.

        Raises:
            ModelUnavailable: the encoder isn't here.
        """
        super().__init__(name)
        add_to(self._model, adapter)
        self.key = f"{self.key}+{adapter.key}"


class _OneEncoder(ModelShelf):
    """A shelf whose encoder is this one, whatever it is called."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self._encoder = encoder

    def encoder(self, name: str) -> Encoder:
        """The encoder itself."""
        del name
        return self._encoder


def reading_with(resources: Resources, name: str, adapter: Adapter) -> Resources:
    """The same store, meter and progress, but the texts are read by the adapted encoder.

    Args:
        resources: whose view it is.
        name: the encoder that the adapter belongs to.
        adapter: one without layers leaves the encoder as it is.
    """
    view = resources.with_progress(0.0, 1.0)
    if adapter.layers:
        view.models = _OneEncoder(AdaptedEncoder(name, adapter))
    return view


def add_to(model: Any, adapter: Adapter) -> None:  # noqa: ANN401 - a torch module
    """Add an adapter to the weights of a sentence-transformers model, in place."""
    import torch

    for name, (down, up) in adapter.layers.items():
        weight = model.get_submodule(name).weight
        with torch.no_grad():
            weight += torch.from_numpy(up @ down).to(weight.device, weight.dtype)


class AdapterStore:
    """Adapters on disk by content key; several processes may read and write.

    Args:
        folder: where they are kept; by default under the user's data folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or data_dir() / "adapters"

    def save(self, key: str, tuned: Tuned) -> Path:
        """Keep an adapter: written beside its place, then moved there in one step.

        Raises:
            StoreError: the folder can't be written to.
        """
        arrays: dict[str, Any] = {_CHOICE: np.array(json.dumps(tuned.choice._asdict()))}
        for name, (down, up) in tuned.adapter.layers.items():
            arrays |= {f"down {name}": down, f"up {name}": up}
        place = self._place(key)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="part-", dir=self.folder) as part:
                made = Path(part) / place.name
                np.savez(made, **arrays)
                made.replace(place)
        except OSError as error:
            raise StoreError(
                f"The fine-tuned encoder can't be kept in {self.folder} ({error}). Free some space "
                "there, or set LIKEWISE_HOME to another folder."
            ) from error
        return place

    def load(self, key: str) -> Tuned | None:
        """Read a kept adapter; None where there is none.

        Raises:
            StoreError: it is there and can't be read.
        """
        place = self._place(key)
        if not place.exists():
            return None
        try:
            with np.load(place, allow_pickle=False) as kept:
                choice = Choice(**json.loads(str(kept[_CHOICE])))
                names = [name.removeprefix("up ") for name in kept.files if name.startswith("up ")]
                layers = {n: LowRank(kept[f"down {n}"], kept[f"up {n}"]) for n in names}
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise StoreError(
                f"The kept fine-tuned encoder {place} can't be read ({error}). Delete the file; it "
                "is then fitted again."
            ) from error
        return Tuned(Adapter(layers), choice)

    def _place(self, key: str) -> Path:
        return self.folder / f"{key}.npz"
