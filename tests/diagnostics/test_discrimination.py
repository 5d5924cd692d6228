import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.diagnostics.discrimination import (
    LabelledPairs,
    auc,
    discrimination_of,
    draw_labelled_pairs,
    measure_discrimination,
)
from engine.errors import BadInput

SCORED = st.lists(
    st.tuples(st.integers(-5, 5), st.booleans()).map(lambda pair: (float(pair[0]), pair[1])),
    min_size=2,
    max_size=40,
)


def noisy(codes, seed=0, spread=1.0):
    agree = (codes[:, None] == codes).astype(float)
    return agree + spread * np.random.default_rng(seed).normal(size=agree.shape)


def test_auc_by_hand():
    # Same 3, 1; different 2, 1: 3>2, 3>1, 1<2, 1=1 → (1 + 1 + 0 + 0.5) / 4.
    assert auc([3, 1, 2, 1], [True, True, False, False]) == 0.625


def test_auc_at_the_ends():
    assert auc([1, 0], [True, False]) == 1.0
    assert auc([0, 1], [True, False]) == 0.0
    assert auc([1, 1], [True, False]) == 0.5
    assert np.isnan(auc([1, 2], [True, True]))
    assert np.isnan(auc([], []))


def test_auc_refuses_nan_and_unequal_lengths():
    with pytest.raises(BadInput, match="NaN"):
        auc([np.nan, 1.0], [True, False])
    with pytest.raises(BadInput, match="give as many"):
        auc([1.0], [True, False])


@given(SCORED)
def test_auc_agrees_with_sklearn(scored):
    from sklearn.metrics import roc_auc_score

    numbers, same = map(list, zip(*scored, strict=True))
    assume(len(set(same)) == 2)
    assert auc(numbers, same) == pytest.approx(roc_auc_score(same, numbers))


@given(SCORED)
def test_auc_ignores_monotone_maps_and_mirrors(scored):
    numbers, same = (np.array(x) for x in zip(*scored, strict=True))
    assume(len(set(same)) == 2)
    assert auc(np.exp(numbers) * 3 - 1, same) == auc(numbers, same)
    assert auc(-numbers, same) == pytest.approx(1 - auc(numbers, same))


@given(
    st.lists(st.integers(-1, 3), min_size=2, max_size=30),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(0, 5),
)
def test_pairs_are_distinct_labelled_and_never_self(codes, n_anchors, n_candidates, seed):
    codes = np.array(codes)
    labelled = codes[codes >= 0]
    assume(len(set(labelled)) > 1)
    assume(len(set(labelled)) < len(labelled))
    pairs = draw_labelled_pairs(codes, n_anchors=n_anchors, n_candidates=n_candidates, seed=seed)
    n_texts = len(labelled)
    assert len(pairs.same) == min(n_anchors, n_texts) * min(n_candidates, n_texts - 1)
    assert len(set(zip(pairs.anchors, pairs.candidates, strict=True))) == len(pairs.same)
    assert (pairs.anchors != pairs.candidates).all()
    assert (codes[pairs.anchors] >= 0).all()
    assert (codes[pairs.candidates] >= 0).all()
    assert (pairs.same == (codes[pairs.anchors] == codes[pairs.candidates])).all()


@pytest.mark.parametrize("codes", [[0, 0, 0], [0, 1, 2], [-1, -1], []])
def test_labels_that_can_not_discriminate_are_refused(codes):
    with pytest.raises(BadInput, match="at least"):
        draw_labelled_pairs(codes)


def test_no_anchors_is_refused():
    with pytest.raises(BadInput, match="≥ 1"):
        draw_labelled_pairs([0, 0, 1], n_anchors=0)


def test_gap_by_hand():
    # Anchor 0: same 1.0, different 0.0 → 1. Anchor 1: same 0.5, different 0.4, 0.6 → 1/2.
    # Pooled: same {1.0, 0.5}, different {0.0, 0.4, 0.6}: 1.0 beats 3, 0.5 beats 2 → 5/6.
    # Local (1 + 1/2) / 2 = 3/4; gap 3/4 − 5/6 = −1/12.
    # Anchor 2 has one kind only, and anchor 3's other kind was not scored: both skipped.
    pairs = LabelledPairs(
        np.array([0, 0, 1, 1, 1, 2, 3, 3]),
        np.array([1, 2, 0, 2, 3, 0, 0, 1]),
        np.array([True, False, True, False, False, True, True, False]),
    )
    result = discrimination_of(np.array([1.0, 0.0, 0.5, 0.4, 0.6, 9.0, 9.0, np.nan]), pairs)
    assert result.local.value == 0.75
    assert result.pooled.value == pytest.approx(5 / 6)
    assert result.gap.value == pytest.approx(-1 / 12)
    assert (result.local.n, result.n_skipped, result.n_pairs) == (2, 2, 5)


