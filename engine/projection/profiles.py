"""Texts as profiles over categories: the projection that the categories write.

x (n, d) unit vectors, centred → similarity to each of c prototypes → standardised over the corpus
→ softened → centred: an N × c matrix whose cosine is the similarity. No text is read again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.errors import BadInput
from engine.projection.categories import Kind
from engine.projection.prototypes import (
    EncodedCategories,
    example_prototypes,
    joint_prototypes,
    sentence_prototypes,
)
from engine.similarity import AxisSimilarity, VectorSimilarity, unit_rows
from engine.types import Doubles, Floats, Similarity

Prototypes = Literal["sentences", "examples", "both"]

_MAKERS = {
    "sentences": sentence_prototypes,
    "examples": example_prototypes,
    "both": joint_prototypes,
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a projection is made of categories.

    prototypes: what a category's prototype is made of. temperature: softening; 0 = none.
    """

    prototypes: Prototypes = "both"
    temperature: float = 1.0


def project(
    texts: Floats,
    encoded: EncodedCategories,
    recipe: Recipe,
    *,
    kind: Kind = "kinds",
    against: EncodedCategories | None = None,
) -> Similarity:
    """Compare the texts of a corpus by their likeness to categories.

    Two categories, or the steps of a scale, are one axis: likeness is nearness on it.

    Args:
        texts: (n, d) vectors of the corpus.
        encoded: the categories' vectors, from the same encoder.
        recipe: how the projection is made.
        kind: whether the categories are the steps of a scale.
        against: the categories of a competing attribute, projected out.
    """
    removed = None if against is None else directions(joint_prototypes(against))
    alike = similarities(texts, encoded, recipe.prototypes, against=removed)
    if kind == "scale" or encoded.n_categories == 2:
        return AxisSimilarity(axis_places(alike, recipe.temperature))
    return VectorSimilarity(soft_profiles(alike, recipe.temperature))


def centred(vectors: Floats) -> Floats:
    """(n, d) unit rows of the vectors with their mean taken away."""
    return unit_rows(vectors - vectors.mean(axis=0, dtype=np.float64).astype(np.float32))


def similarities(
    texts: Floats, encoded: EncodedCategories, prototypes: Prototypes, *, against: Floats | None
) -> Floats:
    """(n, c) similarity of each text to each category's prototype.

    Args:
        texts: (n, d) vectors of the corpus.
        encoded: the categories' vectors.
        prototypes: what they are made of.
        against: (r, d) orthonormal directions taken out of both sides first; None for none.
    """
    made = _MAKERS[prototypes](encoded)
    points = centred(texts)
    if against is not None:
        points, made = unit_rows(without(points, against)), unit_rows(without(made, against))
    return np.asarray(points @ made.T, dtype=np.float32)


def soft_profiles(similarities: Floats, temperature: float) -> Floats:
    """(n, c) unit rows: standardised over the corpus, softened, centred.

    Args:
        similarities: (n, c).
        temperature: of the softmax over standardised similarities; 0 leaves them as they are.

    Raises:
        BadInput: a negative temperature.

    Example:
        >>> soft_profiles(np.eye(2, dtype=np.float32), 1.0).round(2).tolist()
        [[0.7099999785423279, -0.7099999785423279], [-0.7099999785423279, 0.7099999785423279]]
    """
    if temperature < 0:
        raise BadInput(f"The temperature is {temperature}; it must be 0 or more, such as 1.")
    standard = standardised(similarities)
    if temperature == 0:
        return unit_rows(standard.astype(np.float32))
    weights = np.exp((standard - standard.max(axis=1, keepdims=True)) / temperature)
    weights /= weights.sum(axis=1, keepdims=True)
    return unit_rows((weights - weights.mean(axis=0)).astype(np.float32))


def axis_places(similarities: Floats, temperature: float) -> Floats:
    """(n,) place of each text on a scale whose steps are the columns, from 0 to 1.

    The mean step under the softened profile; two poles are its two ends.
    """
    standard = standardised(similarities)
    weights = np.exp((standard - standard.max(axis=1, keepdims=True)) / max(temperature, 1e-6))
    weights /= weights.sum(axis=1, keepdims=True)
    steps = np.linspace(0.0, 1.0, similarities.shape[1])
    return np.asarray(weights @ steps, dtype=np.float32)


def directions(prototypes: Floats) -> Floats:
    """(r, d) orthonormal directions that the prototypes span.

    Args:
        prototypes: (c, d), centred.
    """
    _, values, rows = np.linalg.svd(prototypes.astype(np.float64), full_matrices=False)
    kept = values > 1e-6 * max(1e-12, values.max())
    return np.asarray(rows[kept], dtype=np.float32)


def without(vectors: Floats, orthonormal: Floats) -> Floats:
    """(n, d) vectors with some directions taken out."""
    return np.asarray(vectors - (vectors @ orthonormal.T) @ orthonormal, dtype=np.float32)


def standardised(values: Floats) -> Doubles:
    """(n, c) each column with mean 0 and spread 1; a constant column is 0."""
    doubles = values.astype(np.float64)
    spread = doubles.std(axis=0)
    return np.asarray((doubles - doubles.mean(axis=0)) / np.where(spread > 0, spread, 1.0))
