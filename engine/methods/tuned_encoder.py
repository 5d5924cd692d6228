"""The sentence encoder itself, fine-tuned on verdicts; then every text is read again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.corpus import Corpus
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_ENCODER, Kind
from engine.models.revisions import model_revision
from engine.resources import Resources
from engine.similarity import VectorSimilarity
from engine.tuning.encoder_adapter import Adapter, AdapterStore, Tuned, reading_with
from engine.tuning.finetuning import Recipe, finetune
from engine.tuning.learning import Learns
from engine.tuning.triplets import Triplets
from engine.tuning.truth import (
    TruthName,
    canonical_order,
    noted,
    triplets_of_labels,
    truth_key,
)
from engine.types import Attribute, Family, Level, Similarity, content_key

VERSION = 1
TRIPLETS_PER_STEP = 8
FEWEST_STEPS, MOST_STEPS = 32, 128
SHARE_OF_FIT = 0.7
"""Of a run's progress: the rest is reading the corpus."""


@method(
    "tuned-encoder",
    family=Family.UNIFIED,
    level=Level.ENCODER_PASSES,
    rereads="documents",
    tunable=True,
    summary="verdicts fine-tune the encoder's upper layers; every text is read again",
    paper="arXiv:2106.09685",
    version=VERSION,
)
@dataclass(frozen=True, slots=True)
class TunedEncoder(Learns):
    """Low-rank additions to the upper half of an encoder's layers, learnt from triplets.

    Learning from labels, each verdict is the label of one text, and the triplets are drawn among
    the labelled texts. When to stop is chosen on anchors held back; where tuning does not beat the
    encoder there, the encoder stays as it was; with too few to tell, it takes five steps. The run
    says which of these it was. The additions are kept, so that the same fit is paid once.
    """

    truth: TruthName = option(  # noqa: RUF009 - a dataclass field
        "auto", "labels of a column, shipped verdicts, or your own answers"
    )
    column: str = option("", "label column; empty = the one of the attribute")
    n_verdicts: int = option(256, "verdicts to learn from; 0 = all", low=0, high=100_000)
    learns_from: Literal["triplets", "labels"] = option(
        "triplets", "what a verdict is: the order of a triplet, or the label of one text"
    )
    rank: int = option(8, "of the matrices added to a layer", low=1, high=256)
    n_steps: int = option(
        0, "steps of training at most; 0 = one for 8 triplets, 32 to 128", low=0, high=10_000
    )
    window: int = option(128, "tokens of a text that are read in training", low=8, high=8192)
    held_out: float = option(0.2, "share of texts never learnt from", low=0, high=0.9)
    noise: float = option(0.0, "share of the labels' answers turned round", low=0, high=1)
    seed: int = option(0, "draws of triplets and parts", low=0)
    model: str = option(DEFAULT_ENCODER, "sentence encoder", model_kinds=(Kind.ENCODER,))

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Fine-tune the encoder, unless that was done before, and read every text with it."""
        ordered = corpus.subset(canonical_order(corpus))
        found = self.tuned(ordered, attribute, resources.with_progress(0.0, SHARE_OF_FIT))
        resources.meter.note_prompts("tuning", [found.choice.described])
        rest = resources.with_progress(SHARE_OF_FIT, 1.0)
        reading = reading_with(rest, self.model, found.adapter)
        return VectorSimilarity(reading.embed(self.model, corpus.texts))

    def tuned(self, ordered: Corpus, attribute: Attribute, resources: Resources) -> Tuned:
        """The fine-tuned part alone, fitted or kept from an earlier fit, and what was chosen.

        Args:
            ordered: the corpus in canonical order.
            attribute: the respect.
            resources: whose meter counts the verdicts.

        Raises:
            BadInput: there is no truth, or the model has no layers to tune.
        """
        triplets = noted(self.triplets(ordered, attribute), resources)
        store, key = AdapterStore(), self._fit_key(triplets, ordered)
        kept = store.load(key)
        if kept is None:
            recipe = self.recipe(len(triplets))
            kept = finetune(self.model, ordered.texts, triplets, recipe, resources)
            store.save(key, kept)
            resources.meter.add(seconds=kept.choice.seconds, n_truncated=kept.choice.n_truncated)
        return kept

    def adapter(
        self, corpus: Corpus, attribute: Attribute, resources: Resources
    ) -> tuple[Adapter, Triplets]:
        """What is added to the encoder, to be exported, and what it was fitted on.

        The triplets' rows are those of the corpus in canonical order.
        """
        ordered = corpus.subset(canonical_order(corpus))
        tuned = self.tuned(ordered, attribute, resources)
        return tuned.adapter, self.triplets(ordered, attribute)

    def recipe(self, n_triplets: int) -> Recipe:
        """How it is fine-tuned on so many triplets."""
        fitting = min(MOST_STEPS, max(FEWEST_STEPS, n_triplets // TRIPLETS_PER_STEP))
        n_steps = self.n_steps or fitting
        return Recipe(rank=self.rank, n_steps=n_steps, window=self.window, seed=self.seed)

    def triplets(self, ordered: Corpus, attribute: Attribute) -> Triplets:
        """What it learns from: judged triplets, or those among labelled texts."""
        if self.learns_from == "labels":
            return triplets_of_labels(ordered, attribute, self.wanted)
        return Learns.triplets(self, ordered, attribute)

    def inputs_key(self, corpus: Corpus, attribute: Attribute) -> str:
        """Content key of the truth; written categories are not read."""
        return truth_key(corpus, attribute, self.wanted)

    def _fit_key(self, triplets: Triplets, ordered: Corpus) -> str:
        """Content key of the very triplets, the recipe and the encoder."""
        sides = (triplets.anchor, triplets.positive, triplets.negative)
        learnt = (ordered.texts[row] for side in sides for row in side)
        made_by = (str(VERSION), repr(self.recipe(len(triplets))), model_revision(self.model))
        return content_key(*made_by, *learnt)
