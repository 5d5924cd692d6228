"""How far a 2D map can be believed: trustworthiness, continuity, neighbourhood hit.

Each is computed for a sample of anchors against all texts, a few anchors at a time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.diagnostics.chunks import row_chunks
from engine.diagnostics.estimate import Estimate, bootstrap_mean
from engine.errors import BadInput
from engine.types import Doubles, Rows, Similarity

N_ANCHORS = 1000


def trustworthiness(
    similarity: Similarity,
    positions: npt.ArrayLike,
    *,
    k: int = 15,
    n_anchors: int = N_ANCHORS,
    seed: int = 0,
) -> Estimate:
    """Are neighbours on the map neighbours in the similarity? 1 = no intruder.

    Anchors for which the similarity lists fewer than k neighbours are not counted. Beyond the end
    of a list, texts share the mean of the ranks that are left.

    Args:
        similarity: what the map was drawn from.
        positions: (n_texts, d) the map; usually d = 2.
        k: neighbours, from 1 to below n_texts / 2.
        n_anchors: at most this many anchors, drawn at random.
        seed: of the draw of anchors and of the bootstrap over them.

    Raises:
        BadInput: k is out of range, or positions are not finite or not one per text.

    Reference: Venna & Kaski 2001, ICANN, LNCS 2130, 485–491.
    """
    places = _checked(positions, k, similarity.n_texts)
    anchors = _sample(np.arange(len(places)), n_anchors, seed)
    scores = [
        intrusion_score(_map_order(places, chunk, k), _listed(similarity, chunk, None), len(places))
        for chunk in row_chunks(anchors, len(places))
    ]
    return bootstrap_mean(np.concatenate(scores), seed=seed)


def continuity(
    similarity: Similarity,
    positions: npt.ArrayLike,
    *,
    k: int = 15,
    n_anchors: int = N_ANCHORS,
    seed: int = 0,
) -> Estimate:
    """Are neighbours in the similarity still neighbours on the map? 1 = none torn away.

    Anchors for which the similarity lists fewer than k neighbours are not counted.

    Args:
        similarity: what the map was drawn from.
        positions: (n_texts, d) the map; usually d = 2.
        k: neighbours, from 1 to below n_texts / 2.
        n_anchors: at most this many anchors, drawn at random.
        seed: of the draw of anchors and of the bootstrap over them.

    Raises:
        BadInput: k is out of range, or positions are not finite or not one per text.

    Reference: Venna & Kaski 2001, ICANN, LNCS 2130, 485–491.
    """
    places = _checked(positions, k, similarity.n_texts)
    anchors = _sample(np.arange(len(places)), n_anchors, seed)
    scores = [
        intrusion_score(_listed(similarity, chunk, k), _map_order(places, chunk), len(places))
        for chunk in row_chunks(anchors, len(places))
    ]
    return bootstrap_mean(np.concatenate(scores), seed=seed)


def neighbourhood_hit(
    positions: npt.ArrayLike,
    codes: npt.ArrayLike,
    *,
    k: int = 15,
    n_anchors: int = N_ANCHORS,
    seed: int = 0,
) -> Estimate:
    """Mean share of an anchor's k nearest texts on the map that have its label.

    Texts without a label (-1) are taken off the map first.

    Args:
        positions: (n_texts, d) the map; usually d = 2.
        codes: (n_texts,) whole-number labels; -1 = missing.
        k: neighbours, from 1 to below half the labelled texts.
        n_anchors: at most this many anchors, drawn at random.
        seed: of the draw of anchors and of the bootstrap over them.

    Raises:
        BadInput: k is out of range, or positions are not finite or not one per text.

    Reference: Paulovich, Nonato, Minghim & Levkowitz 2008, IEEE TVCG 14(3), 564–575.
    """
    labels = np.asarray(codes)
    everywhere = np.asarray(positions, dtype=np.float64)
    if labels.shape != everywhere.shape[:1]:
        raise BadInput(
            f"Codes of shape {labels.shape} for positions of shape {everywhere.shape}; "
            "give one code per text."
        )
    labelled = labels >= 0
    places = _checked(everywhere[labelled], k, int(labelled.sum()))
    labels = labels[labelled]
    anchors = _sample(np.arange(len(places)), n_anchors, seed)
    hits = [
        (labels[_map_order(places, chunk, k)] == labels[chunk][:, None]).mean(axis=1)
        for chunk in row_chunks(anchors, len(places))
    ]
    return bootstrap_mean(np.concatenate(hits), seed=seed)


def intrusion_score(shown: Rows, true_order: Rows, n_texts: int) -> Doubles:
    """Per anchor 1 − 2 Σ max(0, rank − k) / (k (2n − 3k − 1)) over the k texts shown.

    Trustworthiness when the map shows and the similarity ranks; continuity the other way round.

    Args:
        shown: (q, k) the k nearest in one space, without the anchor; -1 pads.
        true_order: (q, m) the other space's ranking, without the anchor; -1 pads. Texts it leaves
            out share the mean of the ranks that are left.
        n_texts: texts in the corpus; k must be below half of it.

    Returns:
        (q,) scores in [0, 1]; NaN where either side lists fewer than k texts.

    Reference: Venna & Kaski 2001, LNCS 2130, 485–491; one anchor's share.
    """
    k = shown.shape[1]
    n_ranked = (true_order >= 0).sum(axis=1)
    # One column more than texts: -1 writes there, and never over the rank of a text.
    ranks = np.repeat((n_ranked + n_texts)[:, None] / 2, n_texts + 1, axis=1)
    place = np.broadcast_to(np.arange(1.0, true_order.shape[1] + 1), true_order.shape)
    np.put_along_axis(ranks, true_order, place, axis=1)
    beyond = np.maximum(np.take_along_axis(ranks, np.maximum(shown, 0), axis=1) - k, 0)
    scores = 1 - 2 * beyond.sum(axis=1) / (k * (2 * n_texts - 3 * k - 1))
    return np.where((shown >= 0).all(axis=1) & (n_ranked >= k), scores, np.nan)


def _listed(similarity: Similarity, anchors: Rows, k: int | None) -> Rows:
    """(q, k) neighbour rows, all there are when k is None; -1 where nothing was scored."""
    found = similarity.neighbours(anchors, similarity.n_texts - 1 if k is None else k)
    rows: Rows = np.where(np.isnan(found.similarities), -1, found.rows).astype(np.int64)
    return rows


def _map_order(places: Doubles, anchors: Rows, k: int | None = None) -> Rows:
    """(q, k) rows by distance on the map, nearest first, the anchor left out."""
    squared = np.zeros((len(anchors), len(places)))
    for axis in places.T:
        squared += (axis[anchors][:, None] - axis) ** 2
    squared[np.arange(len(anchors)), anchors] = np.inf
    order = np.argsort(squared, axis=1, kind="stable")[:, : len(places) - 1]
    return order[:, :k].astype(np.int64)


def _sample(rows: Rows, n_anchors: int, seed: int) -> Rows:
    if n_anchors < 1:
        raise BadInput(f"n_anchors is {n_anchors}; at least 1 is needed.")
    if n_anchors >= len(rows):
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, size=n_anchors, replace=False))


def _checked(positions: npt.ArrayLike, k: int, n_texts: int) -> Doubles:
    places = np.asarray(positions, dtype=np.float64)
    if places.ndim != 2 or len(places) != n_texts:
        raise BadInput(f"Positions of shape {places.shape} for {n_texts} texts; give one each.")
    if not np.isfinite(places).all():
        raise BadInput("A position is not finite; place every text on the map first.")
    if not 1 <= k < n_texts / 2:
        raise BadInput(
            f"k is {k}; with {n_texts} texts it must be at least 1 and below {n_texts / 2:g}."
        )
    return places
