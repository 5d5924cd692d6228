"""One language-model call writes categories; a frozen embedding's likeness to them is the rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.corpus import Corpus
from engine.errors import BadInput
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_ENCODER, DEFAULT_LM, Kind
from engine.projection.asking import (
    DEFAULT_ANTHROPIC_MODEL,
    LOCAL_MAX_TOKENS,
    Answer,
    anthropic_asker,
    propose,
    propose_small,
)
from engine.projection.bank import bank_entries, borrowed, nearest_entries
from engine.projection.categories import CategorySet, load_all
from engine.projection.library import CategoryLibrary
from engine.projection.profiles import Proposal, Recipe, compared, evidence
from engine.projection.proposals import SMALL_SYSTEM
from engine.projection.prototypes import EncodedCategories, encode
from engine.projection.sources import from_labels, from_words, shipped
from engine.projection.words import word_index
from engine.resources import Resources
from engine.types import Attribute, Family, Level, Similarity, content_key


@method(
    "written-projection",
    family=Family.UNIFIED,
    level=Level.ONE_CALL,
    rereads="nothing",
    summary="a language model writes categories once; a frozen embedding is compared with them",
    also_called=("hypernetwork",),
)
@dataclass(frozen=True, slots=True)
class WrittenProjection:
    """Texts are compared by their likeness to categories that a language model or you wrote.

    One call an attribute, then a matrix of texts × categories; editing a category costs nothing.
    Source auto takes your saved categories, else those shipped with a sample, else only the
    attribute's own words, which is the weakest there is; many-view borrows the values of the
    attributes nearest in a bank of 320, hardly better. Nothing is learnt of verdicts here: with
    labels use the method probe, with triplets projection; both start from these categories. It is
    also called hypernetwork: the language model is what writes a projection for any attribute, as
    no small network trained for that came near it.
    """

    source: Literal[
        "auto", "shipped", "labels", "file", "local", "anthropic", "many-view", "attribute words"
    ] = option("auto", "where the categories come from")
    n_proposals: int = option(
        1,
        "sets averaged: calls for anthropic, your latest versions for auto, attributes for "
        "many-view",
        low=1,
        high=10,
    )
    file: str = option("", "a JSON file of categories, or a folder of them, for source file")
    label_column: str = option("", "the label column, for source labels")
    n_examples: int = option(10, "texts a label, for source labels", low=1, high=1000)
    against: str = option("", "another attribute, whose categories are projected out")
    prototypes: Literal["sentences", "examples", "both", "lda", "logistic"] = option(
        "lda", "what a category's prototype is made of; lda: both, examples drawn together"
    )
    temperature: float = option(1.0, "softening of the profile; 0 = none", low=0, high=100)
    words: float = option(0.6, "weight of shared words beside the embedding", low=0, high=10)
    model: str = option(DEFAULT_ENCODER, "sentence encoder", model_kinds=(Kind.ENCODER,))
    local_model: str = option(
        DEFAULT_LM, "for source local; small ones are weak", model_kinds=(Kind.LANGUAGE_MODEL,)
    )
    anthropic_model: str = option(DEFAULT_ANTHROPIC_MODEL, "for source anthropic")

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Encode corpus and categories once, and compare the profiles."""
        sets = self.proposals(corpus, attribute, resources)
        competing = self._competing(corpus)
        if competing is not None and competing.key in {each.key for each in sets}:
            raise BadInput(
                f"Option against names the attribute itself, {self.against!r}: nothing would be "
                "left. Name another attribute, or leave it empty."
            )
        texts = resources.embed(self.model, corpus.texts)

        def encoded(these: CategorySet) -> EncodedCategories:
            return encode(these, lambda wanted: resources.embed(self.model, wanted))

        against = None if competing is None else encoded(competing)
        recipe = Recipe(self.prototypes, self.temperature, self.words)

        def read(these: CategorySet) -> Proposal:
            words = word_index(corpus.texts).similarities(these) if self.words else None
            found = evidence(texts, encoded(these), recipe, against=against, words=words)
            return Proposal(found, these.kind)

        return compared([read(each) for each in sets], self.temperature)

    def categories(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> CategorySet:
        """The categories that the source gives; of several sets the first.

        Raises:
            BadInput: the source has none for this attribute; the message says what to do.
            ModelUnavailable: source anthropic without a key.
        """
        return self.proposals(corpus, attribute, resources)[0]

    def proposals(
        self, corpus: Corpus, attribute: Attribute, resources: Resources
    ) -> tuple[CategorySet, ...]:
        """All sets of categories that are averaged; a model is asked only where it must be.

        Raises:
            BadInput: the source has none for this attribute; the message says what to do.
            ModelUnavailable: source anthropic without a key.
        """
        asked = {
            "local": self._ask_local,
            "anthropic": self._ask_anthropic,
            "many-view": self._borrow,
        }.get(self.source)
        if asked is not None:
            return asked(corpus, attribute, resources)
        found = self._given(corpus, attribute)
        if not found:
            raise BadInput(
                f"No categories are shipped for {attribute.name!r}. Write some and use source "
                "'auto' or 'file', or choose source 'labels', 'local' or 'anthropic'."
            )
        return found

    def inputs_key(self, corpus: Corpus, attribute: Attribute) -> str:
        """Content key of what is read besides corpus and options: categories that can be edited."""
        given: tuple[CategorySet, ...] = ()
        if self.source not in ("local", "anthropic", "many-view"):
            given = self._given(corpus, attribute)
        competing = self._competing(corpus)
        others = "" if competing is None else competing.key
        return content_key(*(each.key for each in given), others)

    def _given(self, corpus: Corpus, attribute: Attribute) -> tuple[CategorySet, ...]:
        if self.source == "file":
            return load_all(_path(self.file), attribute=attribute.name, origin="file")
        if self.source == "labels":
            return (from_labels(corpus, self.label_column, n_examples=self.n_examples, seed=0),)
        if self.source == "attribute words":
            return (from_words(attribute),)
        if self.source == "shipped":
            found = shipped(attribute, corpus.name, anywhere=True)
            return () if found is None else (found,)
        saved = CategoryLibrary().latest_few(attribute, self.n_proposals)
        return saved or (shipped(attribute, corpus.name) or from_words(attribute),)

    def _borrow(
        self, corpus: Corpus, attribute: Attribute, resources: Resources
    ) -> tuple[CategorySet, ...]:
        """Never from the corpus itself: its labels are what the comparison is measured by."""
        entries = bank_entries(leave_out=corpus.name)
        nearest = nearest_entries(
            attribute, entries, lambda texts: resources.embed(self.model, texts), self.n_proposals
        )
        return tuple(borrowed(entry) for entry in nearest)

    def _competing(self, corpus: Corpus) -> CategorySet | None:
        if not self.against.strip():
            return None
        other = Attribute(self.against)
        found = CategoryLibrary().latest(other) or shipped(other, corpus.name, anywhere=True)
        if found is None:
            raise BadInput(
                f"Option against: no categories are known for {other.name!r}. Write and save some "
                "for it, or leave the option empty."
            )
        return found

    def _ask_local(
        self, corpus: Corpus, attribute: Attribute, resources: Resources
    ) -> tuple[CategorySet, ...]:
        def ask(question: str) -> str:
            wanted = resources.language_model(self.local_model).chat(SMALL_SYSTEM, question)
            written = resources.generate(
                self.local_model, [wanted], max_new_tokens=LOCAL_MAX_TOKENS
            )
            return written[0]

        return (propose_small(corpus, attribute, self.local_model, ask, CategoryLibrary()),)

    def _ask_anthropic(
        self, corpus: Corpus, attribute: Attribute, resources: Resources
    ) -> tuple[CategorySet, ...]:
        model = self.anthropic_model

        def ask(question: str) -> Answer:
            resources.meter.note_prompts(model, [question])
            return anthropic_asker(model)(question)

        def count(n_tokens: int) -> None:
            resources.meter.add(lm_tokens=n_tokens)

        return tuple(
            propose(corpus, attribute, model, ask, CategoryLibrary(), count, draw)
            for draw in range(self.n_proposals)
        )


def _path(file: str) -> Path:
    if not file.strip():
        raise BadInput(
            "Source 'file' needs option file: the path of a JSON file of categories, or of a "
            "folder of them."
        )
    return Path(file).expanduser()
