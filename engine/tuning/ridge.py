"""Ridge regression with its penalty chosen by leaving one text out at a time."""

from __future__ import annotations

import numpy as np

from engine.errors import BadInput
from engine.types import Doubles

PENALTIES = tuple(float(each) for each in np.geomspace(1e-3, 1e2, 11))


def fit_ridge(columns: Doubles, targets: Doubles) -> Doubles:
    """(d, t) the map that takes columns to centred targets with the least left-out error.

    Args:
        columns: (m, d) features of the texts whose targets are known.
        targets: (m, t) what they should become.

    Raises:
        BadInput: fewer than three texts, or lengths differ.

    Reference: Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, eq. 7.52.
    """
    if len(columns) < 3 or len(columns) != len(targets):
        raise BadInput(
            f"{len(columns)} texts with {len(targets)} targets; a map needs 3 of both at least."
        )
    x, y = columns - columns.mean(axis=0), targets - targets.mean(axis=0)
    left, values, rows = np.linalg.svd(x, full_matrices=False)
    seen = left.T @ y
    errors = [_left_out_error(left, values, seen, y, penalty) for penalty in PENALTIES]
    best = PENALTIES[int(np.argmin(errors))]
    gains = values / (values**2 + best)
    return np.asarray(rows.T @ (gains[:, None] * seen))


def _left_out_error(
    left: Doubles, values: Doubles, seen: Doubles, targets: Doubles, penalty: float
) -> float:
    shrunk = values**2 / (values**2 + penalty)
    fitted = left @ (shrunk[:, None] * seen)
    leverage = np.square(left) @ shrunk + 1 / len(left)
    offsets = (targets - fitted) / np.maximum(1 - leverage, 1e-6)[:, None]
    return float(np.square(offsets).mean())
