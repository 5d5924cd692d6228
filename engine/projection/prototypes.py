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
from engine.similarity import unit_rows
from engine.types import Floats, Rows

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


def sentence_prototypes(encoded: EncodedCategories) -> Floats:
    """(c, d) unit vectors of the sentences, centred on their own mean."""
    return unit_rows(encoded.said - encoded.said.mean(axis=0))


def example_prototypes(encoded: EncodedCategories) -> Floats:
    """(c, d) unit vectors of each category's mean example, centred on their own mean.

    Raises:
        BadInput: a category has no example.
    """
    means = example_means(encoded)
    return unit_rows(means - means.mean(axis=0))


def joint_prototypes(encoded: EncodedCategories) -> Floats:
    """(c, d) unit vectors halfway between sentence and examples; sentences alone without any."""
    if not encoded.has_examples():
        return sentence_prototypes(encoded)
    return unit_rows(sentence_prototypes(encoded) + example_prototypes(encoded))


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
