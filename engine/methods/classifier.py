"""A pair classifier on frozen features of both texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.corpus import Corpus
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_ENCODER, Kind
from engine.resources import Resources
from engine.similarity import VectorSimilarity
from engine.tuning.features import categories_for, features_of, in_canonical_order
from engine.tuning.pairs import fit_pairs, pair_columns
from engine.tuning.truth import (
    TruthName,
    Wanted,
    learn_triplets,
    trained_rows,
    triplets_of,
    truth_key,
)
from engine.types import Attribute, Family, Floats, Level, Rows, Scale, Similarity, content_key


@method(
    "classifier",
    family=Family.UNIFIED,
    level=Level.VERDICTS,
    rereads="nothing",
    tunable=True,
    summary="verdicts fit a pair classifier on products and differences of frozen features",
)
@dataclass(frozen=True, slots=True)
class Classifier:
    """Log-odds that one text is more alike than another, from features of both texts.

    The features are the main directions of the frozen embedding, and what written categories say
    where there are any; a pair is their product and their squared difference, each with a weight.
    """

    truth: TruthName = option(  # noqa: RUF009 - a dataclass field
        "auto", "labels of a column, shipped verdicts, or your own answers"
    )
    column: str = option("", "label column; empty = the one of the attribute")
    n_verdicts: int = option(1024, "verdicts to learn from; 0 = all", low=0, high=100_000)
    rank: int = option(64, "main directions of the embedding that are read", low=1, high=4096)
    held_out: float = option(0.2, "share of texts never learnt from", low=0, high=0.9)
    noise: float = option(0.0, "share of the labels' answers turned round", low=0, high=1)
    seed: int = option(0, "draws of triplets and parts", low=0)
    model: str = option(DEFAULT_ENCODER, "sentence encoder", model_kinds=(Kind.ENCODER,))

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Fit the classifier, and write its scores as dot products."""

        def made(ordered: Corpus) -> Floats:
            features = features_of(ordered, attribute, resources, self.model)
            triplets = learn_triplets(ordered, attribute, self.wanted, resources)
            joined = pair_columns(features.centred, features.profile, self.rank)
            found = fit_pairs(joined, triplets, ordered.texts, seed=self.seed).similarity(joined)
            anchors = found.vectors if found.anchors is None else found.anchors
            return np.concatenate([found.vectors, anchors], axis=1)

        both = in_canonical_order(corpus, made)
        width = both.shape[1] // 2
        return VectorSimilarity(both[:, :width], both[:, width:], Scale.LOGIT)

    @property
    def wanted(self) -> Wanted:
        """Whose truth it learns from, and how much."""
        return Wanted(
            self.truth, self.column, self.n_verdicts, self.held_out, self.seed, self.noise
        )

    def training_rows(self, corpus: Corpus, attribute: Attribute) -> Rows:
        """Rows whose texts occur in a triplet that it learnt from."""
        return trained_rows(
            corpus, lambda ordered: triplets_of(ordered, attribute, self.wanted).rows
        )

    def inputs_key(self, corpus: Corpus, attribute: Attribute) -> str:
        """Content key of the truth and of the categories that are read."""
        given = categories_for(corpus, attribute)
        written = "" if given is None else given.key
        return content_key(truth_key(corpus, attribute, self.wanted), written)
