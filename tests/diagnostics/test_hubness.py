import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.hubness import (
    antihub_share,
    hubness_skew,
    k_occurrence,
    robin_hood_index,
)
from engine.errors import BadInput

COUNTS = st.lists(st.integers(0, 50), min_size=2, max_size=30)


def test_k_occurrence_by_hand():
    lists = [[1, 2], [0, 2], [0, -1], [0, 2]]
    assert k_occurrence(lists, 5).tolist() == [3, 1, 3, 0, 0]
    assert k_occurrence(np.empty((0, 3)), 2).tolist() == [0, 0]


def test_skew_by_hand():
    # Mean 1, deviations −1 −1 −1 3: variance 12/4 = 3, third moment (−3 + 27)/4 = 6.
    # 6 / 3^1.5 = 1.1547.
    assert hubness_skew([0, 0, 0, 4]) == pytest.approx(2 / math.sqrt(3))
    assert hubness_skew([0, 2, 4]) == 0.0
    assert math.isnan(hubness_skew([3, 3, 3]))


def test_shares_by_hand():
    assert antihub_share([0, 0, 0, 4]) == 0.75
    # ½ (1 + 1 + 1 + 3) / 4.
    assert robin_hood_index([0, 0, 0, 4]) == 0.75
    assert robin_hood_index([2, 2]) == 0.0
    assert math.isnan(robin_hood_index([0, 0]))


@given(COUNTS)
def test_skew_agrees_with_scipy(counts):
    from scipy.stats import skew

    if len(set(counts)) > 1:
        assert hubness_skew(counts) == pytest.approx(skew(counts), abs=1e-9)


@given(COUNTS)
def test_robin_hood_is_what_the_rich_hold_above_the_mean(counts):
    if sum(counts):
        mean = sum(counts) / len(counts)
        surplus = sum(max(0.0, n - mean) for n in counts)
        assert robin_hood_index(counts) == pytest.approx(surplus / sum(counts))


def test_rows_outside_the_corpus_are_refused():
    with pytest.raises(BadInput, match="rows 0 to 2"):
        k_occurrence([[3]], 3)
    with pytest.raises(BadInput, match="-2"):
        k_occurrence([[-2]], 3)


@pytest.mark.parametrize("measure", [hubness_skew, antihub_share, robin_hood_index])
def test_no_counts_is_refused(measure):
    with pytest.raises(BadInput, match="one count per text"):
        measure([])
