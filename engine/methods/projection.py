"""A frozen embedding through one matrix that was fitted on verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.corpus import Corpus
from engine.errors import BadInput
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_ENCODER, Kind
from engine.resources import Resources
from engine.similarity import VectorSimilarity, unit_rows
from engine.tuning.closed_forms import diagonal, discriminant, whitening
from engine.tuning.features import Features, features_of, in_canonical_order
from engine.tuning.learning import Learns
from engine.tuning.projection import Choice, LinearMap, main_directions, tuned
from engine.tuning.triplets import Triplets
from engine.tuning.truth import TruthName, canonical_order, noted
from engine.types import Attribute, Doubles, Family, Floats, Level, Similarity

PROFILE_RANK = 32
N_READ = 128
"""Main directions of the embedding among which the map is sought: more only make it slower."""
BESIDE_PROFILE = 0.3
"""Length of a text's embedding beside its profile of length 1."""


@method(
    "projection",
    family=Family.UNIFIED,
    level=Level.VERDICTS,
    rereads="nothing",
    tunable=True,
    summary="verdicts fit one matrix to a frozen embedding; it is applied to every text",
)
@dataclass(frozen=True, slots=True)
class Projection(Learns):
    """A low-rank linear map fitted on triplets, starting from written categories where there are.

    Truth auto reads the label column that belongs to the attribute, where the corpus has one, and
    says so; else the verdicts on these texts. A share of the texts is held out: nothing is learnt
    of them, and the method is to be measured on them alone.
    """

    truth: TruthName = option(  # noqa: RUF009 - a dataclass field
        "auto", "labels of a column, shipped verdicts, or your own answers"
    )
    column: str = option("", "label column; empty = the one of the attribute")
    n_verdicts: int = option(1024, "verdicts to learn from; 0 = all", low=0, high=100_000)
    start: Literal["auto", "nothing", "written", "profile"] = option(
        "auto", "profile: written categories with their words; written: as a matrix, for export"
    )
    form: Literal["low-rank", "diagonal", "whitening", "lda"] = option(
        "low-rank", "fitted step by step, or one of the closed forms it is compared with"
    )
    rank: int = option(64, "dimensions of the embedding that the map keeps", low=1, high=4096)
    held_out: float = option(0.2, "share of texts never learnt from", low=0, high=0.9)
    noise: float = option(0.0, "share of the labels' answers turned round", low=0, high=1)
    seed: int = option(0, "draws of triplets and parts", low=0)
    model: str = option(DEFAULT_ENCODER, "sentence encoder", model_kinds=(Kind.ENCODER,))

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Draw the triplets, fit the map, and apply it to every text."""

        def made(ordered: Corpus) -> Floats:
            features = features_of(ordered, attribute, resources, self.model)
            triplets = noted(self.triplets(ordered, attribute), resources)
            columns, matrix, _ = self.fitted(features, triplets, ordered)
            return unit_rows((columns @ matrix).astype(np.float32))

        return VectorSimilarity(in_canonical_order(corpus, made))

    def fitted(
        self, features: Features, triplets: Triplets, ordered: Corpus
    ) -> tuple[Doubles, Doubles, Choice | None]:
        """The columns that are mapped, the map, and what was chosen for it.

        Args:
            features: of the corpus in canonical order.
            triplets: rows of it.
            ordered: the corpus in canonical order.
        """
        if self._starts_from(features) == "profile" and features.profile is not None:
            beside = features.centred @ main_directions(features.centred, PROFILE_RANK)
            columns = np.concatenate([features.profile, BESIDE_PROFILE * beside], axis=1)
            return (columns, *self._map(columns, np.eye(columns.shape[1]), triplets, ordered))
        basis = main_directions(features.centred, max(N_READ, self.rank), evenness=0.0)
        basis = basis / np.linalg.norm(basis, axis=0)
        start = np.eye(basis.shape[1])[:, : self.rank]
        if self._starts_from(features) == "written" and features.written is not None:
            length = np.linalg.norm(features.written) / np.linalg.norm(start)
            start = np.concatenate([basis.T @ features.written, BESIDE_PROFILE * length * start], 1)
        matrix, choice = self._map(features.centred @ basis, start, triplets, ordered)
        return features.centred, basis @ matrix, choice

    def _map(
        self, columns: Doubles, start: Doubles, triplets: Triplets, ordered: Corpus
    ) -> tuple[Doubles, Choice | None]:
        if self.form == "low-rank":
            return tuned(columns, start, triplets, ordered.texts, seed=self.seed)
        mapped = columns @ start
        if self.form == "diagonal":
            return start @ diagonal(mapped, triplets), None
        if self.form == "whitening":
            return start @ whitening(mapped, triplets), None
        return start @ discriminant(mapped, triplets, self.rank), None

    def linear_map(
        self, corpus: Corpus, attribute: Attribute, resources: Resources
    ) -> tuple[LinearMap, Triplets]:
        """The map alone, for every text there will ever be, and what it was fitted on.

        Raises:
            BadInput: it starts from the profile, which is no matrix of the embedding.
        """
        ordered = corpus.subset(canonical_order(corpus))
        features = features_of(ordered, attribute, resources, self.model)
        if self._starts_from(features) == "profile":
            raise BadInput(
                "A projection that starts from the profile also reads words, so it is no matrix. "
                "Choose start 'written' or 'nothing' to export it."
            )
        triplets = self.triplets(ordered, attribute)
        _, matrix, _ = self.fitted(features, triplets, ordered)
        return LinearMap(features.mean, matrix.astype(np.float32)), triplets

    def _starts_from(self, features: Features) -> str:
        if self.start in ("written", "profile") and features.profile is None:
            raise BadInput(
                "Nobody wrote categories for this attribute, so there is nothing to start from. "
                "Write some under written-projection, or choose start 'auto' or 'nothing'."
            )
        if self.start != "auto":
            return self.start
        return "nothing" if features.profile is None else "profile"
