"""A language model rewrites each text to what matters; words of the rewrites are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.corpus import Corpus
from engine.lexical import bm25_weights, term_counts, tfidf_rows
from engine.methods.from_rewrites import FromRewrites
from engine.methods.registry import method, option
from engine.resources import Resources
from engine.rewriting.prompts import PROMPT_VERSION
from engine.similarity import SparseSimilarity
from engine.types import Attribute, Family, Level, Scale, Similarity


@method(
    "rewrite-bm25",
    family=Family.REWRITING,
    level=Level.GENERATIONS,
    rereads="documents",
    summary="a language model rewrites each text to what matters, then BM25 or TF-IDF",
    version=int(PROMPT_VERSION),
)
@dataclass(frozen=True, slots=True)
class RewriteBm25(FromRewrites):
    """Each text becomes one line of at most 25 words about the attribute; words are compared.

    As good as the rewriter: a strong model that words like things alike all but decides the
    ranking, a very small one writes lines that fit any text. A text whose rewrite was refused,
    empty or nonsense stands for itself and is marked.
    """

    weighting: Literal["bm25", "tfidf"] = option("tfidf", "how the words of rewrites are weighed")

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Get the rewrites, and build both sides of the sparse product."""
        counts, _ = term_counts(self.rewrites(corpus, attribute, resources).used)
        if self.weighting == "bm25":
            return SparseSimilarity(counts, bm25_weights(counts), Scale.BM25)
        rows = tfidf_rows(counts)
        return SparseSimilarity(rows, rows, Scale.COSINE)
