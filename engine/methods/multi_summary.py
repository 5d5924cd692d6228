"""Several rewrites of each text; two texts are alike where their best rewrites match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp

from engine.corpus import Corpus
from engine.lexical import term_counts, tfidf_rows
from engine.max_sim import MaxSimSimilarity
from engine.methods.from_rewrites import FromRewrites
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_ENCODER, Kind
from engine.resources import Resources
from engine.rewriting.prompts import N_VIEWS, PROMPT_VERSION
from engine.rewriting.rewrites import Rewrites
from engine.rewriting.views import Views, views_of
from engine.types import Attribute, Bools, Family, Level, Rows, Similarity


@method(
    "multi-summary",
    family=Family.REWRITING,
    level=Level.GENERATIONS,
    rereads="documents",
    summary="a language model rewrites each text in several ways; the best matches are averaged",
    paper="arXiv:2004.12832",
    version=int(PROMPT_VERSION),
)
@dataclass(frozen=True, slots=True)
class MultiSummary(FromRewrites):
    """Each text becomes up to k lines about the attribute, compared by their best matches.

    A model is asked for them in k ways, so that a new attribute costs k·N generations; the first is
    the rewrite that the other rewriting methods use, kept and never paid for twice. A rewrite that
    is shipped or in a file stands beside its clauses, unless the file has several lines for a text.
    A text that has no rewrite at all stands for itself and is marked.
    """

    n_rewrites: int = option(3, "k, rewrites of each text", low=1, high=N_VIEWS)
    compare: Literal["tfidf", "embedding"] = option("embedding", "how two rewrites are compared")
    encoder: str = option(
        DEFAULT_ENCODER, "encoder of the rewrites, for embedding", model_kinds=(Kind.ENCODER,)
    )

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Get the rewrites, and make one row of each."""
        views = self._views(corpus, attribute, resources.with_progress(0.0, 0.9))
        present = _present(views, self.n_rewrites)
        # The k-th rewrites of all texts lie together; an absent one is an empty row.
        places = np.flatnonzero(present.T.ravel())
        flat = [each[i] for i in range(self.n_rewrites) for each in views.texts if i < len(each)]
        if self.compare == "embedding":
            vectors = resources.with_progress(0.9, 1.0).embed(self.encoder, flat)
            dense = np.zeros((present.size, vectors.shape[1]), dtype=np.float32)
            dense[places] = vectors
            return MaxSimSimilarity(dense, present)
        return MaxSimSimilarity(
            _spread(tfidf_rows(term_counts(flat).counts), places, present), present
        )

    def rewrites(
        self, corpus: Corpus, attribute: Attribute, resources: Resources | None = None
    ) -> Rewrites:
        """All rewrites of each text in one line, as they are shown."""
        return self._views(corpus, attribute, resources).shown

    def _views(self, corpus: Corpus, attribute: Attribute, resources: Resources | None) -> Views:
        return views_of(corpus, attribute, self.choice, self.n_rewrites, resources)


def _present(views: Views, n: int) -> Bools:
    """(n_texts, n) which rewrites there are."""
    lengths = np.array([len(each) for each in views.texts])
    return np.arange(n)[None, :] < lengths[:, None]


def _spread(rows: sp.csr_array, places: Rows, present: Bools) -> sp.csr_array:
    """The rows at their places, all others empty."""
    counts = np.zeros(present.size, dtype=np.int64)
    counts[places] = np.diff(rows.indptr)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    return sp.csr_array((rows.data, rows.indices, indptr), shape=(present.size, rows.shape[1]))
