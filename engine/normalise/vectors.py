"""Repairs of vectors: take out the mean, or the directions that all texts share."""

from __future__ import annotations

import numpy as np

from engine.errors import BadInput
from engine.similarity import VectorSimilarity, unit_rows
from engine.types import Floats, Scale, Similarity


def centred(similarity: Similarity) -> VectorSimilarity:
    """Cosines after the mean vector is subtracted.

    Args:
        similarity: of dense vectors.

    Raises:
        BadInput: it is not made from dense vectors.

    Reference: Mu & Viswanath 2018, All-but-the-Top, arXiv:1702.01417, without its second step.
    """
    made = _of_vectors(similarity, "centred")
    anchors = None if made.anchors is None else unit_rows(made.anchors - _mean(made.anchors))
    return VectorSimilarity(unit_rows(made.vectors - _mean(made.vectors)), anchors, Scale.COSINE)


def without_components(similarity: Similarity, n_components: int = 1) -> VectorSimilarity:
    """Cosines after the mean and the top principal directions are taken out.

    Both sides lose the candidates' directions, so that they stay in one space.

    Args:
        similarity: of dense vectors.
        n_components: directions to take out; All-but-the-Top suggests d / 100.

    Raises:
        BadInput: it is not made from dense vectors, or the number is out of range.

    Reference: Mu & Viswanath 2018, All-but-the-Top, arXiv:1702.01417.
    """
    made = _of_vectors(similarity, "without_components")
    directions = top_directions(made.vectors, n_components)
    sides = [made.vectors] if made.anchors is None else [made.vectors, made.anchors]
    cleaned = [unit_rows(_projected_out(side - _mean(side), directions)) for side in sides]
    return VectorSimilarity(cleaned[0], cleaned[1] if len(cleaned) > 1 else None, Scale.COSINE)


def without_top_components(vectors: Floats, n_components: int) -> Floats:
    """Vectors with their top principal directions projected out; the mean is not subtracted.

    Args:
        vectors: (n, d).
        n_components: from 0 to d − 1.

    Raises:
        BadInput: the number is out of range.

    Reference: Mu & Viswanath 2018, All-but-the-Top, arXiv:1702.01417.
    """
    return _projected_out(vectors, top_directions(vectors, n_components))


def top_directions(vectors: Floats, n_components: int) -> Floats:
    """(n_components, d) principal directions, from the d × d covariance: O(n · d²).

    Raises:
        BadInput: the number is out of range.
    """
    n_dims = vectors.shape[1]
    if not 0 <= n_components < n_dims:
        raise BadInput(f"n_components is {n_components}; it must lie from 0 to {n_dims - 1}.")
    moved = np.asarray(vectors - _mean(vectors), dtype=np.float64)
    _, directions = np.linalg.eigh(moved.T @ moved)
    return np.asarray(directions.T[::-1][:n_components], dtype=np.float32)


def _projected_out(vectors: Floats, directions: Floats) -> Floats:
    return np.asarray(vectors - (vectors @ directions.T) @ directions, dtype=np.float32)


def _mean(vectors: Floats) -> Floats:
    return np.asarray(vectors.mean(axis=0, dtype=np.float64), dtype=np.float32)


def _of_vectors(similarity: Similarity, name: str) -> VectorSimilarity:
    if not isinstance(similarity, VectorSimilarity):
        raise BadInput(
            f"{name} works on dense vectors, and a {type(similarity).__name__} has none. "
            "Use as_norm, csls, isotonic or platt, which work on any similarity."
        )
    return similarity
