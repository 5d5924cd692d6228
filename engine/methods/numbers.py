"""Control: shared numbers."""

from __future__ import annotations

from dataclasses import dataclass

from engine.corpus import Corpus
from engine.lexical import numbers, term_counts, tfidf_rows
from engine.methods.registry import method
from engine.resources import Resources
from engine.similarity import SparseSimilarity
from engine.types import Attribute, Family, Level, Scale, Similarity


@method(
    "numbers",
    family=Family.CONTROL,
    level=Level.FREE,
    rereads="nothing",
    summary="cosine of TF-IDF over the numbers alone: what bare figures give away",
)
@dataclass(frozen=True, slots=True)
class Numbers:
    """A trivial baseline: equal answers share their numbers whatever the attribute is."""

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Weigh the numbers of each text; the attribute is never seen."""
        del attribute, resources
        rows = tfidf_rows(term_counts(corpus.texts, numbers).counts)
        return SparseSimilarity(rows, rows, Scale.COSINE)
