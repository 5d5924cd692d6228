"""Rectangles of similarities: some anchors against some candidates, as fast as the kind allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np

from engine.similarity import SparseSimilarity, VectorSimilarity
from engine.types import Floats, Rows, Similarity


@runtime_checkable
class GivesRectangles(Protocol):
    """A Similarity that can score some anchors against some candidates in one go."""

    def rectangle(self, anchors: Rows, candidates: Rows) -> Floats:
        """(a, c) similarity of each anchor to each candidate; NaN = not scored."""
        ...


def rectangle(similarity: Similarity, anchors: Rows, candidates: Rows) -> Floats:
    """(a, c) float32 similarities of anchors to candidates; NaN = not scored.

    Args:
        similarity: any.
        anchors: (a,) rows.
        candidates: (c,) rows.
    """
    if isinstance(similarity, GivesRectangles):
        return similarity.rectangle(anchors, candidates)
    if isinstance(similarity, VectorSimilarity):
        side = similarity.vectors if similarity.anchors is None else similarity.anchors
        found = np.asarray(side[anchors]) @ _taken(similarity.vectors, candidates).T
        return np.asarray(found, dtype=np.float32)
    if isinstance(similarity, SparseSimilarity):
        product = similarity.anchors[anchors] @ similarity.candidates[candidates].T
        return np.asarray(product.toarray(), dtype=np.float32)
    left, right = np.repeat(anchors, len(candidates)), np.tile(candidates, len(anchors))
    return similarity.pairs(left, right).reshape(len(anchors), len(candidates))


def against_all(similarity: Similarity) -> Callable[[Rows], Floats]:
    """A function from some anchors to their (a, n) similarities to every text.

    What does not depend on the anchors is prepared once; no vector is copied.
    """
    if isinstance(similarity, SparseSimilarity):
        sparse, columns = similarity.anchors, similarity.candidates.T.tocsr()
        return lambda part: np.asarray((sparse[part] @ columns).toarray(), dtype=np.float32)
    everyone = np.arange(similarity.n_texts, dtype=np.int64)
    return lambda part: rectangle(similarity, part, everyone)


def _taken(vectors: Floats, rows: Rows) -> Floats:
    """The rows of the vectors; the vectors themselves where all are asked for in order."""
    if len(rows) == len(vectors) and np.array_equal(rows, np.arange(len(rows))):
        return vectors
    return np.asarray(vectors[rows])
