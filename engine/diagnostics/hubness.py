"""Hubness: some texts are everybody's neighbour, others nobody's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.errors import BadInput
from engine.types import Rows


def k_occurrence(neighbour_rows: npt.ArrayLike, n_texts: int) -> Rows:
    """How many lists each text is in: N_k.

    Use the lists of all texts: from a sample of q anchors the counts shrink with q, and more
    texts look like nobody's neighbour.

    Args:
        neighbour_rows: (q, k) neighbour lists; -1 pads a short one and is not counted.
        n_texts: texts in the corpus.

    Returns:
        (n_texts,) counts.

    Raises:
        BadInput: a row lies outside the corpus.

    Reference: Radovanović, Nanopoulos & Ivanović 2010, JMLR 11, 2487–2531.

    Example:
        >>> k_occurrence([[1], [0], [0]], 3).tolist()
        [2, 1, 0]
    """
    rows = np.asarray(neighbour_rows, dtype=np.int64).ravel()
    if len(rows) and (rows.min() < -1 or rows.max() >= n_texts):
        raise BadInput(
            f"Neighbour rows run from {rows.min()} to {rows.max()}; the corpus has rows 0 to "
            f"{n_texts - 1}, and -1 pads."
        )
    return np.bincount(rows[rows >= 0], minlength=n_texts).astype(np.int64)


def hubness_skew(occurrence: npt.ArrayLike) -> float:
    """Skewness of the k-occurrence; 0 is even, above about 1 there are strong hubs.

    Args:
        occurrence: (n_texts,) from `k_occurrence`.

    Returns:
        E[(N − μ)³] / σ³; NaN when every text occurs equally often (σ = 0).

    Raises:
        BadInput: there are no counts.

    Reference: Radovanović et al. 2010, JMLR 11, 2487–2531.
    """
    deviation = _counts(occurrence) - _counts(occurrence).mean()
    variance = float((deviation**2).mean())
    if variance == 0:
        return float("nan")
    return float((deviation**3).mean() / variance**1.5)


def antihub_share(occurrence: npt.ArrayLike) -> float:
    """Share of texts that are in nobody's list, in [0, 1].

    Args:
        occurrence: (n_texts,) from `k_occurrence`.

    Raises:
        BadInput: there are no counts.

    Example:
        >>> antihub_share([2, 0, 1, 1])
        0.25
    """
    return float((_counts(occurrence) == 0).mean())


def robin_hood_index(occurrence: npt.ArrayLike) -> float:
    """Share of all places in lists that would have to change hands for all texts to occur equally.

    Args:
        occurrence: (n_texts,) from `k_occurrence`.

    Returns:
        ½ Σ|N − μ| / ΣN, in [0, 1); NaN when all lists are empty.

    Raises:
        BadInput: there are no counts.

    Reference: Hoover 1936; for hubness Feldbauer et al. 2018, IEEE ICBK, Fast approximate hubness
        reduction for large high-dimensional data.

    Example:
        >>> robin_hood_index([4, 0, 0, 0])
        0.75
    """
    counts = _counts(occurrence)
    total = float(counts.sum())
    if total == 0:
        return float("nan")
    return 0.5 * float(np.abs(counts - counts.mean()).sum()) / total


def _counts(occurrence: npt.ArrayLike) -> npt.NDArray[np.float64]:
    counts = np.asarray(occurrence, dtype=np.float64)
    if counts.ndim != 1 or not len(counts):
        raise BadInput(f"Counts of shape {counts.shape}; give one count per text, at least one.")
    return counts
