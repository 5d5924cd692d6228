"""How likely two texts are to carry the same label, as a regression on a few labelled ones says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.corpus import Corpus
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_ENCODER, Kind
from engine.resources import Resources
from engine.similarity import VectorSimilarity, unit_rows
from engine.tuning.features import Features, categories_for, features_of, in_canonical_order
from engine.tuning.probe import fit_probe
from engine.tuning.truth import (
    Labelled,
    Wanted,
    labels_of,
    trained_rows,
    truth_key,
)
from engine.types import (
    Attribute,
    Doubles,
    Family,
    Floats,
    Level,
    Rows,
    Scale,
    Similarity,
    content_key,
)


@method(
    "probe",
    family=Family.UNIFIED,
    level=Level.VERDICTS,
    rereads="nothing",
    tunable=True,
    summary="a regression on a few labelled texts reads a frozen embedding",
    paper="arXiv:2210.07316",
)
@dataclass(frozen=True, slots=True)
class LabelProbe:
    """Texts are compared by their label distributions under a logistic regression.

    It learns from a label column of the corpus, and says which. Output probability is how likely
    both texts carry the same label, calibrated on texts that were held back; profile is the cosine
    of what sets each distribution apart from the corpus's, which ranks better.
    """

    column: str = option("", "label column; empty = the one of the attribute")
    n_verdicts: int = option(200, "labelled texts to learn from; 0 = all", low=0, high=100_000)
    start: Literal["auto", "nothing", "written"] = option(
        "auto", "whether it also reads what written categories say of a text"
    )
    output: Literal["profile", "probability"] = option(
        "profile", "cosine of profiles, or the calibrated probability of the same label"
    )
    held_out: float = option(0.2, "share of texts never learnt from", low=0, high=0.9)
    noise: float = option(0.0, "share of labels replaced by another", low=0, high=1)
    seed: int = option(0, "which texts are labelled", low=0)
    model: str = option(DEFAULT_ENCODER, "sentence encoder", model_kinds=(Kind.ENCODER,))

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Fit the regression, and read every text's label distribution."""

        def made(ordered: Corpus) -> Floats:
            features = features_of(ordered, attribute, resources, self.model)
            labelled = labels_of(ordered, attribute, self.wanted)
            resources.meter.add(verdicts=len(labelled.rows))
            n_labels = len(labelled.rows)
            resources.meter.note_prompts("truth", [f"{n_labels} labels of {labelled.source}"])
            return self.vectors(features, labelled)

        scale = Scale.COSINE if self.output == "profile" else Scale.PROBABILITY
        return VectorSimilarity(in_canonical_order(corpus, made), scale=scale)

    @property
    def wanted(self) -> Wanted:
        """Whose labels it learns from, and how many."""
        return Wanted("labels", self.column, self.n_verdicts, self.held_out, self.seed, self.noise)

    def vectors(self, features: Features, labelled: Labelled) -> Floats:
        """(n, c) what each text is compared by.

        Args:
            features: of the corpus.
            labelled: rows of it.
        """
        columns = self._columns(features)
        found = fit_probe(columns, labelled.rows, labelled.codes).distribution(columns)
        if self.output == "probability":
            return found
        return unit_rows(found - found.mean(axis=0, dtype=np.float64).astype(np.float32))

    def training_rows(self, corpus: Corpus, attribute: Attribute) -> Rows:
        """Rows whose labels it learnt from."""
        return trained_rows(corpus, lambda ordered: labels_of(ordered, attribute, self.wanted).rows)

    def inputs_key(self, corpus: Corpus, attribute: Attribute) -> str:
        """Content key of the labels and of the categories it starts from."""
        given = categories_for(corpus, attribute)
        written = "" if given is None else given.key
        return content_key(truth_key(corpus, attribute, self.wanted), written)

    def _columns(self, features: Features) -> Doubles:
        embedded = unit_rows(features.centred.astype(np.float32)).astype(np.float64)
        if self.start == "nothing" or features.profile is None:
            return embedded
        return np.concatenate([features.profile, embedded], axis=1)
