import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.rings import n_in_ring, ring_triplets, ring_width
from engine.diagnostics.transitivity import Comparisons, intransitive_triads
from engine.errors import BadInput


@given(st.integers(2, 30), st.integers(3, 7), st.integers(0, 9))
def test_every_anchor_has_all_pairs_of_other_candidates(n_more, width, seed):
    n_rings = min(3, n_more)
    found = ring_triplets(width + n_more, n_rings, width=width, seed=seed)
    anchors = np.unique(found[:, 0])
    assert len(anchors) == n_rings
    assert (found[:, :1] != found[:, 1:]).all()
    for anchor in anchors:
        pairs = {frozenset(row) for row in found[found[:, 0] == anchor, 1:].tolist()}
        assert len(pairs) == math.comb(width, 2)
        assert len(frozenset.union(*pairs)) == width


def test_a_ring_holds_every_triad():
    found = ring_triplets(50, 1, width=6)
    compared = Comparisons(found[:, 0], found[:, 1], found[:, 2])
    assert intransitive_triads(compared).n == math.comb(6, 3)


def test_more_rings_keep_the_first():
    few, many = ring_triplets(40, 1), ring_triplets(40, 3)
    np.testing.assert_array_equal(many[: len(few)], few)


def test_refusals():
    with pytest.raises(BadInput, match="more texts"):
        ring_triplets(6, 1, width=6)
    with pytest.raises(BadInput, match="at least 1 ring of 3"):
        ring_triplets(60, 1, width=2)


@given(st.integers(3, 400), st.integers(4, 400))
def test_a_ring_fits_the_questions_and_the_texts(n_triplets, n_texts):
    width = ring_width(n_triplets, n_texts)
    assert len(ring_triplets(n_texts, 1, width=width)) == n_in_ring(width) <= n_triplets
    is_widest = width == 6 or n_in_ring(width + 1) > n_triplets or width + 1 >= n_texts
    assert is_widest


@pytest.mark.parametrize(("n_triplets", "n_texts"), [(2, 100), (100, 3)])
def test_no_room_for_a_ring(n_triplets, n_texts):
    with pytest.raises(BadInput, match="no room for a ring"):
        ring_width(n_triplets, n_texts)
