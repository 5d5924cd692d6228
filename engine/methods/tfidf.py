"""Control: shared words."""

from __future__ import annotations

from dataclasses import dataclass

from engine.corpus import Corpus
from engine.lexical import term_counts, tfidf_rows
from engine.methods.registry import method
from engine.resources import Resources
from engine.similarity import SparseSimilarity
from engine.types import Attribute, Family, Level, Scale, Similarity


@method(
    "tfidf",
    family=Family.CONTROL,
    level=Level.FREE,
    rereads="nothing",
    summary="cosine of TF-IDF word vectors: what shared words give away",
)
@dataclass(frozen=True, slots=True)
class TfIdf:
    """A trivial baseline over words."""

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Weigh the words of each text; the attribute is never seen."""
        del attribute, resources
        rows = tfidf_rows(term_counts(corpus.texts).counts)
        return SparseSimilarity(rows, rows, Scale.COSINE)
