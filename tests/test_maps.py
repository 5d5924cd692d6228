import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from engine import maps
from engine.errors import BadInput
from engine.maps.communities import modularity
from engine.maps.graph import neighbour_graph
from engine.types import Neighbours, Scale

GROUPS = np.repeat(np.arange(6), 40)


def exact(similarities, k):
    """The k most alike of each text, itself excluded; padded with -1 and NaN where k >= n."""
    n = len(similarities)
    rows = np.full((n, k), -1, dtype=np.int64)
    values = np.full((n, k), np.nan, dtype=np.float32)
    for i in range(n):
        others = [j for j in np.argsort(-similarities[i], kind="stable") if j != i][:k]
        rows[i, : len(others)] = others
        values[i, : len(others)] = similarities[i, others]
    return Neighbours(rows, values)


def planted(seed, groups=GROUPS, k=12, spread=1.0):
    """Cosine neighbours of unit vectors scattered about one centre for each group."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(groups.max() + 1, 24))
    vectors = centres[groups] + spread * rng.normal(size=(len(groups), 24))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return exact(vectors @ vectors.T, k)


def one_list(*lists):
    """Neighbours from (row, similarity) lists of one length."""
    return Neighbours(
        np.array([[row for row, _ in line] for line in lists], dtype=np.int64),
        np.array([[value for _, value in line] for line in lists], dtype=np.float32),
    )


# The graph


def test_graph_weights_by_hand():
    # Text 0 lists 1 (0.9) and 2 (0.5). Best weighs 1 and both sum to log2(3), so the other weighs
    # log2(3) - 1. Texts 1 and 2 list only 0, at weight 1. Union a + b - ab = 1 either way.
    neighbours = one_list(
        [(1, 0.9), (2, 0.5)], [(0, 0.9), (-1, np.nan)], [(-1, np.nan), (-1, np.nan)]
    )
    graph = neighbour_graph(neighbours, Scale.COSINE).toarray()
    expected = np.log2(3) - 1
    np.testing.assert_allclose(
        graph, [[0, 1, expected], [1, 0, 0], [expected, 0, 0]], rtol=0, atol=1e-6
    )


@given(st.floats(0.1, 50), st.floats(-5, 5))
@settings(max_examples=20, deadline=None)
def test_graph_ignores_the_unit_of_similarities(factor, offset):
    neighbours = planted(0, groups=np.repeat([0, 1], 10), k=5)
    moved = Neighbours(
        neighbours.rows, neighbours.similarities.astype(np.float64) * factor + offset
    )
    before = neighbour_graph(neighbours, Scale.COSINE).toarray()
    np.testing.assert_allclose(
        neighbour_graph(moved, Scale.BM25).toarray(), before, rtol=0, atol=1e-4
    )


def test_graph_of_probabilities_is_that_of_their_logits():
    logits = planted(0, groups=np.repeat([0, 1], 10), k=5)
    logits = Neighbours(logits.rows, 6 * logits.similarities.astype(np.float64))
    chances = Neighbours(logits.rows, 1 / (1 + np.exp(-logits.similarities)))
    np.testing.assert_allclose(
        neighbour_graph(chances, Scale.PROBABILITY).toarray(),
        neighbour_graph(logits, Scale.LOGIT).toarray(),
        rtol=0,
        atol=1e-4,
    )
    plain = neighbour_graph(chances, Scale.COSINE).toarray()
    assert np.abs(plain - neighbour_graph(logits, Scale.LOGIT).toarray()).max() > 0.01


def test_graph_leaves_out_self_and_unscored_pairs():
    neighbours = one_list([(0, 1.0), (1, np.nan)], [(1, 1.0), (0, np.nan)])
    assert neighbour_graph(neighbours, Scale.COSINE).nnz == 0


@pytest.mark.parametrize(
    ("rows", "similarities", "words"),
    [
        ([[1], [2]], [[0.5], [0.5]], "from 1 to 2 over 2 texts"),
        ([[-2], [0]], [[0.5], [0.5]], "from -2"),
        ([[1], [0]], [[0.5, 0.4], [0.5, 0.4]], r"\(2, 1\)"),
        ([[1], [0]], [[np.inf], [0.5]], "infinite"),
    ],
)
def test_malformed_neighbours_are_refused(rows, similarities, words):
    neighbours = Neighbours(np.array(rows), np.array(similarities, dtype=np.float32))
    with pytest.raises(BadInput, match=words):
        maps.layout(neighbours, scale=Scale.COSINE)


# The layout


def test_neighbours_sit_together():
    drawn = maps.layout(planted(0), scale=Scale.COSINE)
    distances = np.linalg.norm(drawn[:, None] - drawn[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = GROUPS[np.argsort(distances, axis=1)[:, :10]]
    assert (nearest == GROUPS[:, None]).mean() > 0.95
    assert drawn.dtype == np.float32
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose((drawn.astype(float) ** 2).sum(axis=1).mean(), 1, rtol=1e-5)


def test_a_reference_brings_the_same_text_to_the_same_place():
    # Noisy views of the same six groups: their graphs differ, the groups do not.
    first = maps.layout(planted(1), scale=Scale.COSINE, seed=1)
    free, near = [], []
    for seed in (4, 5, 6):
        own = maps.layout(planted(seed), scale=Scale.COSINE, seed=seed)
        free.append(maps.alignment(maps.align(own, first), first))
        own = maps.layout(planted(seed), scale=Scale.COSINE, reference=first, seed=seed)
        near.append(maps.alignment(own, first))
    assert all(one.n_shared == len(GROUPS) for one in near)
    assert min(one.within for one in near) > 0.7
    assert np.mean([one.displacement for one in near]) < 0.15
    assert np.mean([one.displacement for one in free]) > 0.2


def test_a_reference_does_not_hide_what_the_graph_says():
    # Another grouping, crossed with the reference's: it, and not the reference's, must show.
    other = np.tile(np.arange(6), 40)
    first = maps.layout(planted(1), scale=Scale.COSINE)
    near = maps.layout(planted(2, groups=other), scale=Scale.COSINE, reference=first)
    distances = np.linalg.norm(near[:, None] - near[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1)[:, :10]
    assert (other[nearest] == other[:, None]).mean() > 0.95
    assert (GROUPS[nearest] == GROUPS[:, None]).mean() < 0.3


@pytest.mark.parametrize("with_reference", [False, True])
def test_same_seed_same_map(with_reference):
    neighbours = planted(0)
    reference = maps.layout(planted(1), scale=Scale.COSINE) if with_reference else None
    one, same, other = (
        maps.layout(neighbours, scale=Scale.COSINE, reference=reference, seed=seed)
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def edge_cases():
    nobody = (-1, np.nan)
    yield "no texts", Neighbours(np.zeros((0, 3), np.int64), np.zeros((0, 3), np.float32)), 0
    yield "no places", Neighbours(np.zeros((3, 0), np.int64), np.zeros((3, 0), np.float32)), 0
    yield "one text", one_list([nobody]), 0
    for n in range(2, 6):
        yield f"{n} texts, k beyond them", exact(np.random.default_rng(n).random((n, n)), 15), n
        yield f"{n} identical texts", exact(np.ones((n, n)), 15), n
    yield "60 identical texts", exact(np.ones((60, 60)), 10), 60
    blocks = np.kron(np.eye(12), np.ones((5, 5)))
    yield "12 pieces of identical texts", exact(blocks, 4), 60
    hub = np.full((50, 50), 0.1) + np.eye(50)
    hub[:, 0] = hub[0] = 0.9
    yield "a hub", exact(hub, 1), 50
    yield "a text that only others list", one_list([(2, 0.5)], [(2, 0.4)], [nobody]), 3
    yield "a text alone", one_list([(1, 0.5)], [(0, 0.5)], [nobody]), 2
    yield "nobody scored", one_list([(1, np.nan)], [(0, np.nan)]), 0
    yield "huge numbers", exact(1e30 * np.random.default_rng(0).random((8, 8)), 3), 8


@pytest.mark.parametrize("with_reference", [False, True])
@pytest.mark.parametrize(
    ("neighbours", "n_placed"), [pytest.param(n, p, id=name) for name, n, p in edge_cases()]
)
def test_edge_cases_are_placed_without_a_warning(neighbours, n_placed, with_reference):
    n = len(neighbours.rows)
    reference = None
    if with_reference:
        reference = np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)
        reference[1::3] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = maps.layout(neighbours, scale=Scale.COSINE, reference=reference, n_epochs=50)
        codes = maps.clusters(neighbours, scale=Scale.COSINE)
    placed = np.isfinite(drawn).all(axis=1)
    assert drawn.shape == (n, 2)
    assert placed.sum() == n_placed
    assert np.isnan(drawn[~placed]).all()
    np.testing.assert_array_equal(codes >= 0, placed)


def test_a_reference_that_places_none_of_the_texts_is_no_reference():
    neighbours = planted(0)
    nowhere = np.full((len(GROUPS), 2), np.nan, dtype=np.float32)
    np.testing.assert_array_equal(
        maps.layout(neighbours, scale=Scale.COSINE, reference=nowhere),
        maps.layout(neighbours, scale=Scale.COSINE),
    )


def test_layout_refuses_what_it_cannot_draw():
    neighbours = planted(0)
    with pytest.raises(BadInput, match=r"\(3, 2\)"):
        maps.layout(neighbours, scale=Scale.COSINE, reference=np.zeros((3, 2), np.float32))
    with pytest.raises(BadInput, match="0 epochs"):
        maps.layout(neighbours, scale=Scale.COSINE, n_epochs=0)


def test_side_by_side_aligns_to_the_first():
    graphs = [(planted(seed), Scale.COSINE) for seed in (1, 2, 3)]
    first, *others = maps.side_by_side(graphs, seed=5)
    assert first.alignment is None
    np.testing.assert_array_equal(
        first.positions, maps.layout(graphs[0][0], scale=Scale.COSINE, seed=5)
    )
    for other in others:
        assert other.alignment == maps.alignment(other.positions, first.positions)
        assert other.alignment.within > 0.7
    assert maps.side_by_side([]) == []


# Alignment


@given(st.floats(0, 6.28), st.booleans(), st.floats(0.01, 100), st.floats(-50, 50))
@settings(max_examples=30, deadline=None)
def test_align_undoes_any_turn(angle, mirrored, factor, shift):
    reference = np.random.default_rng(0).normal(size=(30, 2))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    moved = factor * reference @ turn * ([-1, 1] if mirrored else [1, 1]) + shift
    reference[4] = np.nan
    back = maps.align(moved.astype(np.float32), reference.astype(np.float32))
    measured = maps.alignment(back, reference.astype(np.float32))
    assert measured.displacement < 1e-3
    assert measured.within == 1
    assert measured.n_shared == 29


def test_align_holds_to_the_many_that_agree():
    rng = np.random.default_rng(0)
    reference = rng.normal(size=(100, 2)).astype(np.float32)
    moved = reference.copy()
    moved[:20] = moved[rng.permutation(20)] + 2  # a fifth went elsewhere
    centred = moved - moved.mean(axis=0)
    turned = centred @ np.array([[0, 1], [-1, 0]], dtype=np.float32)
    back = maps.align(turned, reference)
    extents = [np.sqrt(((m - m.mean(0)) ** 2).sum(1).mean()) for m in (moved, reference)]
    expected = moved[20:] * (extents[1] / extents[0])
    residual = (back[20:] - back[20:].mean(0)) - (expected - expected.mean(0))
    assert np.abs(residual).max() < 0.05


def test_align_does_not_shrink_maps_that_disagree():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 500, 2)).astype(np.float32)
    spread = [np.linalg.norm(m - m.mean(0), axis=1).mean() for m in (maps.align(one, other), other)]
    assert spread[0] == pytest.approx(spread[1], rel=0.1)
    assert maps.alignment(maps.align(one, other), other).displacement > 0.4


def test_alignment_by_hand():
    # Reference (±1, 0), (0, ±1): radius 1, diameter 2. Distances 0, 0.4, 1, 2 → 0, 0.2, 0.5, 1.
    reference = np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [9, 9]], dtype=np.float32)
    moved = np.array([[1, 0], [-1, 0.4], [0, 2], [0, 1], [np.nan, 0]], dtype=np.float32)
    measured = maps.alignment(moved, reference)
    assert measured.displacement == pytest.approx(0.35)
    assert measured.within == 0.5
    assert measured.n_shared == 4


def test_alignment_is_undefined_without_extent():
    empty = maps.alignment(np.full((3, 2), np.nan, np.float32), np.zeros((3, 2), np.float32))
    assert np.isnan(empty.displacement)
    assert empty.n_shared == 0
    with pytest.raises(BadInput, match=r"\(3, 2\) and \(2, 2\)"):
        maps.alignment(np.zeros((3, 2), np.float32), np.zeros((2, 2), np.float32))


# Clusters


@pytest.mark.parametrize("n_clusters", [None, 6])
def test_planted_groups_are_found(n_clusters):
    codes = maps.clusters(planted(0), scale=Scale.COSINE, n_clusters=n_clusters)
    assert adjusted_rand_score(GROUPS, codes) > 0.95
    assert codes.dtype == np.int64


def test_unequal_groups_are_found_and_numbered_by_size():
    groups = np.repeat([2, 0, 1], [20, 120, 60])
    codes = maps.clusters(planted(3, groups=groups), scale=Scale.COSINE, n_clusters=3)
    assert adjusted_rand_score(groups, codes) > 0.9
    assert (np.diff(np.bincount(codes)) <= 0).all()


@pytest.mark.parametrize("n_clusters", [1, 2, 3, 11, 40, 240])
def test_as_many_clusters_as_asked(n_clusters):
    codes = maps.clusters(planted(0), scale=Scale.COSINE, n_clusters=n_clusters)
    assert sorted(set(codes)) == list(range(n_clusters))


def test_more_clusters_than_texts():
    codes = maps.clusters(exact(np.ones((4, 4)), 3), scale=Scale.COSINE, n_clusters=9)
    assert sorted(codes) == [0, 1, 2, 3]
    with pytest.raises(BadInput, match="0 clusters"):
        maps.clusters(planted(0), scale=Scale.COSINE, n_clusters=0)


def test_clusters_are_deterministic():
    one, same = (maps.clusters(planted(0, spread=2.5), scale=Scale.COSINE, seed=1) for _ in "ab")
    np.testing.assert_array_equal(one, same)


def test_modularity_by_hand():
    # Two separate ties: all weight within, chance (1/2)² + (1/2)² = 1/2. As one group: 1 - 1.
    pairs = one_list([(1, 1.0)], [(0, 1.0)], [(3, 1.0)], [(2, 1.0)])
    graph = neighbour_graph(pairs, Scale.COSINE)
    assert modularity(graph, np.array([0, 0, 1, 1])) == pytest.approx(0.5)
    assert modularity(graph, np.zeros(4, dtype=np.int64)) == pytest.approx(0)


# The start of a process


def test_importing_maps_loads_nothing_heavy():
    heavy = "umap", "numba", "sklearn", "networkx", "torch"
    code = f"import engine.maps, sys; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_warm_up_loads_what_a_map_needs():
    code = (
        "import sys; from engine import maps; loaded = lambda: 'umap.layouts' in sys.modules; "
        "before = loaded(); maps.warm_up(); print(before, loaded())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
    assert done.stderr == ""
