"""A kept run of a pair scorer: what it knows, and how it gets its model back."""

import numpy as np
import pytest

from engine.errors import BadInput
from engine.methods.registry import create
from engine.reopening import reopened
from engine.resources import Meter, Resources
from engine.run import RunRequest, RunStore, prepare
from engine.types import Attribute

COLOUR = Attribute("colour")
FEW = {"shortlist": 1, "max_anchors": 1, "shortlist_from": "tfidf"}
LEFT, RIGHT = np.array([0, 1]), np.array([2, 3])


@pytest.fixture
def corpus(small_corpus):
    texts = ("A red cat.", "A red dog.", "A blue cat.", "A red bird.")
    return small_corpus(*texts, colour=["red", "red", "blue", "red"])


def kept(corpus, name, options):
    request = RunRequest(corpus, COLOUR, create(name, options))
    store = RunStore()
    store.save(prepare(request, Resources()))
    return store.load(request.key)


def test_a_kept_judge_answers_about_further_pairs_again(corpus):
    run = kept(corpus, "judge", {**FEW, "judge": "labels", "label_column": "colour"})
    assert not run.similarity.scores_on_demand
    n_unknown = np.isnan(run.similarity.score(LEFT, RIGHT)).sum()
    assert n_unknown > 0
    meter = Meter()
    again = reopened(run, corpus, Resources(meter=meter))
    assert again.similarity.scores_on_demand
    assert meter.verdicts == 0
    np.testing.assert_array_equal(again.similarity.score(LEFT, RIGHT), [0, 1])
    assert meter.verdicts == n_unknown
    assert reopened(again, corpus, Resources()) is again


@pytest.mark.models
def test_a_kept_reranker_reads_with_the_same_numbers(corpus):
    run = kept(corpus, "reranker", FEW)
    fresh = create("reranker", FEW).prepare(corpus, COLOUR, Resources())
    again = reopened(run, corpus, Resources())
    np.testing.assert_array_equal(again.similarity.score(LEFT, RIGHT), fresh.score(LEFT, RIGHT))


def test_another_corpus_is_refused_and_other_runs_stay_as_they_are(corpus, small_corpus):
    judged = kept(corpus, "judge", {**FEW, "judge": "labels", "label_column": "colour"})
    with pytest.raises(BadInput, match="made of other texts than those of 'small'"):
        reopened(judged, small_corpus("Another.", "Two."), Resources())
    words = kept(corpus, "tfidf", {})
    assert reopened(words, corpus, Resources()) is words
