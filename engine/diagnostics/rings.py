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
