"""Triplets near the borders of clusters: an anchor, and a text of each of its two nearest clusters.

As ClusterLLM chooses them: where an embedding does not know to which cluster a text belongs, a
judge's word tells most. What is asked is the border of THIS embedding: where its clusters are not
those of the attribute, both sides are as unlike the anchor as any, and most verdicts are ties.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from engine.choosing.drawing import Chosen, Why, check_random
from engine.errors import BadInput
from engine.types import Doubles, Floats, Rows

BAND = (0.0, 0.2)
SHARE_CLOSEST = 0.02
N_FULL_KMEANS = 20_000


class SoftClusters(NamedTuple):
    """Clusters of an embedding, and how undecided each text is.

    codes: (n,) the nearest cluster. second: (n,) the next.
    entropy: (n,) of the soft assignment to the closest clusters, in nats.
    """

    codes: Rows
    second: Rows
    entropy: Doubles


def soft_clusters(vectors: Floats, n_clusters: int, *, seed: int) -> SoftClusters:
    """K-means clusters with Student-t assignments, and the entropy over the closest of them.

    The closest are 2% of the clusters, at least 2. Memory is linear in texts and in clusters.

    Args:
        vectors: (n, d).
        n_clusters: from 2 to n.
        seed: of k-means.

    Raises:
        BadInput: n_clusters is out of range.

    Reference: Zhang, Wang & Shang 2023, ClusterLLM, arXiv:2305.14871, eq. 1–2; Xie, Girshick &
    Farhadi 2016, arXiv:1511.06335 (the assignment).
    """
    if not 2 <= n_clusters <= len(vectors):
        raise BadInput(f"{n_clusters} clusters of {len(vectors)} texts; from 2 to the texts.")
    from sklearn.cluster import KMeans, MiniBatchKMeans

    maker = KMeans if len(vectors) <= N_FULL_KMEANS else MiniBatchKMeans
    fitted = maker(n_clusters, n_init=4, random_state=seed).fit(vectors)
    squares = fitted.transform(vectors).astype(np.float64) ** 2
    n_closest = max(2, math.ceil(SHARE_CLOSEST * n_clusters))
    closest = np.argpartition(squares, n_closest - 1, axis=1)[:, :n_closest]
    near = np.take_along_axis(squares, closest, axis=1)
    order = np.argsort(near, axis=1, kind="stable")
    closest, near = (np.take_along_axis(part, order, axis=1) for part in (closest, near))
    weights = 1 / (1 + near)
    shares = weights / weights.sum(axis=1, keepdims=True)
    entropy = -(shares * np.log(shares)).sum(axis=1)
    return SoftClusters(closest[:, 0].astype(np.int64), closest[:, 1].astype(np.int64), entropy)


def border_triplets(
    clusters: SoftClusters,
    *,
    n: int,
    seed: int,
    share_random: float = 0.2,
    band: tuple[float, float] = BAND,
) -> list[Chosen]:
    """Triplets at cluster borders, and random ones; sides in random order, none twice.

    Args:
        clusters: of any embedding; a tuned one is better than a raw one.
        n: how many at most; repeats are dropped.
        seed: the same seed chooses the same.
        share_random: of all triplets, from 0.05.
        band: which anchors, by the rank of their entropy from the highest: from and to a share.

    Returns:
        Triplets with the expected number of times each would be drawn as their probability.

    Raises:
        BadInput: fewer than 3 texts, n < 1, or a share out of range.
    """
    check_random(share_random)
    n_texts = len(clusters.codes)
    if n < 1 or n_texts < 3 or not 0 <= band[0] < band[1] <= 1:
        raise BadInput(f"{n} triplets of {n_texts} texts in the band {band} can't be chosen.")
    rng = np.random.default_rng(seed)
    border = _Border.of(clusters, band)
    n_random = max(1, round(n * share_random))
    n_border = n - n_random if len(border.anchors) else 0
    triplets = [(border.draw(rng), Why.BORDER) for _ in range(n_border)]
    n_random = n - n_border
    triplets += [(_random(n_texts, rng), Why.RANDOM) for _ in range(n_random)]
    alike = n_random / (n_texts * math.comb(n_texts - 1, 2))
    found: dict[tuple[int, int, int], Chosen] = {}
    for i in rng.permutation(len(triplets)).tolist():
        (anchor, left, right), why = triplets[i]
        probability = min(1.0, alike + n_border * border.chance(anchor, left, right))
        key = (anchor, min(left, right), max(left, right))
        sides = (left, right) if rng.random() < 0.5 else (right, left)
        found.setdefault(key, Chosen((anchor, *sides), why, probability))
    return list(found.values())


def _random(n_texts: int, rng: np.random.Generator) -> tuple[int, int, int]:
    anchor, left, right = (int(row) for row in rng.choice(n_texts, 3, replace=False))
    return anchor, left, right


class _Border(NamedTuple):
    anchors: Rows
    clusters: SoftClusters
    members: list[Rows]

    @classmethod
    def of(cls, clusters: SoftClusters, band: tuple[float, float]) -> _Border:
        n_texts = len(clusters.codes)
        n_codes = int(max(clusters.codes.max(), clusters.second.max())) + 1
        members = [np.flatnonzero(clusters.codes == code) for code in range(n_codes)]
        ranked = np.argsort(-clusters.entropy, kind="stable")
        inside = ranked[round(band[0] * n_texts) : max(1, round(band[1] * n_texts))]
        sizes = np.array([len(rows) for rows in members])
        usable = (sizes[clusters.codes[inside]] > 1) & (sizes[clusters.second[inside]] > 0)
        return cls(inside[usable], clusters, members)

    def draw(self, rng: np.random.Generator) -> tuple[int, int, int]:
        anchor = int(rng.choice(self.anchors))
        own, other = self._sides(anchor)
        return anchor, int(rng.choice(own)), int(rng.choice(other))

    def chance(self, anchor: int, left: int, right: int) -> float:
        """Of this triplet in one draw, its sides either way."""
        if anchor not in self.anchors:
            return 0.0
        codes = {int(self.clusters.codes[left]), int(self.clusters.codes[right])}
        if codes != {int(self.clusters.codes[anchor]), int(self.clusters.second[anchor])}:
            return 0.0
        own, other = self._sides(anchor)
        return 1 / (len(self.anchors) * len(own) * len(other))

    def _sides(self, anchor: int) -> tuple[Rows, Rows]:
        own = self.members[int(self.clusters.codes[anchor])]
        return own[own != anchor], self.members[int(self.clusters.second[anchor])]
