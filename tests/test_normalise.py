from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diagnostics.drift import BatchScores
from engine.diagnostics.planted import PlantedSimilarity
from engine.diagnostics.truth import Groups, PairTruth
from engine.errors import BadInput, UnknownName
from engine.normalise import (
    AffineSimilarity,
    Ingredients,
    aligned_batches,
    as_norm,
    centred,
    csls,
    isotonic,
    load_repaired,
    per_group_threshold,
    platt,
    repair,
    repaired,
    repairs,
    save_repaired,
    t_norm,
    without_components,
    without_top_components,
    z_norm,
    zt_norm,
)
from engine.similarity import (
    AxisSimilarity,
    PairSimilarity,
    SparseSimilarity,
    VectorSimilarity,
    unit_rows,
)
from engine.types import Scale

N = 24
EVERYONE = np.arange(N, dtype=np.int64)
LEFT, RIGHT = (x.astype(np.int64) for x in np.nonzero(~np.eye(N, dtype=bool)))
SYMMETRIC = np.array([[9, 1, 2, 3], [1, 9, 4, 8], [2, 4, 9, 6], [3, 8, 6, 9]], dtype=np.float32)


def vectors(seed=0, n_dims=6):
    drawn = np.random.default_rng(seed).normal(size=(N, n_dims)) + 0.5
    return unit_rows(drawn.astype(np.float32))


def pair_scorer():
    """Each text scored against the six that follow it."""
    rng = np.random.default_rng(0)
    shortlist = np.stack([(EVERYONE + step) % N for step in range(1, 7)], axis=1)
    known = {
        (min(a, b), max(a, b)): float(rng.normal()) for a in range(N) for b in shortlist[a].tolist()
    }
    return PairSimilarity(N, Scale.LOGIT, shortlist, None, known)


BASES = {
    "vectors": lambda: VectorSimilarity(vectors()),
    "two-sided vectors": lambda: VectorSimilarity(vectors(), vectors(1)),
    "sparse": lambda: SparseSimilarity(
        sp.csr_array(np.round(np.abs(vectors(2)), 1)), sp.csr_array(np.abs(vectors(3))), Scale.BM25
    ),
    "axis": lambda: AxisSimilarity(np.random.default_rng(1).normal(size=N).astype(np.float32)),
    "pairs": pair_scorer,
    "matrix": lambda: PlantedSimilarity(
        np.random.default_rng(2).normal(size=(N, N)).astype(np.float32)
    ),
}
TRUTH = PairTruth(LEFT, RIGHT, (LEFT % 3) == (RIGHT % 3), "labels")
GIVEN = Ingredients(TRUTH, Groups(EVERYONE % 2, ("even", "odd"), "test"))


def combinations(bases=tuple(BASES)):
    return [
        pytest.param(base, each.name, id=f"{each.name} of {base}")
        for each in repairs()
        for base in bases
        if each.needs != "vectors" or base.endswith("vectors")
    ]


@pytest.mark.parametrize(("base", "name"), combinations())
def test_every_repair_keeps_the_protocol(base, name):
    before = BASES[base]()
    after = repaired(name, before, GIVEN)
    assert after.n_texts == N
    assert isinstance(after.scale, Scale)
    found = after.pairs(LEFT, RIGHT)
    assert found.dtype == np.float32
    assert np.isnan(found).tolist() == np.isnan(before.pairs(LEFT, RIGHT)).tolist()
    listed = after.neighbours(EVERYONE, 5)
    assert listed.rows.shape == (N, 5)
    real = listed.rows >= 0
    assert (listed.rows != EVERYONE[:, None])[real].all()
    anchors = np.repeat(EVERYONE, 5).reshape(N, 5)
    assert listed.similarities[real] == pytest.approx(
        after.pairs(anchors[real], listed.rows[real]), abs=1e-4
    )
    drops = np.diff(np.where(real, listed.similarities, -np.inf), axis=1)
    assert not (drops > 1e-6).any()
    # Nothing left out is more alike than what is listed.
    full = np.full((N, N), -np.inf)
    full[LEFT, RIGHT] = np.where(np.isnan(found), -np.inf, found)
    best = np.sort(full, axis=1)[:, ::-1][:, :5]
    assert np.where(real, listed.similarities, -np.inf) == pytest.approx(best, abs=1e-4)


