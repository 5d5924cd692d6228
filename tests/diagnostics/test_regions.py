import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diagnostics.opposite import opposite_verdicts
from engine.diagnostics.regions import contrast, meanings, region_losses, regions_at
from engine.diagnostics.truth import Groups, PairTruth


def two_regions(shift, n_anchors=40, n_each=20, noise=0.3, seed=0):
    """Same pairs about 1, different about 0; all of the second region's `shift` higher."""
    rng = np.random.default_rng(seed)
    left = np.repeat(np.arange(2 * n_anchors), 2 * n_each)
    same = np.tile(np.arange(2 * n_each) < n_each, 2 * n_anchors)
    region = np.arange(2 * n_anchors) % 2
    values = same + shift * region[left] + noise * rng.normal(size=len(left))
    codes = np.append(region, np.full(len(left), -1))
    right = 2 * n_anchors + np.arange(len(left))
    return values, PairTruth(left, right, same, "test"), Groups(codes, ("low", "high"), "test")


def pairs_only(values, truth, n_texts):
    """A similarity that knows these pairs."""

    class Known:
        scale = "cosine"

        def __init__(self):
            self.n_texts = n_texts
            self.known = dict(zip(zip(truth.left, truth.right, strict=True), values, strict=True))

        def pairs(self, left, right):
            return np.array([self.known.get(p, np.nan) for p in zip(left, right, strict=True)])

    return Known()


def test_one_threshold_by_hand():
    # Region a at 0.5: same 0.9 and 0.4, different 0.6 (weight 3) and 0.1 → P = 1/4, R = ½,
    # false positives 3/4. Region b: same 0.8, no different pair.
    values = np.array([0.9, 0.4, 0.6, 0.1, 0.8])
    truth = PairTruth(
        np.array([0, 0, 0, 0, 1]),
        np.array([2, 3, 4, 5, 6]),
        np.array([True, True, False, False, True]),
        "me",
        np.array([1.0, 1, 3, 1, 1]),
    )
    groups = Groups(np.array([0, 1, -1, -1, -1, -1, -1]), ("a", "b", "empty"), "test")
    first, second = regions_at(values, truth, groups, 0.5)
    assert first == ("a", 0.25, 0.5, 0.75, 2, 2)
    assert second[:3] == ("b", 1.0, 1.0)
    assert np.isnan(second.false_positive_rate)


def test_losses_by_hand():
    # Without noise regions split at 0.5 and 2.5. A common cut above 2 refuses all of "low" and one
    # below 1 calls all of "high" the same; between 1 and 2 as well: one region's J drops to 0.
    values, truth, groups = two_regions(2, noise=0)
    worst, other = region_losses(values, truth, groups)
    assert worst.loss.value == 1
    assert other.loss.value == 0
    assert {worst.own, other.own} == {0.5, 2.5}


def test_regions_alike_lose_nothing():
    for found in region_losses(*two_regions(0)):
        assert abs(found.loss.value) < 0.03
        assert not found.loss.low > 0.01


def test_meanings_by_hand():
    # At 1, "low" has its same pairs and "high" (shifted by 1) its different ones.
    values, truth, groups = two_regions(1, noise=0)
    low, high = meanings(values, truth, groups, 1.0)
    assert (low.name, low.same.value, low.n_pairs) == ("low", 1.0, 800)
    assert (high.name, high.same.value, high.n_pairs) == ("high", 0.0, 800)


def test_meanings_are_weighted():
    values, truth, groups = two_regions(0, noise=0)
    weights = np.where(truth.same, 1.0, 3.0)
    weighted = PairTruth(truth.left, truth.right, truth.same, "me", weights)
    for found in meanings(np.zeros(len(values)), weighted, groups, 0.0):
        assert found.same.value == pytest.approx(0.25)


def test_a_contrast_is_found_where_there_is_one():
    found = contrast(*two_regions(1))
    assert found is not None
    assert (found.same_in.name, found.different_in.name) == ("low", "high")
    assert found.same_in.same.low > 0.5 > found.different_in.same.high
    assert 0.5 < found.similarity < 1.6


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_no_contrast_is_claimed_where_there_is_none(seed):
    assert contrast(*two_regions(0, seed=seed)) is None


def test_opposite_verdicts_are_equal_opposite_and_right_at_home():
    values, truth, groups = two_regions(1)
    found = opposite_verdicts(pairs_only(values, truth, len(groups.codes)), truth, groups, n=30)
    assert len(found) == 30
    verdict = dict(zip(zip(truth.left, truth.right, strict=True), truth.same, strict=True))
    for same, different in found:
        assert verdict[same.left, same.right]
        assert not verdict[different.left, different.right]
        assert same.region == "low"
        assert different.region == "high"
        assert 0 <= different.similarity - same.similarity <= 0.02 * values.std()
        assert same.similarity > same.threshold
        assert different.similarity < different.threshold
    used = [(pair.left, pair.right) for two in found for pair in two]
    assert len(set(used)) == len(used)


def test_two_pairs_that_a_threshold_between_them_tells_apart_are_no_example():
    _, truth, groups = two_regions(1)
    low = groups.codes[truth.left] == 0

    def found(different_in_high):
        values = np.select([low & truth.same, low, truth.same], [2.0, 0.0, 5.0], different_in_high)
        return opposite_verdicts(pairs_only(values, truth, len(groups.codes)), truth, groups)

    assert found(1.999) == []
    assert len(found(2.001)) == 50


def test_the_most_convincing_come_first():
    values, truth, groups = two_regions(1)
    found = opposite_verdicts(pairs_only(values, truth, len(groups.codes)), truth, groups)
    margins = [min(s.similarity - s.threshold, d.threshold - d.similarity) for s, d in found]
    assert margins == sorted(margins, reverse=True)


def test_none_where_regions_agree_perfectly():
    values, truth, groups = two_regions(0, noise=0)
    assert opposite_verdicts(pairs_only(values, truth, len(groups.codes)), truth, groups) == []
