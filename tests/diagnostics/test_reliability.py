import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.diagnostics.curves import LogisticCurve, fit_curve, fit_isotonic, fit_platt
from engine.diagnostics.reliability import (
    expected_calibration_error,
    held_out_probabilities,
    reliability,
    reliability_curve,
)
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput

SCORED = st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=3, max_size=30)


def pairs(same, left=None, weights=None):
    n = len(same)
    left = np.arange(n) if left is None else left
    right = int(np.max(left)) + 1 + np.arange(n)
    return PairTruth(
        left, right, np.asarray(same, bool), "test", np.ones(n) if weights is None else weights
    )


def level(n_anchors, shift=0.0, seed=0):
    rng = np.random.default_rng(seed)
    left, same = np.repeat(np.arange(n_anchors), 40), np.tile(np.arange(40) < 20, n_anchors)
    levels = shift * rng.normal(size=n_anchors)
    return same + 0.5 * rng.normal(size=len(left)) + levels[left], pairs(same, left)


def test_isotonic_by_hand():
    # Same at 1, different at 2 pool to ½; 0 below, 1 above.
    curve = fit_isotonic(np.array([0.0, 1, 2, 3]), pairs([False, True, False, True]))
    assert curve(np.array([-5, 0, 1, 2, 3, 9])).tolist() == [0, 0, 0.5, 0.5, 1, 1]


def test_isotonic_weighs_pairs():
    curve = fit_isotonic(np.array([1.0, 2]), pairs([True, False], weights=np.array([3.0, 1])))
    assert curve(np.array([1.5])).tolist() == [0.75]


def test_platt_by_hand():
    # Two groups fit two parameters exactly. At 0: targets 3/4 and 1/4, ×1 and ×1... one same and
    # one different at each of 0 and 1 would be ½; here 0 has two different, 1 has two same:
    # targets 1/4 and 3/4, so the curve runs through them.
    curve = fit_platt(np.array([0.0, 0, 1, 1]), pairs([False, False, True, True]))
    assert curve(np.array([0.0, 0.5, 1])) == pytest.approx([0.25, 0.5, 0.75])


def test_platt_never_falls():
    curve = fit_platt(np.array([0.0, 0, 1, 1]), pairs([True, True, False, False]))
    assert curve.slope == 0
    assert curve(np.array([-9.0, 9])) == pytest.approx([0.5, 0.5])


@given(SCORED, st.sampled_from(["isotonic", "platt"]))
def test_curves_rise_stay_in_range_and_keep_nan(scored, name):
    values, same = (np.array(x) for x in zip(*scored, strict=True))
    assume(0 < same.sum() < len(same))
    heights = fit_curve(name, values.astype(float), pairs(same))(np.linspace(-6, 6, 25))
    assert (np.diff(heights) >= -1e-12).all()
    assert ((heights >= 0) & (heights <= 1)).all()
    assert np.isnan(fit_curve(name, values.astype(float), pairs(same))(np.array([np.nan]))).all()


@given(SCORED)
def test_isotonic_states_the_base_rate_on_average(scored):
    values, same = (np.array(x) for x in zip(*scored, strict=True))
    assume(0 < same.sum() < len(same))
    curve = fit_isotonic(values.astype(float), pairs(same))
    assert curve(values).mean() == pytest.approx(same.mean())


def test_extreme_similarities_do_not_overflow():
    assert LogisticCurve(1.0, 0.0)(np.array([-1e6, 1e6])).tolist() == [0, 1]


def test_ece_by_hand():
    # Bin 0.9: stated 0.9, observed ½ → 0.4 on half of the pairs. Bin 0.2: 0.2 against 0 → 0.2.
    assert expected_calibration_error(
        [0.9, 0.9, 0.2, 0.2], [True, False, False, False]
    ) == pytest.approx(0.3)
    assert expected_calibration_error([0.9, 0.2], [True, False], weights=[1, 3]) == pytest.approx(
        0.1 / 4 + 0.2 * 3 / 4
    )


def test_curve_by_hand():
    curve = reliability_curve([0.9, 0.95, 0.2], [True, False, False])
    assert curve.n_pairs.tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0, 2]
    assert curve.stated[9] == pytest.approx(0.925)
    assert curve.observed[[2, 9]].tolist() == [0, 0.5]
    assert np.isnan(curve.observed[0])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30))
def test_ece_lies_between_0_and_1_and_vanishes_for_certain_truth(scored):
    p, same = zip(*scored, strict=True)
    assert 0 <= expected_calibration_error(p, same) <= 1
    assert expected_calibration_error(np.array(same, float), same) == 0


def test_a_half_is_read_off_the_other_halfs_curve():
    values, truth = level(40)
    p = held_out_probabilities(values, truth, curve="isotonic")
    changed = values.copy()
    changed[truth.left == 0] += 100
    q = held_out_probabilities(changed, truth, curve="isotonic")
    # Anchor 0's similarities move the curve that others are read off, and never its own.
    other_half = ~np.isclose(p, q)
    assert other_half.any()
    assert (q[truth.left == 0] == q[truth.left == 0].max()).all()


def test_right_on_average_only():
    alike = reliability(*level(80))
    apart = reliability(*level(80, shift=1.0))
    assert max(quarter.value for quarter in alike.by_quarter) < 0.06
    assert apart.ece.value < 0.06
    assert max(quarter.low for quarter in apart.by_quarter) > 0.1


def test_bins_and_quarters_lead_from_a_curve_to_its_pairs():
    values, truth = level(80)
    found = reliability(values, truth)
    assert np.bincount(found.bins, minlength=10).tolist() == found.curve.n_pairs.tolist()
    for quarter, curve in enumerate(found.quarter_curves):
        here = found.bins[found.quarters == quarter]
        assert np.bincount(here, minlength=10).tolist() == curve.n_pairs.tolist()


def test_refusals():
    with pytest.raises(BadInput, match="both kinds"):
        fit_isotonic(np.array([1.0, 2]), pairs([True, True]))
    with pytest.raises(BadInput, match="Known: isotonic, platt"):
        fit_curve("beta", np.array([1.0, 2]), pairs([True, False]))
    with pytest.raises(BadInput, match="outside 0 to 1"):
        expected_calibration_error([1.5], [True])
    with pytest.raises(BadInput, match="at least one"):
        expected_calibration_error([], [])
    with pytest.raises(BadInput, match="quarters"):
        reliability(*level(5))
