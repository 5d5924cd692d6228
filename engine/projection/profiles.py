"""Texts as profiles over categories: the projection that the categories write.

x (n, d) unit vectors, centred → similarity to each of c prototypes → standardised over the corpus
→ softened → centred: an N × c matrix whose cosine is the similarity. No text is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from engine.errors import BadInput
from engine.projection.categories import Kind
from engine.projection.prototypes import (
    EncodedCategories,
    Whitening,
    example_means,
    within_whitening,
)
from engine.similarity import AxisSimilarity, VectorSimilarity, unit_rows
from engine.types import Doubles, Floats, Similarity

Prototypes = Literal["sentences", "examples", "both", "lda", "logistic"]
"""sentences: what is said of a category. examples: their mean. both: halfway between.
lda: both, in a space where examples of one category lie close. logistic: a regression on them."""

LOGISTIC_C = 1.0
N_AGAINST = 16
BLOCK_ROWS = 16_384
"""Texts compared at once, so that a million need little more memory than their vectors."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a projection is made of categories.

    prototypes: what a category's prototype is made of. temperature: softening; 0 = none.
    words: weight of the likeness of words beside that of embeddings; 0 = none.
    """

    prototypes: Prototypes = "lda"
    temperature: float = 1.0
    words: float = 0.6


def project(
    texts: Floats,
    encoded: EncodedCategories,
    recipe: Recipe,
    *,
    kind: Kind = "kinds",
    against: EncodedCategories | None = None,
    words: Floats | None = None,
) -> Similarity:
    """Compare the texts of a corpus by their likeness to categories.

    Two categories, or the steps of a scale, are one axis: likeness is nearness on it.

    Args:
        texts: (n, d) vectors of the corpus.
        encoded: the categories' vectors, from the same encoder.
        recipe: how the projection is made.
        kind: whether the categories are the steps of a scale.
        against: the categories of a competing attribute, projected out.
        words: (n, c) likeness of words, used with the recipe's weight; None for none.
    """
    standard = evidence(texts, encoded, recipe, against=against, words=words)
    return compared([Proposal(standard, kind)], recipe.temperature)


class Proposal(NamedTuple):
    """What one set of categories says of every text.

    evidence: (n, c) standardised evidence for each category. kind: how the categories stand.
    """

    evidence: Doubles
    kind: Kind

    @property
    def is_axis(self) -> bool:
        """Whether the set is one axis: a scale, or two categories."""
        return self.kind == "scale" or self.evidence.shape[1] == 2


def compared(proposals: Sequence[Proposal], temperature: float) -> Similarity:
    """Likeness by one or several sets of categories for the same attribute, each weighing alike.

    Several axes are one: the mean of the standardised places. Otherwise the cosines of the
    profiles are averaged, and a scale among kinds counts as kinds.

    Args:
        proposals: one at least, of the same texts.
        temperature: softening of each profile.

    Raises:
        BadInput: there is none.
    """
    if not proposals:
        raise BadInput("No set of categories was given; one at least is needed.")
    if all(each.is_axis for each in proposals):
        places = [axis_places(each.evidence, temperature) for each in proposals]
        if len(places) == 1:
            return AxisSimilarity(places[0])
        together = standardised(np.stack(places, axis=1)).mean(axis=1)
        return AxisSimilarity(together.astype(np.float32))
    profiles = [soft_profiles(each.evidence, temperature) for each in proposals]
    return VectorSimilarity(np.concatenate(profiles, axis=1) / np.float32(np.sqrt(len(profiles))))


def evidence(
    texts: Floats,
    encoded: EncodedCategories,
    recipe: Recipe,
    *,
    against: EncodedCategories | None = None,
    words: Floats | None = None,
) -> Doubles:
    """(n, c) standardised evidence that each text belongs to each category.

    Args:
        texts: (n, d) vectors of the corpus.
        encoded: the categories' vectors.
        recipe: how the projection is made.
        against: the categories of a competing attribute, projected out.
        words: (n, c) likeness of words, used with the recipe's weight; None for none.
    """
    standard = standardised(similarities(texts, encoded, recipe.prototypes, against=against))
    if words is None or recipe.words == 0:
        return standard
    return standardised(standard + recipe.words * standardised(words))


def similarities(
    texts: Floats,
    encoded: EncodedCategories,
    prototypes: Prototypes,
    *,
    against: EncodedCategories | None = None,
) -> Floats:
    """(n, c) similarity of each text to each category's prototype.

    A set in which some category has no example is compared by its sentences alone.

    Args:
        texts: (n, d) vectors of the corpus.
        encoded: the categories' vectors.
        prototypes: what they are made of.
        against: a competing attribute's categories, whose directions are taken out first.
    """
    removed = None if against is None else directions(against)
    score = _scorer(encoded, prototypes, removed)
    mean, n_texts = _mean(texts), len(texts)
    found = np.empty((n_texts, encoded.n_categories), dtype=np.float32)
    for start in range(0, n_texts, BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        found[part] = score(_removed(texts[part] - mean, removed))
    return found


def _scorer(
    encoded: EncodedCategories, prototypes: Prototypes, removed: Floats | None
) -> Callable[[Floats], Floats]:
    """What turns centred texts (b, d) into similarities (b, c)."""

    def side(vectors: Floats) -> Floats:
        return _removed(vectors - _mean(vectors), removed)

    if prototypes == "sentences" or not encoded.has_examples():
        return _cosines([side(encoded.said)])
    if prototypes == "logistic":
        return _logistic(unit_rows(side(encoded.examples)), encoded)
    shown = side(example_means(encoded))
    if prototypes == "examples":
        return _cosines([shown])
    whitening = within_whitening(encoded) if prototypes == "lda" else None
    return _cosines([side(encoded.said), shown], whitening)


def _cosines(sides: list[Floats], whitening: Whitening | None = None) -> Callable[[Floats], Floats]:
    """Scores by the cosine with the mean of the sides' unit vectors."""

    def mapped(vectors: Floats) -> Floats:
        return unit_rows(vectors if whitening is None else whitening.apply(vectors))

    prototypes = unit_rows(np.sum([mapped(side) for side in sides], axis=0))
    return lambda points: np.asarray(mapped(points) @ prototypes.T, dtype=np.float32)


