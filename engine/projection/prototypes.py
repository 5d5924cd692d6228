"""Categories as vectors: one prototype each, from what is said of it and from its examples.

Texts and prototypes are centred apart: invented examples sit together in the space of a sentence
encoder, and that common place says nothing about the attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import BadInput
from engine.projection.categories import CategorySet
from engine.types import Floats, Rows

WITHIN_SHRINKAGE = 0.8
Embed = Callable[[Sequence[str]], Floats]
"""Texts to (n, d) unit vectors."""


@dataclass(frozen=True, slots=True)
class EncodedCategories:
    """The vectors of one category set.

    said: (c, d) of each category's sentence. examples: (m, d) of all examples.
    owner: (m,) which category each example belongs to.
    """

    said: Floats
    examples: Floats
    owner: Rows

    @property
    def n_categories(self) -> int:
        """How many categories there are."""
        return len(self.said)

    def has_examples(self) -> bool:
        """Whether every category has at least one example."""
        return bool(np.bincount(self.owner, minlength=self.n_categories).all())


def encode(categories: CategorySet, embed: Embed) -> EncodedCategories:
    """Encode a set's sentences and examples, once.

    Args:
        categories: the set.
        embed: the same encoder that the corpus was embedded with.
    """
    said = [category.said for category in categories.categories]
    examples = [text for category in categories.categories for text in category.examples]
    owner = [place for place, c in enumerate(categories.categories) for _ in c.examples]
    vectors = embed([*said, *examples])
    return EncodedCategories(
        vectors[: len(said)], vectors[len(said) :], np.array(owner, dtype=np.int64)
    )


def example_means(encoded: EncodedCategories) -> Floats:
    """(c, d) mean example of each category.

    Raises:
        BadInput: a category has no example.
    """
    if not encoded.has_examples():
        raise BadInput(
            "A category has no example text, and these prototypes are made of examples. "
            "Add some, or choose prototypes from sentences."
        )
    counts = np.bincount(encoded.owner, minlength=encoded.n_categories)
    sums = np.zeros_like(encoded.said)
    np.add.at(sums, encoded.owner, encoded.examples)
    return np.asarray(sums / counts[:, None], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Whitening:
    """A linear map that shrinks the directions in which examples of ONE category differ.

    It is x + (x Vᵀ) diag(gains) V: the identity but for r directions, so it costs N × r.

    rows: (r, d) orthonormal V. gains: (r,) how much each direction is changed, from −1 to 0.
    """

    rows: Floats
    gains: Floats

    def apply(self, vectors: Floats) -> Floats:
        """(n, d) vectors, mapped."""
        return np.asarray(
            vectors + ((vectors @ self.rows.T) * self.gains) @ self.rows, dtype=np.float32
        )


def within_whitening(encoded: EncodedCategories, shrinkage: float = WITHIN_SHRINKAGE) -> Whitening:
    """The map of linear discriminant analysis, from the examples alone.

    Invented examples of a category differ in what is NOT the attribute; their shrunken
    within-category covariance says which directions to distrust.

    Args:
        encoded: the categories' vectors.
        shrinkage: share of the identity in the covariance, over 0 up to 1; 1 changes nothing.

    Raises:
        BadInput: a category has no example, or shrinkage is out of range.

    Reference: Ledoit and Wolf 2004, Honey, I Shrunk the Sample Covariance Matrix (the identity as
        the target); Hastie, Tibshirani and Friedman 2009, ch. 4.3.
    """
    if not 0 < shrinkage <= 1:
        raise BadInput(f"Shrinkage is {shrinkage}; it must be over 0 and at most 1, such as 0.8.")
    offsets = encoded.examples - example_means(encoded)[encoded.owner]
    _, spread, rows = np.linalg.svd(offsets.astype(np.float64), full_matrices=False)
    variances = spread**2 / len(offsets)
    floor = shrinkage * variances.sum() / offsets.shape[1]
    kept = variances > 1e-9 * max(1e-12, variances.max())
    scale = np.sqrt(floor / ((1 - shrinkage) * variances[kept] + floor))
    return Whitening(rows[kept].astype(np.float32), (scale - 1).astype(np.float32))
