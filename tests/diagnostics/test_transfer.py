import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diagnostics.transfer import threshold_transfer
from engine.diagnostics.truth import Groups, PairTruth
from engine.errors import BadInput


def two_regions(shift, n_anchors=8, n_each=10):
    """Different pairs at 0, same at 1; all of the second region's lie `shift` higher."""
    left = np.repeat(np.arange(2 * n_anchors), 2 * n_each)
    same = np.tile(np.arange(2 * n_each) < n_each, 2 * n_anchors)
    region = (np.arange(2 * n_anchors) >= n_anchors).astype(np.int64)
    values = same + shift * region[left]
    groups = Groups(np.append(region, [-1] * len(left)), ("low", "high"), "test")
    return values, PairTruth(left, 2 * n_anchors + np.arange(len(left)), same, "test"), groups


def test_by_hand():
    # Regions split at 0.5 and 1.5. At 1.5 the first region calls nothing same: F1 = 0. At 0.5 the
    # second (1 and 2) calls everything same: P = ½, R = 1 → 2/3.
    values, truth, groups = two_regions(1)
    found = threshold_transfer(values, truth, groups)
    assert found.thresholds.tolist() == [0.5, 1.5]
    assert found.f1 == pytest.approx(np.array([[1, 2 / 3], [0, 1]]))
    # Own less others': 1 − 0 and 1 − 2/3, on average 2/3.
    assert found.loss.value == pytest.approx(2 / 3)
    assert found.n_same.tolist() == [80, 80]


def test_nothing_is_lost_where_regions_agree():
    found = threshold_transfer(*two_regions(0))
    assert found.f1.tolist() == [[1, 1], [1, 1]]
    assert found.loss.value == 0


@settings(max_examples=25)
@given(st.integers(0, 1000), st.floats(0.5, 3), st.floats(-2, 2))
def test_a_common_gain_and_offset_changes_no_f1(seed, gain, offset):
    values, truth, groups = two_regions(0.4)
    values = values + np.random.default_rng(seed).normal(size=len(values))
    one = threshold_transfer(values, truth, groups)
    two = threshold_transfer(values * gain + offset, truth, groups)
    assert two.f1 == pytest.approx(one.f1)
    assert ((one.f1 >= 0) & (one.f1 <= 1)).all()


def test_small_groups_are_left_out_and_counted():
    values, truth, groups = two_regions(1)
    few = np.flatnonzero((groups.codes[truth.left] == 0) | (truth.left == 8))
    found = threshold_transfer(values[few], truth.where(few), groups)
    assert found.names == ("low",)
    assert found.n_left_out == 1
    assert found.loss.n == 0
    with pytest.raises(BadInput, match="n_groups"):
        threshold_transfer(values, truth, groups, n_groups=0)
