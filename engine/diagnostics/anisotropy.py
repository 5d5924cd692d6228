"""Do all vectors point the same way? Mean cosine of random pairs, and the top component's share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.diagnostics.estimate import Estimate, bootstrap_mean
from engine.errors import BadInput
from engine.types import Floats

N_PAIRS = 5000
N_TEXTS = 5000


class Anisotropy(NamedTuple):
    """How unevenly vectors fill their space.

    mean_cosine: of random pairs; 0 when directions are spread evenly. `n` counts texts.
    top_share: share of the variance around the mean that one direction holds, in [0, 1].
    """

    mean_cosine: Estimate
    top_share: float


def anisotropy(vectors: Floats, *, seed: int = 0) -> Anisotropy:
    """Mean cosine of random pairs of texts, and the first principal component's share.

    Each sampled text is paired with one other; at most 5,000 texts are looked at.

    Args:
        vectors: (n, d) finite; a row of zeros has cosine 0 with all.
        seed: of the sample and of the bootstrap over texts.

    Raises:
        BadInput: fewer than two vectors, or a value is not finite.

    Reference: Ethayarajh 2019, arXiv:1909.00512; Mu & Viswanath 2018, arXiv:1702.01417.

    Example:
        >>> found = anisotropy(np.array([[1.0, 0.0], [1.0, 0.0]], dtype=np.float32))
        >>> found.mean_cosine.value
        1.0
    """
    n_texts = len(vectors)
    if vectors.ndim != 2 or n_texts < 2:
        raise BadInput(f"Vectors of shape {vectors.shape}; give (n, d) with at least two rows.")
    rng = np.random.default_rng(seed)
    left = rng.permutation(n_texts)[:N_TEXTS]
    right = (left + rng.integers(1, n_texts, size=len(left))) % n_texts
    sampled = np.asarray(vectors[left], dtype=np.float64)
    others = np.asarray(vectors[right], dtype=np.float64)
    if not np.isfinite(sampled).all() or not np.isfinite(others).all():
        raise BadInput("A vector holds NaN or infinity; leave such texts out.")
    lengths = np.linalg.norm(sampled, axis=1) * np.linalg.norm(others, axis=1)
    cosines = (sampled * others).sum(axis=1) / np.where(lengths > 0, lengths, 1)
    centred = sampled - sampled.mean(axis=0)
    spread = np.linalg.eigvalsh(centred.T @ centred)
    total = float(spread.sum())
    share = float(spread[-1]) / total if total > 0 else float("nan")
    return Anisotropy(bootstrap_mean(cosines, seed=seed), share)
