"""The hidden state in which a language model is about to say the text in one word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.corpus import Corpus
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_LM, Kind
from engine.models.one_word_prompts import PROMPTS, PROMPTS_VERSION, asked
from engine.normalise.vectors import without_top_components
from engine.resources import Resources
from engine.similarity import VectorSimilarity, unit_rows
from engine.types import Attribute, Family, Floats, Level, Similarity


@method(
    "one-word",
    family=Family.ONE_WORD,
    level=Level.LM_PASSES,
    rereads="documents",
    summary="hidden state of the one word a language model would say",
    paper="arXiv:2411.16341",
    version=PROMPTS_VERSION,
)
@dataclass(frozen=True, slots=True)
class OneWord:
    """The prompt asks for the text in one word in terms of the attribute.

    The last token's state is the embedding; echo takes the mean over the text's second reading.
    The text comes first and what was read of it is kept in memory: a further attribute costs only
    its question, for every template but echo. The best layer is often not the last.
    """

    model: str = option(DEFAULT_LM, "language model", model_kinds=(Kind.LANGUAGE_MODEL,))
    template: Literal["ponte", "prompteol", "chat", "metaeol", "answer-first", "echo"] = option(
        "ponte", "wording of the prompt; metaeol averages four, echo reads the text twice"
    )
    layer: int = option(-5, "hidden layer; negative counts from the last", low=-200, high=200)
    centring: bool = option(True, "subtract the mean state of the corpus")
    removed_components: int = option(0, "top principal components taken out", low=0, high=16)
    subtract: Literal["nothing", "empty text", "no attribute"] = option(
        "nothing",
        "state taken off: the attribute's own (empty text; centring undoes it), or the text's own",
    )

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Run the language model over one prompt a text, or over its question alone."""
        share = 0.5 if self.subtract == "no attribute" else 1.0
        states = self._states(corpus.texts, attribute.phrase, resources.with_progress(0.0, share))
        if self.subtract == "empty text":
            states = states - self._states([""], attribute.phrase, resources)
        if self.subtract == "no attribute":
            states = states - self._states(corpus.texts, "", resources.with_progress(share, 1.0))
        if self.centring:
            states = states - states.mean(axis=0)
        if self.removed_components:
            states = without_top_components(states, self.removed_components)
        return VectorSimilarity(unit_rows(states))

    def _states(self, texts: tuple[str, ...] | list[str], phrase: str, work: Resources) -> Floats:
        """(n, d) states of the texts' prompts, averaged over the template's questions."""
        prompt = PROMPTS[self.template]
        lm = work.language_model(self.model)
        plain = [lm.plain(text) for text in texts]
        phrase = lm.plain(phrase)
        sent = asked(prompt, plain, phrase, lambda request: lm.chat("", request))
        states = [
            work.with_progress(place / len(sent), (place + 1) / len(sent)).hidden_states_after(
                self.model,
                each.documents,
                each.questions,
                layer=self.layer,
                mean=prompt.repeats,
                keep=not prompt.repeats,
            )
            for place, each in enumerate(sent)
        ]
        return np.asarray(np.mean(states, axis=0), dtype=np.float32)
