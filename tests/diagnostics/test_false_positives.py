import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.false_positives import false_positive_rates
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput


def different(values_by_anchor):
    n_anchors, n_each = values_by_anchor.shape
    left = np.repeat(np.arange(n_anchors), n_each)
    truth = PairTruth(left, n_anchors + np.arange(len(left)), np.zeros(len(left), bool), "test")
    return values_by_anchor.ravel(), truth


def test_by_hand():
    # 40 similarities, 10% pooled: the four highest (36..39) are all anchor 1's → rates 0 and 0.2.
    values, truth = different(np.arange(40.0).reshape(2, 20))
    found = false_positive_rates(values, truth, rate=0.1)
    assert found.threshold == 35
    assert found.rates.tolist() == [0, 0.2]
    # Binomial(20, 0.1): P(X ≤ 4) = 0.957, so 95% of anchors have from 0 to 5 of 20.
    assert found.low.tolist() == [0, 0]
    assert found.high.tolist() == [0.25, 0.25]
    assert found.outside.value == 0


def test_same_pairs_do_not_count():
    values, truth = different(np.arange(40.0).reshape(2, 20))
    more = PairTruth(
        np.append(truth.left, 0), np.append(truth.right, 99), np.append(truth.same, True), "test"
    )
    with_same = false_positive_rates(np.append(values, 1000.0), more, rate=0.1)
    assert with_same.threshold == 35


@given(st.integers(0, 40))
def test_the_rates_average_to_the_pooled_rate(seed):
    values, truth = different(np.random.default_rng(seed).normal(size=(10, 40)))
    found = false_positive_rates(values, truth, rate=0.05)
    assert found.rates.mean() == pytest.approx(0.05, abs=1 / 400)


def test_few_anchors_outside_by_chance_many_when_levels_differ():
    noise = np.random.default_rng(0).normal(size=(200, 60))
    assert false_positive_rates(*different(noise)).outside.value < 0.06
    levels = np.random.default_rng(1).normal(size=(200, 1))
    assert false_positive_rates(*different(noise + levels)).outside.low > 0.06


def test_refused_and_undefined():
    values, truth = different(np.arange(40.0).reshape(2, 20))
    with pytest.raises(BadInput, match="between 0 and 1"):
        false_positive_rates(values, truth, rate=0)
    assert false_positive_rates(values, truth, at_least=21).outside.n == 0
