"""Only the anchor's side carries the attribute; the documents stay as they were embedded."""

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
    "query-instruction",
    family=Family.INSTRUCTED,
    level=Level.FREE,
    rereads="nothing",
    summary="the anchor is read with the attribute, the documents' embeddings stay fixed",
    paper="arXiv:2211.09260",
    version=TASK_VERSION,
)
@dataclass(frozen=True, slots=True)
class QueryInstruction:
    """What instructed retrieval can do when documents can't be embedded again.

    A single query costs one encode; here every text is the query once, so a run makes N of them.
    """

    model: str = option(DEFAULT_ENCODER, "sentence encoder", model_kinds=(Kind.ENCODER,))

    @property
    def caution(self) -> str:
        """What to know about the model: whether it was trained on free-text instructions."""
        return instruction_format(self.model).caution

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Encode the bare texts as documents and the instructed texts as anchors."""
        form = instruction_format(self.model)
        half = resources.with_progress(0.0, 0.5)
        documents = half.embed(self.model, [form.without_attribute(t) for t in corpus.texts])
        prompts = [form.with_attribute(text, attribute.phrase) for text in corpus.texts]
        anchors = resources.with_progress(0.5, 1.0).embed(self.model, prompts)
        return VectorSimilarity(documents, anchors)
