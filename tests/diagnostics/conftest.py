"""A similarity small enough to write down: a square matrix of numbers."""

from dataclasses import dataclass

import numpy as np
import pytest

from engine.types import Neighbours, Scale


@dataclass(frozen=True)
class MatrixSimilarity:
    """Row i, column j is how alike anchor i finds j; NaN = not scored, and never listed."""

    matrix: np.ndarray
    scale: Scale = Scale.COSINE

    @property
    def n_texts(self):
        return len(self.matrix)

    def pairs(self, left, right):
        return self.matrix[left, right].astype(np.float32)

    def neighbours(self, rows, k):
        found = self.matrix[rows].astype(np.float64)
        found[np.arange(len(rows)), rows] = np.nan
        order = np.argsort(-found, axis=1, kind="stable")[:, :k].astype(np.int64)
        values = np.take_along_axis(found, order, axis=1).astype(np.float32)
        return Neighbours(np.where(np.isnan(values), -1, order), values)


@pytest.fixture(scope="session")
def from_matrix():
    """Make a Similarity from a square matrix."""
    return lambda matrix: MatrixSimilarity(np.asarray(matrix, dtype=np.float64))
