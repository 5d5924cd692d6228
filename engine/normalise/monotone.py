"""Similarities read as the chance that a pair is the same, by a rising curve fitted on verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.diagnostics.curves import Curve, CurveName, KnotCurve, fit_curve
from engine.diagnostics.truth import PairTruth
from engine.normalise.matrices import rectangle
from engine.types import Floats, Neighbours, Rows, Scale, Similarity


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedSimilarity:
    """Probabilities; the order of an anchor's neighbours is the base's own.

    Args:
        base: what is repaired.
        curve: from its similarities to probabilities, never falling.
    """

    base: Similarity
    curve: Curve

    @property
    def scale(self) -> Scale:
        """Always a probability."""
        return Scale.PROBABILITY

    @property
    def n_texts(self) -> int:
        """How many rows the corpus has."""
        return self.base.n_texts

    def pairs(self, left: Rows, right: Rows) -> Floats:
        """(m,) chance that right[i] is the same as the anchor left[i]; NaN stays NaN."""
        return np.asarray(self.curve(self.base.pairs(left, right)), dtype=np.float32)

    def rectangle(self, anchors: Rows, candidates: Rows) -> Floats:
        """(a, c) chance of each anchor and candidate being the same."""
        found = rectangle(self.base, anchors, candidates)
        return np.asarray(self.curve(found), dtype=np.float32)

    def neighbours(self, rows: Rows, k: int) -> Neighbours:
        """The base's neighbours in the base's order, with their probabilities."""
        found = self.base.neighbours(rows, k)
        return Neighbours(found.rows, np.asarray(self.curve(found.similarities), dtype=np.float32))

    def arrays(self) -> dict[str, Any]:
        """The curve; the base is kept beside it."""
        if isinstance(self.curve, KnotCurve):
            return {"knots": self.curve.knots, "heights": self.curve.heights}
        return {"logistic": np.array([self.curve.slope, self.curve.offset])}


def isotonic(similarity: Similarity, truth: PairTruth) -> CalibratedSimilarity:
    """Read similarities off the best rising curve through the verdicts.

    Args:
        similarity: any; pairs that it did not score are left out of the fit.
        truth: pairs of both kinds; several hundred, or the curve is coarse.

    Raises:
        BadInput: pairs of a kind are missing.

    Reference: Zadrozny & Elkan 2002, KDD, 694–699.
    """
    return _calibrated(similarity, truth, "isotonic")


def platt(similarity: Similarity, truth: PairTruth) -> CalibratedSimilarity:
    """Read similarities off a logistic curve through the verdicts; suits a few dozen of them.

    Args:
        similarity: any; pairs that it did not score are left out of the fit.
        truth: pairs of both kinds.

    Raises:
        BadInput: pairs of a kind are missing.

    Reference: Platt 1999, Advances in Large Margin Classifiers, 61–74.
    """
    return _calibrated(similarity, truth, "platt")


def _calibrated(similarity: Similarity, truth: PairTruth, name: CurveName) -> CalibratedSimilarity:
    found = similarity.pairs(truth.left, truth.right)
    return CalibratedSimilarity(similarity, fit_curve(name, found, truth))
