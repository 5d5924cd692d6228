"""Rectangles of similarities: some anchors against some candidates, as fast as the kind allows."""

from __future__ import annotations

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
        found = np.asarray(side[anchors]) @ np.asarray(similarity.vectors[candidates]).T
        return np.asarray(found, dtype=np.float32)
    if isinstance(similarity, SparseSimilarity):
        product = similarity.anchors[anchors] @ similarity.candidates[candidates].T
        return np.asarray(product.toarray(), dtype=np.float32)
    left, right = np.repeat(anchors, len(candidates)), np.tile(candidates, len(anchors))
    return similarity.pairs(left, right).reshape(len(anchors), len(candidates))
