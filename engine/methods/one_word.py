"""The hidden state in which a language model is about to say the text in one word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.corpus import Corpus
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_LM, Kind
from engine.normalise.vectors import without_top_components
from engine.resources import Resources
from engine.similarity import VectorSimilarity, unit_rows
from engine.types import Attribute, Family, Level, Similarity

TEMPLATES_VERSION = 1
TEMPLATES = {
    # arXiv:2411.16341: Express this text "{A}" in one word in terms of {B}:
    "ponte": 'Express this text "{text}" in one word in terms of {attribute}:',
    # arXiv:2307.16645 has no attribute: This sentence : "*" means in one word:"
    "prompteol": 'This sentence : "{text}" means, in terms of {attribute}, in one word:"',
}


@method(
    "one-word",
    family=Family.ONE_WORD,
    level=Level.LM_PASSES,
    rereads="documents",
    summary="hidden state of the one word a language model would say",
    paper="arXiv:2411.16341",
    version=TEMPLATES_VERSION,
)
@dataclass(frozen=True, slots=True)
class OneWord:
    """The prompt asks for the text in one word in terms of the attribute (PonTE, PromptEOL).

    The last token's state is the embedding. The best layer is often not the last.
    """

    model: str = option(DEFAULT_LM, "language model", model_kinds=(Kind.LANGUAGE_MODEL,))
    template: Literal["ponte", "prompteol"] = option("ponte", "wording of the prompt")
    layer: int = option(-5, "hidden layer; negative counts from the last", low=-200, high=200)
    centring: bool = option(True, "subtract the mean state of the corpus")
    removed_components: int = option(0, "top principal components taken out", low=0, high=16)

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Run the language model over one prompt a text."""
        template = TEMPLATES[self.template]
        prompts = [template.format(text=t, attribute=attribute.phrase) for t in corpus.texts]
        states = resources.hidden_states(self.model, prompts, layer=self.layer)
        if self.centring:
            states = states - states.mean(axis=0)
        if self.removed_components:
            states = without_top_components(states, self.removed_components)
        return VectorSimilarity(unit_rows(states))
