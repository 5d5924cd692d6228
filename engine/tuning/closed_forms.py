"""Maps that need no search: what a fitted projection must beat.

Each reads the differences of triplets: anchor − positive should be small, anchor − negative large.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.tuning.triplets import Triplets
from engine.types import Doubles

SHRINKAGE = 0.5


class Differences(NamedTuple):
    """(m, k) anchor − positive and anchor − negative."""

    within: Doubles
    between: Doubles


def differences(columns: Doubles, triplets: Triplets) -> Differences:
    """The differences of triplets.

    Args:
        columns: (n, k) centred features.
        triplets: rows of them.
    """
    anchors = columns[triplets.anchor]
    return Differences(anchors - columns[triplets.positive], anchors - columns[triplets.negative])


def diagonal(columns: Doubles, triplets: Triplets) -> Doubles:
    """(k, k) each column weighed by how much more the negatives differ in it than the positives.

    Example:
        >>> columns = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
        >>> one = Triplets(np.array([0]), np.array([1]), np.array([2]), "me", 1)
        >>> diagonal(columns, one).round(2).tolist()
        [[1.0, 0.0], [0.0, 0.0]]
    """
    within, between = (np.square(each).mean(axis=0) for each in differences(columns, triplets))
    total = within + between
    gains = np.maximum(0.0, between - within) / np.where(total > 0, total, 1.0)
    return np.diag(np.sqrt(gains))


def whitening(columns: Doubles, triplets: Triplets, shrinkage: float = SHRINKAGE) -> Doubles:
    """(k, k) the map in which positives differ alike in every direction.

    Reference: Shental et al. 2002, Adjustment Learning and Relevant Component Analysis, ECCV.
    """
    values, rows = np.linalg.eigh(_shrunk(differences(columns, triplets).within, shrinkage))
    return np.asarray((rows / np.sqrt(values)) @ rows.T)


def discriminant(
    columns: Doubles, triplets: Triplets, rank: int, shrinkage: float = SHRINKAGE
) -> Doubles:
    """(k, r) directions in which negatives differ most for how much positives differ.

    Reference: Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, ch. 4.3.
    """
    found = differences(columns, triplets)
    white = whitening(columns, triplets, shrinkage)
    between = found.between @ white
    values, rows = np.linalg.eigh(between.T @ between / len(between))
    kept = rows[:, ::-1][:, : min(rank, len(values))]
    weights = np.sqrt(np.maximum(values[::-1][: kept.shape[1]], 0.0))
    return np.asarray(white @ kept * weights)


def _shrunk(offsets: Doubles, shrinkage: float) -> Doubles:
    """The covariance, drawn toward an even spread so that it can be inverted."""
    covariance = offsets.T @ offsets / len(offsets)
    n = len(covariance)
    even = np.eye(n) * max(1e-12, float(np.trace(covariance)) / n)
    return np.asarray((1 - shrinkage) * covariance + shrinkage * even)
