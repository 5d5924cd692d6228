import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.discrimination import LabelledPairs, auc, discrimination_of
from engine.diagnostics.pair_costs import pair_costs, regional_auc
from engine.diagnostics.planted import perfect, shards_of, with_shard_offsets
from engine.diagnostics.truth import PairTruth, truth_from_labels


def drawn(seed, n_anchors=6, n_each=7, levels=9):
    rng = np.random.default_rng(seed)
    left = np.repeat(np.arange(n_anchors), n_each)
    same = rng.random(len(left)) < 0.5
    values = rng.integers(0, levels, len(left)).astype(np.float64)
    return values, PairTruth(left, left + 100, same, "test")


def test_by_hand():
    # Anchor 0: same 5, different 3. Anchor 1: same 2 and 3, different 1.
    left = np.array([0, 0, 1, 1, 1])
    same = np.array([True, False, True, True, False])
    truth = PairTruth(left, left + 9, same, "me")
    found = pair_costs(np.array([5.0, 3, 2, 3, 1]), truth)
    assert found.own == pytest.approx([1, 1, 1, 1, 1])
    # Different pairs are 3 and 1; the same pair 2 is above one of them, 3 above one and a tie.
    # Same pairs are 5, 2, 3; the different pair 3 is below 5 and ties 3.
    assert found.everyone == pytest.approx([1, 0.5, 0.5, 0.75, 1])
    assert found.cost == pytest.approx([0, 0.5, 0.5, 0.25, 0])


@given(st.integers(0, 200))
def test_means_are_the_pooled_and_the_local_auc(seed):
    values, truth = drawn(seed)
    found = pair_costs(values, truth)
    known = ~np.isnan(found.own)
    pairs = LabelledPairs(truth.left, truth.right, truth.same)
    expected = discrimination_of(values, pairs, n_draws=1)
    assert bool(known.any()) == bool(expected.local.n)
    if not known.any():
        return
    for kind in (truth.same, ~truth.same):
        assert found.everyone[known & kind].mean() == pytest.approx(expected.pooled.value)
    for anchor in np.unique(truth.left[known]):
        here = truth.left == anchor
        for kind in (truth.same, ~truth.same):
            own = found.own[here & kind].mean()
            assert own == pytest.approx(auc(values[here], truth.same[here]))


@given(st.integers(0, 50))
def test_a_rising_change_of_all_similarities_changes_nothing(seed):
    values, truth = drawn(seed)
    one, other = pair_costs(values, truth), pair_costs(np.exp(values / 3) - 2, truth)
    np.testing.assert_array_equal(one.own, other.own)
    np.testing.assert_array_equal(one.everyone, other.everyone)


def test_not_scored_and_anchors_of_one_kind_have_no_cost():
    left = np.array([0, 0, 1, 1])
    truth = PairTruth(left, left + 9, np.array([True, False, True, True]), "me")
    found = pair_costs(np.array([0.3, 0.1, 0.2, 0.2]), truth)
    assert np.isnan(found.cost).tolist() == [False, False, True, True]
    unscored = pair_costs(np.full(4, np.nan), truth)
    assert np.isnan(unscored.own).all()


def test_a_shifted_region_is_where_the_cost_lies():
    codes = np.arange(240) % 4
    shards = shards_of(240, 3)
    broken = with_shard_offsets(perfect(codes), shards, np.array([-0.3, 0.0, 0.0]))
    truth = truth_from_labels(codes, "planted", n_pairs=6000)
    found = pair_costs(broken.pairs(truth.left, truth.right), truth)
    region = shards.codes[truth.left]
    same_low = found.cost[truth.same & (region == 0)].mean()
    assert same_low > 0.1
    assert same_low > 5 * abs(found.cost[truth.same & (region == 1)].mean())
    regional = [regional_auc(found, truth.same, region == each) for each in range(3)]
    assert min(regional) == regional[0]
    assert np.isnan(regional_auc(found, truth.same, region == 7))
