"""Words, numbers and BM25 weights: the lexical side, as sparse matrices."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from engine.types import Doubles

_WORD = re.compile(r"\w+", re.UNICODE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class TermCounts(NamedTuple):
    """counts: (n, v) float64 CSR; vocabulary: the v terms, sorted."""

    counts: sp.csr_array
    vocabulary: tuple[str, ...]


def words(text: str) -> list[str]:
    """Lower-case runs of letters, digits and underscores.

    Example:
        >>> words("Don't panic: 42!")
        ['don', 't', 'panic', '42']
    """
    return _WORD.findall(text.lower())


def numbers(text: str) -> list[str]:
    """The numbers written in digits.

    Example:
        >>> numbers("3.5 of 1,200 and no 7")
        ['3.5', '1,200', '7']
    """
    return _NUMBER.findall(text)


def term_counts(texts: Sequence[str], tokenise: Callable[[str], list[str]] = words) -> TermCounts:
    """How often each term stands in each text."""
    columns: dict[str, int] = {}
    indices: list[int] = []
    indptr = [0]
    for text in texts:
        indices.extend(columns.setdefault(term, len(columns)) for term in tokenise(text))
        indptr.append(len(indices))
    shape = (len(texts), max(1, len(columns)))
    data = np.ones(len(indices), dtype=np.float64)
    counts = sp.csr_array((data, np.array(indices, dtype=np.int64), np.array(indptr)), shape=shape)
    counts.sum_duplicates()
    if not columns:
        return TermCounts(counts, ())
    vocabulary = tuple(sorted(columns))
    order = np.array([columns[term] for term in vocabulary])
    return TermCounts(sp.csr_array(counts[:, order]), vocabulary)


def bm25_weights(
    counts: sp.csr_array, *, k1: float = 1.5, b: float = 0.75, epsilon: float = 0.25
) -> sp.csr_array:
    """Okapi BM25 weights of each term in each text, as rank-bm25's BM25Okapi has them.

    The similarity of a query with term counts q to all texts is then the product q · weightsᵀ.

    Args:
        counts: (n, v) term counts.
        k1: how soon repeated terms saturate.
        b: how strongly long texts are held back, in [0, 1].
        epsilon: a negative idf is replaced by epsilon × the mean idf.

    Reference: Trotman, Puurula and Burgess 2014, Improvements to BM25 and Language Models Examined.
    """
    n_texts = counts.shape[0]
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    mean_length = lengths.mean() if lengths.sum() else 1.0
    n_containing = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log(n_texts - n_containing + 0.5) - np.log(n_containing + 0.5)
    used = n_containing > 0
    floor = epsilon * (idf[used].mean() if used.any() else 0.0)
    idf = np.where(idf < 0, floor, idf)
    frequencies: Doubles = counts.data
    rows = np.repeat(np.arange(n_texts), np.diff(counts.indptr))
    saturation = k1 * (1 - b + b * lengths[rows] / mean_length)
    data = idf[counts.indices] * frequencies * (k1 + 1) / (frequencies + saturation)
    return sp.csr_array((data, counts.indices, counts.indptr), shape=counts.shape)


def tfidf_rows(counts: sp.csr_array) -> sp.csr_array:
    """TF-IDF rows of length 1: (1 + ln tf) · (1 + ln((1 + n) / (1 + df))).

    Reference: the smoothed idf and sublinear tf of scikit-learn's TfidfTransformer.
    """
    n_texts = counts.shape[0]
    n_containing = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log((1 + n_texts) / (1 + n_containing)) + 1
    data = (1 + np.log(counts.data)) * idf[counts.indices]
    weights = sp.csr_array((data, counts.indices, counts.indptr), shape=counts.shape)
    norms = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    inverse = 1 / np.where(norms > 0, norms, 1)
    return sp.csr_array(sp.diags_array(inverse) @ weights)
