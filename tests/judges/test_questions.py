import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadInput
from engine.judges.questions import (
    Choice,
    Kind,
    PairQuestion,
    PointQuestion,
    Status,
    TripletQuestion,
    Verdict,
    as_asked,
)
from engine.types import Attribute

TONE = Attribute("tone")
TEXTS = st.text(max_size=5)


def test_keys_hold_kind_attribute_texts_and_order():
    questions = [
        PairQuestion(TONE, "a", "b"),
        PairQuestion(TONE, "b", "a"),
        PairQuestion(TONE, "ab", ""),
        PairQuestion(Attribute("tone", "defined"), "a", "b"),
        PairQuestion(Attribute("mood"), "a", "b"),
        TripletQuestion(TONE, "a", "b", "c"),
        TripletQuestion(TONE, "a", "c", "b"),
        TripletQuestion(TONE, "b", "a", "c"),
        PointQuestion(TONE, "a"),
    ]
    assert len({question.key for question in questions}) == len(questions)
    assert len({question.unordered_key for question in questions}) == len(questions) - 2


@given(TEXTS, TEXTS, TEXTS)
def test_a_triplet_keeps_its_anchor_when_its_sides_swap(anchor, left, right):
    one = TripletQuestion(TONE, anchor, left, right)
    assert one.unordered_key == TripletQuestion(TONE, anchor, right, left).unordered_key
    if anchor != left:
        assert one.unordered_key != TripletQuestion(TONE, left, anchor, right).unordered_key


@given(TEXTS, TEXTS)
def test_a_verdict_has_the_keys_of_its_question(left, right):
    question = PairQuestion(TONE, left, right)
    verdict = Verdict.of(question, "judge", value=1.0)
    assert verdict.question_key == question.key
    assert verdict.unordered_key == question.unordered_key


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        (Kind.PAIR, {"value": 4.5}),
        (Kind.PAIR, {"value": float("nan")}),
        (Kind.PAIR, {}),
        (Kind.PAIR, {"choice": Choice.SAME}),
        (Kind.PAIR, {"value": 1.0, "choice": Choice.LEFT}),
        (Kind.TRIPLET, {}),
        (Kind.TRIPLET, {"choice": Choice.SAME}),
        (Kind.TRIPLET, {"choice": Choice.LEFT, "value": 1.0}),
        (Kind.COMPARISON, {}),
        (Kind.COMPARISON, {"choice": Choice.UNSURE}),
        (Kind.COMPARISON, {"choice": Choice.LEFT, "value": 1.0}),
        (Kind.POINT, {"value": -0.1}),
        (Kind.POINT, {"choice": Choice.UNSURE}),
        (Kind.PAIR, {"value": 1.0, "status": Status.REFUSED}),
        (Kind.TRIPLET, {"choice": Choice.TIE, "status": Status.UNPARSED}),
    ],
)
def test_an_answer_that_does_not_fit_its_question_is_refused(kind, details):
    n_texts = {Kind.PAIR: 2, Kind.TRIPLET: 3, Kind.COMPARISON: 2, Kind.POINT: 1}[kind]
    with pytest.raises(BadInput):
        Verdict(kind, TONE, ("k",) * n_texts, "judge", **details)


def test_a_verdict_is_turned_to_the_order_asked():
    given_verdict = Verdict.of(
        TripletQuestion(TONE, "a", "b", "c"), "judge", choice=Choice.LEFT, reason="L is warm"
    )
    swapped = TripletQuestion(TONE, "a", "c", "b")
    turned = as_asked(given_verdict, swapped)
    assert turned.choice is Choice.RIGHT
    assert turned.question_key == swapped.key
    assert turned.reason == "(asked with the sides swapped) L is warm"
    assert as_asked(given_verdict, TripletQuestion(TONE, "a", "b", "c")) is given_verdict
    with pytest.raises(BadInput, match="another question"):
        as_asked(given_verdict, TripletQuestion(TONE, "b", "a", "c"))


def test_a_tie_and_a_grade_are_the_same_from_either_side():
    tie = Verdict.of(TripletQuestion(TONE, "a", "b", "c"), "judge", choice=Choice.TIE)
    assert as_asked(tie, TripletQuestion(TONE, "a", "c", "b")).choice is Choice.TIE
    grade = Verdict.of(PairQuestion(TONE, "a", "b"), "judge", value=3.0)
    assert as_asked(grade, PairQuestion(TONE, "b", "a")).value == 3.0
