"""Is a as like b as b is like a?"""

from __future__ import annotations

import numpy as np

from engine.diagnostics.estimate import Estimate, bootstrap_mean
from engine.errors import BadInput
from engine.types import Rows, Similarity


def asymmetry(similarity: Similarity, left: Rows, right: Rows, *, seed: int = 0) -> Estimate:
    """Mean |s(a, b) − s(b, a)| over pairs, in standard deviations of all those similarities.

    Args:
        similarity: any; pairs that it did not score both ways are left out.
        left: (m,) rows.
        right: (m,) rows.
        seed: of the bootstrap over pairs.

    Returns:
        0 for a symmetric similarity; `n` counts pairs. Undefined when nothing varies.

    Raises:
        BadInput: lengths differ.
    """
    if left.shape != right.shape:
        raise BadInput(f"{left.shape} left rows and {right.shape} right rows; give as many.")
    there = similarity.pairs(left, right).astype(np.float64)
    back = similarity.pairs(right, left).astype(np.float64)
    known = ~(np.isnan(there) | np.isnan(back))
    there, back = there[known], back[known]
    spread = float(np.concatenate([there, back]).std()) if len(there) else 0.0
    if spread == 0:
        return Estimate.undefined()
    return bootstrap_mean(np.abs(there - back) / spread, seed=seed)
