"""A judge grades pairs: those of a shortlist, or every text against a few landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.corpus import Corpus
from engine.errors import BadInput
from engine.methods.content_order import first_anchors
from engine.methods.judged_pairs import JudgeChoice, graded
from engine.methods.registry import Method, create, method, option
from engine.models.catalogue import DEFAULT_LM, Kind
from engine.projection.asking import DEFAULT_ANTHROPIC_MODEL
from engine.resources import Resources
from engine.similarity import PairSimilarity, VectorSimilarity, unit_rows
from engine.types import Attribute, Family, Floats, Level, Rows, Scale, Similarity


@method(
    "judge",
    family=Family.JUDGE,
    level=Level.JUDGED_SAMPLE,
    rereads="pairs",
    summary="a judge grades the pairs of a shortlist, or each text against a few landmarks",
    paper="arXiv:2306.17563",
)
@dataclass(frozen=True, slots=True)
class JudgeMethod:
    """The judge's grade of a pair, as a share of the highest.

    Over a shortlist only its pairs are scored. With landmarks, a text becomes its grades against m
    texts, centred, so that all pairs are scored by N·m verdicts; a pair without a verdict counts as
    the landmark's mean. Every verdict is in the ledger, never asked or paid for twice.
    """

    judge: Literal["local", "labels", "replay", "anthropic"] = option(
        "local", "who judges; a small local model hardly beats a coin, see its own page"
    )
    compare: Literal["shortlist", "landmarks"] = option("shortlist", "which pairs are judged")
    shortlist_from: Literal["raw-embedding", "instructed-embedding", "tfidf", "bm25"] = option(
        "raw-embedding", "the cheaper method that proposes candidates"
    )
    shortlist: int = option(8, "candidates of each anchor", low=1, high=200)
    max_anchors: int = option(50, "anchors judged in advance; others on demand", low=0, high=10**6)
    landmarks: int = option(12, "landmark texts that all are judged against", low=2, high=500)
    max_verdicts: int = option(2000, "refuse to ask for more at once", low=1, high=10**7)
    model: str = option(DEFAULT_LM, "for judge local", model_kinds=(Kind.LANGUAGE_MODEL,))
    label_column: str = option("", "for judge labels: the column that says the truth")
    anthropic_model: str = option(DEFAULT_ANTHROPIC_MODEL, "for judge anthropic")
    max_dollars: float = option(1.0, "for judge anthropic: the most to spend", low=0, high=10**5)

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Ask for the verdicts, after saying how many where they are too many."""
        if self.compare == "landmarks":
            return self._against_landmarks(corpus, attribute, resources)
        anchors = first_anchors(corpus, self.max_anchors)
        self._refuse_too_many(len(anchors) * min(self.shortlist, len(corpus) - 1))
        cheap = self.basis().prepare(corpus, attribute, resources.with_progress(0.0, 0.1))
        everyone = np.arange(len(corpus), dtype=np.int64)
        candidates = cheap.neighbours(everyone, self.shortlist).rows
        work = resources.with_progress(0.1, 1.0)

        def scorer(left: Rows, right: Rows) -> Floats:
            return self.score_pairs(corpus, attribute, work, left, right)

        similarity = PairSimilarity(len(corpus), Scale.PROBABILITY, candidates, scorer)
        similarity.score_shortlists(anchors)
        return similarity

    def score_pairs(
        self, corpus: Corpus, attribute: Attribute, resources: Resources, left: Rows, right: Rows
    ) -> Floats:
        """(m,) grades of pairs as shares of the highest, whatever the shortlist."""
        return graded(corpus, attribute, self._choice(), resources, left, right)

    def basis(self) -> Method:
        """The method that proposes candidates: another shortlist, another run."""
        return create(self.shortlist_from)

    def _against_landmarks(
        self, corpus: Corpus, attribute: Attribute, resources: Resources
    ) -> Similarity:
        marks = first_anchors(corpus, self.landmarks)
        n_texts, n_marks = len(corpus), len(marks)
        self._refuse_too_many(n_texts * n_marks)
        left = np.repeat(np.arange(n_texts, dtype=np.int64), n_marks)
        right = np.tile(marks, n_texts)
        grades = np.ones(len(left), dtype=np.float32)
        asked = left != right
        grades[asked] = graded(
            corpus, attribute, self._choice(), resources, left[asked], right[asked]
        )
        return VectorSimilarity(_profiles(grades.reshape(n_texts, n_marks)))

    def _choice(self) -> JudgeChoice:
        return JudgeChoice(
            self.judge, self.model, self.label_column, self.anthropic_model, self.max_dollars
        )

    def _refuse_too_many(self, n_verdicts: int) -> None:
        if n_verdicts > self.max_verdicts:
            raise BadInput(
                f"This would ask for {n_verdicts:,} verdicts, and option max_verdicts allows "
                f"{self.max_verdicts:,}. Raise it, or lower max_anchors, shortlist or landmarks."
            )


def _profiles(grades: Floats) -> Floats:
    """(n, m) unit rows: grades centred by landmark; an unknown grade is the landmark's mean."""
    known = np.isfinite(grades)
    totals = np.where(known, grades, 0).sum(axis=0, dtype=np.float64)
    means = totals / np.maximum(1, known.sum(axis=0))
    return unit_rows(np.where(known, grades - means, 0).astype(np.float32))
