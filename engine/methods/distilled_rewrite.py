"""A map from the raw embedding to the embedding of a few rewrites, applied to every text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.corpus import Corpus
from engine.methods.from_rewrites import FromRewrites
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_ENCODER, Kind
from engine.resources import Resources
from engine.rewriting.prompts import PROMPT_VERSION
from engine.similarity import VectorSimilarity, unit_rows
from engine.tuning.features import in_canonical_order
from engine.tuning.ridge import fit_ridge
from engine.tuning.splits import development_rows
from engine.tuning.truth import trained_rows
from engine.types import Attribute, Family, Floats, Level, Rows, Similarity


@method(
    "distilled-rewrite",
    family=Family.UNIFIED,
    level=Level.VERDICTS,
    rereads="nothing",
    tunable=True,
    summary="a few texts are rewritten, and a ridge regression says what the others would become",
    version=int(PROMPT_VERSION),
)
@dataclass(frozen=True, slots=True)
class DistilledRewrite(FromRewrites):
    """A language model rewrites a few hundred texts to what matters; a linear map learns the rest.

    The map takes a text's raw embedding to the embedding of its rewrite; all texts, also the
    rewritten ones, are compared by what the map says of them.
    """

    encoder: str = option(
        DEFAULT_ENCODER, "encoder of texts and rewrites", model_kinds=(Kind.ENCODER,)
    )
    n_texts: int = option(200, "texts that are rewritten", low=3, high=100_000)
    held_out: float = option(0.2, "share of texts never rewritten", low=0, high=0.9)
    seed: int = option(0, "which texts are rewritten", low=0)

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Get the few rewrites, fit the map, and apply it to every text."""

        def made(ordered: Corpus) -> Floats:
            rows = self._rows(ordered)
            asked = resources.with_progress(0.0, 0.8)
            rewrites = self.rewrites(ordered.subset(rows), attribute, asked)
            vectors = resources.embed(self.encoder, ordered.texts).astype(np.float64)
            targets = resources.embed(self.encoder, rewrites.used).astype(np.float64)
            centred = vectors - vectors.mean(axis=0)
            mapped = centred @ fit_ridge(centred[rows], targets)
            return unit_rows((mapped - mapped.mean(axis=0)).astype(np.float32))

        return VectorSimilarity(in_canonical_order(corpus, made))

    def training_rows(self, corpus: Corpus, attribute: Attribute) -> Rows:
        """Rows whose rewrites it learnt from."""
        del attribute
        return trained_rows(corpus, self._rows)

    def _rows(self, ordered: Corpus) -> Rows:
        """The texts that are rewritten, by a hash of their words."""
        return development_rows(ordered.texts, self.n_texts, self.held_out, self.seed)
