"""query-relevance: its queries, its vectors, and what a new attribute costs."""

import json

import numpy as np
import pytest

from engine.errors import BadInput
from engine.methods.query_relevance import _by_words
from engine.methods.registry import create, inputs_key
from engine.projection.categories import Category, CategorySet
from engine.projection.library import CategoryLibrary
from engine.resources import Meter, Resources
from engine.types import Attribute

ANIMAL = Attribute("animal")
TEXTS = ("A cat sat.", "The cat ran.", "A dog sat.", "The dog ran.", "Rain.", "Snow.")


@pytest.fixture
def pets(small_corpus, tmp_path):
    corpus = small_corpus(*TEXTS)
    path = tmp_path / "pets.jsonl"
    said = ["cat", "cat", "dog", "dog"]
    lines = [{"text": text, "rewrite": one} for text, one in zip(TEXTS, said, strict=False)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return corpus, str(path)


def saved_categories():
    pets = (Category("cat", "a cat", ("The tabby.",)), Category("dog", "a dog"))
    CategoryLibrary().save(ANIMAL, CategorySet("animal", pets))


def test_bm25_of_texts_for_queries_by_hand():
    """Two texts of one word each: idf ln(1.5/1.5) = 0 for both words, so another text is added."""
    found = _by_words(["cat", "dog", "fish"], ["cat", "cat dog", "bird"])
    idf = np.log(2.5) - np.log(1.5)
    np.testing.assert_allclose(found, [[idf, idf, 0], [0, idf, 0], [0, 0, 0]], atol=1e-9)


def test_texts_are_alike_by_their_relevances_to_different_rewrites(pets):
    corpus, file = pets
    made = create("query-relevance", {"file": file, "relevance": "bm25"})
    resources = Resources()
    similarity = made.prepare(corpus, ANIMAL, resources)
    assert sorted(resources.meter.prompts["queries"]) == ["cat", "dog"]
    same, other = similarity.pairs(np.array([0, 0]), np.array([1, 3]))
    assert same > 0.9
    assert other < -0.9
    assert similarity.vectors.shape == (6, 2)
    assert resources.meter.passes == 0


def test_the_development_sample_is_what_was_learnt_from(pets):
    corpus, file = pets
    made = create("query-relevance", {"file": file, "n_queries": 2, "held_out": 0.0, "seed": 1})
    assert len(made.training_rows(corpus, ANIMAL)) == 2
    saved_categories()
    assert len(create("query-relevance").training_rows(corpus, ANIMAL)) == 0


def test_known_categories_are_the_queries_where_no_rewrite_is_at_hand(pets):
    corpus, file = pets
    saved_categories()
    resources = Resources()
    create("query-relevance", {"relevance": "bm25"}).prepare(corpus, ANIMAL, resources)
    assert resources.meter.prompts["queries"] == ["a cat", "a dog"]
    key = inputs_key(create("query-relevance"), corpus, ANIMAL)
    CategoryLibrary().save(
        ANIMAL, CategorySet("animal", (Category("cat", "a tom cat"), Category("dog", "a dog")))
    )
    assert inputs_key(create("query-relevance"), corpus, ANIMAL) != key
    named = create("query-relevance", {"file": file})
    assert inputs_key(named, corpus, ANIMAL) == inputs_key(
        create("rewrite-bm25", {"file": file}), corpus, ANIMAL
    )


def test_categories_that_nobody_wrote_are_refused(pets):
    corpus, _ = pets
    with pytest.raises(BadInput, match="No categories are known for 'animal'"):
        create("query-relevance", {"queries": "categories"}).prepare(corpus, ANIMAL, Resources())


@pytest.mark.models
def test_a_further_attribute_reads_only_its_queries(problems, structure, story):
    made = create("query-relevance", {"n_queries": 6})
    made.prepare(problems, structure, Resources())
    meter = Meter()
    resources = Resources(meter=meter)
    made.prepare(problems, story, resources)
    asked = len(made._queries(problems, story, Resources()))
    assert meter.passes == asked
    assert meter.n_cached >= len(set(problems.texts))
    assert meter.lm_tokens == 0


def test_a_cross_encoder_reads_every_text_with_every_query(pets, monkeypatch):
    corpus, file = pets
    asked = []

    def cross_encode(_resources, _model, pairs):
        asked.extend(pairs)
        return np.array([float(query in text.lower()) for query, text in pairs], dtype=np.float32)

    monkeypatch.setattr(Resources, "cross_encode", cross_encode)
    made = create("query-relevance", {"file": file, "relevance": "cross-encoder"})
    similarity = made.prepare(corpus, ANIMAL, Resources())
    assert len(set(asked)) == len(asked) == 6 * 2
    assert similarity.pairs(np.array([0]), np.array([1]))[0] > 0.9
