"""Control: the sentence embedding that never saw the attribute."""

from __future__ import annotations

from dataclasses import dataclass

from engine.corpus import Corpus
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_ENCODER, Kind
from engine.resources import Resources
from engine.similarity import VectorSimilarity
from engine.types import Attribute, Family, Level, Similarity


@method(
    "raw-embedding",
    family=Family.CONTROL,
    level=Level.FREE,
    rereads="nothing",
    summary="cosine of plain sentence embeddings: likeness all in all",
    paper="arXiv:1908.10084",
)
@dataclass(frozen=True, slots=True)
class RawEmbedding:
    """One embedding a text, made once a corpus and shared by every attribute."""

    model: str = option(DEFAULT_ENCODER, "sentence encoder", model_kinds=(Kind.ENCODER,))

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Encode the bare texts; the attribute is never seen."""
        del attribute
        return VectorSimilarity(resources.embed(self.model, corpus.texts))
