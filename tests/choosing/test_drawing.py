import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.choosing.drawing import Chosen, Why, draw, questions_of, strata_of
from engine.errors import BadInput
from engine.judges.kinds import Kind
from engine.types import Attribute

HALF = {Why.DISAGREEMENT: 0.5, Why.RANDOM: 0.5}


def test_chances_are_the_mixture_by_hand():
    """Priorities 3 : 1 : 0 : 0, half the share: (3/8 + 1/8, 1/8 + 1/8, 1/8, 1/8) of one draw."""
    priorities = {Why.DISAGREEMENT: np.array([3.0, 1.0, 0.0, 0.0])}
    chances = np.full(4, np.nan)
    for seed in range(30):
        drawn = draw(4, priorities, HALF, n=1, seed=seed)
        chances[drawn.positions] = drawn.probabilities
    assert chances.tolist() == [0.5, 0.25, 0.125, 0.125]


def test_a_chance_above_1_is_capped_and_the_rest_shared_out():
    priorities = {Why.DISAGREEMENT: np.array([98.0, 1.0, 1.0, 0.0])}
    drawn = draw(4, priorities, HALF, n=2, seed=0)
    assert drawn.probabilities[drawn.positions == 0].tolist() == [1.0]
    # Weights left: 0.13, 0.13 and 0.125; one more is drawn of them.
    (other,) = drawn.probabilities[drawn.positions != 0]
    assert other in (pytest.approx(0.13 / 0.385), pytest.approx(0.125 / 0.385))


def test_how_often_each_is_drawn_is_its_chance_and_the_random_part_is_even():
    rng = np.random.default_rng(0)
    priorities = {Why.DISAGREEMENT: rng.random(20) ** 4}
    times, at_random, chances = np.zeros(20), np.zeros(20), np.full(20, np.nan)
    n_runs = 4000
    for seed in range(n_runs):
        drawn = draw(20, priorities, HALF, n=4, seed=seed)
        assert len(set(drawn.positions.tolist())) == 4
        times[drawn.positions] += 1
        is_random = np.array([why is Why.RANDOM for why in drawn.whys])
        at_random[drawn.positions[is_random]] += 1
        chances[drawn.positions] = drawn.probabilities
    spread = 4 * np.sqrt(chances * (1 - chances) / n_runs)
    assert (np.abs(times / n_runs - chances) <= spread + 1e-12).all()
    # Half of four of twenty: one in ten, for each alike.
    assert np.abs(at_random / n_runs - 0.1).max() < 4 * np.sqrt(0.1 * 0.9 / n_runs)


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 5))
def test_as_many_as_asked_or_all_and_no_chance_out_of_range(n_population, n, seed):
    given_priorities = np.random.default_rng(seed).random(n_population).round(1)
    drawn = draw(n_population, {Why.DISAGREEMENT: given_priorities}, HALF, n=n, seed=seed)
    assert len(set(drawn.positions.tolist())) == len(drawn.whys) == min(n, n_population)
    assert ((drawn.probabilities > 0) & (drawn.probabilities <= 1)).all()


@pytest.mark.parametrize(
    ("priorities", "shares"),
    [
        ({}, {Why.RANDOM: 0.9}),
        ({}, {Why.RANDOM: 0.5, Why.BORDER: 0.5}),
        ({Why.BORDER: np.ones(3)}, {Why.RANDOM: 0.01, Why.BORDER: 0.99}),
        ({Why.BORDER: np.ones(2)}, {Why.RANDOM: 0.5, Why.BORDER: 0.5}),
        ({Why.BORDER: np.array([1.0, -1, 1])}, {Why.RANDOM: 0.5, Why.BORDER: 0.5}),
    ],
)
def test_what_can_not_be_drawn_is_refused(priorities, shares):
    with pytest.raises(BadInput):
        draw(3, priorities, shares, n=1, seed=0)


def test_chosen_rows_become_questions_with_their_strata():
    tone = Attribute("tone")
    chosen = [Chosen((1, 0), Why.UNCERTAIN, 1.0), Chosen((0, 2), Why.RANDOM, 0.5)]
    questions = questions_of(chosen, Kind.COMPARISON, tone, ["a", "b", "c"])
    assert [question.texts for question in questions] == [("b", "a"), ("a", "c")]
    assert list(strata_of(chosen, questions).values()) == ["uncertain", "random"]
    with pytest.raises(BadInput, match="needs 3 rows"):
        questions_of(chosen, Kind.TRIPLET, tone, ["a", "b", "c"])
    with pytest.raises(BadInput, match="kind 'point'"):
        questions_of(chosen, Kind.POINT, tone, ["a", "b", "c"])
