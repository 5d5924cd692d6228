"""multi-summary: the best matches of several rewrites, by hand and on a sample."""

import json

import numpy as np
import pytest

from engine.diagnostics.conditioning import draw_swap_triplets, swap_accuracy
from engine.max_sim import MaxSimSimilarity
from engine.methods.registry import create
from engine.resources import Meter, Resources
from engine.types import Attribute

ANIMAL = Attribute("animal")


@pytest.fixture
def pets(small_corpus, tmp_path):
    """Three texts; the first has two rewrites, each of which another text shares."""
    lines = [("t0", "cat"), ("t0", "dog"), ("t1", "cat"), ("t2", "dog"), ("t3", "fish")]
    path = tmp_path / "pets.jsonl"
    path.write_text("".join(json.dumps({"id": i, "rewrite": r}) + "\n" for i, r in lines))
    return small_corpus("One.", "Two.", "Three.", "Four."), str(path)


def test_either_rewrite_can_match(pets):
    """Text 0 is half text 1: its 'cat' matches, its 'dog' doesn't: (½ + 1) / 2."""
    corpus, file = pets
    made = create("multi-summary", {"file": file, "compare": "tfidf"})
    similarity = made.prepare(corpus, ANIMAL, Resources())
    assert isinstance(similarity, MaxSimSimilarity)
    found = similarity.pairs(np.array([0, 0, 1, 0]), np.array([1, 2, 2, 3]))
    np.testing.assert_allclose(found, [0.75, 0.75, 0, 0], atol=1e-6)
    assert made.rewrites(corpus, ANIMAL).used == ("cat / dog", "cat", "dog", "fish")


def test_one_rewrite_each_is_rewrite_bm25(pets):
    corpus, file = pets
    single = corpus.subset([1, 2, 3])
    left, right = np.triu_indices(3, 1)
    one = create("multi-summary", {"file": file, "compare": "tfidf", "n_rewrites": 1})
    other = create("rewrite-bm25", {"file": file})
    found, wanted = (made.prepare(single, ANIMAL, Resources()) for made in (one, other))
    np.testing.assert_allclose(found.pairs(left, right), wanted.pairs(left, right), atol=1e-6)


@pytest.mark.models
@pytest.mark.parametrize("compare", ["tfidf", "embedding"])
def test_shipped_rewrites_and_their_clauses_follow_the_structure(problems, structure, compare):
    meter = Meter()
    made = create("multi-summary", {"compare": compare})
    similarity = made.prepare(problems, structure, Resources(meter=meter))
    codes = [problems.label_codes(column).codes for column in ("structure", "story")]
    triplets = draw_swap_triplets(*codes, n=200, seed=0)
    assert swap_accuracy(similarity, triplets, asked="a").value > 0.9
    assert meter.lm_tokens == 0
    assert similarity.present.sum() > len(problems)
