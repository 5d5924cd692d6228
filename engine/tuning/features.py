"""What tuned methods read of a corpus: its frozen embedding, and what written categories say of it.

Everything is computed on the corpus in canonical order, so that sorting a corpus differently can't
change what is learnt from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.corpus import Corpus
from engine.projection.categories import CategorySet
from engine.projection.library import CategoryLibrary
from engine.projection.profiles import Recipe, evidence, soft_profiles
from engine.projection.prototypes import (
    EncodedCategories,
    encode,
    example_means,
    within_whitening,
)
from engine.projection.sources import shipped
from engine.projection.words import word_index
from engine.resources import Resources
from engine.similarity import unit_rows
from engine.tuning.truth import canonical_order
from engine.types import Attribute, Doubles, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """A corpus as numbers.

    mean: (d,) of the embedding. centred: (n, d). profile: (n, c) unit rows of written-projection's
    profile over its categories, or None where nobody wrote any. written: (d, c) the linear part of
    it, or None.
    """

    mean: Floats
    centred: Doubles
    profile: Doubles | None
    written: Doubles | None


def categories_for(corpus: Corpus, attribute: Attribute) -> CategorySet | None:
    """The categories that the analyst saved, else those shipped with a sample, or None."""
    return CategoryLibrary().latest(attribute) or shipped(attribute, corpus.name)


def features_of(corpus: Corpus, attribute: Attribute, resources: Resources, model: str) -> Features:
    """Encode the corpus, and its categories where there are any.

    Args:
        corpus: in canonical order.
        attribute: the respect.
        resources: where the encoder is.
        model: which encoder.
    """
    vectors = resources.embed(model, corpus.texts)
    mean = vectors.mean(axis=0, dtype=np.float64)
    centred = vectors.astype(np.float64) - mean
    given = categories_for(corpus, attribute)
    if given is None:
        return Features(mean.astype(np.float32), centred, None, None)
    encoded = encode(given, lambda texts: resources.embed(model, texts))
    words = word_index(corpus.texts).similarities(given)
    profile = soft_profiles(evidence(vectors, encoded, Recipe(), words=words), 1.0)
    return Features(
        mean.astype(np.float32),
        centred,
        profile.astype(np.float64),
        written_map(encoded, centred),
    )


def written_map(encoded: EncodedCategories, centred: Doubles) -> Doubles:
    """(d, c) the matrix that written-projection's evidence comes down to, words left out.

    Args:
        encoded: the categories' vectors.
        centred: (n, d) the corpus, which scales the columns to the same spread.
    """

    def side(vectors: Floats) -> Floats:
        return np.asarray(vectors - vectors.mean(axis=0), dtype=np.float32)

    identity = np.eye(centred.shape[1], dtype=np.float32)
    if encoded.has_examples():
        whitening = within_whitening(encoded)
        sides = [side(encoded.said), side(example_means(encoded))]
        prototypes = unit_rows(np.sum([unit_rows(whitening.apply(each)) for each in sides], axis=0))
        matrix = whitening.apply(identity) @ prototypes.T
    else:
        matrix = unit_rows(side(encoded.said)).T
    spread = (centred @ matrix).std(axis=0)
    scaled = matrix / np.where(spread > 1e-9, spread, 1.0)
    # Columns sum to nothing over the categories: what all have in common tells none apart.
    even = scaled - scaled.mean(axis=1, keepdims=True)
    return np.asarray(even / np.sqrt(matrix.shape[1]), dtype=np.float64)


def in_canonical_order(corpus: Corpus, make: Callable[[Corpus], Floats]) -> Floats:
    """(n, r) vectors made on the corpus in canonical order, given back in its own.

    Args:
        corpus: in any order.
        make: the corpus in canonical order → one vector a text.
    """
    order = canonical_order(corpus)
    made = make(corpus.subset(order))
    found = np.empty_like(made)
    found[order] = made
    return found
