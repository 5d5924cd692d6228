"""The judge on a shortlist or landmarks, and all pairs: by labels, by replay, refused when dear."""

import numpy as np
import pytest

from engine.corpus import load_corpus
from engine.errors import BadInput, UnknownName
from engine.judges.ledger import Ledger
from engine.methods.judged_pairs import JudgeChoice, graded
from engine.methods.registry import create
from engine.resources import Resources
from engine.similarity import PairSimilarity
from engine.store import data_dir
from engine.types import Attribute, Scale

TONE = Attribute("tone")
TEXTS = ("I am furious!", "This is outrageous!", "Many thanks.", "How kind of you.")
LABELS = ["angry", "angry", "glad", "glad"]
BY_LABEL = {"judge": "labels", "label_column": "tone", "shortlist_from": "tfidf"}


@pytest.fixture
def corpus(small_corpus):
    return small_corpus(*TEXTS, tone=LABELS)


def rows(*values):
    return np.array(values, dtype=np.int64)


def test_a_shortlist_is_graded_and_nothing_else_is(corpus):
    resources = Resources()
    made = create("judge", {**BY_LABEL, "shortlist": 1, "max_anchors": 4})
    similarity = made.prepare(corpus, TONE, resources)
    left, right = np.triu_indices(4, 1)
    values = similarity.pairs(left, right)
    known = np.isfinite(values)
    assert 1 <= known.sum() < 6
    assert similarity.scale is Scale.PROBABILITY
    same = np.array([LABELS[a] == LABELS[b] for a, b in zip(left, right, strict=True)])
    np.testing.assert_array_equal(values[known], same[known].astype(float))
    assert resources.meter.verdicts == known.sum()


def test_more_is_paid_for_on_demand(corpus):
    made = create("judge", {**BY_LABEL, "max_anchors": 0})
    similarity = made.prepare(corpus, TONE, Resources())
    assert np.isnan(similarity.pairs(rows(0), rows(1))).all()
    assert similarity.score(rows(0, 0), rows(1, 2)).tolist() == [1.0, 0.0]
    assert similarity.score(rows(1), rows(0)).tolist() == [1.0]


def test_landmarks_score_every_pair_from_fewer_verdicts(corpus):
    resources = Resources()
    made = create("judge", {**BY_LABEL, "compare": "landmarks", "landmarks": 2})
    similarity = made.prepare(corpus, TONE, resources)
    left, right = np.triu_indices(4, 1)
    assert np.isfinite(similarity.pairs(left, right)).all()
    assert resources.meter.verdicts <= 2 * 3
    assert similarity.scale is Scale.COSINE


def test_with_every_text_a_landmark_the_labels_come_back(corpus):
    made = create("judge", {**BY_LABEL, "compare": "landmarks", "landmarks": 4})
    found = made.prepare(corpus, TONE, Resources()).neighbours(rows(0, 1, 2, 3), 1).rows[:, 0]
    assert found.tolist() == [1, 0, 3, 2]


def test_a_verdict_is_kept_and_asked_once(corpus):
    choice = JudgeChoice("labels", "", "tone")
    for left, right in ((0, 1), (1, 0)):
        graded(corpus, TONE, choice, Resources(), rows(left), rows(right))
    with Ledger(data_dir() / "ledger.sqlite") as ledger:
        assert len(list(ledger.verdicts(judge="labels: tone"))) == 1


def test_a_pair_that_nobody_judged_is_not_a_number():
    whole = load_corpus("math_problems")
    structure = Attribute("mathematical structure", "which computation solves the problem")
    found = graded(whole, structure, JudgeChoice("replay", ""), Resources(), rows(0), rows(1))
    assert np.isnan(found).all()


def test_shipped_verdicts_are_replayed():
    """The first pair of the file, grade by grade."""
    import json

    from engine.samples import sample

    place = sample("math_problems")
    lines = map(json.loads, place.verdicts.read_text(encoding="utf-8").splitlines())
    first = next(line for line in lines if line["kind"] == "pair")
    whole = load_corpus("math_problems")
    attribute = Attribute(first["attribute"], first["definition"])
    left, right = (rows(whole.row_of(first[side])) for side in ("left", "right"))
    found = graded(whole, attribute, JudgeChoice("replay", ""), Resources(), left, right)
    assert np.isfinite(found).all()
    assert 0 <= found[0] <= 1


def test_a_judge_without_what_it_needs_says_so(corpus):
    with pytest.raises(BadInput, match="nothing to replay"):
        create("judge", {"judge": "replay", "shortlist_from": "tfidf"}).prepare(
            corpus, TONE, Resources()
        )
    with pytest.raises(UnknownName, match="label column"):
        create("judge", {**BY_LABEL, "label_column": "tune"}).prepare(corpus, TONE, Resources())


def test_the_cost_is_said_before_it_is_paid(corpus):
    resources = Resources()
    with pytest.raises(BadInput, match=r"4 texts make 6 pairs.*allows 5.*Set it to 6"):
        create("all-pairs", {"max_pairs": 5}).prepare(corpus, TONE, resources)
    with pytest.raises(BadInput, match=r"ask for 8 verdicts.*allows 7"):
        create("judge", {**BY_LABEL, "shortlist": 2, "max_verdicts": 7}).prepare(
            corpus, TONE, resources
        )
    assert (resources.meter.verdicts, resources.meter.passes) == (0, 0)


def test_all_pairs_are_read_once_each(corpus):
    resources = Resources()
    made = create("all-pairs", {"read_by": "labels", "label_column": "tone", "max_pairs": 6})
    similarity = made.prepare(corpus, TONE, resources)
    assert isinstance(similarity, PairSimilarity)
    assert len(similarity.known) == resources.meter.verdicts == 6
    assert similarity.neighbours(rows(0), 3).rows.tolist()[0][0] == 1


def test_pairs_of_some_anchors_are_counted_without_counting_one_twice(corpus):
    """Two anchors of four: 3 + 2 pairs."""
    options = {"read_by": "labels", "label_column": "tone", "max_anchors": 2}
    with pytest.raises(BadInput, match="5 pairs"):
        create("all-pairs", {**options, "max_pairs": 4}).prepare(corpus, TONE, Resources())
    similarity = create("all-pairs", {**options, "max_pairs": 5}).prepare(corpus, TONE, Resources())
    assert len(similarity.known) == 5


def test_one_text_has_no_pairs(small_corpus):
    similarity = create("all-pairs").prepare(small_corpus("Alone."), TONE, Resources())
    assert similarity.known == {}
