import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.rings import ring_triplets
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
