"""Control: texts of about the same length are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.corpus import Corpus
from engine.lexical import words
from engine.methods.registry import method
from engine.resources import Resources
from engine.similarity import AxisSimilarity
from engine.types import Attribute, Family, Level, Similarity


@method(
    "length",
    family=Family.CONTROL,
    level=Level.FREE,
    rereads="nothing",
    summary="minus the difference of log word counts: what length alone gives away",
)
@dataclass(frozen=True, slots=True)
class Length:
    """A trivial baseline: a score that length explains is no reading of the attribute."""

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Place each text by ln(1 + words); the attribute is never seen."""
        del attribute, resources
        counts = np.array([len(words(text)) for text in corpus.texts])
        return AxisSimilarity(np.log1p(counts).astype(np.float32))