def _logistic(examples: Floats, encoded: EncodedCategories) -> Callable[[Floats], Floats]:
    """Scores by the log-odds of each category, by a regression on the examples."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=LOGISTIC_C, max_iter=1000).fit(examples, encoded.owner)

    def score(points: Floats) -> Floats:
        decided = np.asarray(fitted.decision_function(unit_rows(points)), dtype=np.float32)
        return np.stack([-decided, decided], axis=1) if decided.ndim == 1 else decided

    return score


def directions(encoded: EncodedCategories, n: int = N_AGAINST) -> Floats:
    """(r, d) orthonormal directions in which a set's categories differ most, at most n.

    Args:
        encoded: the categories' vectors.
        n: directions at most.
    """
    sides = [encoded.said]
    if encoded.has_examples():
        sides.append(example_means(encoded))
    stacked = np.concatenate([unit_rows(side - _mean(side)) for side in sides])
    _, values, rows = np.linalg.svd(stacked.astype(np.float64), full_matrices=False)
    kept = values > 1e-4 * max(1e-12, values.max())
    return np.asarray(rows[kept][:n], dtype=np.float32)


def _removed(vectors: Floats, orthonormal: Floats | None) -> Floats:
    if orthonormal is None:
        return vectors
    return np.asarray(vectors - (vectors @ orthonormal.T) @ orthonormal, dtype=np.float32)


def centred(vectors: Floats) -> Floats:
    """(n, d) unit rows of vectors with their mean taken away."""
    return unit_rows(vectors - _mean(vectors))


def _mean(vectors: Floats) -> Floats:
    """(d,) the mean row, summed in double precision so that row order hardly matters."""
    return np.asarray(vectors.mean(axis=0, dtype=np.float64), dtype=np.float32)


def soft_profiles(standard: Doubles, temperature: float) -> Floats:
    """(n, c) unit rows: softened and centred over the corpus.

    Args:
        standard: (n, c) standardised similarities.
        temperature: of the softmax; 0 leaves them as they are.

    Raises:
        BadInput: a negative temperature.

    Example:
        >>> soft_profiles(np.array([[1.0, -1.0], [-1.0, 1.0]]), 1.0).round(2).tolist()
        [[0.7099999785423279, -0.7099999785423279], [-0.7099999785423279, 0.7099999785423279]]
    """
    if temperature == 0:
        return unit_rows(standard.astype(np.float32))
    weights = softmax(standard, temperature)
    return unit_rows((weights - weights.mean(axis=0)).astype(np.float32))


def axis_places(standard: Doubles, temperature: float) -> Floats:
    """(n,) place of each text on a scale whose steps are the columns, from 0 to 1.

    The mean step under the softmax; two poles are its two ends. A scale is always softened, by 1
    where the temperature is 0: a hard choice of a step would tie most texts.

    Example:
        >>> axis_places(np.array([[0.0, 0.0], [50.0, 0.0]]), 1.0).round(3).tolist()
        [0.5, 0.0]
    """
    steps = np.linspace(0.0, 1.0, standard.shape[1])
    return np.asarray(softmax(standard, temperature or 1.0) @ steps, dtype=np.float32)


def softmax(values: Doubles, temperature: float) -> Doubles:
    """(n, c) rows that sum to 1.

    Raises:
        BadInput: the temperature isn't positive.
    """
    if temperature <= 0:
        raise BadInput(f"The temperature is {temperature}; it must be over 0, such as 1.")
    weights = np.exp((values - values.max(axis=1, keepdims=True)) / temperature)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def standardised(values: Floats | Doubles) -> Doubles:
    """(n, c) each column with mean 0 and spread 1; a constant column is 0."""
    doubles = values.astype(np.float64)
    spread = doubles.std(axis=0)
    return np.asarray((doubles - doubles.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0))
