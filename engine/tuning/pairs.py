"""A pair classifier on features of both texts, in a form that is a dot product.

score(a, b) = Σ u · a ∘ b − Σ v · (a − b)² over frozen features. The squares split into terms of one
text each, so a million texts are scored as vectors and no pair is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import BadInput
from engine.similarity import VectorSimilarity
from engine.tuning.projection import main_directions
from engine.tuning.splits import fold
from engine.tuning.triplets import Triplets
from engine.types import Doubles, Scale

RIDGES = (1.0, 0.1, 0.01, 0.001)
CALIBRATION_SHARE = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class PairClassifier:
    """Non-negative weights of products and of squared differences, (k,) each."""

    product: Doubles
    difference: Doubles

    def similarity(self, columns: Doubles) -> VectorSimilarity:
        """All pairs of a corpus as dot products, in units of log-odds.

        Args:
            columns: (n, k) features.
        """
        squares = -np.square(columns) @ self.difference
        ones = np.ones(len(columns))
        gains = self.product + 2 * self.difference
        anchors = np.column_stack([columns * gains, squares, ones])
        candidates = np.column_stack([columns, ones, squares])
        return VectorSimilarity(
            candidates.astype(np.float32), anchors.astype(np.float32), Scale.LOGIT
        )


def fit_pairs(
    columns: Doubles, triplets: Triplets, texts: Sequence[str], *, seed: int = 0
) -> PairClassifier:
    """Fit on triplets; the ridge is chosen on anchors that were held back.

    Args:
        columns: (n, k) features of the corpus.
        triplets: what is known.
        texts: the corpus's texts.
        seed: of the division.

    Raises:
        BadInput: there is no triplet.
    """
    if not len(triplets):
        raise BadInput(f"There is no triplet to learn from ({triplets.described}). Judge more.")
    parts = fold(triplets, texts, seed=seed, share=CALIBRATION_SHARE)
    best = RIDGES[0]
    if len(parts.training) and len(parts.calibration):
        losses = [
            _loss(_weights(columns, parts.training, ridge), columns, parts.calibration)
            for ridge in RIDGES
        ]
        best = RIDGES[int(np.argmin(losses))]
    weights = _weights(columns, triplets, best)
    n = columns.shape[1]
    return PairClassifier(weights[:n], weights[n:])


def pair_columns(centred: Doubles, profile: Doubles | None, rank: int) -> Doubles:
    """(n, k) what is read of a text: main directions of its embedding, and its written profile.

    Args:
        centred: (n, d) the embedding with its mean taken away.
        profile: (n, c) unit rows, or None.
        rank: directions at most.
    """
    read = centred @ main_directions(centred, rank)
    columns = [read * np.sqrt(read.shape[1])]
    if profile is not None:
        columns.append(profile * np.sqrt(profile.shape[1]))
    return np.concatenate(columns, axis=1)


def pair_differences(columns: Doubles, triplets: Triplets) -> Doubles:
    """(m, 2k) features of (anchor, positive) minus those of (anchor, negative).

    Example:
        >>> one = Triplets(np.array([0]), np.array([1]), np.array([2]), "me", 1)
        >>> pair_differences(np.array([[1.0], [2.0], [4.0]]), one).tolist()
        [[-2.0, -8.0]]
    """
    a, p, n = (columns[side] for side in (triplets.anchor, triplets.positive, triplets.negative))
    return np.concatenate([a * (p - n), np.square(a - p) - np.square(a - n)], axis=1)


def _loss(weights: Doubles, columns: Doubles, triplets: Triplets) -> float:
    n = columns.shape[1]
    signed = np.concatenate([weights[:n], -weights[n:]])
    return float(np.logaddexp(0, -pair_differences(columns, triplets) @ signed).mean())


def _weights(columns: Doubles, triplets: Triplets, ridge: float) -> Doubles:
    """(2k,) non-negative weights with the least logistic loss on the triplets.

    Free weights would learn that negatives look alike, which hard triplets make true: they win
    those, and rank any other pair no better than chance.
    """
    from scipy.optimize import minimize

    rows = pair_differences(columns, triplets)
    n = columns.shape[1]
    rows[:, n:] *= -1.0

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        margin = rows @ weights
        slope = -np.exp(-np.logaddexp(0, margin)) / len(margin)
        value = np.logaddexp(0, -margin).mean() + ridge * (weights @ weights)
        return float(value), rows.T @ slope + 2 * ridge * weights

    start = np.full(2 * n, 0.1 / n)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * (2 * n))
    weights: Doubles = found.x
    return weights
