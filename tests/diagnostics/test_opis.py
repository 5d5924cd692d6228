import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.anchors import by_anchor
from engine.diagnostics.opis import opis, utility_curves
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput


def two_anchors(shift):
    values = np.array([0.0, 1, 2, 3] * 2)
    values[4:] += shift
    same = np.array([False, False, True, True] * 2)
    return values, PairTruth(np.repeat([0, 1], 4), np.arange(2, 10), same, "test")


def test_utility_by_hand():
    # At 0.5: all same kept (1), half of the different refused (0.5) → 2·1·0.5 / 1.5 = 2/3.
    # At 1.5: 1 and 1 → 1. At 2.5: 0.5 and 1 → 2/3. At 9: 0 and 1 → 0.
    values, truth = two_anchors(0)
    curves = utility_curves(by_anchor(values, truth), np.array([0.5, 1.5, 2.5, 9]))
    assert curves == pytest.approx(np.array([[2 / 3, 1, 2 / 3, 0]] * 2))


def test_a_threshold_counts_as_same():
    values, truth = two_anchors(0)
    assert utility_curves(by_anchor(values, truth), np.array([2.0]))[0, 0] == 1


def test_anchors_alike_score_zero():
    values, truth = two_anchors(0)
    assert opis(values, truth, at_least=1).score.value == 0


def test_two_anchors_apart_by_hand():
    # All of anchor 1 lies 10 higher. Usable thresholds lie from the 80th to the 99th percentile of
    # the different similarities 0, 1, 10, 11: from 10.4 to 10.97. There anchor 0 keeps nothing
    # (utility 0), anchor 1 keeps all and refuses half (2/3): each is 1/3 from their mean.
    values, truth = two_anchors(10)
    found = opis(values, truth, at_least=1)
    assert (found.low, found.high) == pytest.approx((10.4, 10.97))
    assert found.score.value == pytest.approx(1 / 9)


@given(st.integers(0, 30), st.floats(0.2, 5), st.floats(-3, 3))
def test_one_gain_and_offset_for_all_changes_nothing(seed, gain, offset):
    rng = np.random.default_rng(seed)
    left, same = np.repeat(np.arange(5), 20), np.tile(np.arange(20) < 10, 5)
    truth = PairTruth(left, 5 + np.arange(100), same, "test")
    values = same + rng.normal(size=100) + left
    one, two = opis(values, truth), opis(values * gain + offset, truth)
    assert two.score.value == pytest.approx(one.score.value, abs=0.02)
    assert 0 <= one.score.value <= 0.25


def test_nothing_scored_is_undefined_and_bad_rates_are_refused():
    values, truth = two_anchors(0)
    assert opis(np.full(8, np.nan), truth).score.n == 0
    with pytest.raises(BadInput, match="must rise"):
        opis(values, truth, rates=(0.5, 0.1))
