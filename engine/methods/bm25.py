"""BM25 between texts, with the anchor's words weighted by how near they are to the attribute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from engine.corpus import Corpus
from engine.lexical import bm25_weights, term_counts
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_ENCODER, Kind
from engine.resources import Resources
from engine.similarity import SparseSimilarity
from engine.types import Attribute, Doubles, Family, Level, Scale, Similarity


@method(
    "bm25",
    family=Family.LEXICAL,
    level=Level.FREE,
    rereads="nothing",
    summary="BM25 with the anchor's words weighted by their nearness to the attribute",
    paper="Trotman et al. 2014",
)
@dataclass(frozen=True, slots=True)
class Bm25:
    """The anchor text is the query, and each of its words counts e^(strength·z).

    Here z is the standardised cosine of the word with the attribute; strength 0 is plain BM25,
    equal to rank-bm25's BM25Okapi. The vocabulary is encoded once a corpus, an attribute once.
    """

    strength: float = option(
        1.0, "how strongly the attribute weighs words; 0 = plain", low=0, high=5
    )
    k1: float = option(1.5, "how soon repeated words saturate", low=0, high=10)
    b: float = option(0.75, "how strongly long texts are held back", low=0, high=1)
    model: str = option(DEFAULT_ENCODER, "encoder that relates words", model_kinds=(Kind.ENCODER,))

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Build both sides of the sparse product."""
        counts, vocabulary = term_counts(corpus.texts)
        weights = bm25_weights(counts, k1=self.k1, b=self.b)
        anchors = counts
        if self.strength and vocabulary:
            nearness = self._nearness(vocabulary, attribute, resources)
            anchors = sp.csr_array(counts @ sp.diags_array(np.exp(self.strength * nearness)))
        return SparseSimilarity(anchors, weights, Scale.BM25)

    def _nearness(
        self, vocabulary: tuple[str, ...], attribute: Attribute, resources: Resources
    ) -> Doubles:
        """(v,) standardised cosine of each word with the attribute."""
        terms = resources.with_progress(0.0, 0.9).embed(self.model, vocabulary)
        query = resources.with_progress(0.9, 1.0).embed(self.model, [attribute.phrase])[0]
        cosines = (terms @ query).astype(np.float64)
        return np.asarray((cosines - cosines.mean()) / max(float(cosines.std()), 1e-9))
