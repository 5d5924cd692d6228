"""A Similarity with a gain and an offset for each text: what most repairs come down to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.diagnostics.chunks import row_chunks
from engine.errors import BadInput
from engine.normalise.matrices import against_all, rectangle
from engine.similarity import PairSimilarity, nearest
from engine.types import Floats, Neighbours, Rows, Scale, Similarity


@dataclass(frozen=True, slots=True, eq=False)
class AffineSimilarity:
    """s(a, c) · (gain[a] + gain'[c]) − offset[a] − offset'[c].

    Args:
        base: what is repaired.
        anchor_gain: (n,) gain of each text as the anchor.
        candidate_gain: (n,) gain of each text as the candidate.
        anchor_offset: (n,) offset of each text as the anchor.
        candidate_offset: (n,) offset of each text as the candidate.
        scale: what the numbers are now.

    Raises:
        BadInput: an array has not one number a text.
    """

    base: Similarity
    anchor_gain: Floats
    candidate_gain: Floats
    anchor_offset: Floats
    candidate_offset: Floats
    scale: Scale

    def __post_init__(self) -> None:
        """Refuse arrays that don't fit the corpus."""
        for name, array in self.arrays().items():
            if array.shape != (self.n_texts,):
                raise BadInput(
                    f"{name} has shape {array.shape} for {self.n_texts} texts; one each."
                )

    @property
    def n_texts(self) -> int:
        """How many rows the corpus has."""
        return self.base.n_texts

    def pairs(self, left: Rows, right: Rows) -> Floats:
        """(m,) repaired similarity of each anchor left[i] to right[i]."""
        gain = self.anchor_gain[left] + self.candidate_gain[right]
        offset = self.anchor_offset[left] + self.candidate_offset[right]
        return np.asarray(self.base.pairs(left, right) * gain - offset, dtype=np.float32)

    def rectangle(self, anchors: Rows, candidates: Rows) -> Floats:
        """(a, c) repaired similarity of each anchor to each candidate."""
        return self._mended(rectangle(self.base, anchors, candidates), anchors, candidates)

    def neighbours(self, rows: Rows, k: int) -> Neighbours:
        """The k most alike texts of each row after the repair, searched exactly, in blocks.

        For a pair scorer they are searched among the pairs that it scored.
        """
        if scores_few_pairs(self.base):
            return self._rescored(rows, k)
        block = against_all(self.base)
        everyone = np.arange(self.n_texts, dtype=np.int64)
        return nearest(
            lambda part: self._mended(block(part), part, everyone), rows, k, self.n_texts
        )

    def arrays(self) -> dict[str, Any]:
        """Gains and offsets; the base is kept beside them."""
        return {
            "anchor_gain": self.anchor_gain,
            "candidate_gain": self.candidate_gain,
            "anchor_offset": self.anchor_offset,
            "candidate_offset": self.candidate_offset,
        }

    def _mended(self, base: Floats, anchors: Rows, candidates: Rows) -> Floats:
        """(a, c) gains and offsets applied to the base's similarities."""
        gain = self.anchor_gain[anchors][:, None] + self.candidate_gain[candidates]
        offset = self.anchor_offset[anchors][:, None] + self.candidate_offset[candidates]
        return np.asarray(base * gain - offset, dtype=np.float32)

    def _rescored(self, rows: Rows, k: int) -> Neighbours:
        if k < 1:
            raise BadInput(f"k must be at least 1, not {k}.")
        width = max(k, self.n_texts - 1)
        parts = [self._rescored_part(part, k, width) for part in row_chunks(rows, width)]
        if not parts:
            return Neighbours(np.empty((0, k), dtype=np.int64), np.empty((0, k), dtype=np.float32))
        return Neighbours(
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.similarities for part in parts]),
        )

    def _rescored_part(self, rows: Rows, k: int, width: int) -> Neighbours:
        found = self.base.neighbours(rows, width)
        candidates = np.maximum(found.rows, 0)
        gain = self.anchor_gain[rows][:, None] + self.candidate_gain[candidates]
        offset = self.anchor_offset[rows][:, None] + self.candidate_offset[candidates]
        values = np.where(found.rows >= 0, found.similarities * gain - offset, np.nan)
        order = np.argsort(-values, axis=1, kind="stable")[:, :k]
        values = np.take_along_axis(values, order, axis=1).astype(np.float32)
        listed = np.take_along_axis(found.rows, order, axis=1)
        return Neighbours(np.where(np.isnan(values), -1, listed), values)


def scores_few_pairs(similarity: Similarity) -> bool:
    """Whether it, or what it was made from, knows only the pairs that were paid for."""
    inner: Any = similarity
    while hasattr(inner, "base"):
        inner = inner.base
    return isinstance(inner, PairSimilarity)
