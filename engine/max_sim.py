"""Several vectors a text: each finds its best match among the other text's, in both directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from engine.errors import BadInput
from engine.similarity import BLOCK_ENTRIES, csr_parts, nearest
from engine.types import Bools, Floats, Neighbours, Rows, Scale

Product = Callable[[int, int], Floats]
"""(i, j) → similarities of the left's i-th vectors to the right's j-th."""


@dataclass(frozen=True, slots=True, eq=False)
class MaxSimSimilarity:
    """The mean best match of one text's vectors among the other's, averaged over both directions.

    Args:
        stacked: (k·n, d) unit rows, dense or CSR: the first vector of all texts, then the second …
        present: (n, k) which vectors a text has; the others' rows are never looked at.

    Raises:
        BadInput: a text without any vector, or shapes that don't fit.

    Reference: MaxSim of Khattab and Zaharia 2020, arXiv:2004.12832, made symmetric.

    Example:
        >>> east, north = [1.0, 0.0], [0.0, 1.0]
        >>> stacked = np.array([east, east, north, east], dtype=np.float32)
        >>> one = MaxSimSimilarity(stacked, np.array([[True, True], [True, False]]))
        >>> one.pairs(np.array([0]), np.array([1])).tolist()  # (mean(1, 0) + 1) / 2
        [0.75]
    """

    stacked: Floats | sp.csr_array
    present: Bools
    scale: Scale = Scale.COSINE

    def __post_init__(self) -> None:
        """Refuse what can't be compared."""
        if self.stacked.shape[0] != self.present.size:
            raise BadInput(
                f"{self.stacked.shape[0]} vectors don't fit {self.present.shape[0]} texts with "
                f"{self.present.shape[1]} each."
            )
        if not self.present.any(axis=1).all():
            raise BadInput("A text without any vector can't be compared: give it one at least.")

    @property
    def n_texts(self) -> int:
        """How many rows the corpus has."""
        return len(self.present)

    def pairs(self, left: Rows, right: Rows) -> Floats:
        """(m,) similarity of left[i] to right[i]."""
        out = np.empty(len(left), dtype=np.float32)
        step = max(1, BLOCK_ENTRIES // max(1, self.stacked.shape[1]))
        for start in range(0, len(left), step):
            part = slice(start, start + step)
            rows, others = left[part], right[part]

            def product(i: int, j: int, rows: Rows = rows, others: Rows = others) -> Floats:
                return _row_products(self._vectors(i, rows), self._vectors(j, others))

            out[part] = _both_ways(product, self.present[rows].T, self.present[others].T)
        return out

    def neighbours(self, rows: Rows, k: int) -> Neighbours:
        """The k most alike texts of each row, searched exactly, in blocks."""
        return nearest(self._block, rows, k, self.n_texts)

    def arrays(self) -> dict[str, Any]:
        """The vectors, and which of them there are."""
        if isinstance(self.stacked, sp.csr_array):
            return {**csr_parts("stacked", self.stacked), "present": self.present}
        return {"stacked": self.stacked, "present": self.present}

    def _vectors(self, i: int, rows: Rows) -> Any:  # noqa: ANN401 - dense or sparse rows
        return self.stacked[rows + i * self.n_texts]

    def _block(self, rows: Rows) -> Floats:
        """(b, n) similarities, a few rows at a time: k matrices are held at once, not one."""
        everyone = np.arange(self.n_texts, dtype=np.int64)
        n_vectors = self.present.shape[1]
        columns = [self._vectors(j, everyone).T for j in range(n_vectors)]
        step = max(1, len(rows) // (n_vectors + 3))
        out = np.empty((len(rows), self.n_texts), dtype=np.float32)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]

            def product(i: int, j: int, part: Rows = part) -> Floats:
                return _dense(self._vectors(i, part) @ columns[j])

            mine, theirs = self.present[part].T[:, :, None], self.present.T[:, None, :]
            out[start : start + len(part)] = _both_ways(product, mine, theirs)
        return out


def _both_ways(product: Product, mine: Bools, theirs: Bools) -> Floats:
    """Mean best match from either side, averaged; masks are (k, …) and broadcast to a product."""
    n_vectors = len(mine)
    nothing: Floats = np.full((), -np.inf, dtype=np.float32)
    backward = [nothing] * n_vectors
    forward: Floats = np.zeros((), dtype=np.float32)
    returned: Floats = np.zeros((), dtype=np.float32)
    for i in range(n_vectors):
        best = nothing
        for j in range(n_vectors):
            found = product(i, j)
            best = np.maximum(best, np.where(theirs[j], found, nothing))
            backward[j] = np.maximum(backward[j], np.where(mine[i], found, nothing))
        forward = forward + np.where(mine[i], best, np.float32(0))
    for j in range(n_vectors):
        returned = returned + np.where(theirs[j], backward[j], np.float32(0))
    both = forward / mine.sum(axis=0) + returned / theirs.sum(axis=0)
    return np.asarray(both / 2, dtype=np.float32)


def _row_products(left: Any, right: Any) -> Floats:  # noqa: ANN401 - dense or sparse rows
    if isinstance(left, np.ndarray):
        return np.asarray(np.einsum("ij,ij->i", left, right), dtype=np.float32)
    return np.asarray(left.multiply(right).sum(axis=1), dtype=np.float32).ravel()


def _dense(found: Any) -> Floats:  # noqa: ANN401 - dense or sparse
    dense = found if isinstance(found, np.ndarray) else found.toarray()
    return np.asarray(dense, dtype=np.float32)
