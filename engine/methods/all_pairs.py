"""Every pair is read: the ceiling that the other methods are measured against, for few texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from engine.corpus import Corpus
from engine.errors import BadInput
from engine.methods.content_order import first_anchors
from engine.methods.judged_pairs import JudgeChoice, graded
from engine.methods.registry import OptionValue, ReadsPairs, create, method, option
from engine.models.catalogue import DEFAULT_LM, Kind
from engine.models.reranker_formats import FORMATS_VERSION
from engine.projection.asking import DEFAULT_ANTHROPIC_MODEL
from engine.resources import Resources
from engine.similarity import PairSimilarity
from engine.types import Attribute, Family, Floats, Level, Rows, Scale, Similarity


@method(
    "all-pairs",
    family=Family.JUDGE,
    level=Level.ALL_PAIRS,
    rereads="pairs",
    summary="every pair read by a small pair model or graded by a judge; only for few texts",
    paper="arXiv:2306.17563",
    version=FORMATS_VERSION,
)
@dataclass(frozen=True, slots=True)
class AllPairs:
    """N·(N − 1)/2 pairs, each once, in an order that the texts decide.

    It says how many pairs that is, and refuses where they are more than max_pairs allows: raising
    that option is how the cost is agreed to. A Claude model also stops at max_dollars.
    """

    read_by: Literal["pair model", "local", "labels", "replay", "anthropic"] = option(
        "pair model", "the reranker's model, or a judge"
    )
    model: str = option(
        DEFAULT_LM,
        "for pair model and local",
        model_kinds=(Kind.LANGUAGE_MODEL, Kind.CROSS_ENCODER),
    )
    max_pairs: int = option(5000, "refuse to read more at once", low=1, high=10**9)
    max_anchors: int = option(
        10**6, "anchors whose pairs are read in advance; others on demand", low=0, high=10**6
    )
    label_column: str = option("", "for read_by labels: the column that says the truth")
    anthropic_model: str = option(DEFAULT_ANTHROPIC_MODEL, "for read_by anthropic")
    max_dollars: float = option(1.0, "for read_by anthropic: the most to spend", low=0, high=10**5)

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Read the pairs, if they are not too many.

        Raises:
            BadInput: they are; the message says how many.
        """
        anchors = first_anchors(corpus, self.max_anchors)
        n_pairs = self._refuse_too_many(len(corpus), len(anchors))
        everyone = np.arange(len(corpus), dtype=np.int64)
        others = [np.delete(everyone, row) for row in everyone]
        candidates = np.stack(others) if n_pairs else np.empty((len(corpus), 0), dtype=np.int64)

        def scorer(left: Rows, right: Rows) -> Floats:
            return self.score_pairs(corpus, attribute, resources, left, right)

        scale = Scale.LOGIT if self.read_by == "pair model" else Scale.PROBABILITY
        similarity = PairSimilarity(len(corpus), scale, candidates, scorer)
        similarity.score_shortlists(anchors)
        return similarity

    def score_pairs(
        self, corpus: Corpus, attribute: Attribute, resources: Resources, left: Rows, right: Rows
    ) -> Floats:
        """(m,) logits or grades of pairs, whatever max_pairs allows."""
        if self.read_by == "pair model":
            options: dict[str, OptionValue] = {"model": self.model, "symmetric": False}
            reader = cast("ReadsPairs", create("reranker", options))
            return reader.score_pairs(corpus, attribute, resources, left, right)
        choice = JudgeChoice(
            self.read_by, self.model, self.label_column, self.anthropic_model, self.max_dollars
        )
        return graded(corpus, attribute, choice, resources, left, right)

    def _refuse_too_many(self, n_texts: int, n_anchors: int) -> int:
        """How many pairs have one of the anchors in them."""
        n_pairs = n_anchors * (n_texts - 1) - n_anchors * (n_anchors - 1) // 2
        if n_pairs > self.max_pairs:
            raise BadInput(
                f"{n_texts:,} texts make {n_pairs:,} pairs to read, and option max_pairs allows "
                f"{self.max_pairs:,}. Set it to {n_pairs} if that is worth its cost, sample fewer "
                "texts, or use the reranker or the judge on a shortlist."
            )
        return n_pairs
