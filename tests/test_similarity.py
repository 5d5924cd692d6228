"""The makers of Similarity: numbers by hand, ranking against a plain sort, disk round trips."""

import json

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import engine.similarity as module
from engine.errors import BadInput, StoreError
from engine.similarity import (
    AxisSimilarity,
    PairSimilarity,
    SparseSimilarity,
    VectorSimilarity,
    load_similarity,
    nearest,
    save_similarity,
    unit_rows,
)
from engine.types import Scale


def rows(*values):
    return np.array(values, dtype=np.int64)


def floats(*values):
    return np.array(values, dtype=np.float32)


def sparse(*values):
    return sp.csr_array(np.array(values, dtype=np.float64))


def pair_similarity(scorer=None, known=None, scale=Scale.LOGIT):
    shortlist = np.array([[1, 2], [0, 2], [0, 1], [0, -1]], dtype=np.int64)
    return PairSimilarity(4, scale, shortlist, scorer, dict(known or {}))


class Payments:
    """A scorer that answers left · 10 + right, and remembers what it was paid for."""

    def __init__(self):
        self.pairs = []

    def __call__(self, left, right):
        self.pairs += list(zip(left.tolist(), right.tolist(), strict=True))
        return (left * 10 + right).astype(np.float32)


def one_of_each():
    vectors = unit_rows(floats([3, 4], [4, 3], [0, 1], [-1, 0]))
    anchors = unit_rows(floats([1, 0], [1, 1], [0, 1], [-1, -1]))
    terms = sparse([1, 0, 2], [0, 1, 1], [0, 0, 0], [2, 0, 0])
    return {
        "vectors": VectorSimilarity(vectors),
        "two sides": VectorSimilarity(vectors, anchors),
        "sparse": SparseSimilarity(terms, sp.csr_array(terms * 0.5), Scale.BM25),
        "sparse and empty": SparseSimilarity(
            sp.csr_array((4, 1)), sp.csr_array((4, 1)), Scale.COSINE
        ),
        "axis": AxisSimilarity(floats(0, 1, 3, np.nan)),
        "pairs": pair_similarity(known={(0, 1): 0.5, (1, 2): -1.5, (0, 3): np.nan}),
        "pairs, none known": pair_similarity(),
    }


EACH = pytest.mark.parametrize("similarity", one_of_each().values(), ids=one_of_each().keys())


def test_vectors_are_compared_by_dot_product():
    similarity = VectorSimilarity(floats([3, 4], [4, 3], [0, 1]))
    assert similarity.pairs(rows(0, 0, 1), rows(1, 2, 1)).tolist() == [24, 4, 25]
    found = similarity.neighbours(rows(2), 2)
    assert found.rows.tolist() == [[0, 1]]
    assert found.similarities.tolist() == [[4, 3]]


def test_the_left_row_is_the_anchor_when_the_two_sides_differ():
    similarity = VectorSimilarity(floats([1, 0], [0, 1]), floats([0, 5], [7, 0]))
    assert similarity.pairs(rows(0, 1), rows(1, 0)).tolist() == [5, 7]
    assert similarity.neighbours(rows(0, 1), 1).similarities.tolist() == [[5], [7]]


def test_sparse_rows_are_compared_by_dot_product_with_the_anchor_on_the_left():
    similarity = SparseSimilarity(
        sparse([1, 0, 2], [0, 3, 0]), sparse([0, 5, 1], [4, 0, 0]), "bm25"
    )
    assert similarity.pairs(rows(0, 0, 1), rows(0, 1, 0)).tolist() == [2, 4, 15]
    assert similarity.neighbours(rows(0, 1), 1).similarities.tolist() == [[4], [15]]


def test_an_axis_compares_by_minus_the_distance():
    similarity = AxisSimilarity(floats(0, 1, 3, 4.5))
    assert similarity.pairs(rows(0, 3), rows(2, 1)).tolist() == [-3, -3.5]
    assert similarity.neighbours(rows(2), 3).rows.tolist() == [[3, 1, 0]]


