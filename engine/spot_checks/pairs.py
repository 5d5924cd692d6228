"""Unordered pairs of rows: drawn at random, scored, and ranked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.errors import BadInput
from engine.types import Doubles, Rows, Similarity

# Up to here all pairs are listed and shuffled; above, they are drawn until there are enough.
MAX_LISTED_PAIRS = 100_000
BLOCK = 4096
N_PAID_REFERENCE = 100
MIN_SHARE_SCORED = 0.9


class Pairs(NamedTuple):
    """Distinct unordered pairs of rows; left < right in each.

    left: (m,) rows.
    right: (m,) rows.
    """

    left: Rows
    right: Rows


def random_pairs(n_texts: int, *, n: int, seed: int) -> Pairs:
    """Distinct pairs of texts, each as likely as any other.

    Args:
        n_texts: corpus size.
        n: how many; all pairs where the corpus has no more.
        seed: the same seed gives the same pairs, and a smaller n the first of them.

    Raises:
        BadInput: the corpus has no pair.

    Example:
        >>> left, right = random_pairs(3, n=10, seed=0)
        >>> sorted(zip(left.tolist(), right.tolist()))
        [(0, 1), (0, 2), (1, 2)]
    """
    if n_texts < 2:
        raise BadInput(f"{n_texts} texts make no pair. Load a corpus of at least 2.")
    rng = np.random.default_rng(seed)
    n_pairs = n_texts * (n_texts - 1) // 2
    if n_pairs <= MAX_LISTED_PAIRS:
        left, right = np.triu_indices(n_texts, k=1)
        order = rng.permutation(n_pairs)[:n]
        return Pairs(left[order].astype(np.int64), right[order].astype(np.int64))
    codes = np.empty(0, dtype=np.int64)
    while len(codes) < min(n, n_pairs):
        drawn = rng.integers(0, n_texts, size=(BLOCK, 2))
        drawn = drawn[drawn[:, 0] != drawn[:, 1]]
        codes = _first_of_each(np.concatenate([codes, encode(drawn[:, 0], drawn[:, 1], n_texts)]))
    return decode(codes[:n], n_texts)


def encode(left: Rows, right: Rows, n_texts: int) -> Rows:
    """(m,) a number for each unordered pair."""
    return np.minimum(left, right) * n_texts + np.maximum(left, right)


def decode(codes: Rows, n_texts: int) -> Pairs:
    """The pairs that encode made these numbers of."""
    return Pairs(codes // n_texts, codes % n_texts)


def _first_of_each(codes: Rows) -> Rows:
    return codes[np.sort(np.unique(codes, return_index=True)[1])]


def both_ways(similarity: Similarity, left: Rows, right: Rows) -> Doubles:
    """(m,) similarities of unordered pairs: the mean of the directions that are scored.

    A person who is shown two texts sees no anchor, so a similarity that depends on which of them
    is the anchor is asked for both. NaN where neither direction is scored.
    """
    ways = np.stack([similarity.pairs(left, right), similarity.pairs(right, left)])
    scored = ~np.isnan(ways)
    n_scored = scored.sum(axis=0)
    total = np.where(scored, ways, 0).sum(axis=0, dtype=np.float64)
    means: Doubles = np.full(total.shape, np.nan)
    np.divide(total, n_scored, out=means, where=n_scored > 0)
    return means


def percentiles(values: Doubles, reference: Doubles) -> Doubles:
    """Share of the reference that lies below each value, ties half, in [0, 1].

    Args:
        values: (m,) similarities; NaN stays NaN.
        reference: (r,) the same method's similarities on random pairs; NaN = not scored. Nine in
            ten must be scored, of all or of the first 100: the few random pairs on a method's
            shortlists are all alike, and would make a scale on which nothing is.

    Returns:
        (m,) percentiles; all NaN where the reference is not scored.

    Example:
        >>> percentiles(np.array([2.0, 9.0]), np.array([1.0, 2.0, 3.0, 4.0])).tolist()
        [0.375, 1.0]
    """
    known = _scored_reference(reference)
    if len(known) == 0:
        return np.full(len(values), np.nan)
    below = np.searchsorted(known, values, side="left")
    up_to = np.searchsorted(known, values, side="right")
    shares: Doubles = np.where(np.isnan(values), np.nan, (below + up_to) / (2 * len(known)))
    return shares


def _scored_reference(reference: Doubles) -> Doubles:
    for part in (reference, reference[:N_PAID_REFERENCE]):
        known = part[~np.isnan(part)]
        if len(known) >= MIN_SHARE_SCORED * len(part):
            return np.sort(known)
    return reference[:0]
