"""Several methods fused into one, by ranks or by weights learnt on verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.corpus import Corpus
from engine.errors import BadInput
from engine.methods.registry import (
    Method,
    OptionValue,
    card,
    create,
    inputs_key,
    method,
    method_key,
    option,
    options,
)
from engine.resources import Resources
from engine.tuning.ensemble import (
    Weights,
    learnt_weights,
    matrices,
    member_margins,
    reciprocal_ranks,
    stored,
)
from engine.tuning.learning import Learns
from engine.tuning.splits import held_out_rows
from engine.tuning.truth import (
    TrainedOn,
    TruthName,
    canonical_order,
    noted,
    trained_rows,
    truth_key,
)
from engine.types import Attribute, Family, Floats, Level, Rows, Scale, Similarity, content_key

LEAST_TEXTS = 60
MEMBERS = "raw-embedding, tfidf, written-projection, projection"


@method(
    "ensemble",
    family=Family.UNIFIED,
    level=Level.VERDICTS,
    rereads="nothing",
    tunable=True,
    summary="several methods' scores fused, by weights learnt on verdicts or by ranks",
    paper="Cormack, Clarke and Büttcher 2009",
)
@dataclass(frozen=True, slots=True)
class Ensemble(Learns):
    """Each member is run with its defaults; its scores are standardised over all pairs.

    Weights are non-negative and learnt on triplets; where they are not clearly better than the best
    single member on anchors held back, that member stands alone. Where a member is tuned itself,
    the weights are learnt while it knows half of the texts, from anchors in the other half; then it
    is tuned on all of them and keeps its weight. With fewer than 60 texts to learn from, the last
    member stands alone: name members from the plainest to the most specific.
    """

    members: str = option(MEMBERS, "methods to fuse, with commas between them")
    fusion: Literal["weights", "equal", "reciprocal rank"] = option(
        "weights", "learnt on verdicts, all alike, or by the ranks each member gives"
    )
    truth: TruthName = option(  # noqa: RUF009 - a dataclass field
        "auto", "for weights: labels of a column, shipped verdicts, or your own answers"
    )
    column: str = option("", "label column; empty = the one of the attribute")
    n_verdicts: int = option(1024, "verdicts to learn from; 0 = all", low=0, high=100_000)
    held_out: float = option(0.2, "share of texts never learnt from", low=0, high=0.9)
    noise: float = option(0.0, "share of the labels' answers turned round", low=0, high=1)
    seed: int = option(0, "draws of triplets and parts", low=0)

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Run the members, make their scores comparable, and fuse them."""
        order = canonical_order(corpus)
        ordered = corpus.subset(order)
        fused = self._fused(ordered, attribute, resources)
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        scale = Scale.RANK if self.fusion == "reciprocal rank" else Scale.LOGIT
        return stored(fused[np.ix_(back, back)], scale)

    @property
    def names(self) -> tuple[str, ...]:
        """The members' names.

        Raises:
            BadInput: fewer than two, or the ensemble itself.
            UnknownName: no such method.
        """
        found = tuple(dict.fromkeys(n.strip() for n in self.members.split(",") if n.strip()))
        if len(found) < 2 or "ensemble" in found:
            raise BadInput(f"An ensemble needs two other methods at least, not {self.members!r}.")
        for name in found:
            card(name)
        return found

    def scores(
        self, members: list[Method], ordered: Corpus, attribute: Attribute, resources: Resources
    ) -> Floats:
        """(k, n, n) standardised scores of the members, in their order."""
        made = zip(self.names, members, strict=True)
        return matrices({n: each.prepare(ordered, attribute, resources) for n, each in made})

    def weights(self, ordered: Corpus, attribute: Attribute, resources: Resources) -> Weights:
        """What the verdicts say the members are worth; tuned members are weighed on fresh anchors.

        Args:
            ordered: the corpus in canonical order.
            attribute: the respect.
            resources: whose meter counts the verdicts.
        """
        n_usable = len(ordered) - len(held_out_rows(ordered.texts, self.held_out, self.seed))
        if n_usable < LEAST_TEXTS:
            return self._too_few(n_usable, resources)
        members = self._members(spared=0.5)
        scores = self.scores(members, ordered, attribute, resources)
        triplets = noted(self.triplets(ordered, attribute), resources)
        fresh = triplets.where(~np.isin(triplets.anchor, _learnt(members, ordered, attribute)))
        anchors = [ordered.texts[row] for row in fresh.anchor]
        found = learnt_weights(member_margins(scores, fresh), anchors, seed=self.seed)
        told = zip(self.names, found.weights.round(3).tolist(), strict=True)
        alone = "the best member alone" if found.abstained else "learnt weights"
        resources.meter.note_prompts("weights", [f"{alone}: {dict(told)}"])
        return found

    def _too_few(self, n_usable: int, resources: Resources) -> Weights:
        why = f"{n_usable} texts are too few to weigh members by: {self.names[-1]} alone"
        resources.meter.note_prompts("weights", [why])
        unknown = np.full(len(self.names), np.nan)
        return Weights(np.eye(len(self.names))[-1], True, unknown, np.nan)

    def training_rows(self, corpus: Corpus, attribute: Attribute) -> Rows:
        """Rows that the weights or a tuned member learnt from."""

        def learnt(ordered: Corpus) -> Rows:
            rows = _learnt(self._members(), ordered, attribute)
            if self.fusion == "weights":
                rows = np.union1d(rows, self.triplets(ordered, attribute).rows)
            return rows

        return trained_rows(corpus, learnt)

    def inputs_key(self, corpus: Corpus, attribute: Attribute) -> str:
        """Content key of the truth, and of the members with all that they read."""
        parts = [truth_key(corpus, attribute, self.wanted) if self.fusion == "weights" else ""]
        for member in self._members():
            parts += [method_key(member), inputs_key(member, corpus, attribute)]
        return content_key(*parts)

    def _fused(self, ordered: Corpus, attribute: Attribute, resources: Resources) -> Floats:
        scores = self.scores(self._members(), ordered, attribute, resources)
        if self.fusion == "reciprocal rank":
            return np.asarray(np.sum([reciprocal_ranks(each) for each in scores], axis=0))
        weights = np.full(len(scores), 1 / len(scores))
        if self.fusion == "weights":
            weights = self.weights(ordered, attribute, resources).weights
        return np.asarray(np.tensordot(weights, scores, axes=1), dtype=np.float32)

    def _members(self, *, spared: float = 0.0) -> list[Method]:
        """The members; a tuned one has the same truth, and leaves that share of it to others."""
        shared: dict[str, OptionValue] = {
            "truth": self.truth,
            "column": self.column,
            "n_verdicts": self.n_verdicts,
            "held_out": min(0.9, self.held_out + (1 - self.held_out) * spared),
            "noise": self.noise,
            "seed": self.seed,
        }
        made = []
        for name in self.names:
            tuned = isinstance(create(name), TrainedOn)
            known = {each.name for each in options(name)}
            made.append(create(name, {k: v for k, v in shared.items() if tuned and k in known}))
        return made


def _learnt(members: list[Method], ordered: Corpus, attribute: Attribute) -> Rows:
    """(u,) rows that any of the members learnt from."""
    tuned = [each for each in members if isinstance(each, TrainedOn)]
    found = [each.training_rows(ordered, attribute) for each in tuned]
    return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *found]))
