"""Neighbour graph → positions, by umap-learn's layout; a few maps side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from engine.errors import BadInput
from engine.maps.aligning import Alignment, align, alignment, radius
from engine.maps.graph import Graph, degrees, neighbour_graph, spread
from engine.types import Bools, Doubles, Floats, Neighbours, Scale

# A map that starts from a reference takes small steps, or it would drift away from where it
# started for no reason of its own: 25 steps' worth in all, however many epochs share them.
# Measured in benchmarks/maps.py: half the displacement, and trustworthiness no worse.
_STEPS_FROM_REFERENCE = 25.0
_N_SMOOTHINGS = 3
_SPREAD, _MIN_DISTANCE = 1.0, 0.1
_N_NEGATIVES = 5.0
_START_RADIUS = 5.0
_START_NOISE = 1e-3
_MANY_TEXTS = 5_000


@dataclass(frozen=True)
class MapLayout:
    """One map, and how nearly it puts texts where the first map does.

    positions: (n, 2) float32, centred, root mean square radius 1; NaN for a text without any
        neighbour. An aligned map is shifted, turned and scaled to match its reference instead.
    alignment: measured against the first map; None for that map itself.
    """

    positions: Floats
    alignment: Alignment | None = None


def side_by_side(
    graphs: Sequence[tuple[Neighbours, Scale]], *, seed: int = 0, n_epochs: int | None = None
) -> list[MapLayout]:
    """Draw the first map freely and every other one aligned to it.

    Args:
        graphs: for each method, the neighbours of all n texts and what their similarities are.
        seed: same seed, same maps, on the same machine.
        n_epochs: see `layout`.

    Returns:
        One map for each method, in the order given.

    Raises:
        BadInput: as `layout`.
    """
    maps: list[MapLayout] = []
    for neighbours, scale in graphs:
        first = maps[0].positions if maps else None
        drawn = layout(neighbours, scale=scale, reference=first, seed=seed, n_epochs=n_epochs)
        maps.append(MapLayout(drawn, None if first is None else alignment(drawn, first)))
    return maps


def layout(
    neighbours: Neighbours,
    *,
    scale: Scale,
    reference: Floats | None = None,
    seed: int = 0,
    n_epochs: int | None = None,
) -> Floats:
    """Place texts in the plane so that neighbours sit together.

    Without a reference the map starts from the smoothest vectors of its own graph. With one, each
    text starts where the reference has its neighbours, moves by its own graph alone, and the
    result is turned to match. No force ties a text to the reference, so what a method's graph
    pulls apart ends up apart.

    Args:
        neighbours: rows and similarities, (n, k), of ALL n texts; 15 neighbours serve well.
        scale: what the similarities are.
        reference: (n, 2) map to stay near; NaN rows are ignored.
        seed: same seed, same map, on the same machine.
        n_epochs: passes of the layout; by default 500, or 200 above 5,000 texts.

    Returns:
        (n, 2) float32; NaN for a text that lists nobody and is in nobody's list.

    Raises:
        BadInput: neighbours are malformed, the reference is not (n, 2), or n_epochs < 1.

    Reference:
        McInnes, Healy and Melville 2018, arXiv:1802.03426.
    """
    n_texts = len(neighbours.rows)
    if reference is not None and reference.shape != (n_texts, 2):
        raise BadInput(
            f"The reference map has shape {reference.shape}; over {n_texts} texts it must be "
            f"({n_texts}, 2)."
        )
    epochs = _n_epochs(n_epochs, n_texts)
    graph = neighbour_graph(neighbours, scale)
    placed = degrees(graph) > 0
    positions = np.full((n_texts, 2), np.nan, dtype=np.float32)
    if not placed.any():
        return positions
    positions[placed] = _settle(graph[placed][:, placed], _kept(reference, placed), seed, epochs)
    return positions if reference is None else align(positions, reference)


def warm_up() -> None:
    """Import and compile what the first map needs; safe to run in a background thread."""
    rows = np.array([[1], [0]], dtype=np.int64)
    layout(Neighbours(rows, np.ones((2, 1), dtype=np.float32)), scale=Scale.COSINE, n_epochs=1)


def smooth_vectors(graph: Graph, n_vectors: int, *, seed: int, n_steps: int = 100) -> Doubles:
    """(n, n_vectors) smoothest vectors of a graph but the constant one, smoothest first.

    Subspace iteration on the lazy random walk: unlike a sparse eigensolver it can't fail on a
    graph in pieces, on two texts, or on identical ones; nearly smoothest is enough to start from.
    """
    degree = degrees(graph)
    root = np.sqrt(degree)
    scaled = sp.diags_array(1.0 / root)
    walk: Graph = (scaled @ graph @ scaled).tocsr()
    constant = (root / np.linalg.norm(root))[:, None]
    n_kept = min(2 * n_vectors + 4, len(root))
    basis = np.random.default_rng(seed).standard_normal((len(root), n_kept))
    for step in range(n_steps):
        basis = 0.5 * (basis + spread(walk, basis))
        if step % 5 == 4:
            basis, _ = np.linalg.qr(basis - constant @ (constant.T @ basis))
    values, turn = np.linalg.eigh(basis.T @ spread(walk, basis))
    smoothest = (basis @ turn)[:, np.argsort(-values)[:n_vectors]] / root[:, None]
    missing = n_vectors - smoothest.shape[1]
    return np.asarray(np.pad(smoothest, ((0, 0), (0, missing))), dtype=np.float64)


def _n_epochs(asked: int | None, n_texts: int) -> int:
    if asked is None:
        return 500 if n_texts <= _MANY_TEXTS else 200
    if asked < 1:
        raise BadInput(f"A map can't be drawn in {asked} epochs; n_epochs must be 1 or more.")
    return asked


def _kept(reference: Floats | None, placed: Bools) -> Doubles | None:
    """The reference at the placed texts; None where it holds none of them."""
    if reference is None:
        return None
    kept = reference[placed].astype(np.float64)
    return kept if np.isfinite(kept).all(axis=1).any() else None


def _settle(graph: Graph, reference: Doubles | None, seed: int, n_epochs: int) -> Floats:
    """Positions of a graph in which every text has a neighbour, centred, radius 1."""
    rng = np.random.default_rng(seed)
    if reference is None:
        start, step = smooth_vectors(graph, 2, seed=seed), 1.0
    else:
        start = _near_reference(graph, reference, rng)
        step = min(1.0, _STEPS_FROM_REFERENCE / n_epochs)
    start = _START_RADIUS * _standard(start)
    start += rng.normal(scale=_START_NOISE, size=start.shape)
    return _standard(_optimise(graph, start, step, rng, n_epochs)).astype(np.float32)


def _standard(positions: Doubles) -> Doubles:
    """Centred, root mean square radius 1 (0 where all texts share one place)."""
    extent = radius(positions)
    centred = positions - positions.mean(axis=0)
    return np.asarray(centred / extent if extent > 0 else centred, dtype=np.float64)


def _near_reference(graph: Graph, reference: Doubles, rng: np.random.Generator) -> Doubles:
    """Each text about where its neighbours are on the reference; fills what that lacks."""
    known: Bools = np.asarray(np.isfinite(reference).all(axis=1))
    filled: Doubles = np.where(known[:, None], reference, 0.0)
    support = spread(graph, known.astype(np.float64))
    reached = np.asarray(~known & (support > 0))
    filled[reached] = spread(graph, filled)[reached] / support[reached, None]
    lost = np.asarray(~known & ~reached)
    filled[lost] = rng.normal(scale=radius(reference[known]), size=(int(lost.sum()), 2))
    filled[lost] += reference[known].mean(axis=0)
    degree = degrees(graph)[:, None]
    for _ in range(_N_SMOOTHINGS):
        filled = 0.5 * (filled + spread(graph, filled) / degree)
    return filled


def _optimise(
    graph: Graph, start: Doubles, step: float, rng: np.random.Generator, n_epochs: int
) -> Doubles:
    """umap-learn's stochastic gradient descent, one thread, so that a seed fixes the map."""
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import find_ab_params

    edges = graph.tocoo()
    strongest = edges.data.max()
    drawn = edges.data >= strongest / n_epochs  # a weaker tie would never be drawn once
    a, b = find_ab_params(_SPREAD, _MIN_DISTANCE)
    positions = np.ascontiguousarray(start, dtype=np.float32)
    optimize_layout_euclidean(
        positions,
        positions,
        edges.row[drawn].astype(np.int32),
        edges.col[drawn].astype(np.int32),
        n_epochs,
        len(positions),
        strongest / edges.data[drawn],
        a,
        b,
        rng.integers(-(2**31) + 1, 2**31 - 1, 3),
        initial_alpha=step,
        negative_sample_rate=_N_NEGATIVES,
        move_other=True,
    )
    return positions.astype(np.float64)
