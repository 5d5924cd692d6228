import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.diagnostics.conditioning import (
    SwapTriplets,
    draw_swap_triplets,
    mean_swap_accuracy,
    swap_accuracies,
    swap_accuracy,
)
from engine.errors import BadInput

# Four crossed cells of three texts each: a = 0 0 1 1, b = 0 1 0 1.
A = np.repeat([0, 0, 1, 1], 3)
B = np.repeat([0, 1, 0, 1], 3)


def same(codes):
    return (codes[:, None] == codes).astype(float)


def blind_matrices(n):
    # Few distinct values, so that ties occur; NaN for pairs that were not scored.
    values = st.sampled_from([0.0, 0.25, 0.5, 1.0, float("nan")])
    return hnp.arrays(np.float64, (n, n), elements=values)


def by_hand():
    # Rows 0 to 3 are (a, b) = (0,0), (0,1), (1,0), (1,1): one possible triplet for each anchor.
    return draw_swap_triplets([0, 0, 1, 1], [0, 1, 0, 1], n=4, seed=1)


def test_the_only_triplets_of_a_two_by_two_corpus():
    found = {tuple(map(int, t)) for t in zip(*by_hand(), strict=True)}
    assert found == {(0, 1, 2), (1, 0, 3), (2, 3, 0), (3, 2, 1)}


@given(
    st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=3, max_size=40),
    st.integers(1, 60),
    st.integers(0, 5),
)
def test_triplets_are_what_they_say(labels, n, seed):
    a, b = np.array(labels).T
    try:
        anchor, p, q = draw_swap_triplets(a, b, n=n, seed=seed)
    except BadInput:
        possible = [
            x
            for x in range(len(a))
            if a[x] >= 0
            and b[x] >= 0
            and ((a == a[x]) & (b != b[x]) & (b >= 0)).any()
            and ((b == b[x]) & (a != a[x]) & (a >= 0)).any()
        ]
        assert not possible
        return
    for rows in (anchor, p, q):
        assert len(rows) == n
        assert (a[rows] >= 0).all()
        assert (b[rows] >= 0).all()
    assert (a[p] == a[anchor]).all()
    assert (b[p] != b[anchor]).all()
    assert (b[q] == b[anchor]).all()
    assert (a[q] != a[anchor]).all()
    times = np.unique(anchor, return_counts=True)[1]
    assert times.max() - times.min() <= 1


def test_every_anchor_once_before_any_twice():
    assert sorted(draw_swap_triplets(A, B, n=12, seed=0).anchor) == list(range(12))
    times = np.bincount(draw_swap_triplets(A, B, n=30, seed=0).anchor)
    assert sorted(set(times)) == [2, 3]


def test_every_qualifying_text_is_drawn_about_equally_often():
    # Anchor 0 may take p from rows 3–5 and q from rows 6–8, each in a third of its 2,000 triplets.
    drawn = draw_swap_triplets(A, B, n=24_000, seed=0)
    p = np.bincount(drawn.share_a[drawn.anchor == 0], minlength=12)
    q = np.bincount(drawn.share_b[drawn.anchor == 0], minlength=12)
    assert set(np.flatnonzero(p)) == {3, 4, 5}
    assert set(np.flatnonzero(q)) == {6, 7, 8}
    # A standard error is √(2000 × 1/3 × 2/3) = 21.
    assert np.abs(p[3:6] - 2000 / 3).max() < 100
    assert np.abs(q[6:9] - 2000 / 3).max() < 100


def test_the_same_seed_draws_the_same_triplets():
    first, again = (draw_swap_triplets(A, B, n=50, seed=4) for _ in range(2))
    other = draw_swap_triplets(A, B, n=50, seed=5)
    assert all((x == y).all() for x, y in zip(first, again, strict=True))
    assert any((x != y).any() for x, y in zip(first, other, strict=True))


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ([0, 0, 1, 1], [0, 0, 1, 1], "same first label always have the same second"),
        ([0, 0, 1, 1], [0, 1, 2, 3], "same second label always have the same first"),
        ([0, 0, 1, 2], [0, 1, 2, 2], "no text has both a partner"),
        ([0, -1], [-1, 0], "no text carries both"),
        ([0, 1], [0], "shapes"),
    ],
)
def test_labels_that_are_not_crossed_are_refused(a, b, words):
    with pytest.raises(BadInput, match=words):
        draw_swap_triplets(a, b, n=5, seed=0)


def test_no_triplets_asked_for_is_refused():
    with pytest.raises(BadInput, match="at least 1"):
        draw_swap_triplets(A, B, n=0, seed=0)


