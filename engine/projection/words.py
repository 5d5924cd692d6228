"""The words of texts beside their embedding: what a sentence encoder smooths away.

Exclamation marks, bullets and "perhaps" carry tone and style; MiniLM hardly keeps them. The index
is made once a corpus and, like the embedding, never sees an attribute.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.sparse as sp

from engine.lexical import TermCounts, term_counts
from engine.projection.categories import CategorySet
from engine.similarity import unit_rows
from engine.types import Doubles, Floats

_TERM = re.compile(r"\w+|[^\w\s]")


def terms(text: str) -> list[str]:
    """Lower-case words, and each mark of punctuation by itself.

    Example:
        >>> terms("No! Why?")
        ['no', '!', 'why', '?']
    """
    return _TERM.findall(text.lower())


@dataclass(frozen=True, slots=True)
class WordIndex:
    """TF-IDF rows of a corpus, and what is needed to weigh other texts alike.

    rows: (n, v) CSR, unit length. idf: (v,). columns: term → column.
    """

    rows: sp.csr_array
    idf: Doubles
    columns: dict[str, int]

    def weigh(self, texts: Sequence[str]) -> Floats:
        """(m, v) dense unit rows of other texts; words that the corpus has not are left out."""
        counted = np.zeros((len(texts), len(self.idf)))
        for row, text in enumerate(texts):
            for term in terms(text):
                column = self.columns.get(term)
                if column is not None:
                    counted[row, column] += 1
        damped = np.log(np.where(counted > 0, counted, 1.0)) + (counted > 0)
        return unit_rows((damped * self.idf).astype(np.float32))

    def similarities(self, categories: CategorySet) -> Floats:
        """(n, c) likeness of each text's words to those of each category."""
        texts = [" ".join(category.texts) for category in categories.categories]
        weighed = self.weigh(texts)
        prototypes = unit_rows(weighed - weighed.mean(axis=0))
        return np.asarray(self.rows @ prototypes.T, dtype=np.float32)


@lru_cache(maxsize=2)
def word_index(texts: tuple[str, ...]) -> WordIndex:
    """The word index of a corpus; the last two corpora's are kept in memory."""
    found = term_counts(texts, terms)
    idf = _idf(found, len(texts))
    counts = found.counts
    data = (1 + np.log(counts.data)) * idf[counts.indices]
    weights = sp.csr_array((data, counts.indices, counts.indptr), shape=counts.shape)
    lengths = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    scaled = sp.csr_array(sp.diags_array(1 / np.where(lengths > 0, lengths, 1)) @ weights)
    columns = {term: column for column, term in enumerate(found.vocabulary)}
    return WordIndex(scaled.astype(np.float32), idf, columns)


def _idf(found: TermCounts, n_texts: int) -> Doubles:
    n_containing = np.bincount(found.counts.indices, minlength=found.counts.shape[1])
    return np.asarray(np.log((1 + n_texts) / (1 + n_containing)) + 1)
