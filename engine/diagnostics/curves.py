"""Rising curves from a similarity to the chance that a pair is the same: isotonic and Platt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput
from engine.types import Doubles, Floats

N_STEPS = 50
CurveName = Literal["isotonic", "platt"]


@dataclass(frozen=True, slots=True, eq=False)
class KnotCurve:
    """A curve that never falls, given at knots and straight between them; flat beyond the ends.

    Args:
        knots: (k,) rising similarities.
        heights: (k,) probabilities, never falling.
    """

    knots: Doubles
    heights: Doubles

    def __call__(self, similarities: Floats | Doubles) -> Doubles:
        """The probability of each similarity; NaN stays NaN."""
        values = np.asarray(similarities, dtype=np.float64)
        # With a single knot np.interp would give NaN its height.
        return np.where(np.isnan(values), np.nan, np.interp(values, self.knots, self.heights))


@dataclass(frozen=True, slots=True)
class LogisticCurve:
    """1 / (1 + exp(−(slope · s + offset))), slope ≥ 0."""

    slope: float
    offset: float

    def __call__(self, similarities: Floats | Doubles) -> Doubles:
        """The probability of each similarity; NaN stays NaN."""
        values = np.asarray(similarities, dtype=np.float64)
        return _sigmoid(self.slope * values + self.offset)


Curve = KnotCurve | LogisticCurve


def fit_curve(name: CurveName, similarities: Floats | Doubles, truth: PairTruth) -> Curve:
    """Fit the curve that is asked for by name; see `fit_isotonic` and `fit_platt`.

    Raises:
        BadInput: no such curve, or pairs of one kind are missing.
    """
    if name == "isotonic":
        return fit_isotonic(similarities, truth)
    if name == "platt":
        return fit_platt(similarities, truth)
    raise BadInput(f"No curve is called {name!r}. Known: isotonic, platt.")


def fit_isotonic(similarities: Floats | Doubles, truth: PairTruth) -> KnotCurve:
    """The best curve that never falls, in weighted squares.

    Args:
        similarities: (m,) of the truth's pairs; NaN pairs are dropped.
        truth: pairs of both kinds.

    Raises:
        BadInput: a kind is missing.

    Reference: Zadrozny & Elkan 2002, KDD, 694–699.
    """
    from sklearn.isotonic import IsotonicRegression

    values, known = _both_kinds(similarities, truth)
    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    fitted.fit(values, known.same.astype(np.float64), sample_weight=known.weights)
    return KnotCurve(
        np.asarray(fitted.X_thresholds_, dtype=np.float64),
        np.asarray(fitted.y_thresholds_, dtype=np.float64),
    )


def fit_platt(similarities: Floats | Doubles, truth: PairTruth) -> LogisticCurve:
    """A logistic curve by weighted likelihood, its targets drawn in by Platt's rule.

    Targets are (n₊ + 1) / (n₊ + 2) and 1 / (n₋ + 2), so that pairs which are told apart perfectly
    still give a finite slope. Where higher similarity goes with "different" the slope is 0.

    Args:
        similarities: (m,) of the truth's pairs; NaN pairs are dropped.
        truth: pairs of both kinds.

    Raises:
        BadInput: a kind is missing.

    Reference: Platt 1999, Advances in Large Margin Classifiers, 61–74; Lin, Lin & Weng 2007,
        Machine Learning 68, 267–276.
    """
    values, known = _both_kinds(similarities, truth)
    mean, spread = float(values.mean()), float(values.std()) or 1.0
    design = np.stack([(values - mean) / spread, np.ones(len(values))], axis=1)
    n_same, n_different = known.n_same, known.n_pairs - known.n_same
    target = np.where(known.same, (n_same + 1) / (n_same + 2), 1 / (n_different + 2))
    weights = known.weights / known.weights.mean()
    slope, offset = _newton(design, target, weights)
    if slope < 0:
        base = float(np.average(target, weights=weights))
        return LogisticCurve(0.0, float(np.log(base / (1 - base))))
    return LogisticCurve(slope / spread, offset - slope * mean / spread)


def _newton(design: Doubles, target: Doubles, weights: Doubles) -> tuple[float, float]:
    """Weighted logistic regression; a step that does not lower the loss is halved."""
    base = float(np.average(target, weights=weights))
    at = np.array([0.0, np.log(base / (1 - base))])
    loss = _loss(design @ at, target, weights)
    for _ in range(N_STEPS):
        p = _sigmoid(design @ at)
        gradient = design.T @ (weights * (p - target))
        curvature = (design.T * (weights * p * (1 - p))) @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        while (new := _loss(design @ (at - step), target, weights)) > loss:
            step /= 2
            if np.abs(step).max() < 1e-12:
                return float(at[0]), float(at[1])
        at, gain, loss = at - step, loss - new, new
        if gain < 1e-10 * len(target):
            break
    return float(at[0]), float(at[1])


def _loss(z: Doubles, target: Doubles, weights: Doubles) -> float:
    return float((weights * (np.logaddexp(0, z) - target * z)).sum())


def _sigmoid(z: Doubles) -> Doubles:
    from scipy.special import expit

    return np.asarray(expit(z), dtype=np.float64)


def _both_kinds(similarities: Floats | Doubles, truth: PairTruth) -> tuple[Doubles, PairTruth]:
    values, known = truth.scored(similarities)
    if not 0 < known.n_same < known.n_pairs:
        raise BadInput(
            f"Of {known.n_pairs} scored pairs {known.n_same} are the same; a curve needs pairs of "
            "both kinds. Judge more pairs, or choose another label column."
        )
    return values, known
