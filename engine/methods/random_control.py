"""Control: similarities that mean nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.corpus import Corpus
from engine.methods.registry import method, option
from engine.resources import Resources
from engine.similarity import VectorSimilarity, unit_rows
from engine.types import Attribute, Family, Level, Similarity, content_key

N_DIMS = 64


@method(
    "random",
    family=Family.CONTROL,
    level=Level.FREE,
    rereads="nothing",
    summary="a random vector per text: what chance looks like",
)
@dataclass(frozen=True, slots=True)
class Random:
    """Each text gets a random direction drawn from its content: row order is irrelevant."""

    seed: int = option(0, "another seed, another draw", low=0)

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Draw one unit vector a text; the attribute is never seen."""
        del attribute, resources
        vectors = np.empty((len(corpus), N_DIMS), dtype=np.float32)
        for row, (text_id, text) in enumerate(zip(corpus.ids, corpus.texts, strict=True)):
            digits = content_key(str(self.seed), text_id, text)
            vectors[row] = np.random.default_rng(int(digits, 16)).standard_normal(N_DIMS)
        return VectorSimilarity(unit_rows(vectors))
