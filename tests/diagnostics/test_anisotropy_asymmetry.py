import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.anisotropy import anisotropy
from engine.diagnostics.asymmetry import asymmetry
from engine.errors import BadInput


def test_two_vectors_by_hand():
    # Cosine of (1, 0) and (3, 4) is 0.6; two points vary along one line.
    found = anisotropy(np.array([[1, 0], [3, 4]], dtype=np.float32))
    assert found.mean_cosine.value == pytest.approx(0.6)
    assert found.top_share == pytest.approx(1)


def test_top_share_by_hand():
    # Around the mean 0 the first axis holds 2·9, the second 2·1: 18/20.
    vectors = np.array([[3, 0], [-3, 0], [0, 1], [0, -1]], dtype=np.float32)
    assert anisotropy(vectors).top_share == pytest.approx(0.9)


def test_even_directions_and_a_common_one():
    even = np.random.default_rng(0).normal(size=(2000, 32)).astype(np.float32)
    found = anisotropy(even)
    assert found.mean_cosine.low < 0.01 < found.mean_cosine.high + 0.02
    assert found.top_share < 0.06
    assert anisotropy(even + 3).mean_cosine.low > 0.8


@given(st.integers(0, 30), st.floats(0.1, 10))
def test_gain_changes_nothing(seed, gain):
    vectors = np.random.default_rng(seed).normal(size=(20, 4)).astype(np.float32)
    one, two = anisotropy(vectors), anisotropy((vectors * gain).astype(np.float32))
    assert two.mean_cosine.value == pytest.approx(one.mean_cosine.value, abs=1e-5)
    assert two.top_share == pytest.approx(one.top_share, abs=1e-5)


def test_bad_vectors_are_refused():
    with pytest.raises(BadInput, match="at least two"):
        anisotropy(np.ones((1, 3), dtype=np.float32))
    with pytest.raises(BadInput, match="NaN"):
        anisotropy(np.full((3, 2), np.nan, dtype=np.float32))


def test_asymmetry_by_hand(from_matrix):
    # One pair: 3 there, 1 back; standard deviation 1 → 2.
    similarity = from_matrix([[0, 3], [1, 0]])
    assert asymmetry(similarity, np.array([0]), np.array([1])).value == pytest.approx(2)


@given(st.integers(0, 30))
def test_symmetric_similarities_have_none(from_matrix, seed):
    half = np.random.default_rng(seed).normal(size=(6, 6))
    left, right = np.triu_indices(6, 1)
    assert asymmetry(from_matrix(half + half.T), left, right).value == 0


def test_unscored_or_constant_is_undefined(from_matrix):
    one, two = np.array([0]), np.array([1])
    assert asymmetry(from_matrix(np.full((2, 2), np.nan)), one, two).n == 0
    assert asymmetry(from_matrix(np.ones((2, 2))), one, two).n == 0
    with pytest.raises(BadInput, match="as many"):
        asymmetry(from_matrix(np.ones((2, 2))), one, np.array([0, 1]))
