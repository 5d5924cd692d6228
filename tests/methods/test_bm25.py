"""BM25 as a method: plain at strength 0, and how the attribute weighs the anchor's words."""

import numpy as np
import pytest
from rank_bm25 import BM25Okapi

from engine.lexical import words
from engine.methods.registry import create
from engine.resources import Resources
from engine.types import Attribute, Scale

COLOURS = ("the red car", "the crimson rose", "a fast car", "a slow river", "red and blue paint")


def prepared(corpus, attribute, **options):
    return create("bm25", options).prepare(corpus, attribute, Resources())


def matrix(similarity):
    left, right = (
        side.ravel() for side in np.mgrid[0 : similarity.n_texts, 0 : similarity.n_texts]
    )
    return similarity.pairs(left, right).reshape(similarity.n_texts, similarity.n_texts)


@pytest.fixture
def few(problems):
    """A vocabulary small enough to encode in a second."""
    return problems.subset([0, 1, 2, 3])


def test_strength_zero_is_rank_bm25_whatever_the_attribute(problems, structure, story):
    plain = prepared(problems, structure, strength=0)
    okapi = BM25Okapi([words(text) for text in problems.texts])
    wanted = np.array([okapi.get_scores(words(text)) for text in problems.texts])
    np.testing.assert_allclose(matrix(plain), wanted, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(matrix(plain), matrix(prepared(problems, story, strength=0)))
    assert plain.scale is Scale.BM25


def test_strength_zero_loads_no_model(problems, structure):
    resources = Resources()
    create("bm25", {"strength": 0}).prepare(problems, structure, resources)
    assert resources.meter.passes == 0


def test_texts_without_words_are_like_nothing(small_corpus, structure):
    similarity = prepared(small_corpus("…", "—", "?!"), structure)
    assert matrix(similarity).tolist() == [[0, 0, 0]] * 3


@pytest.mark.models
def test_words_near_the_attribute_count_more(small_corpus):
    corpus = small_corpus(*COLOURS)
    colour = matrix(prepared(corpus, Attribute("colour")))
    vehicle = matrix(prepared(corpus, Attribute("vehicles")))
    # "the red car" shares "red" with row 4 and "car" with row 2.
    assert colour[0, 4] / colour[0, 2] > vehicle[0, 4] / vehicle[0, 2]


@pytest.mark.models
def test_the_anchor_is_weighted_and_the_candidate_is_not(few, structure):
    """Each score is Σ count · e^(strength·z) · weight, with z from the encoder itself."""
    from engine.lexical import bm25_weights, term_counts

    resources = Resources()
    counts, vocabulary = term_counts(few.texts)
    cosines = (
        resources.embed("minilm", vocabulary) @ resources.embed("minilm", [structure.phrase])[0]
    )
    z = (cosines - cosines.mean()) / cosines.std()
    anchors = counts.toarray() * np.exp(2.0 * z)
    wanted = anchors @ bm25_weights(counts).toarray().T
    found = matrix(prepared(few, structure, strength=2))
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


@pytest.mark.models
def test_the_vocabulary_is_encoded_once_a_corpus(few, structure, story):
    resources = Resources()
    create("bm25").prepare(few, structure, resources)
    before = resources.meter.passes
    create("bm25").prepare(few, story, resources)
    assert resources.meter.passes == before + 1
