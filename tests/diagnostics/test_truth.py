import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.diagnostics.truth import (
    Groups,
    PairTruth,
    both_orders,
    split_by_anchor,
    truth_from_labels,
    truth_from_verdicts,
)
from engine.errors import BadInput
from engine.judges.questions import Choice, PairQuestion, Verdict
from engine.types import Attribute

CODES = st.lists(st.integers(-1, 3), min_size=3, max_size=30)


def test_weights_restore_the_share_of_same_pairs():
    # 2 of label 0, 8 of label 1. A label-0 anchor has 1 same and 8 different texts; drawing 4 of
    # each kind takes the one same (weight 1) and 4 of 8 different (weight 2).
    codes = np.array([0, 0] + [1] * 8)
    truth = truth_from_labels(codes, "topic", n_pairs=80, n_anchors=10)
    of_zero = truth.left == 0
    assert truth.same[of_zero].sum() == 1
    assert truth.weights[of_zero & truth.same].tolist() == [1.0]
    assert truth.weights[of_zero & ~truth.same].tolist() == [2.0] * 4
    assert truth.weights[of_zero].sum() == 9


@given(CODES, st.integers(2, 60), st.integers(1, 30), st.integers(0, 3))
def test_sampled_pairs_hold_both_kinds_for_every_anchor(codes, n_pairs, n_anchors, seed):
    codes = np.array(codes)
    labelled = codes[codes >= 0]
    assume(len(set(labelled)) > 1)
    assume(len(set(labelled)) < len(labelled))
    truth = truth_from_labels(codes, "x", n_pairs=n_pairs, n_anchors=n_anchors, seed=seed)
    assert (codes[truth.left] >= 0).all()
    assert (codes[truth.right] >= 0).all()
    assert ((codes[truth.left] == codes[truth.right]) == truth.same).all()
    assert len(set(zip(truth.left, truth.right, strict=True))) == truth.n_pairs
    for anchor in set(truth.left.tolist()):
        here = truth.left == anchor
        assert 0 < truth.same[here].sum() < here.sum()
        assert truth.weights[here].sum() == pytest.approx(len(labelled) - 1)


def test_the_same_seed_draws_the_same_pairs():
    codes = np.arange(40) % 3
    one, two, other = (
        truth_from_labels(codes, "x", n_pairs=50, n_anchors=10, seed=seed) for seed in (1, 1, 2)
    )
    assert one.right.tolist() == two.right.tolist()
    assert one.right.tolist() != other.right.tolist()


@pytest.mark.parametrize("codes", [[0, 0, 0], [0, 1, 2], [-1, -1, 0]])
def test_labels_without_both_kinds_are_refused(codes):
    with pytest.raises(BadInput, match="at least two labels"):
        truth_from_labels(codes, "topic")


def test_verdicts_become_pairs_and_unsure_ones_are_left_out():
    tone, texts = Attribute("tone"), ["a", "b", "c"]
    given = [
        Verdict.of(PairQuestion(tone, "a", "b"), "me", value=4.0),
        Verdict.of(PairQuestion(tone, "c", "a"), "me", value=0.0),
        Verdict.of(PairQuestion(tone, "b", "c"), "me", choice=Choice.UNSURE),
    ]
    truth = truth_from_verdicts(given, texts)
    assert truth.same.tolist() == [True, False]
    assert {frozenset(pair) for pair in np.stack([truth.left, truth.right], axis=1).tolist()} == {
        frozenset({0, 1}),
        frozenset({0, 2}),
    }
    assert truth.described == "2 pairs (1 same, 1 different) from the verdicts of me"


def test_both_orders_makes_every_text_an_anchor():
    truth = PairTruth(np.array([0]), np.array([1]), np.array([True]), "me")
    doubled = both_orders(truth)
    assert doubled.left.tolist() == [0, 1]
    assert doubled.right.tolist() == [1, 0]
    assert doubled.weights.sum() == 1


def test_halves_share_no_anchor():
    truth = truth_from_labels(np.arange(30) % 3, "x", n_pairs=100, n_anchors=20)
    one, two = split_by_anchor(truth)
    assert not set(one.left.tolist()) & set(two.left.tolist())
    assert one.n_pairs + two.n_pairs == truth.n_pairs


def test_scored_drops_nan_and_refuses_other_lengths():
    truth = PairTruth(np.array([0, 1]), np.array([1, 2]), np.array([True, False]), "me")
    values, known = truth.scored(np.array([np.nan, 0.5]))
    assert values.tolist() == [0.5]
    assert known.left.tolist() == [1]
    with pytest.raises(BadInput, match="one each"):
        truth.scored(np.array([1.0]))


def test_what_does_not_fit_is_refused():
    with pytest.raises(BadInput, match="same row twice"):
        PairTruth(np.array([1]), np.array([1]), np.array([True]), "me")
    with pytest.raises(BadInput, match="lengths"):
        PairTruth(np.array([1, 2]), np.array([0]), np.array([True]), "me")
    with pytest.raises(BadInput, match="positive"):
        PairTruth(np.array([1]), np.array([0]), np.array([True]), "me", np.array([0.0]))
    with pytest.raises(BadInput, match="-1 means none"):
        Groups(np.array([0, 2]), ("a", "b"), "x")
