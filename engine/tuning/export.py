"""What was tuned, as files that work without this product.

model/          a folder that SentenceTransformer(path) loads: the encoder, then one linear layer;
                or the fine-tuned encoder, its additions merged into its weights
projection.npz  the linear layer as numbers, for a projection
apply.py        the ten lines that apply it
triplets.jsonl, triplets.parquet   what it was fitted on: anchor, positive, negative, attribute
README.md       what it is, what it was fitted on, how it was measured
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.diagnostics.estimate import Estimate
from engine.errors import StoreError
from engine.models.catalogue import Kind, resolve
from engine.models.loading import find_weights
from engine.tuning.encoder_adapter import Adapter, add_to
from engine.tuning.projection import LinearMap
from engine.tuning.triplets import Triplets
from engine.types import Attribute

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

APPLY = '''"""Apply the projection to unit vectors of its encoder: python apply.py vectors.npy."""

import sys

import numpy as np

layer = np.load("projection.npz")
vectors = np.load(sys.argv[1])
mapped = vectors @ layer["matrix"] + layer["bias"]
np.save("projected.npy", mapped / np.linalg.norm(mapped, axis=1, keepdims=True))
'''


@dataclass(frozen=True, slots=True)
class Exported:
    """What is written: what was fitted and on what, and what may be said of it.

    fitted: a map of the encoder's vectors, or what is added to its weights. model: the encoder's
    name. accuracy: on held-out triplets; undefined where not measured.
    """

    fitted: LinearMap | Adapter
    triplets: Triplets
    texts: Sequence[str]
    attribute: Attribute
    model: str
    corpus: str
    accuracy: Estimate


def export_folder(exported: Exported, folder: Path | str) -> Path:
    """Write everything into a new folder.

    Raises:
        StoreError: the folder is not empty, or can't be written to.
        ModelUnavailable: the encoder isn't here.
    """
    place = Path(folder).expanduser()
    try:
        place.mkdir(parents=True, exist_ok=True)
        if any(place.iterdir()):
            raise StoreError(f"The folder {place} is not empty. Choose a new one.")
        if isinstance(exported.fitted, LinearMap):
            _save_numbers(exported.fitted, place)
        (place / "README.md").write_text(card_text(exported), encoding="utf-8")
        export_triplets(exported.triplets, exported.texts, exported.attribute, place)
        _save_model(exported, place / "model")
    except OSError as error:
        raise StoreError(f"The export can't be written to {place}: {error}.") from error
    return place


def export_triplets(
    triplets: Triplets, texts: Sequence[str], attribute: Attribute, folder: Path
) -> None:
    """Write triplets.jsonl and triplets.parquet: columns anchor, positive, negative, attribute.

    sentence-transformers trains on the first three as they are: pick them with select_columns.
    """
    import pandas as pd

    sides = {
        name: [texts[row] for row in getattr(triplets, name)]
        for name in ("anchor", "positive", "negative")
    }
    table = {**sides, "attribute": [attribute.name] * len(triplets)}
    rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "triplets.jsonl").write_text(lines, encoding="utf-8")
    pd.DataFrame(table).to_parquet(folder / "triplets.parquet", index=False)


def card_text(exported: Exported) -> str:
    """The card: what it is, what it was fitted on, how it was measured."""
    what, how = _described(exported)
    found = exported.accuracy
    measured = (
        f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}], {found.n} anchors"
        if found.n
        else "not measured"
    )
    return "\n".join(
        [
            f"# {what} for: {exported.attribute.phrase}",
            "",
            f"- Encoder: {exported.model}; {how}",
            f"- Fitted on: {exported.triplets.described}, texts of {exported.corpus!r}.",
            f"- Truth: {exported.triplets.truth or 'not said'}.",
            f"- Accuracy on triplets of texts it never saw: {measured}.",
            "",
            "```python",
            "from sentence_transformers import SentenceTransformer",
            'vectors = SentenceTransformer("model").encode(texts)',
            "```",
            "",
            "`triplets.*` hold the texts themselves: look at them before you pass the folder on.",
            "",
        ]
    )


def _described(exported: Exported) -> tuple[str, str]:
    """What it is, and what was done to the encoder."""
    fitted = exported.fitted
    if isinstance(fitted, LinearMap):
        d, r = fitted.matrix.shape
        return "A projection", f"one linear layer, {d} → {r}, then unit length."
    if not fitted.layers:
        return (
            "An encoder",
            "left as it was: tuning did not beat it.",
        )
    rank = max(len(layer.down) for layer in fitted.layers.values())
    merged = f"additions of rank {rank} to {len(fitted.layers)} of its layers, merged."
    return "A fine-tuned encoder", merged


def _save_numbers(fitted: LinearMap, place: Path) -> None:
    bias = -(fitted.mean @ fitted.matrix)
    np.savez(place / "projection.npz", matrix=fitted.matrix, bias=bias)
    (place / "apply.py").write_text(APPLY, encoding="utf-8")


def _save_model(exported: Exported, folder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    weights = find_weights(resolve(exported.model, Kind.ENCODER))
    source = weights.path.parent if weights.path.is_file() else weights.path
    made = SentenceTransformer(str(source), device="cpu", local_files_only=True)
    if isinstance(exported.fitted, Adapter):
        add_to(made, exported.fitted)
    else:
        made = _with_layer(made, exported.fitted)
    made.save_pretrained(str(folder), create_model_card=False)


def _with_layer(base: SentenceTransformer, fitted: LinearMap) -> SentenceTransformer:
    """The encoder, then the map as a linear layer."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize

    dense = Dense(
        in_features=fitted.matrix.shape[0],
        out_features=fitted.matrix.shape[1],
        bias=True,
        activation_function=torch.nn.Identity(),
        init_weight=torch.from_numpy(np.ascontiguousarray(fitted.matrix.T)),
        init_bias=torch.from_numpy(-(fitted.mean @ fitted.matrix)),
    )
    # The map was fitted on unit vectors; a second normalisation of these changes nothing.
    made = SentenceTransformer(
        modules=[*base.children(), Normalize(), dense, Normalize()], device="cpu"
    )
    made.max_seq_length = base.max_seq_length
    return made
