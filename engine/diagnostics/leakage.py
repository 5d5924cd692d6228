"""Does the similarity for one attribute follow another attribute, over and above the one asked?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.diagnostics.estimate import Estimate, anchor_counts, percentile_estimate
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput
from engine.types import Bools, Doubles, Floats

N_DRAWS = 1000


class Leakage(NamedTuple):
    """Correlations over pairs, each in [−1, 1]; `n` counts anchors.

    leaked: of the similarity with "same b", given "same a": 0 = nothing leaks.
    wanted: of the similarity with "same a", given "same b", to set it against.
    """

    leaked: Estimate
    wanted: Estimate


def attribute_leakage(
    similarities: Floats | Doubles,
    truth: PairTruth,
    other_codes: npt.ArrayLike,
    *,
    seed: int = 0,
) -> Leakage:
    """Partial correlation of the similarity for a with same-b, given same-a.

    "Given" is exact: same-a has two values, so its mean is taken out of both within each value.
    Pairs count by the truth's weights; texts without a label b are left out.

    Args:
        similarities: (m,) of the truth's pairs; NaN = not scored.
        truth: the pairs, same in a or not.
        other_codes: (n_texts,) whole-number labels b; -1 = missing.
        seed: of the bootstrap over anchors.

    Raises:
        BadInput: there is not one similarity a pair.
    """
    values, known = truth.scored(similarities)
    codes = np.asarray(other_codes, dtype=np.int64)
    labelled = (codes[known.left] >= 0) & (codes[known.right] >= 0)
    values, known = values[labelled], known.where(labelled)
    if not len(values):
        return Leakage(Estimate.undefined(), Estimate.undefined())
    same_b = codes[known.left] == codes[known.right]
    leaked = partial_correlation(values, same_b, known.same, known, seed=seed)
    wanted = partial_correlation(values, known.same, same_b, known, seed=seed)
    return Leakage(leaked, wanted)


def partial_correlation(
    values: Doubles, of: Bools, given: Bools, truth: PairTruth, *, seed: int = 0
) -> Estimate:
    """Weighted correlation of values with a yes-or-no, given another; resampled over anchors.

    Args:
        values: (m,) numbers.
        of: (m,) what they may go along with.
        given: (m,) what is held fixed.
        truth: supplies the anchors (left) and the weights.
        seed: of the bootstrap.

    Returns:
        NaN where, within each value of `given`, either of the two does not vary.

    Raises:
        BadInput: lengths differ.
    """
    if not len(values) == len(of) == len(given) == truth.n_pairs:
        raise BadInput("Values, of, given and truth have different lengths; give one of each.")
    rows, anchor = np.unique(truth.left, return_inverse=True)
    centred = values - np.average(values, weights=truth.weights)
    y, weight = of.astype(np.float64), truth.weights
    moments = np.stack([weight * x for x in (1, centred, y, centred**2, y, centred * y)])
    cell = anchor * 2 + given
    sums = np.stack([np.bincount(cell, weights=row, minlength=2 * len(rows)) for row in moments])
    by_anchor = sums.reshape(6, len(rows), 2)
    counts = anchor_counts(len(rows), n_draws=N_DRAWS, rng=np.random.default_rng(seed))
    draws = _correlation(np.einsum("da,fag->fdg", counts, by_anchor))
    value = float(_correlation(by_anchor.sum(axis=1)[:, None, :])[0])
    return percentile_estimate(value, draws, n=len(rows))


def _correlation(sums: Doubles) -> Doubles:
    """(draws,) from (6, draws, 2) sums of w, wx, wy, wxx, wyy, wxy in the two values of `given`."""
    n, x, y, xx, yy, xy = sums
    safe = np.where(n > 0, n, 1)
    within_xx = (xx - x * x / safe).sum(axis=-1)
    within_yy = (yy - y * y / safe).sum(axis=-1)
    within_xy = (xy - x * y / safe).sum(axis=-1)
    product = within_xx * within_yy
    # Rounding leaves a sliver of variance where there is none.
    varies = product > 1e-18 * np.maximum((xx.sum(axis=-1) * yy.sum(axis=-1)), 1e-300)
    return np.where(varies, within_xy / np.sqrt(np.where(varies, product, 1)), np.nan)
