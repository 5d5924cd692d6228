"""Shares told by chosen and random questions: by hand, on a planted corpus, and what they claim."""

import numpy as np
import pytest

from engine.choosing.drawing import Why, draw
from engine.choosing.weighing import Basis, share_told
from engine.diagnostics.estimate import wilson
from engine.judges.kinds import Kind
from engine.judges.questions import Verdict
from engine.types import Attribute

TONE = Attribute("tone")


def verdict(stratum="", chance=None):
    return Verdict(
        Kind.PAIR, TONE, ("x", "y"), "me", value=4.0, stratum=stratum, probability=chance
    )


def test_a_chosen_question_counts_for_itself_and_a_random_one_for_those_it_stands_for():
    told = share_told([(True, verdict("uncertain", 1.0)), (False, verdict("random", 0.25))])
    assert told.basis is Basis.WEIGHED
    assert (told.estimate.value, told.estimate.n) == (pytest.approx(0.2), 2)


def test_random_questions_alone_are_plain_shares_of_the_corpus():
    outcomes = [(i < 3, verdict("random", 0.01)) for i in range(10)]
    assert share_told(outcomes) == (wilson(3, 10), Basis.DRAWN)


def test_one_unknown_chance_leaves_a_share_of_what_was_asked():
    outcomes = [(True, verdict("disagreement")), (False, verdict("random", 0.1))]
    assert share_told(outcomes) == (wilson(1, 2), Basis.ASKED)
    assert share_told([(True, verdict())]).basis is Basis.ASKED
    nothing = share_told([])
    assert (nothing.estimate.n, nothing.basis) == (0, Basis.ASKED)


def test_few_answers_that_are_all_alike_leave_room_for_others():
    chances = [0.5, 0.5, 0.1, 0.1]
    found = share_told([(True, verdict("coverage", chance)) for chance in chances]).estimate
    # The weights 2, 2, 10 and 10 are worth 24² / 208, so 2 whole questions.
    assert found[:3] == pytest.approx((1.0, wilson(2, 2).low, 1.0))
    alone = share_told([(False, verdict("coverage", 0.5))]).estimate
    assert (alone.value, alone.low) == (0.0, 0.0)
    assert 0.5 < alone.high < 1


def test_weighed_shares_hold_where_plain_ones_are_off():
    """600 questions; those chosen are more often true. 150 samples of 120."""
    rng = np.random.default_rng(0)
    priority = rng.random(600) ** 3
    truth = rng.random(600) < 0.1 + 0.6 * priority
    shares = {Why.DISAGREEMENT: 0.7, Why.RANDOM: 0.3}
    n_held, n_plain = 0, 0
    for seed in range(150):
        drawn = draw(600, {Why.DISAGREEMENT: priority}, shares, n=120, seed=seed)
        outcomes = [
            (bool(truth[position]), verdict(why.value, float(chance)))
            for position, why, chance in zip(*drawn, strict=True)
        ]
        told = share_told(outcomes)
        assert told.basis is Basis.WEIGHED
        n_held += told.estimate.low <= truth.mean() <= told.estimate.high
        plain = wilson(sum(is_true for is_true, _ in outcomes), len(outcomes))
        n_plain += plain.low <= truth.mean() <= plain.high
    assert n_held >= 135
    assert n_plain < 75