def test_swap_accuracy_by_hand(from_matrix):
    # Triplets (0,1,2), (1,0,3), (2,3,0), (3,2,1). Asked for a: 0.9 > 0.1 wins, 0.4 = 0.4 is half,
    # 0.2 < 0.7 loses, the last has a NaN. (1 + 0.5 + 0) / 3 = 0.5.
    # The reverse: (0 + 0.5 + 1) / 3 = 0.5.
    matrix = np.zeros((4, 4))
    matrix[0, 1], matrix[0, 2] = 0.9, 0.1
    matrix[1, 0], matrix[1, 3] = 0.4, 0.4
    matrix[2, 3], matrix[2, 0] = 0.2, 0.7
    matrix[3, 2], matrix[3, 1] = 0.8, np.nan
    result = swap_accuracies(from_matrix(matrix), from_matrix(matrix), by_hand())
    assert [e.value for e in result] == [0.5, 0.5, 0.5]
    assert [e.n for e in result] == [3, 3, 3]


def test_accuracy_is_the_share_of_triplets_not_of_anchors(from_matrix):
    # Anchor 0 loses its one triplet, anchor 1 wins its three: 3 of 4.
    triplets = SwapTriplets(np.array([0, 1, 1, 1]), np.array([2] * 4), np.array([3] * 4))
    matrix = np.zeros((4, 4))
    matrix[0, 3] = matrix[1, 2] = 1.0
    estimate = swap_accuracy(from_matrix(matrix), triplets, asked="a")
    assert (estimate.value, estimate.n) == (0.75, 4)


def test_perfect_is_one_and_the_wrong_attribute_is_zero(from_matrix):
    triplets = draw_swap_triplets(A, B, n=40, seed=0)
    for_a, for_b = from_matrix(same(A)), from_matrix(same(B))
    assert swap_accuracies(for_a, for_b, triplets).mean == (1.0, 1.0, 1.0, 40)
    assert swap_accuracies(for_b, for_a, triplets).mean == (0.0, 0.0, 0.0, 40)
    assert swap_accuracy(for_a, triplets, asked="b").value == 0.0


@settings(max_examples=40)
@given(blind_matrices(12), st.integers(0, 3))
def test_a_blind_similarity_gets_exactly_half(from_matrix, matrix, seed):
    blind = from_matrix(matrix)
    triplets = draw_swap_triplets(A, B, n=30, seed=seed)
    estimate = mean_swap_accuracy(blind, blind, triplets, n_draws=20)
    if estimate.n:
        assert estimate.value == 0.5
    a, b = (swap_accuracy(blind, triplets, asked=side, n_draws=20) for side in ("a", "b"))
    assert a.n == b.n == estimate.n
    if a.n:
        assert a.value + b.value == pytest.approx(1.0)


@settings(max_examples=30)
@given(blind_matrices(12))
def test_only_the_order_matters(from_matrix, matrix):
    triplets = draw_swap_triplets(A, B, n=30, seed=0)
    plain = swap_accuracy(from_matrix(matrix), triplets, asked="a", n_draws=20)
    bent = swap_accuracy(from_matrix(np.exp(5 * matrix) - 3), triplets, asked="a", n_draws=20)
    np.testing.assert_array_equal(plain, bent)


def test_conditioning_lifts_the_interval_off_one_half(from_matrix):
    noise = np.random.default_rng(0).normal(size=(12, 12))
    triplets = draw_swap_triplets(A, B, n=600, seed=0)
    for_a, for_b = from_matrix(2 * same(A) + noise), from_matrix(2 * same(B) + noise)
    mean = mean_swap_accuracy(for_a, for_b, triplets)
    assert 0.5 < mean.low <= mean.value <= mean.high < 1.0


def test_nothing_scored_is_undefined(from_matrix):
    triplets = draw_swap_triplets(A, B, n=10, seed=0)
    empty = from_matrix(np.full((12, 12), np.nan))
    assert mean_swap_accuracy(empty, empty, triplets).n == 0
    assert np.isnan(mean_swap_accuracy(empty, empty, triplets).value)


def test_the_mean_uses_only_what_both_scored(from_matrix):
    # Asked for a, anchors 0 and 1 are scored; asked for b, anchor 0 only. Both win there.
    only_a, only_b = same(A[::3]), same(B[::3])
    only_a[2:] = np.nan
    only_b[1:] = np.nan
    result = swap_accuracies(from_matrix(only_a), from_matrix(only_b), by_hand())
    assert [e.n for e in result] == [2, 1, 1]
    assert result.mean.value == 1.0


def test_an_unknown_direction_is_refused(from_matrix):
    with pytest.raises(BadInput, match="'a' or 'b'"):
        swap_accuracy(from_matrix(same(A)), by_hand(), asked="c")
