import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.discrimination import LabelledPairs, discrimination_of
from engine.diagnostics.effect import repair_effect
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput

LEFT, RIGHT = np.array([0, 0, 1, 1]), np.array([2, 3, 4, 5])
TRUTH = PairTruth(LEFT, RIGHT, np.array([True, False, True, False]), "test")


def test_by_hand():
    # Before: anchor 1 lies 10 higher. Local 1; pooled 3 of 4. After: both 1. Gap ¼ → 0.
    before, after = np.array([1.0, 0, 11, 10]), np.array([1.0, 0, 1, 0])
    found = repair_effect(before, after, TRUTH)
    assert found.local.value == 0
    assert found.pooled.value == 0.25
    assert found.gap.value == -0.25


def test_harm_shows_in_the_local_auc():
    found = repair_effect(np.array([1.0, 0, 1, 0]), np.array([0.0, 1, 1, 0]), TRUTH)
    assert found.local.value == -0.5


@given(st.integers(0, 50))
def test_the_change_is_the_difference_of_the_two_reports(seed):
    rng = np.random.default_rng(seed)
    left, same = np.repeat(np.arange(6), 8), np.tile(np.arange(8) < 4, 6)
    truth = PairTruth(left, 6 + np.arange(48), same, "test")
    before, after = rng.normal(size=48), rng.normal(size=48)
    found = repair_effect(before, after, truth)
    pairs = LabelledPairs(truth.left, truth.right, truth.same)
    one, two = (discrimination_of(values, pairs) for values in (before, after))
    assert found.local.value == pytest.approx(two.local.value - one.local.value)
    assert found.pooled.value == pytest.approx(two.pooled.value - one.pooled.value)
    assert found.gap.value == pytest.approx(two.gap.value - one.gap.value)
    assert found.gap.low <= found.gap.value <= found.gap.high


def test_no_change_has_no_width():
    values = np.random.default_rng(0).normal(size=4)
    found = repair_effect(values, values, TRUTH)
    assert found.gap == (0, 0, 0, 2)


def test_pairs_scored_by_one_only_are_left_out():
    before, after = np.array([1.0, 0, 11, 10]), np.array([1.0, 0, np.nan, 10])
    assert repair_effect(before, after, TRUTH).gap.n == 1
    with pytest.raises(BadInput, match="as many"):
        repair_effect(before, after[:2], TRUTH)
