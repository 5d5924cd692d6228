"""Maps, weights and classifiers fitted on triplets whose answer is known beforehand."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from engine.errors import BadInput
from engine.similarity import VectorSimilarity, unit_rows
from engine.tuning.closed_forms import diagonal, discriminant, whitening
from engine.tuning.ensemble import (
    best_alone,
    carriers,
    comparable,
    fit_weights,
    learnt_weights,
    reciprocal_ranks,
    stored,
)
from engine.tuning.evaluate import held_out_accuracy, triplet_wins
from engine.tuning.pairs import fit_pairs, pair_differences
from engine.tuning.projection import (
    LinearMap,
    _chosen,
    _Problem,
    fit,
    main_directions,
    margins,
    tuned,
)
from engine.tuning.ridge import fit_ridge
from engine.tuning.splits import held_out_rows
from engine.tuning.triplets import Triplets, deduplicated, label_triplets, no_triplets
from engine.types import Scale

N = 240
TEXTS = [f"text {row}" for row in range(N)]
TOPIC, TONE = np.arange(N) % 4, (np.arange(N) // 4) % 3


def world(seed=0, noise=0.2):
    """Texts whose topic is loud in four dimensions and whose tone is faint in three."""
    rng = np.random.default_rng(seed)
    columns = np.concatenate([3 * np.eye(4)[TOPIC], np.eye(3)[TONE]], axis=1)
    columns += noise * rng.normal(size=columns.shape)
    mixed = columns @ np.linalg.qr(rng.normal(size=(7, 7)))[0]
    return mixed - mixed.mean(axis=0)


def known(n=400, noise=0.0, among=None):
    drawn = label_triplets(TONE, [TOPIC], n=n, seed=0, noise=noise, among=among)
    return deduplicated(drawn, TEXTS)


def accuracy(columns, matrix, triplets):
    lead = margins(unit_rows((columns @ matrix).astype(np.float32)), triplets)
    return float((lead > 0).mean())


def test_the_gradient_is_the_loss_s():
    columns, triplets = world(), known(20)
    problem = _Problem.of(columns, np.eye(7)[:, :4], triplets, 0.1)
    at = np.random.default_rng(1).normal(size=28)
    error = check_grad(lambda x: problem.loss(x)[0], lambda x: problem.loss(x)[1], at)
    assert error < 1e-4 * np.linalg.norm(problem.loss(at)[1])


def test_the_faint_attribute_is_found_on_texts_that_were_never_seen():
    columns = world()
    held = held_out_rows(TEXTS, 0.3, 0)
    train = np.setdiff1d(np.arange(N), held)
    test = label_triplets(TONE, [TOPIC], n=400, seed=9, among=held)
    start = main_directions(columns, 5, evenness=0.0)
    matrix, choice = tuned(columns, start, known(among=train), TEXTS)
    assert accuracy(columns, start, test) < 0.1
    assert accuracy(columns, matrix, test) > 0.9
    assert choice.n_steps > 0
    assert choice.after > choice.before
    assert choice.n_calibration > 40


def test_where_nothing_beats_the_start_on_calibration_the_start_stays():
    """Training says the opposite of calibration: each step makes it worse."""
    columns = world()
    right = np.linalg.lstsq(columns, np.eye(3)[TONE], rcond=None)[0]
    calibration = known(100)
    choice = _chosen(columns, right, known(noise=1.0), calibration)
    assert choice.n_steps == 0
    assert choice.before == choice.after > 0.9
    assert choice.n_calibration == len(calibration)


def test_the_ridge_pulls_back_to_the_start():
    columns, triplets, start = world(), known(), np.eye(7)
    moved = [
        np.linalg.norm(fit(columns, start, triplets, ridge=ridge) - start)
        for ridge in (100.0, 1.0, 0.01)
    ]
    assert moved[0] < 0.2 * moved[2]
    assert moved[0] < moved[1] < moved[2]


def test_without_triplets_there_is_nothing_to_learn():
    with pytest.raises(BadInput, match="no triplet to learn from"):
        tuned(world(), np.eye(7), no_triplets("me"), TEXTS)
    with pytest.raises(BadInput, match="no triplet to learn from"):
        fit_pairs(world(), no_triplets("me"), TEXTS)


def test_main_directions_are_the_embedding_itself_when_uneven():
    columns = world()
    mapped = columns @ main_directions(columns, 7, evenness=0.0)
    scale = np.linalg.norm(mapped) / np.linalg.norm(columns)
    np.testing.assert_allclose(mapped @ mapped.T, scale**2 * columns @ columns.T, atol=1e-9)
    assert np.square(mapped).sum(axis=1).mean() == pytest.approx(1)
    even = (columns @ main_directions(columns, 5, evenness=1.0)).std(axis=0)
    np.testing.assert_allclose(even, even[0])
    with pytest.raises(BadInput, match="same vector"):
        main_directions(np.zeros((5, 3)), 2)


def test_whitening_makes_positives_differ_alike_in_every_direction():
    columns, train = world(), known()
    mapped = columns @ whitening(columns, train, shrinkage=1e-6)
    offsets = mapped[train.anchor] - mapped[train.positive]
    np.testing.assert_allclose(offsets.T @ offsets / len(train), np.eye(7), atol=1e-3)


def test_the_discriminant_finds_the_faint_attribute_without_a_search():
    columns, train = world(noise=0.05), known()
    found = discriminant(columns, train, 2, shrinkage=1e-3)
    assert found.shape == (7, 2)
    assert accuracy(columns, found, known(200)) > 0.9


def test_the_diagonal_keeps_only_columns_in_which_negatives_differ_more():
    columns = np.concatenate([3 * np.eye(4)[TOPIC], np.eye(3)[TONE]], axis=1)
    gains = np.diag(diagonal(columns, known()))
    assert not gains[:4].any()
    assert (gains[4:] > 0.5).all()


def test_a_linear_map_centres_maps_and_scales():
    found = LinearMap(np.array([1.0, 0.0]), np.array([[2.0, 0.0], [0.0, 1.0]]))
    rows = np.array([[1.0, 0.0], [2.5, 4.0]], dtype=np.float32)
    np.testing.assert_allclose(found.apply(rows), [[0, 0], [0.6, 0.8]], atol=1e-6)


def test_the_pair_classifier_is_its_formula_and_never_rewards_unlikeness():
    columns = world()
    found = fit_pairs(columns, known(), TEXTS)
    assert (found.product >= 0).all()
    assert (found.difference >= 0).all()
    similarity = found.similarity(columns)
    a, b = columns[[0, 5]], columns[[7, 2]]
    wanted = (found.product * a * b - found.difference * (a - b) ** 2).sum(axis=1)
    values = similarity.pairs(np.array([0, 5]), np.array([7, 2]))
    np.testing.assert_allclose(values, wanted, rtol=1e-3, atol=1e-4)
    assert similarity.scale is Scale.LOGIT
    lead = pair_differences(columns, known())
    n = columns.shape[1]
    wins = lead[:, :n] @ found.product - lead[:, n:] @ found.difference > 0
    assert wins.mean() == pytest.approx(triplet_wins(similarity, known()).mean(), abs=0.01)


def test_ridge_finds_a_map_and_does_not_memorise_noise():
    rng = np.random.default_rng(0)
    x, wanted = rng.normal(size=(60, 40)), rng.normal(size=(40, 3))
    found = fit_ridge(x, x @ wanted + 5)
    assert np.linalg.norm(found - wanted) < 0.1 * np.linalg.norm(wanted)
    senseless = fit_ridge(x, rng.normal(size=(60, 3)))
    assert np.linalg.norm(senseless) < 0.5
    with pytest.raises(BadInput, match="needs 3 of both"):
        fit_ridge(x[:2], x[:2])


def test_reciprocal_ranks_by_hand():
    scores = np.array([[0, 3, 1, 1], [5, 0, 4, 3]], dtype=np.float32)
    padded = np.concatenate([scores, np.zeros((2, 4), dtype=np.float32)])
    found = reciprocal_ranks(padded)
    np.testing.assert_allclose(found[0, 1:], [1 / 61, 1 / 62.5, 1 / 62.5], rtol=1e-6)
    np.testing.assert_allclose(found[1, [0, 2, 3]], [1 / 61, 1 / 62, 1 / 63], rtol=1e-6)


def test_comparable_scores_have_no_scale_of_their_own():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(9, 9)).astype(np.float32)
    np.testing.assert_allclose(comparable(scores), comparable(7 * scores - 3), atol=1e-5)


def test_weights_go_to_the_member_that_knows_and_never_below_nothing():
    rng = np.random.default_rng(0)
    truth = rng.normal(1, 1, size=300)
    members = np.stack([truth, rng.normal(size=300), -truth], axis=1)
    found = fit_weights(members)
    assert found.sum() == pytest.approx(1)
    assert found[0] > 0.8
    assert found[2] == 0


def test_two_members_that_know_different_things_are_both_kept():
    rng = np.random.default_rng(0)
    members = rng.normal(0.6, 1, size=(600, 2))
    found = learnt_weights(members, [f"t{row}" for row in range(600)])
    assert not found.abstained
    assert found.weights.min() > 0.3
    assert found.held_back > found.accuracies.max()


def test_it_abstains_where_one_member_says_all():
    rng = np.random.default_rng(0)
    good = rng.normal(1, 1, size=200)
    members = np.stack([rng.normal(size=200), good], axis=1)
    found = learnt_weights(members, [f"t{row}" for row in range(200)])
    assert found.abstained
    assert found.weights.tolist() == [0, 1]
    few = learnt_weights(members[:1], ["only"])
    assert few.abstained
    assert np.isnan(few.held_back)


def test_as_good_members_fall_back_on_the_last_named():
    wins = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])
    assert best_alone(wins, list("abcd")) == 1
    better = np.array([[1.0, -1.0]] * 9 + [[1.0, 1.0]])
    assert best_alone(better, list("abcdefghij")) == 0


def test_each_region_names_its_member():
    leads = np.array([[1.0, -1], [1, -1], [-1, 1], [-1, 1], [1, 1]])
    found = carriers(leads, np.array([0, 1, 2, 3, 4]), np.array([0, 0, 1, 1, -1]), ["x", "y"])
    assert found == {0: ("x", 1.0, 2), 1: ("y", 1.0, 2)}


def test_stored_scores_read_row_as_anchor():
    scores = np.arange(9, dtype=np.float32).reshape(3, 3)
    found = stored(scores, Scale.LOGIT)
    assert found.pairs(np.array([0, 2]), np.array([1, 0])).tolist() == [1, 6]
    assert found.neighbours(np.array([0]), 2).rows.tolist() == [[2, 1]]


def test_accuracy_leaves_out_every_triplet_that_holds_a_training_text():
    vectors = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], dtype=np.float32)
    sides = np.array([[0, 1, 2], [2, 3, 0], [1, 2, 0], [3, 2, 1]]).T
    triplets = Triplets(*sides, "me", 4)
    similarity = VectorSimilarity(vectors)
    everything = held_out_accuracy(similarity, triplets, np.zeros(0, dtype=np.int64))
    assert (everything.value, everything.n) == (0.75, 4)
    assert held_out_accuracy(similarity, triplets, np.array([0])).value == 1.0
    assert held_out_accuracy(similarity, triplets, np.arange(4)).n == 0
