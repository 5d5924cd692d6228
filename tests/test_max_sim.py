"""Best matches of several vectors a text: by hand, against a plain loop, dense and sparse."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

import engine.similarity
from engine.errors import BadInput
from engine.max_sim import MaxSimSimilarity
from engine.similarity import load_similarity, save_similarity, unit_rows


def made(n, k, seed, *, sparse=False):
    """Texts with one to k vectors each."""
    rng = np.random.default_rng(seed)
    present = rng.random((n, k)) < 0.6
    present[:, 0] = True
    stacked = unit_rows(rng.normal(size=(n * k, 3)).astype(np.float32))
    return MaxSimSimilarity(sp.csr_array(stacked) if sparse else stacked, present)


def by_loop(similarity):
    """The definition, one pair and one vector at a time."""
    stacked = similarity.stacked
    dense = stacked if isinstance(stacked, np.ndarray) else stacked.toarray()
    n, k = similarity.present.shape
    texts = [
        [dense[i * n + row] for i in range(k) if similarity.present[row, i]] for row in range(n)
    ]

    def one_way(left, right):
        return np.mean([max(float(a @ b) for b in right) for a in left])

    return np.array([[(one_way(a, b) + one_way(b, a)) / 2 for b in texts] for a in texts])


def grid(n):
    left, right = (side.ravel().astype(np.int64) for side in np.mgrid[0:n, 0:n])
    return left, right


def test_by_hand():
    """Text 0 points east and north, text 1 halfway, text 2 north: (1 + √½)/2 … as written."""
    half = np.sqrt(0.5)
    first = [[1, 0], [half, half], [0, 1]]
    second = [[0, 1], [0, 0], [0, 0]]
    present = np.array([[True, True], [True, False], [True, False]])
    similarity = MaxSimSimilarity(np.array(first + second, dtype=np.float32), present)
    found = similarity.pairs(np.array([0, 0, 1]), np.array([1, 2, 2]))
    np.testing.assert_allclose(found, [half, (0.5 + 1) / 2, half], atol=1e-6)


@given(st.integers(1, 7), st.integers(1, 4), st.integers(0, 50), st.booleans())
def test_it_is_the_definition(n, k, seed, sparse):
    similarity = made(n, k, seed, sparse=sparse)
    found = similarity.pairs(*grid(n)).reshape(n, n)
    np.testing.assert_allclose(found, by_loop(similarity), atol=1e-5)
    np.testing.assert_allclose(found, found.T, atol=1e-6)
    np.testing.assert_allclose(np.diag(found), 1, atol=1e-5)


@pytest.mark.parametrize("sparse", [False, True])
def test_blocks_give_what_pairs_give(sparse, monkeypatch):
    similarity = made(23, 3, 0, sparse=sparse)
    whole = similarity.neighbours(np.arange(23), 5)
    monkeypatch.setattr(engine.similarity, "BLOCK_ENTRIES", 23 * 4)
    monkeypatch.setattr(engine.max_sim, "BLOCK_ENTRIES", 7)
    found = similarity.neighbours(np.arange(23), 5)
    np.testing.assert_array_equal(found.rows, whole.rows)
    anchors = np.repeat(np.arange(23), 5)
    paired = similarity.pairs(anchors, found.rows.ravel())
    np.testing.assert_allclose(paired, found.similarities.ravel(), atol=1e-5)


@pytest.mark.parametrize("sparse", [False, True])
def test_it_comes_back_from_disk(sparse, tmp_path):
    similarity = made(6, 3, 1, sparse=sparse)
    save_similarity(similarity, tmp_path)
    loaded = load_similarity(tmp_path)
    assert isinstance(loaded, MaxSimSimilarity)
    np.testing.assert_array_equal(loaded.pairs(*grid(6)), similarity.pairs(*grid(6)))
    np.testing.assert_array_equal(
        loaded.neighbours(np.arange(6), 2).rows, similarity.neighbours(np.arange(6), 2).rows
    )


def test_a_text_without_a_vector_is_refused():
    with pytest.raises(BadInput, match="without any vector"):
        MaxSimSimilarity(np.ones((2, 2), dtype=np.float32), np.array([[True], [False]]))
    with pytest.raises(BadInput, match="3 vectors don't fit 2 texts with 1 each"):
        MaxSimSimilarity(np.ones((3, 2), dtype=np.float32), np.array([[True], [True]]))
