from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.transitivity import (
    Comparisons,
    both_ways,
    broken_triangles,
    comparisons,
    differ,
    grade_flips,
    intransitive_triads,
    order_flips,
)
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput
from engine.judges.questions import Choice, Kind, PairQuestion, TripletQuestion, Verdict
from engine.types import Attribute

TONE = Attribute("tone")


def chose(anchor, left, right, choice):
    return Verdict.of(TripletQuestion(TONE, anchor, left, right), "me", choice=choice)


def graded(left, right, value):
    return Verdict.of(PairQuestion(TONE, left, right), "me", value=value)


def test_order_flips_by_hand():
    verdicts = [
        chose("x", "a", "b", Choice.LEFT),
        chose("x", "b", "a", Choice.RIGHT),  # a both times
        chose("x", "a", "c", Choice.LEFT),
        chose("x", "c", "a", Choice.LEFT),  # a, then c
        chose("x", "b", "c", Choice.TIE),
        chose("x", "c", "b", Choice.TIE),  # tied both times
        chose("y", "a", "b", Choice.RIGHT),  # asked once
    ]
    found = order_flips(verdicts)
    assert (found.flipped.value, found.flipped.n) == (pytest.approx(1 / 3), 3)
    # Five decided: left, right, left, left, right.
    assert (found.first_side.value, found.first_side.n) == (pytest.approx(3 / 5), 5)


def test_only_the_last_verdict_on_a_question_counts():
    verdicts = [
        chose("x", "a", "b", Choice.RIGHT),
        chose("x", "a", "b", Choice.LEFT),
        chose("x", "b", "a", Choice.RIGHT),
    ]
    assert order_flips(verdicts).flipped.value == 0


def test_grade_flips_by_hand():
    verdicts = [graded("a", "b", 4), graded("b", "a", 4), graded("a", "c", 3), graded("c", "a", 1)]
    assert grade_flips([*verdicts, graded("b", "c", 0)]).value == 0.5
    assert grade_flips([]).n == 0


def test_a_circle_by_hand():
    # Under x: a > b > c > a is a circle. Under y: a > b > c and a > c is none.
    verdicts = [
        chose("x", "a", "b", Choice.LEFT),
        chose("x", "c", "b", Choice.RIGHT),
        chose("x", "a", "c", Choice.RIGHT),
        chose("y", "a", "b", Choice.LEFT),
        chose("y", "b", "c", Choice.LEFT),
        chose("y", "a", "c", Choice.LEFT),
    ]
    found = intransitive_triads(comparisons(verdicts))
    assert (found.value, found.n) == (0.5, 2)


def test_conflicting_repeats_cancel():
    verdicts = [chose("x", "a", "b", Choice.LEFT), chose("x", "b", "a", Choice.LEFT)]
    assert len(comparisons(verdicts).anchor) == 0
    assert intransitive_triads(comparisons(verdicts)).n == 0


@given(st.integers(3, 8), st.integers(0, 200))
def test_triads_counted_one_by_one(n, seed):
    rng = np.random.default_rng(seed)
    beats = np.triu(rng.random((n, n)) < 0.5, 1)
    beats |= np.tril(~beats.T, -1)
    winner, loser = np.nonzero(beats)
    found = intransitive_triads(Comparisons(np.zeros(len(winner), np.int64), winner, loser))
    circles = sum(
        sum(beats[x, [i for i in three if i != x]].sum() == 1 for x in three) == 3
        for three in combinations(range(n), 3)
    )
    assert found.n == n * (n - 1) * (n - 2) // 6
    assert found.value == pytest.approx(circles / found.n)


def test_an_order_has_no_circles_and_a_double_comparison_is_refused():
    winner, loser = np.triu_indices(6, 1)
    zero = np.zeros(len(winner), np.int64)
    assert intransitive_triads(Comparisons(zero, winner, loser)).value == 0
    twice = Comparisons(np.zeros(2, np.int64), np.array([0, 1]), np.array([1, 0]))
    with pytest.raises(BadInput, match="twice"):
        intransitive_triads(twice)


def test_broken_triangles_by_hand():
    # 0-1-2 all same: whole. 0-1-3: 0-1 and 1-3 same, 0-3 different: broken. 2-3 is not judged.
    left, right = np.array([0, 1, 2, 3, 0]), np.array([1, 2, 0, 1, 3])
    truth = PairTruth(left, right, np.array([True, True, True, True, False]), "me")
    found = broken_triangles(truth)
    assert (found.value, found.n) == (0.5, 2)


@given(st.lists(st.integers(0, 2), min_size=3, max_size=9))
def test_labels_never_break_a_triangle(codes):
    codes = np.array(codes)
    left, right = np.triu_indices(len(codes), 1)
    truth = PairTruth(left, right, codes[left] == codes[right], "labels")
    assert broken_triangles(truth).value in (0, pytest.approx(np.nan, nan_ok=True))


def test_no_pairs_no_triangles():
    none = np.empty(0, np.int64)
    assert broken_triangles(PairTruth(none, none, none.astype(bool), "me")).n == 0


def test_what_flips_is_shown_with_both_verdicts():
    kept = [chose("x", "a", "b", Choice.LEFT), chose("x", "b", "a", Choice.RIGHT)]
    flips = [chose("y", "a", "b", Choice.LEFT), chose("y", "b", "a", Choice.LEFT)]
    once = [chose("z", "a", "b", Choice.LEFT), graded("a", "b", 4), graded("b", "a", 4)]
    found = both_ways([*kept, *flips, *once], Kind.TRIPLET)
    assert [differ(*twice) for twice in found] == [False, True]
    assert found[1] == tuple(flips)
    assert [differ(*twice) for twice in both_ways(once, Kind.PAIR)] == [False]


def test_texts_can_be_numbered_by_their_rows():
    verdict = chose("x", "a", "b", Choice.RIGHT)
    rows = dict(zip(verdict.text_keys, (7, 5, 3), strict=True))
    assert [column.tolist() for column in comparisons([verdict], rows)] == [[7], [3], [5]]
