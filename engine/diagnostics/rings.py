"""Questions that can show a circle: one text's candidates, compared two by two."""

from __future__ import annotations

import itertools

import numpy as np

from engine.errors import BadInput
from engine.types import Rows

WIDTH = 6


def ring_triplets(n_texts: int, n_rings: int, *, width: int = WIDTH, seed: int = 0) -> Rows:
    """(q, 3) rows of anchor, left and right: all pairs of `width` candidates of each anchor.

    Triplets drawn at random hardly ever compare three candidates of one text with each other, and
    without that no circle can be seen. A ring takes width · (width − 1) / 2 triplets and holds
    width · (width − 1) · (width − 2) / 6 triads.

    Args:
        n_texts: of the corpus.
        n_rings: anchors, each another text.
        width: candidates of each, drawn at random; at least 3.
        seed: the same seed draws the same ones; more rings keep the first.

    Raises:
        BadInput: the corpus is too small, or a number is out of range.

    Example:
        >>> ring_triplets(10, 2, width=3).shape
        (6, 3)
    """
    if width < 3 or n_rings < 1:
        raise BadInput(f"{n_rings} rings of {width} candidates; at least 1 ring of 3.")
    if n_texts <= width or n_texts < n_rings:
        raise BadInput(
            f"{n_rings} rings of {width} candidates take more texts than the corpus's {n_texts}."
        )
    anchors = np.random.default_rng(seed).permutation(n_texts)[:n_rings].tolist()
    asked = []
    for anchor in anchors:
        rng = np.random.default_rng([seed, anchor])
        others = rng.choice(n_texts - 1, size=width, replace=False)
        candidates = (others + (others >= anchor)).tolist()
        asked += [(anchor, *pair) for pair in itertools.combinations(candidates, 2)]
    return np.array(asked, dtype=np.int64)


def n_in_ring(width: int) -> int:
    """How many triplets a ring of so many candidates takes."""
    return width * (width - 1) // 2


def ring_width(n_triplets: int, n_texts: int) -> int:
    """The most candidates, up to 6, of a ring that so many triplets and texts have room for.

    Raises:
        BadInput: there is no room for three candidates.

    Example:
        >>> ring_width(100, 100), ring_width(11, 100), ring_width(100, 4)
        (6, 5, 3)
    """
    if n_triplets < n_in_ring(3) or n_texts < 4:
        raise BadInput(
            f"{n_triplets} triplets on {n_texts} texts have no room for a ring: it takes at least "
            "3 triplets, on 4 texts."
        )
    return max(
        width for width in range(3, WIDTH + 1) if n_in_ring(width) <= n_triplets and width < n_texts
    )
