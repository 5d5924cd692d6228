"""Turn one map to match another, and say how well they match."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.errors import BadInput
from engine.types import Bools, Doubles, Floats

NEAR = 0.25  # of the map's diameter
_N_REWEIGHTINGS = 20
_SAME_PLACE = 1e-6  # of the extent: nearer texts don't count for still more


class Alignment(NamedTuple):
    """How nearly the same text sits in the same place on two maps.

    displacement: median distance between a text's two places, in diameters of the reference.
    within: share of texts whose two places are at most a quarter of a diameter apart.
    n_shared: texts placed on both maps.

    Two maps that have nothing to do with each other measure about 0.6 and 0.1.
    """

    displacement: float
    within: float
    n_shared: int


def align(positions: Floats, reference: Floats) -> Floats:
    """Rotate, reflect, shift and scale a map onto a reference; distances keep their ratios.

    The scale is the ratio of the two extents, not the least-squares one, which would shrink a
    map towards a point the less it agrees. Texts that moved far count less: the turn is
    fitted to the sum of distances rather than of their squares.

    Args:
        positions: (n, 2) map to turn; NaN rows stay NaN.
        reference: (n, 2) map to match; NaN rows are ignored.

    Returns:
        (n, 2) float32. Unchanged where no text is on both maps; only shifted where one is.

    Raises:
        BadInput: the two are not of one shape (n, 2).

    Reference:
        Schönemann 1966, Psychometrika 31(1), orthogonal Procrustes, iteratively reweighted.

    Example:
        >>> square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)
        >>> quarter_turn = square @ np.array([[0, 1], [-1, 0]], dtype=np.float32)
        >>> bool(np.allclose(align(5 * quarter_turn, square), square, atol=1e-6))
        True
    """
    shared = _shared(positions, reference)
    if not shared.any():
        return positions.astype(np.float32)
    source = positions.astype(np.float64)
    target = reference[shared].astype(np.float64)
    extents = radius(source[shared]), radius(target)
    if min(extents) > 0:
        source *= extents[1] / extents[0]
    weights = np.ones(len(target))
    floor = _SAME_PLACE * (extents[1] or 1.0)
    turned = source
    for _ in range(_N_REWEIGHTINGS):
        turned = _turn(source, source[shared], target, weights)
        weights = 1.0 / np.maximum(np.linalg.norm(turned[shared] - target, axis=1), floor)
    return turned.astype(np.float32)


def alignment(positions: Floats, reference: Floats) -> Alignment:
    """Measure how nearly two maps, as drawn, put the same text in the same place.

    displacement = median ‖positions_i − reference_i‖ / diameter, over texts placed on both;
    within = share of those with ‖positions_i − reference_i‖ ≤ 0.25 · diameter;
    diameter = twice the root mean square distance of the reference's texts from their mean.

    Args:
        positions: (n, 2) map, already aligned to the reference.
        reference: (n, 2) map it is compared with; NaN rows on either are left out.

    Returns:
        The measure; NaN where no text is shared or the reference has no extent.

    Raises:
        BadInput: the two are not of one shape (n, 2).

    Example:
        >>> here = np.array([[-1, 0], [1, 0]], dtype=np.float32)
        >>> alignment(here + np.float32([1, 0]), here)
        Alignment(displacement=0.5, within=0.0, n_shared=2)
    """
    shared = _shared(positions, reference)
    diameter = 2 * radius(reference[shared].astype(np.float64))
    if diameter == 0.0:
        return Alignment(float("nan"), float("nan"), int(shared.sum()))
    moved = positions[shared].astype(np.float64) - reference[shared]
    distances = np.linalg.norm(moved, axis=1) / diameter
    return Alignment(
        float(np.median(distances)), float(np.mean(distances <= NEAR)), int(shared.sum())
    )


def radius(positions: Doubles) -> float:
    """Root mean square distance from the mean; 0 for no texts."""
    if not len(positions):
        return 0.0
    spread = positions - positions.mean(axis=0)
    return float(np.sqrt((spread**2).sum(axis=1).mean()))


def _turn(source: Doubles, matched: Doubles, target: Doubles, weights: Doubles) -> Doubles:
    """Rotate or reflect source about the weighted means so that matched meets target."""
    share = (weights / weights.sum())[:, None]
    from_centre, to_centre = (share * matched).sum(axis=0), (share * target).sum(axis=0)
    left, _, right = np.linalg.svd((share * (matched - from_centre)).T @ (target - to_centre))
    return np.asarray((source - from_centre) @ (left @ right) + to_centre, dtype=np.float64)


def _shared(positions: Floats, reference: Floats) -> Bools:
    if positions.shape != reference.shape or positions.ndim != 2 or positions.shape[1] != 2:
        raise BadInput(
            f"Two maps of shapes {positions.shape} and {reference.shape} can't be aligned; both "
            "must be (n, 2), over the same texts in the same order."
        )
    return np.asarray(np.isfinite(positions).all(axis=1) & np.isfinite(reference).all(axis=1))
