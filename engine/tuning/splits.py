"""Training, calibration and test triplets that share no text that could leak.

Parts are made of TEXTS, by a hash of their words: two rows with the same text are in the same part,
whatever the corpus around them. A triplet belongs to the part of its anchor. One of training or
calibration that holds a test text in any role is dropped: nothing is learnt of a test text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import BadInput
from engine.tuning.triplets import Triplets, deduplicated
from engine.types import Rows, content_key

PARTS = ("training", "calibration", "test")
SHARES = (0.6, 0.2, 0.2)
FOLD_SEED = 1_000_003


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """The three parts of some triplets.

    n_dropped: triplets of training or calibration that held a test text.
    """

    training: Triplets
    calibration: Triplets
    test: Triplets
    n_dropped: int


def shares_of(texts: Sequence[str], seed: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(n,) a number in [0, 1) for each text, by its words and the seed alone.

    Example:
        >>> a, b = shares_of(["x", "x"], 0)
        >>> bool(a == b)
        True
    """
    known = {text: int(content_key(str(seed), text)[:12], 16) / 16**12 for text in set(texts)}
    return np.array([known[text] for text in texts], dtype=np.float64)


def held_out_rows(texts: Sequence[str], share: float, seed: int) -> Rows:
    """(h,) rows whose texts are never to be learnt from, about that share of them.

    Raises:
        BadInput: the share is not in [0, 1).
    """
    if not 0 <= share < 1:
        raise BadInput(f"The share held out is {share}; it must be from 0 to below 1, such as 0.2.")
    return np.flatnonzero(shares_of(texts, seed) >= 1 - share).astype(np.int64)


def development_rows(texts: Sequence[str], n: int, held_out: float, seed: int) -> Rows:
    """(≤ n,) rows of texts that may be learnt from, drawn by a hash of their words.

    Args:
        texts: of a corpus, in canonical order.
        n: how many.
        held_out: share of the texts that are never drawn.
        seed: another seed draws others.
    """
    usable = np.setdiff1d(np.arange(len(texts)), held_out_rows(texts, held_out, seed))
    order = np.argsort(shares_of(texts, seed + 1)[usable], kind="stable")
    return np.sort(usable[order][:n]).astype(np.int64)


def split(
    triplets: Triplets,
    texts: Sequence[str],
    *,
    seed: int,
    shares: tuple[float, float, float] = SHARES,
) -> Split:
    """Training, calibration and test by anchor text, deduplicated.

    Args:
        triplets: all of them.
        texts: the corpus's texts.
        seed: another seed puts other texts in each part.
        shares: of the texts in each part, in this order; they sum to 1.

    Raises:
        BadInput: shares are negative or don't sum to 1.
    """
    if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise BadInput(f"The shares are {shares}; three that sum to 1, such as {SHARES}.")
    once = deduplicated(triplets, texts)
    part = np.searchsorted(np.cumsum(shares)[:-1], shares_of(texts, seed), side="right")
    anchors, test = part[once.anchor], PARTS.index("test")
    leaks = (anchors < test) & ((part[once.positive] == test) | (part[once.negative] == test))
    training, calibration, tested = (once.where((anchors == place) & ~leaks) for place in range(3))
    return Split(training, calibration, tested, n_dropped=int(leaks.sum()))


def fold(triplets: Triplets, texts: Sequence[str], *, seed: int, share: float) -> Split:
    """Training and calibration alone: what a method tunes itself on, with no test."""
    # Not the seed of what is held out: by the same numbers, no text would be left to calibrate on.
    return split(triplets, texts, seed=seed + FOLD_SEED, shares=(1 - share, share, 0.0))
