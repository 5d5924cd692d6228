"""Are an anchor's neighbours of its own label? Precision at k, R-precision, MAP@R.

All three follow one convention. Texts without a label (-1) are removed from the lists before
anything is counted. An anchor needs a label that at least one other text has. A place that a short
list leaves empty is a miss, as in TREC; an anchor for which nothing at all was scored is not
counted, and `n` says so.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from engine.diagnostics.chunks import row_chunks
from engine.diagnostics.estimate import Estimate, bootstrap_mean
from engine.errors import BadInput
from engine.types import Bools, Doubles, Rows, Similarity


def precision_at_k(
    similarity: Similarity, codes: npt.ArrayLike, k: int, rows: Rows, *, seed: int = 0
) -> Estimate:
    """Mean over anchors of the share of the k nearest that have the anchor's label.

    Args:
        similarity: over the rows that `codes` labels.
        codes: (n_texts,) whole-number labels; -1 = missing.
        k: neighbours, from 1 to the number of other labelled texts.
        rows: (q,) the anchors.
        seed: of the bootstrap over anchors.

    Raises:
        BadInput: k is out of range, or codes or rows don't fit the corpus.

    Reference: Manning, Raghavan & Schütze 2008, §8.4; the TREC convention for short lists.
    """
    labels = _checked(similarity, codes, rows)
    n_others = int((labels >= 0).sum()) - 1
    if not 1 <= k <= n_others:
        raise BadInput(
            f"k is {k}; with {n_others + 1} labelled texts it must lie from 1 to {n_others}."
        )
    n_wanted = np.full(len(labels), k, dtype=np.int64)
    return _mean_over_anchors(similarity, labels, rows, n_wanted, _precision, seed)


def r_precision(
    similarity: Similarity, codes: npt.ArrayLike, rows: Rows, *, seed: int = 0
) -> Estimate:
    """Mean over anchors of precision at R, R = how many other texts have the anchor's label.

    Args:
        similarity: over the rows that `codes` labels.
        codes: (n_texts,) whole-number labels; -1 = missing.
        rows: (q,) the anchors.
        seed: of the bootstrap over anchors.

    Raises:
        BadInput: codes or rows don't fit the corpus.

    Reference: Musgrave, Belongie & Lim 2020, A Metric Learning Reality Check,
        arXiv:2003.08505.
    """
    labels = _checked(similarity, codes, rows)
    return _mean_over_anchors(similarity, labels, rows, _n_relevant(labels), _precision, seed)


def map_at_r(
    similarity: Similarity, codes: npt.ArrayLike, rows: Rows, *, seed: int = 0
) -> Estimate:
    """Mean average precision at R: (1/R) Σ precision at i over the i ≤ R that are hits.

    Args:
        similarity: over the rows that `codes` labels.
        codes: (n_texts,) whole-number labels; -1 = missing.
        rows: (q,) the anchors.
        seed: of the bootstrap over anchors.

    Raises:
        BadInput: codes or rows don't fit the corpus.

    Reference: Musgrave et al. 2020, arXiv:2003.08505.
    """
    labels = _checked(similarity, codes, rows)
    return _mean_over_anchors(
        similarity, labels, rows, _n_relevant(labels), _average_precision, seed
    )


Figure = Callable[[Bools, Rows], Doubles]


def _precision(hits: Bools, n_wanted: Rows) -> Doubles:
    """(q,) share of the first n_wanted places that are hits."""
    place = np.arange(1, hits.shape[1] + 1)
    share: Doubles = (hits & (place <= n_wanted[:, None])).sum(axis=1) / n_wanted
    return share


def _average_precision(hits: Bools, n_wanted: Rows) -> Doubles:
    """(q,) precision summed at each hit of the first n_wanted places, over n_wanted."""
    place = np.arange(1, hits.shape[1] + 1)
    counted = hits & (place <= n_wanted[:, None])
    precision = np.cumsum(counted, axis=1) / place
    average: Doubles = (precision * counted).sum(axis=1) / n_wanted
    return average


def _mean_over_anchors(
    similarity: Similarity,
    labels: Rows,
    rows: Rows,
    n_wanted: Rows,
    figure: Figure,
    seed: int,
) -> Estimate:
    anchors = rows[(labels[rows] >= 0) & (_n_relevant(labels)[rows] > 0)]
    if not len(anchors):
        return Estimate.undefined()
    # Unlabelled texts take places, so look that much further down and remove them afterwards.
    depth = int(n_wanted[anchors].max()) + int((labels < 0).sum())
    depth = min(depth, similarity.n_texts - 1)
    per_anchor = [
        _one_chunk(similarity, labels, chunk, n_wanted[chunk], depth, figure)
        for chunk in row_chunks(anchors, depth)
    ]
    return bootstrap_mean(np.concatenate(per_anchor), seed=seed)


def _one_chunk(
    similarity: Similarity,
    labels: Rows,
    anchors: Rows,
    n_wanted: Rows,
    depth: int,
    figure: Figure,
) -> Doubles:
    found = similarity.neighbours(anchors, depth)
    listed = (found.rows >= 0) & ~np.isnan(found.similarities)
    labelled = listed & (labels[found.rows] >= 0)
    closed_up = np.argsort(~labelled, axis=1, kind="stable")
    neighbours = np.take_along_axis(found.rows, closed_up, axis=1)
    is_place = np.take_along_axis(labelled, closed_up, axis=1)
    hits = is_place & (labels[neighbours] == labels[anchors][:, None])
    return np.where(listed.any(axis=1), figure(hits, n_wanted), np.nan)


def _n_relevant(labels: Rows) -> Rows:
    """(n_texts,) how many other texts have each text's label; 0 where it has none."""
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    return np.where(labels >= 0, sizes[np.maximum(labels, 0)] - 1, 0).astype(np.int64)


def _checked(similarity: Similarity, codes: npt.ArrayLike, rows: Rows) -> Rows:
    labels = np.asarray(codes, dtype=np.int64)
    n_texts = similarity.n_texts
    if labels.shape != (n_texts,):
        raise BadInput(f"Codes of shape {labels.shape} for {n_texts} texts; give one each.")
    if len(rows) and (rows.min() < 0 or rows.max() >= n_texts):
        raise BadInput(
            f"Anchor rows run from {rows.min()} to {rows.max()}; the corpus has rows 0 to "
            f"{n_texts - 1}."
        )
    return labels
