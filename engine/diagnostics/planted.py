"""Faults planted on purpose, one at a time, to see that the right measure finds each of them.

A planted similarity holds all pairs of a small corpus. It starts perfect but for a little noise;
each function returns a copy with one fault, made as large as it says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.diagnostics.drift import BatchScores
from engine.diagnostics.truth import Groups, PairTruth
from engine.errors import BadInput
from engine.similarity import nearest
from engine.types import Doubles, Floats, Neighbours, Rows, Scale

MAX_TEXTS = 5000
SAME, DIFFERENT = 0.7, 0.3
NOISE = 0.12


@dataclass(frozen=True, slots=True, eq=False)
class PlantedSimilarity:
    """Row i, column j is how alike anchor i finds j.

    Args:
        matrix: (n, n) float32.
        scale: what the numbers are called.
    """

    matrix: Floats
    scale: Scale = Scale.COSINE

    @property
    def n_texts(self) -> int:
        """How many rows the corpus has."""
        return len(self.matrix)

    def pairs(self, left: Rows, right: Rows) -> Floats:
        """(m,) entries of the matrix."""
        return np.asarray(self.matrix[left, right], dtype=np.float32)

    def rectangle(self, anchors: Rows, candidates: Rows) -> Floats:
        """(a, c) part of the matrix."""
        return np.asarray(self.matrix[np.ix_(anchors, candidates)], dtype=np.float32)

    def neighbours(self, rows: Rows, k: int) -> Neighbours:
        """The k largest entries of each row."""
        return nearest(lambda part: self.matrix[part], rows, k, self.n_texts)

    def plus(self, addition: npt.NDArray[np.floating]) -> PlantedSimilarity:
        """With something added to every entry."""
        return replace(self, matrix=(self.matrix + addition).astype(np.float32))


def perfect(codes: npt.ArrayLike, *, noise: float = NOISE, seed: int = 0) -> PlantedSimilarity:
    """0.7 for pairs of the same label, 0.3 for others, and a little symmetric noise.

    Args:
        codes: (n,) whole-number labels.
        noise: standard deviation of the noise.
        seed: of the noise.

    Raises:
        BadInput: more than 5,000 texts.
    """
    labels = np.asarray(codes, dtype=np.int64)
    n_texts = len(labels)
    if n_texts > MAX_TEXTS:
        raise BadInput(f"{n_texts} texts; a planted similarity holds all pairs of ≤ {MAX_TEXTS}.")
    drawn = np.random.default_rng(seed).normal(size=(n_texts, n_texts)) * (noise / np.sqrt(2))
    matrix = np.where(labels[:, None] == labels, SAME, DIFFERENT) + drawn + drawn.T
    return PlantedSimilarity(matrix.astype(np.float32))


def with_anchor_scales(
    planted: PlantedSimilarity, *, scale: float = 0.3, offset: float = 0.2, seed: int = 1
) -> PlantedSimilarity:
    """Each anchor's similarities stretched by a gain of its own and shifted: order stays.

    Args:
        planted: what it is planted in.
        scale: standard deviation of the logarithm of the gain.
        offset: standard deviation of the shift.
        seed: of both.
    """
    rng = np.random.default_rng(seed)
    gain = np.exp(scale * rng.normal(size=(planted.n_texts, 1)))
    shift = offset * rng.normal(size=(planted.n_texts, 1))
    return replace(planted, matrix=(planted.matrix * gain + shift).astype(np.float32))


def with_hubs(
    planted: PlantedSimilarity, *, share: float = 0.04, boost: float = 0.35, seed: int = 1
) -> PlantedSimilarity:
    """A few candidates more like every anchor than they should be."""
    addition = np.zeros(planted.n_texts)
    n_hubs = max(1, round(share * planted.n_texts))
    hubs = np.random.default_rng(seed).permutation(planted.n_texts)[:n_hubs]
    addition[hubs] = boost
    return planted.plus(addition[None, :])


def shards_of(n_texts: int, n_shards: int = 5, *, seed: int = 1) -> Groups:
    """Texts dealt out to shards at random, as map-reduced judging does."""
    codes = np.random.default_rng(seed).permutation(n_texts) % n_shards
    names = tuple(f"shard {number}" for number in range(n_shards))
    return Groups(codes.astype(np.int64), names, "shards")


def with_shard_offsets(
    planted: PlantedSimilarity, shards: Groups, offsets: Doubles
) -> PlantedSimilarity:
    """Each anchor's similarities shifted by its shard's offset.

    Args:
        planted: what it is planted in.
        shards: which shard judged each anchor.
        offsets: (shards,) shift of each.
    """
    return planted.plus(offsets[shards.codes][:, None])


def shared_items(
    planted: PlantedSimilarity,
    shards: Groups,
    offsets: Doubles,
    *,
    n_items: int = 40,
    noise: float = 0.03,
    seed: int = 1,
) -> BatchScores:
    """Some pairs scored in every shard: each shard's offset, and a little noise of its own.

    Args:
        planted: without the offsets.
        shards: names the batches.
        offsets: (shards,) shift of each.
        n_items: pairs shared.
        noise: standard deviation of a repeated score.
        seed: of the pairs and the noise.
    """
    rng = np.random.default_rng(seed)
    left = rng.integers(0, planted.n_texts, n_items)
    right = (left + rng.integers(1, planted.n_texts, n_items)) % planted.n_texts
    score = planted.pairs(left, right)
    items, batches, scores = [], [], []
    for name, offset in zip(shards.names, offsets.tolist(), strict=True):
        items += [f"pair {number}" for number in range(n_items)]
        batches += [name] * n_items
        scores.append(score + offset + noise * rng.normal(size=n_items))
    return BatchScores(tuple(items), tuple(batches), np.concatenate(scores).astype(np.float64))


def with_leak(
    planted: PlantedSimilarity, other_codes: npt.ArrayLike, *, strength: float = 0.15
) -> PlantedSimilarity:
    """Pairs that share another attribute's label more alike than they should be."""
    other = np.asarray(other_codes, dtype=np.int64)
    return planted.plus(strength * (other[:, None] == other))


def with_flipped_verdicts(truth: PairTruth, *, share: float = 0.15, seed: int = 1) -> PairTruth:
    """The same pairs judged the wrong way round here and there; order of the texts is ignored."""
    rng = np.random.default_rng(seed)
    low, high = np.minimum(truth.left, truth.right), np.maximum(truth.left, truth.right)
    _, pair = np.unique(np.stack([low, high]), axis=1, return_inverse=True)
    flipped = (rng.random(int(pair.max()) + 1) < share)[pair]
    return replace(truth, same=truth.same ^ flipped, source=f"{truth.source}, {share:.0%} wrong")
