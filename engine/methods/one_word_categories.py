"""Which of some categories a language model would name next: a vector of pseudo-logits."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Literal, cast

from engine.corpus import Corpus
from engine.errors import BadInput
from engine.methods.registry import Categorises, OptionValue, create, method, option
from engine.models.catalogue import DEFAULT_LM, Kind
from engine.projection.categories import CategorySet
from engine.projection.profiles import axis_places, soft_profiles, standardised
from engine.resources import Resources
from engine.similarity import AxisSimilarity, VectorSimilarity
from engine.types import Attribute, Family, Level, Similarity

PROMPT_VERSION = 1
DOCUMENT = 'Text: "{text}"'
BY_NAME = "\n\nIts {attribute}, in one word, is"
BY_LETTER = "\n\nWhich of these is its {attribute}?\n{listed}\nAnswer:"
LETTERS = string.ascii_uppercase + string.ascii_lowercase


@method(
    "one-word-categories",
    family=Family.ONE_WORD,
    level=Level.LM_PASSES,
    rereads="documents",
    summary="how likely a language model is to name each of some categories next",
    paper="arXiv:2402.09642",
    version=PROMPT_VERSION,
)
@dataclass(frozen=True, slots=True)
class OneWordCategories:
    """Each text becomes its log-probabilities of the categories, standardised over the corpus.

    A model's liking for a letter or a name is the same for all texts, so that it drops out.
    Two categories, or the steps of a scale, are one axis. Like one-word, it reads a text once.
    """

    model: str = option(DEFAULT_LM, "language model", model_kinds=(Kind.LANGUAGE_MODEL,))
    source: Literal["auto", "shipped", "labels", "file", "attribute words"] = option(
        "auto", "where the categories come from; auto: saved, else shipped, else the words"
    )
    file: str = option("", "a JSON file of categories, for source file")
    label_column: str = option("", "the label column, for source labels")
    answer: Literal["letter", "name"] = option(
        "letter", "the model chooses from a list, or names one; names must begin differently"
    )
    temperature: float = option(1.0, "softening of the profile; 0 = none", low=0, high=100)

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Ask for the next token after each text, and compare the answers."""
        categories = self.categories(corpus, attribute, resources)
        lm = resources.language_model(self.model)
        question, choices = self._question(categories, lm.plain(attribute.name))
        documents = [DOCUMENT.format(text=lm.plain(text)) for text in corpus.texts]
        logits = resources.choice_logits_after_documents(
            self.model, documents, [question] * len(documents), choices
        )
        standard = standardised(logits)
        if categories.kind == "scale" or len(choices) == 2:
            return AxisSimilarity(axis_places(standard, self.temperature))
        return VectorSimilarity(soft_profiles(standard, self.temperature))

    def categories(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> CategorySet:
        """The categories that the source gives.

        Raises:
            BadInput: the source has none for this attribute; the message says what to do.
        """
        return self._written().categories(corpus, attribute, resources)

    def inputs_key(self, corpus: Corpus, attribute: Attribute) -> str:
        """Content key of the categories, which can be edited."""
        return self._written().inputs_key(corpus, attribute)

    def _written(self) -> Categorises:
        wanted: dict[str, OptionValue] = {
            "source": self.source,
            "file": self.file,
            "label_column": self.label_column,
        }
        return cast("Categorises", create("written-projection", wanted))

    def _question(self, categories: CategorySet, attribute: str) -> tuple[str, list[str]]:
        if self.answer == "name":
            return BY_NAME.format(attribute=attribute), [f" {name}" for name in categories.names]
        if len(categories.names) > len(LETTERS):
            raise BadInput(
                f"{len(categories.names)} categories are more than there are letters, "
                f"{len(LETTERS)}. Merge some, or choose answer 'name'."
            )
        letters = LETTERS[: len(categories.names)]
        listed = [f"{a}. {name}" for a, name in zip(letters, categories.names, strict=True)]
        asked = BY_LETTER.format(attribute=attribute, listed="\n".join(listed))
        return asked, [f" {letter}" for letter in letters]
