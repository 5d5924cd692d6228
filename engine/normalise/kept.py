"""Keeping a repaired Similarity on disk, with what it was made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from engine.diagnostics.curves import Curve, KnotCurve, LogisticCurve
from engine.errors import StoreError
from engine.normalise.affine import AffineSimilarity
from engine.normalise.monotone import CalibratedSimilarity
from engine.similarity import load_similarity, save_similarity
from engine.types import Scale, Similarity

_HEADER = "repair.json"
_BASE = "base"


def save_repaired(similarity: Similarity, folder: Path) -> None:
    """Write a Similarity, repaired or not, into an existing folder.

    Raises:
        StoreError: what it was made from can't be kept, or the folder can't be written to.
    """
    if not isinstance(similarity, AffineSimilarity | CalibratedSimilarity):
        save_similarity(similarity, folder)
        return
    try:
        (folder / _BASE).mkdir(exist_ok=True)
        save_repaired(similarity.base, folder / _BASE)
        arrays = similarity.arrays()
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array)
        header = {
            "kind": type(similarity).__name__,
            "scale": similarity.scale.value,
            "arrays": sorted(arrays),
        }
        (folder / _HEADER).write_text(json.dumps(header), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"The repair can't be kept in {folder} ({error}). Free some space.") from (
            error
        )


def load_repaired(folder: Path) -> Similarity:
    """Read back what `save_repaired` wrote.

    Raises:
        StoreError: the folder holds no readable Similarity.
    """
    if not (folder / _HEADER).exists():
        return load_similarity(folder)
    try:
        header = json.loads((folder / _HEADER).read_text(encoding="utf-8"))
        arrays = {name: np.load(folder / f"{name}.npy") for name in header["arrays"]}
        base = load_repaired(folder / _BASE)
        if header["kind"] == AffineSimilarity.__name__:
            return AffineSimilarity(base, **arrays, scale=Scale(header["scale"]))
        return CalibratedSimilarity(base, _curve(arrays))
    except (OSError, EOFError, KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"The kept repair in {folder} can't be read ({error}). Delete it and repair again."
        ) from error


def _curve(arrays: dict[str, Any]) -> Curve:
    if "logistic" in arrays:
        slope, offset = arrays["logistic"].tolist()
        return LogisticCurve(slope, offset)
    return KnotCurve(arrays["knots"], arrays["heights"])