def test_a_text_without_a_place_is_compared_with_none():
    similarity = AxisSimilarity(floats(0, 1, np.nan))
    assert np.isnan(similarity.pairs(rows(0, 2), rows(2, 0))).all()
    found = similarity.neighbours(rows(0, 2), 2)
    assert found.rows.tolist() == [[1, -1], [-1, -1]]
    assert np.isnan(found.similarities[1]).all()


def test_unit_rows_leaves_zeros_alone():
    assert unit_rows(floats([0, 0], [0, 2])).tolist() == [[0, 0], [0, 1]]


def test_duplicates_are_neighbours_and_only_the_row_itself_is_left_out():
    similarity = VectorSimilarity(floats([1, 0], [1, 0], [1, 0]))
    found = similarity.neighbours(rows(0, 1, 2), 2)
    assert [sorted(row) for row in found.rows.tolist()] == [[1, 2], [0, 2], [0, 1]]


def test_lists_are_padded_when_the_corpus_is_smaller_than_k():
    found = VectorSimilarity(floats([1, 0], [0, 1])).neighbours(rows(0, 1), 3)
    assert found.rows.tolist() == [[1, -1, -1], [0, -1, -1]]
    assert np.isnan(found.similarities[:, 1:]).all()
    alone = VectorSimilarity(floats([1, 0])).neighbours(rows(0), 2)
    assert alone.rows.tolist() == [[-1, -1]]


@EACH
def test_k_below_one_is_refused(similarity):
    with pytest.raises(BadInput, match="at least 1, not 0"):
        similarity.neighbours(rows(0), 0)


@EACH
def test_neighbours_agree_with_pairs_and_come_in_order(similarity):
    everyone = np.arange(similarity.n_texts)
    found = similarity.neighbours(everyone, 3)
    assert found.rows.shape == found.similarities.shape == (4, 3)
    assert found.rows.dtype == np.int64
    assert found.similarities.dtype == np.float32
    for row, others, values in zip(everyone, *found, strict=True):
        real = others >= 0
        assert row not in others
        assert np.isnan(values[~real]).all()
        again = similarity.pairs(np.full(real.sum(), row), others[real])
        np.testing.assert_allclose(again, values[real], rtol=1e-6)
        assert (np.diff(values[real]) <= 0).all()


@EACH
def test_what_is_kept_on_disk_comes_back_the_same(similarity, tmp_path):
    save_similarity(similarity, tmp_path)
    loaded = load_similarity(tmp_path)
    assert type(loaded) is type(similarity)
    assert (loaded.scale, loaded.n_texts) == (similarity.scale, similarity.n_texts)
    left, right = (side.ravel() for side in np.mgrid[0:4, 0:4])
    np.testing.assert_array_equal(loaded.pairs(left, right), similarity.pairs(left, right))
    for mine, theirs in zip(
        loaded.neighbours(rows(0, 1, 2, 3), 3),
        similarity.neighbours(rows(0, 1, 2, 3), 3),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_only_known_kinds_are_kept(tmp_path):
    class Homemade:
        scale = Scale.COSINE

    with pytest.raises(StoreError, match=r"A Homemade can't be kept.*VectorSimilarity"):
        save_similarity(Homemade(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "similarity.json").unlink(),
        lambda folder: (folder / "similarity.json").write_text("{"),
        lambda folder: (folder / "similarity.json").write_text("[]"),
        lambda folder: (folder / "similarity.json").write_text(
            json.dumps({"kind": "Homemade", "scale": "cosine", "arrays": []})
        ),
        lambda folder: (folder / "vectors.npy").unlink(),
        lambda folder: (folder / "vectors.npy").write_bytes(b""),
        lambda folder: (folder / "vectors.npy").write_bytes(b"not an array"),
    ],
    ids=["no header", "cut header", "odd header", "odd kind", "no array", "empty", "rubbish"],
)
def test_a_damaged_folder_says_what_to_do(tmp_path, damage):
    save_similarity(VectorSimilarity(floats([1, 0], [0, 1])), tmp_path)
    damage(tmp_path)
    with pytest.raises(StoreError, match="Delete it and run again"):
        load_similarity(tmp_path)


