import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.diagnostics.thresholds import anchor_thresholds, best_threshold
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput

SCORED = st.lists(st.tuples(st.integers(-6, 6), st.booleans()), min_size=2, max_size=30)


def of_anchors(n_anchors, n_each, shift, seed=0):
    """Anchors whose same and different similarities all lie `shift(anchor)` higher."""
    rng = np.random.default_rng(seed)
    left = np.repeat(np.arange(n_anchors), 2 * n_each)
    same = np.tile(np.arange(2 * n_each) < n_each, n_anchors)
    values = same + 0.3 * rng.normal(size=len(left)) + shift[left]
    right = n_anchors + np.arange(len(left))
    return values, PairTruth(left, right, same, "test")


def test_youden_by_hand():
    # Cut between 0.4 and 0.6: sensitivity 2/3, specificity 2/2 → J = 2/3; nothing does better.
    found = best_threshold([0.9, 0.6, 0.2, 0.4, 0.1], [True, True, True, False, False])
    assert found.threshold == pytest.approx(0.5)
    assert found.reached == pytest.approx(2 / 3)


def test_f1_by_hand():
    # From 0.2 up: P = 3/4, R = 1 → 6/7. From 0.6 up: P = 1, R = 2/3 → 4/5. All: P = 3/5 → 3/4.
    found = best_threshold(
        [0.9, 0.6, 0.2, 0.4, 0.1], [True, True, True, False, False], objective="f1"
    )
    assert found.reached == pytest.approx(6 / 7)
    assert found.threshold == pytest.approx(0.15)


def test_weights_count_as_repeats():
    values, same = [3, 2, 2.5, 1], [True, True, False, False]
    weighted = best_threshold(values, same, weights=[1, 1, 5, 1], objective="f1")
    repeated = best_threshold([*values, *[2.5] * 4], [*same, *[False] * 4], objective="f1")
    assert weighted == pytest.approx(repeated)


@given(SCORED)
def test_no_cut_beats_the_best(scored):
    values, same = (np.array(x) for x in zip(*scored, strict=True))
    assume(0 < same.sum() < len(same))
    found = best_threshold(values, same)
    reached = [
        (values[same] >= cut).mean() - (values[~same] >= cut).mean()
        for cut in np.arange(-6.5, 7, 0.5)
    ]
    assert found.reached == pytest.approx(max(reached))
    at = (values[same] >= found.threshold).mean() - (values[~same] >= found.threshold).mean()
    assert at == pytest.approx(found.reached)


def test_refusals():
    with pytest.raises(BadInput, match="both kinds"):
        best_threshold([1.0, 2.0], [True, True])
    with pytest.raises(BadInput, match="NaN"):
        best_threshold([np.nan, 2.0], [True, False])
    with pytest.raises(BadInput, match="Known: f1, youden"):
        best_threshold([1.0, 2.0], [True, False], objective="accuracy")


def test_anchor_thresholds_by_hand():
    # Anchor 0 splits between 1 and 3, anchor 1 between 5 and 7. Spread of (2, 6) is 2; the eight
    # similarities have standard deviation √(mean square deviation) of 0,1,3,4,4,5,7,8 about 4.
    values = np.array([0, 1, 3, 4, 4, 5, 7, 8.0])
    same = np.array([False, False, True, True] * 2)
    truth = PairTruth(np.repeat([0, 1], 4), np.arange(2, 10), same, "test")
    found = anchor_thresholds(values, truth, at_least=2)
    assert found.thresholds.tolist() == [2, 6]
    assert found.spread.value == pytest.approx(2 / np.sqrt(52 / 8))
    assert (found.low <= found.thresholds).all()
    assert (found.high >= found.thresholds).all()


@given(st.integers(0, 50))
def test_each_anchor_gets_what_it_would_get_alone(seed):
    values, truth = of_anchors(4, 6, np.array([0, 1.0, -1, 0]), seed)
    values = np.round(values, 1)
    found = anchor_thresholds(values, truth)
    for row, threshold in zip(found.rows, found.thresholds, strict=True):
        here = truth.left == row
        assert threshold == pytest.approx(best_threshold(values[here], truth.same[here]).threshold)


def test_spread_is_chance_where_anchors_are_alike_and_more_where_they_are_not():
    alike, truth = of_anchors(60, 20, np.zeros(60))
    found = anchor_thresholds(alike, truth)
    assert found.spread.low < found.by_chance < found.spread.high
    shifted, _ = of_anchors(60, 20, np.random.default_rng(1).normal(size=60))
    found = anchor_thresholds(shifted, truth)
    assert found.spread.low > 1.5 * found.by_chance


def test_anchors_with_too_few_pairs_are_counted_not_used():
    values, truth = of_anchors(3, 4, np.zeros(3))
    found = anchor_thresholds(values, truth, at_least=5)
    assert found.n_skipped == 3
    assert np.isnan(found.spread.value)
