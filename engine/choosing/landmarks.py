"""Texts that stand for a large corpus: N texts are then compared with L landmarks, not with N."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.errors import BadInput
from engine.types import Floats, Rows


def landmarks(vectors: Floats, n: int, *, seed: int, among: Rows | None = None) -> Rows:
    """(n,) rows, each the text farthest from all before it, so that none is far from all.

    The first is drawn at random. The largest distance to the nearest landmark is at most twice the
    least possible. Time N · n · d, memory N.

    Args:
        vectors: (n_texts, d) any embedding.
        n: how many; all where there are no more, and never two at the same place.
        seed: of the first.
        among: rows that may become landmarks; all when None.

    Raises:
        BadInput: n < 1, or there is no text.

    Reference: Gonzalez 1985, Theor. Comput. Sci. 38, 293–306 (k-centre, farthest first).

    Example:
        >>> line = np.array([[0.0], [1.0], [10.0]], dtype=np.float32)
        >>> sorted(landmarks(line, 2, seed=0).tolist())[-1]
        2
    """
    rows = np.arange(len(vectors), dtype=np.int64) if among is None else among
    if n < 1 or not len(rows):
        raise BadInput(f"{n} landmarks among {len(rows)} texts; at least 1 of at least 1.")
    places = np.asarray(vectors, dtype=np.float32)[rows]
    found = [int(np.random.default_rng(seed).integers(len(rows)))]
    nearest = np.full(len(rows), np.inf, dtype=np.float32)
    while len(found) < n:
        nearest = np.minimum(nearest, ((places - places[found[-1]]) ** 2).sum(axis=1))
        farthest = int(nearest.argmax())
        if nearest[farthest] <= 0:
            break
        found.append(farthest)
    return rows[found]


def landmark_pairs(n_texts: int, chosen: Rows) -> Iterator[tuple[int, int]]:
    """Each text with each landmark, landmarks with each other once: N · L pairs, not N².

    Args:
        n_texts: corpus size.
        chosen: the landmarks.
    """
    place = {row: i for i, row in enumerate(chosen.tolist())}
    for text in range(n_texts):
        for landmark, i in place.items():
            if text != landmark and place.get(text, len(place)) > i:
                yield text, landmark


def spread_over(regions: Rows, n: int, *, seed: int) -> Rows:
    """(n,) distinct rows, as equally from every region as the regions' sizes allow.

    Args:
        regions: (n_texts,) codes; -1 = in none, never drawn.
        n: how many; all where there are no more.
        seed: the same seed draws the same.

    Example:
        >>> rows = spread_over(np.array([0, 0, 0, 0, 1]), 2, seed=0)
        >>> 4 in rows.tolist()
        True
    """
    order = np.random.default_rng(seed).permutation(len(regions))
    order = order[regions[order] >= 0]
    by_region = order[np.argsort(regions[order], kind="stable")]
    starts = np.searchsorted(regions[by_region], regions[by_region], side="left")
    turn = np.arange(len(by_region)) - starts
    # Every region's first, then every region's second: within a turn in random order.
    mixed = np.random.default_rng([seed, 1]).permutation(len(by_region))
    return by_region[mixed[np.argsort(turn[mixed], kind="stable")]][:n].astype(np.int64)