def test_a_pair_that_was_never_scored_is_nan_in_both_directions():
    similarity = pair_similarity(known={(0, 1): 2.5})
    assert similarity.pairs(rows(0, 1), rows(1, 0)).tolist() == [2.5, 2.5]
    assert np.isnan(similarity.pairs(rows(0, 2, 0), rows(2, 3, 0))).all()


def test_score_pays_only_for_what_is_missing_and_once_for_both_directions():
    payments = Payments()
    similarity = pair_similarity(payments, known={(0, 1): 2.5})
    values = similarity.score(rows(0, 2, 1, 1), rows(1, 1, 2, 3))
    assert values.tolist() == [2.5, 12, 12, 13]
    assert payments.pairs == [(1, 2), (1, 3)]
    similarity.score(rows(3, 2), rows(1, 1))
    assert payments.pairs == [(1, 2), (1, 3)]


def test_a_shortlist_is_scored_without_its_padding():
    payments = Payments()
    similarity = pair_similarity(payments)
    similarity.score_shortlists(rows(0, 3))
    assert payments.pairs == [(0, 1), (0, 2), (0, 3)]
    assert similarity.neighbours(rows(3, 1), 2).rows.tolist() == [[0, -1], [0, -1]]


def test_a_pair_scored_as_nan_is_listed_nowhere_and_not_paid_again():
    payments = []

    def unsure(left, right):
        payments.append(len(left))
        return np.full(len(left), np.nan, dtype=np.float32)

    similarity = pair_similarity(unsure)
    similarity.score(rows(0), rows(1))
    similarity.score(rows(1), rows(0))
    assert payments == [1]
    assert similarity.neighbours(rows(0), 1).rows.tolist() == [[-1]]


matrices = hnp.arrays(
    np.float32,
    st.integers(1, 12).map(lambda n: (n, n)),
    elements=st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.5, 1.0, np.nan]),
)


@given(matrix=matrices, k=st.integers(1, 14), block_entries=st.integers(1, 40))
def test_nearest_is_a_plain_sort_whatever_the_blocks(matrix, k, block_entries):
    n_texts = len(matrix)
    everyone = np.arange(n_texts)
    before = module.BLOCK_ENTRIES
    module.BLOCK_ENTRIES = block_entries
    try:
        found = nearest(lambda part: matrix[part], everyone, k, n_texts)
    finally:
        module.BLOCK_ENTRIES = before
    assert found.rows.shape == (n_texts, k)
    for row in range(n_texts):
        others = [j for j in range(n_texts) if j != row and np.isfinite(matrix[row, j])]
        wanted = sorted((matrix[row, j] for j in others), reverse=True)[:k]
        real = found.rows[row] >= 0
        assert found.similarities[row, real].tolist() == wanted
        assert matrix[row, found.rows[row, real]].tolist() == wanted
        assert len(set(found.rows[row, real].tolist())) == real.sum()
        assert not real[len(wanted) :].any()


@given(matrix=matrices)
def test_ties_go_to_the_earlier_row(matrix):
    everyone = np.arange(len(matrix))
    found = nearest(lambda part: matrix[part], everyone, 3, len(matrix))
    for row in everyone:
        others = [j for j in everyone if j != row and np.isfinite(matrix[row, j])]
        wanted = sorted(others, key=lambda j: (-matrix[row, j], j))[:3]
        assert found.rows[row][found.rows[row] >= 0].tolist() == wanted


def test_the_block_is_not_written_to():
    matrix = floats([1, 2], [3, np.nan])
    nearest(lambda part: matrix[part], rows(0, 1), 1, 2)
    np.testing.assert_array_equal(matrix, floats([1, 2], [3, np.nan]))
