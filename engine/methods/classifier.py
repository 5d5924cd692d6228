"""A pair classifier on frozen features of both texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.corpus import Corpus
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_ENCODER, Kind
from engine.resources import Resources
from engine.similarity import VectorSimilarity
from engine.tuning.features import features_of, in_canonical_order
from engine.tuning.learning import Learns
from engine.tuning.pairs import fit_pairs, pair_columns
from engine.tuning.truth import TruthName, noted
from engine.types import Attribute, Family, Floats, Level, Scale, Similarity


@method(
    "classifier",
    family=Family.UNIFIED,
    level=Level.VERDICTS,
    rereads="nothing",
    tunable=True,
    summary="verdicts fit a pair classifier on products and differences of frozen features",
)
@dataclass(frozen=True, slots=True)
class Classifier(Learns):
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
            triplets = noted(self.triplets(ordered, attribute), resources)
            joined = pair_columns(features.centred, features.profile, self.rank)
            found = fit_pairs(joined, triplets, ordered.texts, seed=self.seed).similarity(joined)
            anchors = found.vectors if found.anchors is None else found.anchors
            return np.concatenate([found.vectors, anchors], axis=1)

        both = in_canonical_order(corpus, made)
        width = both.shape[1] // 2
        return VectorSimilarity(both[:, :width], both[:, width:], Scale.LOGIT)