@pytest.mark.parametrize("name", [each.name for each in repairs() if not each.reorders])
@pytest.mark.parametrize("base", ["vectors", "pairs", "sparse"])
def test_a_repair_that_does_not_reorder_keeps_the_order_around_each_text(base, name):
    before = BASES[base]()
    after = repaired(name, before, GIVEN)
    old, new = before.pairs(LEFT, RIGHT), after.pairs(LEFT, RIGHT)
    for anchor in range(N):
        here = (anchor == LEFT) & ~np.isnan(old)
        order = np.argsort(old[here], kind="stable")
        assert (np.diff(new[here][order]) >= -1e-5).all()


def many(seed):
    """More texts than a small cohort takes, in rows of any order."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(40, 40)).astype(np.float32), rng.permutation(40), rng.permutation(40)


@pytest.mark.parametrize("norm", [z_norm, t_norm, as_norm, zt_norm, partial(csls, k=3)])
@given(seed=st.integers(0, 10**6))
@settings(max_examples=10)
def test_the_order_of_rows_changes_no_score_where_the_texts_have_ranks(norm, seed):
    matrix, ranks, order = many(seed)
    first = norm(PlantedSimilarity(matrix), n_cohort=12, ranks=ranks)
    moved = PlantedSimilarity(np.ascontiguousarray(matrix[np.ix_(order, order)]))
    again = norm(moved, n_cohort=12, ranks=ranks[order])
    rows = np.arange(39)
    np.testing.assert_allclose(
        again.pairs(rows, rows + 1), first.pairs(order[rows], order[rows + 1]), rtol=0, atol=1e-6
    )


def test_without_ranks_a_cohort_is_drawn_by_row():
    matrix, ranks, _ = many(0)
    rows = np.arange(39)
    plain, ranked = (
        z_norm(PlantedSimilarity(matrix), n_cohort=12, ranks=each).pairs(rows, rows + 1)
        for each in (None, ranks)
    )
    assert np.abs(plain - ranked).max() > 0.1
    as_they_stand = z_norm(PlantedSimilarity(matrix), n_cohort=12, ranks=np.arange(40))
    np.testing.assert_array_equal(as_they_stand.pairs(rows, rows + 1), plain)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=10)
def test_thresholds_by_group_are_halved_by_rank(seed):
    matrix, ranks, order = many(seed)
    left, right = (x.astype(np.int64) for x in np.nonzero(~np.eye(40, dtype=bool)))
    labels, codes = ranks % 3, ranks % 2

    def shifted(values, where):
        groups = Groups(codes[where], ("even", "odd"), "test")
        truth = PairTruth(left, right, labels[where][left] == labels[where][right], "labels")
        similarity = PlantedSimilarity(np.ascontiguousarray(values[np.ix_(where, where)]))
        after = per_group_threshold(similarity, truth, groups, ranks=ranks[where])
        return after.anchor_offset

    values = matrix + 0.5 * codes[:, None].astype(np.float32)
    np.testing.assert_allclose(
        shifted(values, order), shifted(values, np.arange(40))[order], rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("ranks", [np.arange(39), np.zeros(40, dtype=np.int64)])
def test_ranks_that_are_no_order_are_refused(ranks):
    with pytest.raises(BadInput, match="ranks of 40 texts are no order"):
        z_norm(PlantedSimilarity(many(0)[0]), ranks=ranks)


STORABLE = tuple(name for name in BASES if name != "matrix")


@pytest.mark.parametrize(("base", "name"), combinations(STORABLE))
def test_every_repair_can_be_kept(base, name, tmp_path):
    after = repaired(name, BASES[base](), GIVEN)
    save_repaired(after, tmp_path)
    again = load_repaired(tmp_path)
    assert again.scale == after.scale
    assert np.array_equal(again.pairs(LEFT, RIGHT), after.pairs(LEFT, RIGHT), equal_nan=True)


def test_z_norm_by_hand():
    # All four are the cohort, all three others count. Anchor 0: 1, 2, 3 → mean 2, σ √(2/3).
    after = z_norm(PlantedSimilarity(SYMMETRIC), top=3)
    found = after.pairs(np.array([0, 0]), np.array([1, 3]))
    assert found == pytest.approx([-1 / np.sqrt(2 / 3), 1 / np.sqrt(2 / 3)])


def test_t_norm_by_hand():
    # Candidate 1 is found 1, 4, 8 → mean 13/3, variance 81/3 − 169/9 = 74/9.
    after = t_norm(PlantedSimilarity(SYMMETRIC), top=3)
    assert after.pairs(np.array([0]), np.array([1])) == pytest.approx(
        [(1 - 13 / 3) / np.sqrt(74 / 9)]
    )


def test_as_norm_is_the_mean_of_both():
    base, left, right = PlantedSimilarity(SYMMETRIC), np.array([0, 2]), np.array([1, 3])
    z, t = z_norm(base, top=3).pairs(left, right), t_norm(base, top=3).pairs(left, right)
    assert as_norm(base, top=3).pairs(left, right) == pytest.approx((z + t) / 2)


def test_only_the_most_alike_of_the_cohort_count():
    # Anchor 0: 3 and 2 → mean 2.5, σ ½.
    after = z_norm(PlantedSimilarity(SYMMETRIC), top=2)
    assert after.pairs(np.array([0]), np.array([1])) == pytest.approx([(1 - 2.5) / 0.5])


def test_csls_by_hand():
    # k = 1: r_0 = 3, r_1 = 8. 2·1 − 3 − 8 = −9.
    after = csls(PlantedSimilarity(SYMMETRIC), k=1)
    assert after.pairs(np.array([0]), np.array([1])) == pytest.approx([-9])


@settings(max_examples=25)
@given(st.integers(0, 1000))
def test_z_norm_undoes_any_gain_and_offset_of_the_anchors(seed):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(N, N)).astype(np.float32)
    bent = matrix * rng.uniform(0.5, 2, (N, 1)) + rng.normal(size=(N, 1))
    plain, repaired_ = (
        z_norm(PlantedSimilarity(each.astype(np.float32))).pairs(LEFT, RIGHT)
        for each in (matrix, bent)
    )
    assert repaired_ == pytest.approx(plain, abs=2e-3)


@settings(max_examples=25)
@given(st.integers(0, 1000))
def test_t_norm_undoes_any_gain_and_offset_of_the_candidates(seed):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(N, N)).astype(np.float32)
    bent = matrix * rng.uniform(0.5, 2, (1, N)) + rng.normal(size=(1, N))
    plain, repaired_ = (
        t_norm(PlantedSimilarity(each.astype(np.float32))).pairs(LEFT, RIGHT)
        for each in (matrix, bent)
    )
    assert repaired_ == pytest.approx(plain, abs=2e-3)


def test_as_norm_leaves_half_of_a_one_sided_offset_and_zt_norm_nothing():
    matrix = np.random.default_rng(0).normal(size=(N, N)).astype(np.float32)
    bent = PlantedSimilarity(matrix + np.where(EVERYONE < N / 2, 5, 0)[:, None].astype(np.float32))
    levels = {}
    for name, make in (("none", lambda s: s), ("as", as_norm), ("zt", zt_norm)):
        found = make(bent).pairs(LEFT, RIGHT)
        raised = LEFT < N / 2
        levels[name] = abs(found[raised].mean() - found[~raised].mean()) / found.std()
    assert levels["zt"] < 0.2 < levels["as"] < levels["none"]


def test_constant_similarities_can_not_be_standardised():
    with pytest.raises(BadInput, match="do not vary"):
        z_norm(PlantedSimilarity(np.ones((5, 5), dtype=np.float32)))


def test_a_flat_text_is_not_blown_up():
    matrix = np.random.default_rng(0).normal(size=(N, N)).astype(np.float32)
    matrix[3] = 0.5 + 1e-6 * matrix[3]
    assert np.abs(z_norm(PlantedSimilarity(matrix)).pairs(LEFT, RIGHT)).max() < 100


@pytest.mark.parametrize(
    "make",
    [
        lambda s: z_norm(s, n_cohort=2),
        lambda s: z_norm(s, top=1),
        lambda s: as_norm(s, top=99),
        lambda s: csls(s, k=0),
        lambda s: csls(s, k=N),
    ],
)
def test_numbers_out_of_range_are_refused(make):
    with pytest.raises(BadInput):
        make(BASES["vectors"]())


def test_centred_by_hand():
    # (1, 0) and (0, 1) have the mean (½, ½) and then point opposite ways.
    after = centred(VectorSimilarity(np.eye(2, dtype=np.float32)))
    assert after.pairs(np.array([0]), np.array([1])) == pytest.approx([-1])


def test_the_top_direction_by_hand():
    # Most variance lies along the first axis; without it only the second counts.
    made = np.array([[3, 1], [-3, 1], [0, -1], [0, -1]], dtype=np.float32)
    assert np.abs(without_top_components(made, 1)) == pytest.approx(
        np.abs([[0, 1], [0, 1], [0, 1], [0, 1]]), abs=1e-6
    )
    after = without_components(VectorSimilarity(made), 1)
    assert after.pairs(np.array([0, 0]), np.array([1, 2])) == pytest.approx([1, -1])


@given(st.integers(0, 50), st.integers(0, 4))
def test_what_is_taken_out_is_gone(seed, n_components):
    made = np.random.default_rng(seed).normal(size=(30, 6)).astype(np.float32)
    after = without_top_components(made, n_components)
    assert np.linalg.matrix_rank(after, tol=1e-3) == 6 - n_components
    assert without_top_components(after, 0) == pytest.approx(after)


def test_vector_repairs_say_why_they_refuse():
    for make in (centred, without_components):
        with pytest.raises(BadInput, match="AxisSimilarity has none"):
            make(BASES["axis"]())
    with pytest.raises(BadInput, match="from 0 to 5"):
        without_components(BASES["vectors"](), 6)


@pytest.mark.parametrize("make", [isotonic, platt])
def test_curves_give_probabilities_in_the_order_of_the_base(make):
    base = BASES["vectors"]()
    after = make(base, TRUTH)
    found = after.pairs(LEFT, RIGHT)
    assert after.scale is Scale.PROBABILITY
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found[np.argsort(base.pairs(LEFT, RIGHT))]) >= -1e-6).all()
    assert (after.neighbours(EVERYONE, 4).rows == base.neighbours(EVERYONE, 4).rows).all()


def test_per_group_threshold_by_hand():
    # Even anchors split at 0.5, odd at 10.5; without shrinkage both come to the common threshold.
    values = np.where(TRUTH.same, 1.0, 0.0) + 10 * (LEFT % 2)
    matrix = np.zeros((N, N), dtype=np.float32)
    matrix[LEFT, RIGHT] = values
    base = PlantedSimilarity(matrix)
    after = per_group_threshold(base, TRUTH, GIVEN.groups, strength=0).pairs(LEFT, RIGHT)
    assert after[TRUTH.same].min() - after[~TRUTH.same].max() == pytest.approx(1)
    # The more a group is drawn to the common threshold, the more of the way is left.
    even = LEFT % 2 == 0
    left_over = [
        np.diff([each[side].mean() for side in (even, ~even)])[0]
        for strength in (0.0, 50.0, 500.0)
        for each in [
            per_group_threshold(base, TRUTH, GIVEN.groups, strength=strength).pairs(LEFT, RIGHT)
        ]
    ]
    gap_before = values[~even].mean() - values[even].mean()
    assert left_over[0] == pytest.approx(values[TRUTH.same & even].mean() - 1, abs=0.05)
    assert left_over[0] < left_over[1] < left_over[2] < gap_before
    same = per_group_threshold(base, TRUTH, GIVEN.groups, strength=1e12).pairs(LEFT, RIGHT)
    assert same == pytest.approx(values, abs=1e-4)


def test_groups_that_differ_by_luck_are_left_as_they_are():
    moved = []
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(size=(N, N)).astype(np.float32)
        groups = Groups(EVERYONE % 6, tuple("abcdef"), "test")
        base = PlantedSimilarity(noise)
        after = per_group_threshold(base, TRUTH, groups, strength=0)
        moved.append(np.abs(after.pairs(LEFT, RIGHT) - base.pairs(LEFT, RIGHT)).mean())
    # By halves that agree on nothing the excess mostly vanishes; unshrunk it is about 0.7.
    assert np.median(moved) < 0.2


def test_per_group_threshold_refuses_what_does_not_fit():
    with pytest.raises(BadInput, match="0 or more"):
        per_group_threshold(BASES["vectors"](), TRUTH, GIVEN.groups, strength=-1)
    with pytest.raises(BadInput, match="one each"):
        per_group_threshold(BASES["vectors"](), TRUTH, Groups(EVERYONE[:3] % 2, ("a", "b"), "x"))


def test_batches_are_aligned_by_hand():
    # Shared items score 0, 2 in a and 10, 14 in b; their means are 5, 8: mean 6.5, σ 1.5.
    scored = BatchScores(("x", "y") * 2, ("a", "a", "b", "b"), np.array([0.0, 2, 10, 14]))
    batches = Groups(np.array([0, 1, -1]), ("a", "b"), "test")
    base = PlantedSimilarity(np.array([[0, 2, 1], [14, 0, 12], [7, 7, 0]], dtype=np.float32))
    after = aligned_batches(base, scored, batches)
    found = after.pairs(np.array([0, 0, 1, 1, 2]), np.array([1, 2, 0, 2, 0]))
    assert found == pytest.approx([8, 6.5, 8, 6.5, 7])


def test_batches_without_shared_items_are_refused():
    scored = BatchScores(("x", "y"), ("a", "b"), np.array([0.0, 2]))
    with pytest.raises(BadInput, match="in all of them"):
        aligned_batches(BASES["axis"](), scored, Groups(EVERYONE % 2, ("a", "b"), "x"))


def test_cards_say_what_is_missing():
    assert len({each.name for each in repairs()}) == len(repairs())
    assert repair("as-norm").fits(BASES["axis"](), Ingredients())
    assert not repair("centred").fits(BASES["axis"](), Ingredients())
    assert not repair("per-group-threshold").fits(BASES["axis"](), Ingredients(TRUTH))
    with pytest.raises(BadInput, match="judge some pairs"):
        repaired("isotonic", BASES["vectors"]())
    with pytest.raises(BadInput, match="clusters"):
        repaired("per-group-threshold", BASES["vectors"](), Ingredients(TRUTH))
    with pytest.raises(UnknownName, match="Did you mean 'as-norm'"):
        repair("as_norm")


def test_gains_must_fit_the_corpus():
    zeros = np.zeros(N, dtype=np.float32)
    with pytest.raises(BadInput, match="one each"):
        AffineSimilarity(BASES["axis"](), zeros, zeros, zeros[:2], zeros, Scale.LOGIT)
