"""κ of two judges and repeats of one, by hand-worked numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.judge_agreement import (
    answers_in_words,
    cohen_kappa,
    judges_agree,
    repeat_agreement,
)
from engine.errors import BadInput
from engine.judges.kinds import Choice, Kind, Status
from engine.judges.questions import PairQuestion, PointQuestion, TripletQuestion, Verdict
from engine.types import Attribute

TONE = Attribute("tone")
WORDS = st.sampled_from(["same", "different", "unsure"])


def test_kappa_of_a_table_worked_by_hand():
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: agreed 0.7, by chance 0.5, so κ = 0.4."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    found = cohen_kappa(first, second)
    assert found.value == pytest.approx(0.4)
    # Wilson of 35 of 50 is 0.562 to 0.809, which κ = (x − 0.5) / 0.5 takes to 0.124 and 0.618.
    assert found.low <= 0.125
    assert found.high >= 0.617
    assert found.low > 0
    assert found.n == 50


def test_a_few_that_all_agree_still_have_a_width():
    found = cohen_kappa(["a", "b", "a"], ["a", "b", "a"])
    assert found.value == 1.0
    assert found.low < 0.2
    assert found.high == pytest.approx(1.0)


def test_one_word_alone_gives_no_kappa():
    assert math.isnan(cohen_kappa(["a", "a"], ["a", "a"]).value)
    assert cohen_kappa([], []).n == 0


def test_lengths_must_match():
    with pytest.raises(BadInput, match="1 answers and 2"):
        cohen_kappa(["a"], ["a", "b"])


@given(st.lists(st.tuples(WORDS, WORDS), min_size=2, max_size=30))
def test_kappa_is_symmetric_and_within_its_interval(pairs):
    first, second = zip(*pairs, strict=True)
    one, other = cohen_kappa(first, second), cohen_kappa(second, first)
    if math.isnan(one.value):
        assert math.isnan(other.value)
        return
    assert one.value == pytest.approx(other.value)
    assert one.low - 1e-9 <= one.value <= one.high + 1e-9
    assert one.high <= 1 + 1e-9


def graded(left, right, grade, **more):
    return Verdict.of(PairQuestion(TONE, left, right), "judge", value=grade, **more)


def sided(anchor, left, right, choice):
    return Verdict.of(TripletQuestion(TONE, anchor, left, right), "judge", choice=choice)


def test_pairs_are_named_by_the_mean_of_both_orders():
    verdicts = [graded("a", "b", 4.0), graded("b", "a", 3.0), graded("a", "c", 4.0)]
    verdicts += [graded("c", "a", 0.0), graded("b", "c", 1.0)]
    assert sorted(answers_in_words(verdicts, Kind.PAIR).values()) == ["different", "same", "unsure"]


def test_a_side_has_the_same_name_in_either_order():
    one = answers_in_words([sided("x", "a", "b", Choice.LEFT)], Kind.TRIPLET)
    other = answers_in_words([sided("x", "b", "a", Choice.RIGHT)], Kind.TRIPLET)
    against = answers_in_words([sided("x", "b", "a", Choice.LEFT)], Kind.TRIPLET)
    assert one == other
    assert one.keys() == against.keys()
    assert one != against
    both = answers_in_words(
        [sided("x", "a", "b", Choice.LEFT), sided("x", "b", "a", Choice.LEFT)], Kind.TRIPLET
    )
    assert list(both.values()) == ["tie"]


def test_points_have_no_words():
    with pytest.raises(BadInput, match="'point'"):
        answers_in_words([], Kind.POINT)


def test_judges_are_compared_on_what_both_answered():
    one = {"p": "same", "q": "different", "r": "same"}
    other = {"q": "different", "p": "same", "s": "different"}
    assert judges_agree(one, other)[::3] == (1.0, 2)


def test_repeats_in_the_same_order_alone_count():
    verdicts = [graded("a", "b", 4.0), graded("a", "b", 4.0), graded("b", "a", 0.0)]
    assert repeat_agreement(verdicts)[::3] == (1.0, 1)
    assert repeat_agreement([*verdicts, graded("a", "b", 3.0)])[::3] == (0.0, 1)
    unread = graded("c", "d", None, status=Status.UNPARSED)
    assert repeat_agreement([unread, unread]).n == 0


def test_scores_a_point_apart_count_as_the_same():
    points = [Verdict.of(PointQuestion(TONE, "a"), "judge", value=v) for v in (7.0, 7.5, 8.0)]
    assert repeat_agreement(points)[::3] == (1.0, 1)
    far = Verdict.of(PointQuestion(TONE, "a"), "judge", value=5.9)
    assert repeat_agreement([*points, far]).value == 0.0
