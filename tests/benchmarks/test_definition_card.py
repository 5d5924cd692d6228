"""What the card's figures rest on, by hand: answers over both orders, matched shares, batches."""

import json

import numpy as np
import pytest

from benchmarks.definition_card import (
    batch_gap,
    compared,
    compared_shares,
    flips,
    matched,
    mean_error,
    rows_of,
    sides,
)
from engine.diagnostics.estimate import wilson
from engine.judges.kinds import Choice, Kind
from engine.judges.questions import PairQuestion, TripletQuestion, Verdict
from engine.types import Attribute

TONE = Attribute("tone")


def test_a_change_is_paired():
    rows = np.array([[0.0, 1.0, 0.5], [0.0, 1.0, 0.5], [1.0, 0.0, 0.5], [1.0, 1.0, 0.5]])
    found = compared(rows, mean_error)
    assert [found[name][0] for name in ("without", "with", "change")] == [0.5, 0.5, 0.0]
    always = compared(np.array([[0.0, 1.0, 0.0], [1.0, 2.0, 0.0]]), mean_error)
    assert always["change"] == [1.0, 1.0, 1.0, 2], "the same for each: no doubt of the change"


def test_shares_without_a_single_yes_are_still_uncertain():
    found = compared_shares(np.array([[0.0, 0.0]] * 10 + [[0.0, 1.0]] * 10))
    assert (found["without"][:2], found["with"][0]) == ([0.0, 0.0], 0.5)
    assert found["without"][2] == pytest.approx(wilson(0, 20).high, abs=1e-3)
    value, low, high, n = found["change"]
    assert (value, n) == (0.5, 20)
    assert low <= 0.3 < 0.7 <= high, "as wide as either way of telling"


def test_columns_meet_at_the_keys_that_all_have():
    assert rows_of({"a": 1.0, "b": 2.0}, {"b": 3.0, "c": 4.0}).tolist() == [[2.0, 3.0]]


def test_as_many_are_called_the_same_as_the_truth_has():
    truth = {"a": "same", "b": "different", "c": "unsure", "d": "different"}
    found = matched({"a": 0.2, "b": 0.3, "c": 0.9, "d": 0.1}, truth)
    assert found == {"a": "different", "b": "same", "d": "different"}


def test_batches_are_held_against_each_other_at_the_same_likeness():
    # Batch 2 has more pairs that are the same; at the same likeness it lies ½ and ¼ higher.
    rows = [[1.0, 0, 1], [1.0, 0, 1], [3.0, 1, 1], [1.5, 0, 2], [3.25, 1, 2], [3.25, 1, 2]]
    assert batch_gap(np.array(rows)) == pytest.approx(0.375)
    assert np.isnan(batch_gap(np.array(rows[:3])))


def triplet(left, right, logits):
    question = TripletQuestion(TONE, "anchor", left, right)
    raw = json.dumps(dict(zip(("Left", "Right"), logits, strict=True)))
    choice = Choice.LEFT if logits[0] > logits[1] else Choice.RIGHT
    return Verdict.of(question, "me", choice=choice, raw=raw)


def test_a_liking_for_a_side_cancels_out():
    # Always the left, but by more where that is "near".
    first, second = triplet("near", "far", (-0.1, -2.0)), triplet("far", "near", (-0.5, -1.0))
    word = sides([first, second])[first.unordered_key]
    assert word == sides([first, triplet("far", "near", (-2.0, -0.1))])[first.unordered_key]
    assert word != sides([second, triplet("near", "far", (-2.0, -0.1))])[first.unordered_key]
    assert flips([first, second], [first, second], Kind.TRIPLET)["without"][0] == 1.0


def test_a_pair_flips_where_yes_becomes_no():
    def graded(one, other):
        return [
            Verdict.of(PairQuestion(TONE, "a", "b"), "me", value=one),
            Verdict.of(PairQuestion(TONE, "b", "a"), "me", value=other),
        ]

    found = flips(graded(2.4, 3.9), graded(2.4, 1.9), Kind.PAIR)
    assert (found["without"][0], found["with"][0], found["change"][0]) == (0.0, 1.0, 1.0)
