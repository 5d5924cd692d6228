"""Neighbour lists → one weighted, undirected graph, as UMAP weighs it.

Written with arrays rather than called from umap-learn: its two functions for this compile for
about five seconds in every fresh process, longer than everything else a first map needs.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import scipy.sparse as sp

from engine.errors import BadInput
from engine.types import Bools, Doubles, Neighbours, Scale

Graph: TypeAlias = "sp.csr_array[np.float64]"

_N_HALVINGS = 64
_SMALLEST_BANDWIDTH = 1e-3  # of the row's mean gap, as UMAP: one far outlier can't shrink it to 0
_SURE = 1e-6  # probabilities nearer to 0 or 1 than this are not told apart


def neighbour_graph(neighbours: Neighbours, scale: Scale) -> Graph:
    """How strongly each two texts are tied, in [0, 1]: the fuzzy union of both directions.

    Each anchor's nearest neighbour gets weight 1, and the weights of its k neighbours sum to
    log2(k + 1). That makes a weight depend on how far a neighbour falls behind the anchor's
    best one, relative to the anchor's others: adding a constant to an anchor's similarities, or
    multiplying them, changes nothing, so cosine, BM25 and logits need no common scale.
    Probabilities are put back on the logit scale first, where a reranker's scores differ.

    Args:
        neighbours: rows and similarities, (n, k), one line for each text of the corpus.
        scale: what the similarities are.

    Returns:
        (n, n) symmetric weights; a text that is in nobody's list and lists nobody has none.

    Raises:
        BadInput: shapes differ, a row is outside the corpus, or a similarity is infinite.

    Reference:
        McInnes, Healy and Melville 2018, arXiv:1802.03426, algorithms 2 and 3.
    """
    known = _known(neighbours)
    gaps = _gaps(neighbours, known, scale)
    weights = np.exp(-gaps / _bandwidths(gaps, known)[:, None])
    n_texts = len(known)
    anchors, places = np.nonzero(known)
    listed = sp.coo_array(
        (weights[anchors, places], (anchors, neighbours.rows[anchors, places])),
        shape=(n_texts, n_texts),
    ).tocsr()
    listed.data = np.minimum(listed.data, 1.0)
    back = listed.T.tocsr()
    union: Graph = (listed + back - listed.multiply(back)).tocsr()
    union.eliminate_zeros()
    return union


def degrees(graph: Graph) -> Doubles:
    """(n,) sum of the weights at each text."""
    return np.asarray(graph.sum(axis=1), dtype=np.float64).ravel()


def spread(graph: Graph, values: Doubles) -> Doubles:
    """(n, …) weighted sum of the values at each text's neighbours."""
    return np.asarray(graph @ values, dtype=np.float64)


def _known(neighbours: Neighbours) -> Bools:
    """(n, k) which places hold a scored neighbour other than the text itself."""
    rows, similarities = neighbours
    if rows.ndim != 2 or rows.shape != similarities.shape:
        raise BadInput(
            f"Neighbours have rows of shape {rows.shape} and similarities of shape "
            f"{similarities.shape}; a map needs both as (texts, k)."
        )
    n_texts = len(rows)
    if rows.size and (rows.min() < -1 or rows.max() >= n_texts):
        raise BadInput(
            f"Neighbour rows run from {rows.min()} to {rows.max()} over {n_texts} texts; they may "
            f"run from -1 (none) to {n_texts - 1}. Ask for the neighbours of every text at once."
        )
    if np.isinf(similarities).any():
        raise BadInput(
            "A similarity is infinite; a map needs finite numbers, or NaN for a pair not scored."
        )
    own = rows == np.arange(n_texts)[:, None]
    return np.asarray((rows >= 0) & ~own & ~np.isnan(similarities))


def _gaps(neighbours: Neighbours, known: Bools, scale: Scale) -> Doubles:
    """(n, k) how far each neighbour falls behind the anchor's best; inf where there is none."""
    values = neighbours.similarities.astype(np.float64)
    if scale is Scale.PROBABILITY:
        clipped = np.clip(values, _SURE, 1.0 - _SURE)
        values = np.log(clipped) - np.log1p(-clipped)
    best = np.max(np.where(known, values, -np.inf), axis=1, initial=-np.inf)
    best = np.where(np.isfinite(best), best, 0.0)
    return np.where(known, best[:, None] - values, np.inf)


def _bandwidths(gaps: Doubles, known: Bools) -> Doubles:
    """(n,) per anchor, the width at which its weights sum to log2(k + 1), found by halving."""
    n_known = known.sum(axis=1)
    target = np.log2(n_known + 1)
    low, high = np.zeros(len(gaps)), np.full(len(gaps), np.inf)
    width = np.ones(len(gaps))
    for _ in range(_N_HALVINGS):
        too_wide = np.exp(-gaps / width[:, None]).sum(axis=1) > target
        high = np.where(too_wide, width, high)
        low = np.where(too_wide, low, width)
        width = np.where(np.isinf(high), 2 * width, (low + np.where(too_wide, width, high)) / 2)
    mean_gap = np.where(known, gaps, 0.0).sum(axis=1) / np.maximum(n_known, 1)
    floor = np.maximum(_SMALLEST_BANDWIDTH * mean_gap, np.finfo(np.float32).tiny)
    return np.asarray(np.maximum(width, floor), dtype=np.float64)
