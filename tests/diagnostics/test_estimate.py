import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.estimate import (
    Estimate,
    anchor_counts,
    bootstrap_mean,
    percentile_estimate,
    wilson,
)
from engine.errors import BadInput

VALUES = st.lists(st.floats(-100, 100), min_size=2, max_size=30)


def test_weighted_mean_drops_nan_and_zero_weight():
    # (1×3 + 0×1) / (3 + 1) = 0.75; the NaN and the weight 0 are not counted.
    estimate = bootstrap_mean([1.0, 0.0, math.nan, 9.0], weights=[3, 1, 5, 0])
    assert estimate.value == 0.75
    assert estimate.n == 2


def test_interval_of_a_coin_is_that_of_the_binomial():
    # 400 values, half of them 1: standard error √(0.25 / 400) = 0.025, so 0.5 ± 1.96 × 0.025.
    estimate = bootstrap_mean([0.0, 1.0] * 200, n_draws=4000)
    assert estimate.low == pytest.approx(0.451, abs=0.006)
    assert estimate.high == pytest.approx(0.549, abs=0.006)


def test_weighted_interval_is_wider_when_one_anchor_dominates():
    values = [0.0, 1.0] * 20
    even = bootstrap_mean(values)
    uneven = bootstrap_mean(values, weights=[100] + [1] * 39)
    assert uneven.high - uneven.low > 1.5 * (even.high - even.low)


def test_nothing_measured_is_undefined():
    estimate = bootstrap_mean([math.nan, math.nan])
    assert estimate.n == 0
    assert all(math.isnan(x) for x in estimate[:3])
    assert bootstrap_mean([]).n == 0
    assert Estimate.undefined().n == 0


def test_one_anchor_has_a_value_but_no_interval():
    estimate = bootstrap_mean([0.25])
    assert (estimate.value, estimate.n) == (0.25, 1)
    assert math.isnan(estimate.low)
    assert math.isnan(estimate.high)


@given(VALUES)
def test_interval_lies_within_the_values_and_repeats_with_the_seed(values):
    estimate = bootstrap_mean(values, seed=3, n_draws=50)
    assert min(values) - 1e-9 <= estimate.low <= estimate.high <= max(values) + 1e-9
    assert estimate == bootstrap_mean(values, seed=3, n_draws=50)


def test_wider_level_wider_interval():
    values = np.arange(50.0)
    narrow, wide = (bootstrap_mean(values, level=level) for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weights": [1.0]}, "one weight"),
        ({"weights": [1.0, -1.0]}, "negative"),
        ({"weights": [1.0, math.inf]}, "not finite"),
        ({"level": 1.0}, "between 0 and 1"),
        ({"n_draws": 0}, "at least 1 draw"),
    ],
)
def test_bad_options_are_refused(options, words):
    with pytest.raises(BadInput, match=words):
        bootstrap_mean([1.0, 2.0], **options)


def test_many_anchors_are_drawn_in_parts():
    # Five draws of 1.5 million are more than is held at once; the mean is that of 0 … 1.
    estimate = bootstrap_mean(np.linspace(0, 1, 1_500_001), n_draws=5)
    assert estimate.low < 0.5 < estimate.high
    assert estimate.high - estimate.low < 0.002


def test_percentiles_of_known_draws():
    # Draws 0, 1, …, 100: 2.5% and 97.5% lie at 2.5 and 97.5. A NaN draw changes nothing.
    draws = np.append(np.arange(101.0), np.nan)
    assert percentile_estimate(50.0, draws, n=7) == pytest.approx((50.0, 2.5, 97.5, 7))


def test_anchor_counts_resample_as_many_anchors_as_there_are():
    counts = anchor_counts(7, n_draws=20, rng=np.random.default_rng(0))
    assert counts.shape == (20, 7)
    assert (counts.sum(axis=1) == 7).all()


def test_wilson_by_hand():
    # 8 of 10, z² = 3.8415: centre (0.8 + 0.19207) / 1.38415 = 0.71674;
    # half width 1.95996 / 1.38415 × √(0.016 + 0.0096037) = 0.22657.
    assert wilson(8, 10) == pytest.approx((0.8, 0.49016, 0.94331, 10), abs=2e-5)


def test_wilson_at_the_ends():
    # 0 of 10: the upper end is z² / (n + z²) = 3.8415 / 13.8415 = 0.27753.
    assert wilson(0, 10) == pytest.approx((0.0, 0.0, 0.27753, 10), abs=1e-5)
    assert wilson(10, 10) == pytest.approx((1.0, 0.72247, 1.0, 10), abs=1e-5)
    assert wilson(0, 0).n == 0
    assert math.isnan(wilson(0, 0).value)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_mirrors(counts):
    successes, n = counts
    one, other = wilson(successes, n), wilson(n - successes, n)
    assert one.low == pytest.approx(1 - other.high)
    assert 0 <= one.low <= one.value + 1e-12
    assert one.value - 1e-12 <= one.high <= 1


@pytest.mark.parametrize("counts", [(3, 2), (-1, 2), (0, -1)])
def test_wilson_refuses_impossible_counts(counts):
    with pytest.raises(BadInput, match="successes"):
        wilson(*counts)


def test_wilson_refuses_a_level_of_one():
    with pytest.raises(BadInput, match="between 0 and 1"):
        wilson(1, 2, level=1.0)
