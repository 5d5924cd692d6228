"""Words, counts and weights: by hand, and against rank-bm25 and scikit-learn."""

import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from engine.corpus import load_corpus
from engine.lexical import bm25_weights, numbers, term_counts, tfidf_rows, words

token_lists = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), max_size=8), min_size=1, max_size=9
).filter(any)


def all_scores(tokens, **parameters):
    """(n, n) scores of every text as query against every text, by the sparse product."""
    counts = term_counts([" ".join(row) for row in tokens]).counts
    return (counts @ bm25_weights(counts, **parameters).T).toarray()


def okapi_scores(tokens, **parameters):
    okapi = BM25Okapi(tokens, **parameters)
    return np.array([okapi.get_scores(query) for query in tokens])


def test_words_are_lower_case_runs_of_letters_and_digits():
    assert words("Élan vital_2, naïve—3.5%!") == ["élan", "vital_2", "naïve", "3", "5"]
    assert words(" \n…") == []


def test_numbers_keep_their_separators_but_not_the_full_stop():
    assert numbers("It cost 1,200.50, not 7. Or 3-4?") == ["1,200.50", "7", "3", "4"]


def test_counts_by_hand():
    counts, vocabulary = term_counts(["b a b", "", "c B"])
    assert vocabulary == ("a", "b", "c")
    assert counts.toarray().tolist() == [[1, 2, 0], [0, 0, 0], [0, 1, 1]]


def test_texts_without_any_term_give_an_empty_matrix():
    counts, vocabulary = term_counts(["…", ""])
    assert vocabulary == ()
    assert counts.shape == (2, 1)
    assert counts.nnz == 0
    assert bm25_weights(counts).nnz == tfidf_rows(counts).nnz == 0


def test_bm25_by_hand():
    # "a" in 1 of 3 texts: idf = ln 2.5 − ln 1.5. Text 0 has 2 words, the mean is (2 + 1 + 1) / 3.
    counts = sp.csr_array(np.array([[2.0, 0, 0], [0, 1, 0], [0, 0, 1]]))
    saturation = 1.5 * (0.25 + 0.75 * 2 / (4 / 3))
    wanted = math.log(2.5 / 1.5) * 2 * 2.5 / (2 + saturation)
    assert bm25_weights(counts)[0, 0] == pytest.approx(wanted, rel=1e-12)


def test_a_word_in_most_texts_gets_a_quarter_of_the_mean_idf():
    # "a" in 3 of 4: ln 1.5 − ln 3.5 < 0. "b" in 1 of 4: ln 3.5 − ln 1.5. Their mean is 0.
    counts = sp.csr_array(np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]]))
    weights = bm25_weights(counts).toarray()
    assert weights[:3, 0].tolist() == [0, 0, 0]
    assert weights[3, 1] > 0
    # With "c" in 1 of 4 too, the mean is a third of ln 3.5 − ln 1.5.
    counts = sp.csr_array(np.array([[1.0, 0, 0], [1, 0, 0], [1, 0, 0], [0, 1, 1]]))
    length = 1 / (5 / 4)
    wanted = 0.25 * math.log(3.5 / 1.5) / 3 * 2.5 / (1 + 1.5 * (0.25 + 0.75 * length))
    assert bm25_weights(counts)[0, 0] == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("name", ["math_problems", "support_messages", "paintings"])
def test_bm25_is_rank_bm25_on_real_texts(name):
    tokens = [words(text) for text in load_corpus(name, limit=120).texts]
    np.testing.assert_allclose(all_scores(tokens), okapi_scores(tokens), atol=1e-6, rtol=0)


@given(
    tokens=token_lists,
    k1=st.sampled_from([0.0, 0.9, 1.5, 4.0]),
    b=st.sampled_from([0.0, 0.4, 0.75, 1.0]),
)
def test_bm25_is_rank_bm25_on_any_texts(tokens, k1, b):
    # With k1 = 0 rank-bm25 divides 0 by 0 for each absent term; ours has no absent terms.
    with np.errstate(invalid="ignore"):
        wanted = np.nan_to_num(okapi_scores(tokens, k1=k1, b=b)) if k1 else None
    found = all_scores(tokens, k1=k1, b=b)
    assert np.isfinite(found).all()
    if wanted is not None:
        np.testing.assert_allclose(found, wanted, atol=1e-6, rtol=0)


@given(tokens=token_lists, epsilon=st.sampled_from([0.0, 0.25, 1.0]))
def test_the_floor_of_negative_idf_is_rank_bm25s(tokens, epsilon):
    common = [[*row, "everywhere"] for row in tokens]
    np.testing.assert_allclose(
        all_scores(common, epsilon=epsilon), okapi_scores(common, epsilon=epsilon), atol=1e-6
    )


def test_tfidf_is_scikit_learns(problems):
    from sklearn.feature_extraction.text import TfidfVectorizer

    theirs = TfidfVectorizer(tokenizer=words, token_pattern=None, sublinear_tf=True)
    wanted = theirs.fit_transform(problems.texts).toarray()
    found = tfidf_rows(term_counts(problems.texts).counts).toarray()
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@given(tokens=token_lists)
def test_tfidf_rows_have_length_one_or_zero(tokens):
    rows = tfidf_rows(term_counts([" ".join(row) for row in tokens]).counts).toarray()
    np.testing.assert_allclose(
        np.linalg.norm(rows, axis=1), [1.0 if row else 0.0 for row in tokens]
    )
