import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.truth import PairTruth
from engine.diagnostics.variance import variance_components, variance_shares
from engine.errors import BadInput


def crossed(n_anchors, n_candidates, spreads, seed=0, kept=1.0):
    rng = np.random.default_rng(seed)
    a, b, e = spreads
    anchor, candidate = np.divmod(np.arange(n_anchors * n_candidates), n_candidates)
    values = (
        5
        + a * rng.normal(size=n_anchors)[anchor]
        + b * rng.normal(size=n_candidates)[candidate]
        + e * rng.normal(size=len(anchor))
    )
    used = rng.random(len(anchor)) < kept
    return values[used], anchor[used], candidate[used]


def test_balanced_by_hand():
    # [[0, 2], [4, 6]]: mean 3; anchors 1, 5; candidates 2, 4; no residual.
    # MS_anchor = 2·(4+4) = 16, MS_candidate = 2·(1+1) = 4, MS_residual = 0.
    # σ²_anchor = (16 − 0)/2 = 8, σ²_candidate = (4 − 0)/2 = 2.
    found = variance_components(
        np.array([0.0, 2, 4, 6]), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    )
    assert found == pytest.approx([8, 2, 0], abs=1e-9)


@given(st.integers(0, 100))
def test_balanced_designs_give_the_analysis_of_variance(seed):
    n, m = 5, 7
    values, anchor, candidate = crossed(n, m, (1, 1, 1), seed)
    table = values.reshape(n, m)
    ms_a = m * table.mean(axis=1).var(ddof=1)
    ms_b = n * table.mean(axis=0).var(ddof=1)
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    ms_e = (rest**2).sum() / ((n - 1) * (m - 1))
    expected = [(ms_a - ms_e) / m, (ms_b - ms_e) / n, ms_e]
    assert variance_components(values, anchor, candidate) == pytest.approx(expected, abs=1e-8)


def test_unbiased_in_an_unbalanced_design():
    spreads = (2.0, 1.0, 1.5)
    found = [variance_components(*crossed(20, 25, spreads, seed, kept=0.3)) for seed in range(200)]
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(200)
    assert (np.abs(mean - np.square(spreads)) < 4 * error).all()


@given(st.integers(0, 50), st.floats(0.1, 10), st.floats(-5, 5))
def test_gain_squares_and_offset_vanishes(seed, gain, offset):
    values, anchor, candidate = crossed(6, 6, (1, 1, 1), seed, kept=0.8)
    one = variance_components(values, anchor, candidate)
    two = variance_components(values * gain + offset, anchor, candidate)
    assert two == pytest.approx(one * gain**2, rel=1e-6, abs=1e-8)


def test_shares_add_up_and_only_different_pairs_count():
    values, anchor, candidate = crossed(30, 40, (2, 1, 1), kept=0.5)
    same = np.zeros(len(values), bool)
    same[::7] = True
    values[::7] += 1000
    found = variance_shares(values, PairTruth(anchor, 100 + candidate, same, "test"))
    assert found.n_pairs == (~same).sum()
    assert found.anchor.value + found.candidate.value + found.residual.value == pytest.approx(1)
    assert found.anchor.low < 4 / 6 < found.anchor.high


def test_uncrossed_or_constant_is_undefined():
    truth = PairTruth(np.arange(10), 10 + np.arange(10), np.zeros(10, bool), "test")
    assert variance_shares(np.random.default_rng(0).normal(size=10), truth).anchor.n == 0
    values, anchor, candidate = crossed(4, 4, (0, 0, 0))
    flat = PairTruth(anchor, 10 + candidate, np.zeros(16, bool), "test")
    assert variance_shares(values, flat).residual.n == 0
    with pytest.raises(BadInput, match="lengths"):
        variance_components(values, anchor, candidate[:3])


def test_fewer_than_twenty_anchors_give_no_share():
    for n_anchors, defined in ((19, False), (20, True)):
        values, anchor, candidate = crossed(n_anchors, 30, (2, 1, 1))
        truth = PairTruth(anchor, 100 + candidate, np.zeros(len(values), bool), "test")
        found = variance_shares(values, truth)
        assert np.isfinite(found.anchor.value) == defined
        assert found.n_pairs == n_anchors * 30
