import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diagnostics.retrieval import map_at_r, precision_at_k, r_precision
from engine.errors import BadInput

NAN = np.nan
# Anchor 0 ranks 1, 2, 3, 4, 5; its label is also that of 1, 3 and 5, so R = 3.
CODES = np.array([0, 0, 1, 0, 1, 0])
RANKING = [NAN, 0.9, 0.8, 0.7, 0.6, 0.5]
ANCHOR = np.array([0])


def one_anchor(from_matrix, first_row):
    matrix = np.zeros((len(first_row), len(first_row)))
    matrix[0] = first_row
    return from_matrix(matrix)


def test_by_hand(from_matrix):
    # Places: hit, miss, hit, miss, hit. P@1 = 1, P@2 = 1/2, P@4 = 2/4, P@5 = 3/5.
    # R-precision = 2/3. MAP@R = (1/1 + 0 + 2/3) / 3 = 5/9.
    similarity = one_anchor(from_matrix, RANKING)
    at = [precision_at_k(similarity, CODES, k, ANCHOR).value for k in (1, 2, 4, 5)]
    assert at == [1.0, 0.5, 0.5, 0.6]
    assert r_precision(similarity, CODES, ANCHOR).value == pytest.approx(2 / 3)
    assert map_at_r(similarity, CODES, ANCHOR).value == pytest.approx(5 / 9)


def test_a_short_list_leaves_misses(from_matrix):
    # Only 1 and 2 were scored: hit, miss, then empty. P@4 = 1/4; R-precision = 1/3 = MAP@R.
    similarity = one_anchor(from_matrix, [NAN, 0.9, 0.8, NAN, NAN, NAN])
    assert precision_at_k(similarity, CODES, 4, ANCHOR).value == 0.25
    assert r_precision(similarity, CODES, ANCHOR).value == pytest.approx(1 / 3)
    assert map_at_r(similarity, CODES, ANCHOR).value == pytest.approx(1 / 3)


def test_an_anchor_with_nothing_scored_is_not_counted(from_matrix):
    matrix = np.tile(RANKING, (6, 1))
    matrix[3] = NAN
    estimate = precision_at_k(from_matrix(matrix), CODES, 1, np.array([0, 3]))
    assert (estimate.value, estimate.n) == (1.0, 1)
    assert precision_at_k(from_matrix(matrix), CODES, 1, np.array([3])).n == 0


def test_unlabelled_texts_are_taken_out_of_the_lists(from_matrix):
    # Texts 1 and 2 lose their labels: the list is 3, 4, 5 = hit, miss, hit, and R = 2.
    codes = np.array([0, -1, -1, 0, 1, 0])
    similarity = one_anchor(from_matrix, RANKING)
    assert precision_at_k(similarity, codes, 1, ANCHOR).value == 1.0
    assert precision_at_k(similarity, codes, 3, ANCHOR).value == pytest.approx(2 / 3)
    assert r_precision(similarity, codes, ANCHOR).value == 0.5
    assert map_at_r(similarity, codes, ANCHOR).value == 0.5


def test_anchors_that_have_no_fellow_or_no_label_are_left_out(from_matrix):
    codes = np.array([0, 0, 1, -1])
    matrix = np.random.default_rng(0).normal(size=(4, 4))
    assert r_precision(from_matrix(matrix), codes, np.arange(4)).n == 2
    assert map_at_r(from_matrix(matrix), codes, np.array([2, 3])).n == 0


def test_a_list_of_the_unlabelled_only_is_a_miss_not_a_gap(from_matrix):
    # Something was scored, and none of it is a labelled text: zero hits, and the anchor counts.
    codes = np.array([0, 0, -1, 0])
    similarity = one_anchor(from_matrix, [NAN, NAN, 0.5, NAN])
    estimate = precision_at_k(similarity, codes, 1, ANCHOR)
    assert (estimate.value, estimate.n) == (0.0, 1)


@pytest.mark.parametrize("measure", [r_precision, map_at_r])
def test_perfect_and_reversed(from_matrix, measure):
    codes = np.repeat([0, 1], 4)
    perfect = (codes[:, None] == codes).astype(float)
    assert measure(from_matrix(perfect), codes, np.arange(8)) == (1.0, 1.0, 1.0, 8)
    # Reversed: 4 others come before the 3 of the same label, so the first R = 3 are all wrong.
    assert measure(from_matrix(-perfect), codes, np.arange(8)) == (0.0, 0.0, 0.0, 8)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_agrees_with_loops(from_matrix, seed):
    rng = np.random.default_rng(seed)
    codes = rng.integers(-1, 3, size=14)
    matrix = np.where(rng.random((14, 14)) < 0.2, NAN, rng.normal(size=(14, 14)))
    expected = []
    for x in range(14):
        others = [j for j in np.argsort(-matrix[x]) if j != x and not np.isnan(matrix[x, j])]
        hits = [codes[j] == codes[x] for j in others if codes[j] >= 0]
        n_same = (codes == codes[x]).sum() - 1
        if codes[x] < 0 or n_same == 0 or not others:
            continue
        precisions = [sum(hits[: i + 1]) / (i + 1) for i in range(min(n_same, len(hits)))]
        kept = [p for p, hit in zip(precisions, hits, strict=False) if hit]
        expected.append((sum(hits[:n_same]) / n_same, sum(kept) / n_same))
    similarity, rows = from_matrix(matrix), np.arange(14)
    found = r_precision(similarity, codes, rows), map_at_r(similarity, codes, rows)
    assert [e.n for e in found] == [len(expected)] * 2
    if expected:
        assert [e.value for e in found] == pytest.approx(np.mean(expected, axis=0))
        assert found[1].value <= found[0].value + 1e-12


@pytest.mark.parametrize("k", [0, 6])
def test_k_out_of_range_is_refused(from_matrix, k):
    with pytest.raises(BadInput, match="from 1 to 5"):
        precision_at_k(one_anchor(from_matrix, RANKING), CODES, k, ANCHOR)


def test_codes_and_rows_that_do_not_fit_are_refused(from_matrix):
    similarity = one_anchor(from_matrix, RANKING)
    with pytest.raises(BadInput, match="for 6 texts"):
        r_precision(similarity, CODES[:5], ANCHOR)
    with pytest.raises(BadInput, match="rows 0 to 5"):
        r_precision(similarity, CODES, np.array([6]))


@pytest.mark.parametrize("measure", [r_precision, map_at_r])
def test_a_few_anchors_at_a_time_give_the_same(from_matrix, monkeypatch, measure):
    codes = np.repeat([0, 1, 2], 8)
    similarity = from_matrix(np.random.default_rng(0).normal(size=(24, 24)))
    at_once = measure(similarity, codes, np.arange(24))
    monkeypatch.setattr("engine.diagnostics.chunks.CELLS_AT_ONCE", 40)
    assert measure(similarity, codes, np.arange(24)) == at_once
