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
from engine.tuning.splits import fold
from engine.tuning.triplets import Triplets
from engine.types import Doubles, Scale

INVERSE_RIDGES = (0.01, 0.1, 1.0, 10.0)
CALIBRATION_SHARE = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class PairClassifier:
    """Weights of products and of squared differences, (k,) each."""

    product: Doubles
    difference: Doubles

    def similarity(self, columns: Doubles) -> VectorSimilarity:
        """All pairs of a corpus as dot products, in units of log-odds.

        Args:
            columns: (n, k) features.
        """
        squares = np.square(columns) @ self.difference
        ones = np.ones(len(columns))
        gains = self.product - 2 * self.difference
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
    best = INVERSE_RIDGES[0]
    if len(parts.training) and len(parts.calibration):
        held_back = pair_differences(columns, parts.calibration)
        losses = [
            np.logaddexp(0, -held_back @ _weights(columns, parts.training, c)).mean()
            for c in INVERSE_RIDGES
        ]
        best = INVERSE_RIDGES[int(np.argmin(losses))]
    weights = _weights(columns, triplets, best)
    n = columns.shape[1]
    return PairClassifier(weights[:n], weights[n:])


def pair_differences(columns: Doubles, triplets: Triplets) -> Doubles:
    """(m, 2k) features of (anchor, positive) minus those of (anchor, negative).

    Example:
        >>> one = Triplets(np.array([0]), np.array([1]), np.array([2]), "me", 1)
        >>> pair_differences(np.array([[1.0], [2.0], [4.0]]), one).tolist()
        [[-2.0, -8.0]]
    """
    a, p, n = (columns[side] for side in (triplets.anchor, triplets.positive, triplets.negative))
    return np.concatenate([a * (p - n), np.square(a - p) - np.square(a - n)], axis=1)


def _weights(columns: Doubles, triplets: Triplets, inverse_ridge: float) -> Doubles:
    from sklearn.linear_model import LogisticRegression

    rows = pair_differences(columns, triplets)
    both = np.concatenate([rows, -rows])
    answers = np.repeat([1, 0], len(rows))
    model = LogisticRegression(C=inverse_ridge, fit_intercept=False, max_iter=500)
    weights: Doubles = model.fit(both, answers).coef_[0]
    return weights