def test_pooled_bootstrap_is_that_of_repeated_pairs():
    # Two anchors, so a resample is (2, 0), (1, 1) or (0, 2): the pooled AUC is one of three.
    # Anchor 0 alone: 0.9 > 0.1 → 1. Anchor 1 alone: 0.3 < 0.5 → 0.
    # Both: 0.9 beats 2, 0.3 beats 0.1 → 3/4. The ends of the interval are 0 and 1.
    pairs = LabelledPairs(
        np.array([0, 0, 1, 1]), np.array([1, 2, 0, 2]), np.array([True, False, True, False])
    )
    result = discrimination_of(np.array([0.9, 0.1, 0.3, 0.5]), pairs)
    assert result.pooled == (0.75, 0.0, 1.0, 2)
    # Local takes 1, 1/2 and 0, so the gap takes 0, −1/4 and 0.
    assert result.gap == (-0.25, -0.25, 0.0, 2)


@settings(max_examples=25)
@given(st.integers(0, 1000))
def test_local_and_pooled_agree_with_sklearn(seed):
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(seed)
    codes = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    pairs = draw_labelled_pairs(codes, n_anchors=6, n_candidates=7, seed=seed)
    numbers = rng.integers(0, 6, size=len(pairs.same)) / 4.0
    local = [
        roc_auc_score(pairs.same[pairs.anchors == x], numbers[pairs.anchors == x])
        for x in np.unique(pairs.anchors)
    ]
    result = discrimination_of(numbers, pairs, n_draws=10)
    assert result.local.value == pytest.approx(np.mean(local))
    assert result.pooled.value == pytest.approx(roc_auc_score(pairs.same, numbers))
    assert result.gap.value == pytest.approx(result.local.value - result.pooled.value)


def test_perfect_and_reversed(from_matrix):
    codes = np.repeat([0, 1, 2], 6)
    perfect = (codes[:, None] == codes).astype(float)
    best = measure_discrimination(from_matrix(perfect), codes)
    worst = measure_discrimination(from_matrix(-perfect), codes)
    assert best.local == best.pooled == (1.0, 1.0, 1.0, 18)
    assert worst.local == worst.pooled == (0.0, 0.0, 0.0, 18)
    assert best.gap == worst.gap == (0.0, 0.0, 0.0, 18)


def test_an_offset_for_each_anchor_opens_the_gap(from_matrix):
    codes = np.repeat([0, 1, 2], 20)
    plain = noisy(codes)
    offsets = 5 * np.random.default_rng(1).normal(size=(60, 1))
    before = measure_discrimination(from_matrix(plain), codes)
    after = measure_discrimination(from_matrix(plain + offsets), codes)
    assert after.local.value == pytest.approx(before.local.value)
    assert after.pooled.value < before.pooled.value - 0.1
    assert before.gap.low < 0.01
    assert after.gap.low > 0.1


def test_a_monotone_map_changes_nothing(from_matrix):
    codes = np.repeat([0, 1], 15)
    matrix = noisy(codes)
    plain = measure_discrimination(from_matrix(matrix), codes)
    bent = measure_discrimination(from_matrix(np.exp(matrix)), codes)
    np.testing.assert_allclose(np.array(plain[:3]), np.array(bent[:3]))


def test_the_joint_gap_is_tighter_than_its_parts(from_matrix):
    codes = np.repeat([0, 1, 2], 20)
    result = measure_discrimination(from_matrix(noisy(codes)), codes)
    width = {name: e.high - e.low for name, e in result._asdict().items() if name[:2] != "n_"}
    assert width["gap"] < min(width["local"], width["pooled"])


def test_nothing_scored_is_undefined(from_matrix):
    codes = np.repeat([0, 1], 5)
    result = measure_discrimination(from_matrix(np.full((10, 10), np.nan)), codes)
    assert (result.local.n, result.n_skipped, result.n_pairs) == (0, 10, 0)
    assert np.isnan(result.gap.value)


def test_shapes_that_do_not_fit_are_refused(from_matrix):
    codes = np.repeat([0, 1], 5)
    with pytest.raises(BadInput, match="for 10 texts"):
        measure_discrimination(from_matrix(np.eye(10)), codes[:9])
    with pytest.raises(BadInput, match="give one each"):
        discrimination_of(np.zeros(3), draw_labelled_pairs(codes))
