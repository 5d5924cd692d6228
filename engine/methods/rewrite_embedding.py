"""A language model rewrites each text to what matters; an encoder compares the rewrites."""

from __future__ import annotations

from dataclasses import dataclass

from engine.corpus import Corpus
from engine.methods.from_rewrites import FromRewrites
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_ENCODER, Kind
from engine.resources import Resources
from engine.rewriting.prompts import PROMPT_VERSION
from engine.similarity import VectorSimilarity
from engine.types import Attribute, Family, Level, Similarity


@method(
    "rewrite-embedding",
    family=Family.REWRITING,
    level=Level.GENERATIONS,
    rereads="documents",
    summary="a language model rewrites each text to what matters, then an encoder",
    version=int(PROMPT_VERSION),
)
@dataclass(frozen=True, slots=True)
class RewriteEmbedding(FromRewrites):
    """Each text becomes one line of at most 25 words about the attribute; the lines are embedded.

    Unlike words, an embedding also finds rewrites alike that say the same in other words.
    """

    encoder: str = option(DEFAULT_ENCODER, "encoder of the rewrites", model_kinds=(Kind.ENCODER,))

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Get the rewrites, and encode them."""
        rewrites = self.rewrites(corpus, attribute, resources.with_progress(0.0, 0.9))
        encoded = resources.with_progress(0.9, 1.0).embed(self.encoder, rewrites.used)
        return VectorSimilarity(encoded)
