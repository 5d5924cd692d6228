"""Every text is read again by a sentence encoder, with the attribute as its instruction."""

from __future__ import annotations

from dataclasses import dataclass

from engine.corpus import Corpus
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_ENCODER, Kind
from engine.models.instructions import TASK_VERSION, instruction_format
from engine.resources import Resources
from engine.similarity import VectorSimilarity
from engine.types import Attribute, Family, Level, Similarity


@method(
    "instructed-embedding",
    family=Family.INSTRUCTED,
    level=Level.ENCODER_PASSES,
    rereads="documents",
    summary="sentence embeddings of texts read with the attribute as instruction",
    paper="arXiv:2212.09741",
    version=TASK_VERSION,
)
@dataclass(frozen=True, slots=True)
class InstructedEmbedding:
    """The instruction takes the form that the model's authors publish.

    A model trained without instructions gets a plain prefix, and hardly listens to it.
    """

    model: str = option(DEFAULT_ENCODER, "sentence encoder", model_kinds=(Kind.ENCODER,))

    @property
    def caution(self) -> str:
        """What to know about the model: whether it was trained on free-text instructions."""
        return instruction_format(self.model).caution

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Encode every text together with the attribute."""
        form = instruction_format(self.model)
        prompts = [form.with_attribute(text, attribute.phrase) for text in corpus.texts]
        return VectorSimilarity(resources.embed(self.model, prompts))
