"""Clusters of the neighbour graph, to colour a map by: found in the graph, not in the picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from engine.errors import BadInput
from engine.maps.graph import Graph, degrees, neighbour_graph
from engine.types import Doubles, Neighbours, Rows, Scale


def clusters(
    neighbours: Neighbours, *, scale: Scale, n_clusters: int | None = None, seed: int = 0
) -> Rows:
    """Group texts so that ties within groups are denser than chance (Louvain on the graph).

    With n_clusters, the groups found are joined two by two, each time the two whose union has
    the highest modularity; where too few were found, finer ones are sought first.

    Args:
        neighbours: rows and similarities, (n, k), of ALL n texts.
        scale: what the similarities are.
        n_clusters: how many groups; by default as many as modularity finds. Fewer come back
            only where fewer texts have a neighbour.
        seed: same seed, same groups.

    Returns:
        (n,) codes; 0 is the largest group; -1 for a text without any neighbour.

    Raises:
        BadInput: neighbours are malformed, or n_clusters < 1.

    Reference:
        Blondel et al. 2008, arXiv:0803.0476.

    Example:
        >>> rows = np.array([[1], [0], [3], [2], [-1]])
        >>> same = np.array([[1], [1], [1], [1], [np.nan]], dtype=np.float32)
        >>> clusters(Neighbours(rows, same), scale=Scale.COSINE).tolist()
        [0, 0, 1, 1, -1]
    """
    if n_clusters is not None and n_clusters < 1:
        raise BadInput(f"{n_clusters} clusters were asked for; n_clusters must be 1 or more.")
    graph = neighbour_graph(neighbours, scale)
    placed = degrees(graph) > 0
    codes = np.full(len(placed), -1, dtype=np.int64)
    if placed.any():
        codes[placed] = _largest_first(_grouped(graph[placed][:, placed], n_clusters, seed))
    return codes


def modularity(graph: Graph, codes: Rows) -> float:
    """Share of ties within groups less the share expected by chance, in [-0.5, 1).

    Reference:
        Newman and Girvan 2004, Phys. Rev. E 69, 026113, weighted.
    """
    between = _between(graph, codes)
    return float(np.trace(between) - (between.sum(axis=1) ** 2).sum())


def _grouped(graph: Graph, n_clusters: int | None, seed: int) -> Rows:
    codes = _louvain(graph, 1.0, seed)
    if n_clusters is None:
        return codes
    wanted = min(n_clusters, graph.shape[0])
    resolution = 1.0
    while codes.max() + 1 < wanted:
        resolution *= 2
        codes = _louvain(graph, resolution, seed)
    return _joined(graph, codes, wanted)


def _louvain(graph: Graph, resolution: float, seed: int) -> Rows:
    import networkx as nx

    groups = nx.community.louvain_communities(
        nx.from_scipy_sparse_array(graph), resolution=resolution, seed=seed
    )
    codes = np.zeros(graph.shape[0], dtype=np.int64)
    for code, members in enumerate(groups):
        codes[list(members)] = code
    return codes


def _between(graph: Graph, codes: Rows) -> Doubles:
    """(g, g) share of all tie weight between each two groups; sums to 1."""
    n_texts = len(codes)
    member = sp.csr_array((np.ones(n_texts), (np.arange(n_texts), codes)))
    weights = (member.T @ graph @ member).toarray()
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _joined(graph: Graph, codes: Rows, wanted: int) -> Rows:
    """Join the two groups whose union gains most modularity until `wanted` are left."""
    between = _between(graph, codes)
    names = np.arange(len(between))
    while len(between) > wanted:
        share = between.sum(axis=1)
        gain = between - np.outer(share, share)
        np.fill_diagonal(gain, -np.inf)
        kept, gone = sorted(np.unravel_index(int(gain.argmax()), gain.shape))
        between[kept] += between[gone]
        between[:, kept] += between[:, gone]
        between = np.delete(np.delete(between, gone, axis=0), gone, axis=1)
        names[names == gone] = kept
        names[names > gone] -= 1
    return np.asarray(names[codes], dtype=np.int64)


def _largest_first(codes: Rows) -> npt.NDArray[np.int64]:
    """Renumber groups by size; of two alike, the one with the earlier text comes first."""
    _, first, inverse, counts = np.unique(
        codes, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(len(counts))
    return np.asarray(rank[inverse], dtype=np.int64)
