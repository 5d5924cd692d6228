import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.overlap import (
    mean_rank_biased_overlap,
    method_agreement,
    overlap_at_k,
    rank_biased_overlap,
)
from engine.errors import BadInput

LISTS = st.lists(st.integers(0, 12), min_size=1, max_size=10, unique=True)
PERSISTENCE = st.floats(0.05, 0.99)


def by_formula(a, b, p):
    """Webber et al. 2010, eq. 32, written out with sets."""
    short, long = sorted((a, b), key=len)
    s, ell = len(short), len(long)
    x = [len(set(short[:d]) & set(long[:d])) for d in range(ell + 1)]
    total = sum(x[d] / d * p**d for d in range(1, ell + 1))
    total += sum(x[s] * (d - s) / (s * d) * p**d for d in range(s + 1, ell + 1))
    return (1 - p) / p * total + ((x[ell] - x[s]) / ell + x[s] / s) * p**ell


def test_overlap_by_hand():
    # 1 of 2, 2 of 2 in another order, 1 of max(2, 1); the empty list isn't counted.
    a = [[1, 2], [5, 6], [7, 8], [1, 2]]
    b = [[2, 3], [6, 5], [8, -1], [-1, -1]]
    estimate = overlap_at_k(a, b)
    assert estimate.value == pytest.approx((1 / 2 + 1 + 1 / 2) / 3)
    assert estimate.n == 3


def test_overlap_of_lists_of_different_widths():
    # 2 in common, the longer list has 4.
    assert overlap_at_k([[1, 2]], [[3, 2, 9, 1]]).value == 0.5


def test_rbo_by_hand():
    # p = 0.5. [1, 2] against [2, 1]: X = 0, 2. (0.5/0.5)(0 + 2/2 × 0.25) + 2/2 × 0.25 = 0.5.
    assert rank_biased_overlap([1, 2], [2, 1], 0.5) == 0.5
    # [1, 2] against [1, 3]: X = 1, 1. (0.5 + 1/2 × 0.25) + 1/2 × 0.25 = 0.75.
    assert rank_biased_overlap([1, 2], [1, 3], 0.5) == 0.75


def test_rbo_of_uneven_lists_by_hand():
    # [1] against [1, 2, 3], p = 0.5: s = 1, l = 3, X = 1, 1, 1.
    # Seen 0.5 + 1/2 × 0.25 + 1/3 × 0.125 = 2/3; assumed 1/2 × 0.25 + 2/3 × 0.125 = 5/24;
    # beyond ((1 − 1)/3 + 1/1) × 0.125 = 1/8. Together 1.
    assert rank_biased_overlap([1], [1, 2, 3], 0.5) == pytest.approx(1.0)
    # [3] against [1, 2, 3]: X = 0, 0, 1: 1/3 × 0.125 + 0 + (1 − 0)/3 × 0.125 = 1/12.
    assert rank_biased_overlap([3], [1, 2, 3], 0.5) == pytest.approx(1 / 12)


def test_rbo_of_the_empty_is_undefined():
    assert math.isnan(rank_biased_overlap([-1, -1], [1, 2]))
    assert math.isnan(rank_biased_overlap([-1], [-1]))


@given(LISTS, LISTS, PERSISTENCE)
def test_rbo_is_the_formula_symmetric_and_in_range(a, b, p):
    found = rank_biased_overlap(a, b, p)
    assert found == pytest.approx(by_formula(a, b, p))
    assert found == pytest.approx(rank_biased_overlap(b, a, p))
    assert -1e-12 <= found <= 1 + 1e-12


@given(LISTS, PERSISTENCE)
def test_rbo_of_the_same_list_is_one_and_of_a_disjoint_one_zero(a, p):
    assert rank_biased_overlap(a, a, p) == pytest.approx(1.0)
    assert rank_biased_overlap(a, [x + 100 for x in a], p) == 0.0


@given(LISTS, LISTS, st.integers(0, 4))
def test_padding_changes_nothing(a, b, n_padding):
    padded = a + [-1] * n_padding
    assert rank_biased_overlap(padded, b) == pytest.approx(rank_biased_overlap(a, b))
    assert overlap_at_k([padded], [b]).value == overlap_at_k([a], [b]).value


@given(LISTS, LISTS)
def test_overlap_is_that_of_sets(a, b):
    expected = len(set(a) & set(b)) / max(len(a), len(b))
    assert overlap_at_k([a], [b]).value == pytest.approx(expected)


def test_mean_over_anchors():
    # By hand above: 0.5 and 0.75; the anchor with an empty list isn't counted.
    estimate = mean_rank_biased_overlap([[1, 2], [1, 2], [1, 2]], [[2, 1], [1, 3], [-1, -1]], p=0.5)
    assert (estimate.value, estimate.n) == (0.625, 2)
    assert 0.5 <= estimate.low <= estimate.high <= 0.75


def test_agreement_of_three_methods():
    lists = {"x": [[1, 2], [0, 2]], "y": [[1, 2], [0, 2]], "z": [[3, 4], [3, 4]]}
    agreement = method_agreement(lists)
    assert list(agreement) == [("x", "y"), ("x", "z"), ("y", "z")]
    assert agreement["x", "y"].value == pytest.approx(1.0)
    assert agreement["x", "z"].value == 0.0


def test_the_measure_matters_where_the_order_does():
    lists = {"x": [[1, 2, 3]], "y": [[3, 2, 1]]}
    assert method_agreement(lists, measure="overlap")["x", "y"].value == 1.0
    assert method_agreement(lists)["x", "y"].value < 1.0


def test_an_unknown_measure_is_refused():
    with pytest.raises(BadInput, match="Known: overlap"):
        method_agreement({}, measure="jaccard")


@pytest.mark.parametrize("p", [0.0, 1.0, np.nan])
def test_persistence_out_of_range_is_refused(p):
    with pytest.raises(BadInput, match="between 0 and 1"):
        rank_biased_overlap([1], [1], p)


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ([[1, 1]], [[1, 2]], "twice"),
        ([[-1, 1]], [[1, 2]], "gap"),
        ([[1], [2]], [[1]], "same anchors"),
        ([1], [2], "shape"),
    ],
)
def test_lists_that_are_not_lists_of_neighbours_are_refused(a, b, words):
    with pytest.raises(BadInput, match=words):
        overlap_at_k(a, b)
