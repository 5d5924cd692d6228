import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import BadInput
from engine.projection.profiles import (
    Proposal,
    Recipe,
    axis_places,
    compared,
    directions,
    evidence,
    project,
    similarities,
    soft_profiles,
    standardised,
)
from engine.projection.prototypes import EncodedCategories, within_whitening
from engine.similarity import AxisSimilarity, VectorSimilarity, unit_rows


def vectors(*rows):
    return np.array(rows, dtype=np.float32)


def drawn(n_categories=3, n_examples=4, d=12, n_texts=40, seed=0):
    """Texts of known categories: a place of its own for each, and noise."""
    rng = np.random.default_rng(seed)
    places = np.eye(d)[:n_categories] * 3
    codes = rng.integers(0, n_categories, n_texts)
    owner = np.repeat(np.arange(n_categories), n_examples)
    texts = unit_rows(places[codes] + rng.normal(size=(n_texts, d)))
    examples = unit_rows(places[owner] + rng.normal(size=(len(owner), d)))
    said = unit_rows(places + rng.normal(size=(n_categories, d)))
    return texts, EncodedCategories(said, examples, owner), codes


def same_category_wins(similarity, codes):
    n = len(codes)
    left, right = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    values = similarity.pairs(left, right).reshape(n, n)
    same = codes[:, None] == codes[None, :]
    np.fill_diagonal(same, False)
    different = codes[:, None] != codes[None, :]
    return values[same].mean() - values[different].mean()


def test_sentences_by_hand():
    # Texts at ±x, prototypes at ±x after centring: similarities are ±1.
    texts = vectors([1, 0], [-1, 0])
    encoded = EncodedCategories(
        vectors([1, 1], [-1, 1]), np.zeros((0, 2), np.float32), np.array([], int)
    )
    assert similarities(texts, encoded, "sentences").tolist() == [[1, -1], [-1, 1]]


def test_halfway_between_sentence_and_examples_by_hand():
    # Sentences differ along x, examples along y: the prototypes are the diagonals.
    texts = vectors([1, 1], [-1, -1])
    encoded = EncodedCategories(
        vectors([1, 0], [-1, 0]), vectors([0, 2], [0, 2], [0, -2]), np.array([0, 0, 1])
    )
    found = similarities(texts, encoded, "both")
    np.testing.assert_allclose(found, [[1, -1], [-1, 1]], atol=1e-6)
    found = similarities(texts, encoded, "examples")
    np.testing.assert_allclose(found, np.array([[1, -1], [-1, 1]]) / np.sqrt(2), atol=1e-6)


def test_whitening_is_the_inverse_root_of_the_shrunken_covariance_up_to_scale():
    _, encoded, _ = drawn(d=6)
    means = np.stack([encoded.examples[encoded.owner == c].mean(0) for c in range(3)])
    offsets = (encoded.examples - means[encoded.owner]).astype(np.float64)
    covariance = offsets.T @ offsets / len(offsets)
    shrunk = 0.2 * covariance + 0.8 * np.trace(covariance) / 6 * np.eye(6)
    values, columns = np.linalg.eigh(shrunk)
    wanted = columns @ np.diag(values**-0.5) @ columns.T
    found = within_whitening(encoded, 0.8).apply(np.eye(6, dtype=np.float32))
    scale = np.sqrt(0.8 * np.trace(covariance) / 6)
    np.testing.assert_allclose(found, wanted * scale, atol=1e-5)


def test_full_shrinkage_changes_nothing_and_none_is_refused():
    texts, encoded, _ = drawn()
    np.testing.assert_allclose(within_whitening(encoded, 1.0).apply(texts), texts, atol=1e-6)
    with pytest.raises(BadInput, match="over 0"):
        within_whitening(encoded, 0.0)


@pytest.mark.parametrize("prototypes", ["sentences", "examples", "both", "lda", "logistic"])
def test_every_recipe_brings_texts_of_one_category_together(prototypes):
    texts, encoded, codes = drawn()
    similarity = project(texts, encoded, Recipe(prototypes))
    assert isinstance(similarity, VectorSimilarity)
    assert same_category_wins(similarity, codes) > 0.5


@pytest.mark.parametrize("prototypes", ["examples", "both", "lda", "logistic"])
def test_without_examples_the_sentences_are_used(prototypes):
    texts, encoded, _ = drawn()
    bare = EncodedCategories(encoded.said, encoded.examples[:0], encoded.owner[:0])
    expected = similarities(texts, bare, "sentences")
    np.testing.assert_array_equal(similarities(texts, bare, prototypes), expected)


@pytest.mark.parametrize(("kind", "n"), [("scale", 3), ("kinds", 2)])
def test_a_scale_and_two_categories_are_an_axis(kind, n):
    texts, encoded, codes = drawn(n_categories=n)
    similarity = project(texts, encoded, Recipe(), kind=kind)
    assert isinstance(similarity, AxisSimilarity)
    by_step = [similarity.values[codes == step].mean() for step in range(n)]
    assert by_step == sorted(by_step)


def test_two_categories_by_logistic_regression():
    texts, encoded, codes = drawn(n_categories=2)
    similarity = project(texts, encoded, Recipe("logistic"))
    assert similarity.values[codes == 1].mean() > similarity.values[codes == 0].mean() + 0.3


def test_axis_places_are_the_mean_step():
    # Equal weights of three steps: the middle. All weight on one step: that step.
    places = axis_places(np.array([[0.0, 0, 0], [0, 90, 0], [0, 0, 90]]), 1.0)
    np.testing.assert_allclose(places, [0.5, 0.5, 1.0], atol=1e-6)


def test_against_takes_the_competing_directions_out():
    # Dimensions 0–2 carry the attribute, 3–5 the competing one; sentences of the first leak.
    rng = np.random.default_rng(1)
    codes, competing = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    texts = np.eye(9)[codes] + 2 * np.eye(9)[3 + competing] + 0.3 * rng.normal(size=(200, 9))
    none = np.zeros((0, 9), np.float32), np.array([], dtype=np.int64)
    leaky = EncodedCategories((np.eye(9)[:3] + np.eye(9)[3:6]).astype(np.float32), *none)
    other = EncodedCategories(np.eye(9, dtype=np.float32)[3:6], *none)
    removed = directions(other)
    np.testing.assert_allclose(removed @ removed.T, np.eye(2), atol=1e-5)
    texts = texts.astype(np.float32)
    before = project(texts, leaky, Recipe())
    after = project(texts, leaky, Recipe(), against=other)
    assert same_category_wins(before, competing) > same_category_wins(before, codes)
    assert same_category_wins(after, codes) > 0.8
    assert abs(same_category_wins(after, competing)) < 0.1


def test_words_count_with_their_weight():
    texts, encoded, codes = drawn(seed=3)
    words = np.eye(3, dtype=np.float32)[codes]
    found = evidence(texts, encoded, Recipe(words=1e6), words=words)
    np.testing.assert_allclose(found, standardised(words), atol=1e-3)
    unweighted = evidence(texts, encoded, Recipe(words=0.0), words=words)
    np.testing.assert_array_equal(unweighted, evidence(texts, encoded, Recipe()))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([0.0, 0.5, 1.0, 4.0]))
def test_row_order_does_not_matter_and_rows_have_length_one(seed, temperature):
    texts, encoded, _ = drawn(seed=seed)
    order = np.random.default_rng(seed).permutation(len(texts))
    recipe = Recipe(temperature=temperature)
    straight = project(texts, encoded, recipe).vectors
    np.testing.assert_allclose(
        project(texts[order], encoded, recipe).vectors, straight[order], atol=1e-4
    )
    np.testing.assert_allclose(np.linalg.norm(straight, axis=1), 1, atol=1e-5)


def test_equal_texts_and_a_bad_temperature():
    texts, encoded, _ = drawn()
    alike = np.repeat(texts[:1], 4, axis=0)
    assert np.isfinite(project(alike, encoded, Recipe()).vectors).all()
    with pytest.raises(BadInput, match="over 0"):
        soft_profiles(np.zeros((2, 2)), -1.0)


def test_one_proposal_is_the_projection_itself():
    texts, encoded, _ = drawn()
    found = evidence(texts, encoded, Recipe())
    alone = compared([Proposal(found, "kinds")], 1.0)
    np.testing.assert_allclose(alone.vectors, project(texts, encoded, Recipe()).vectors)


def test_several_proposals_average_their_cosines():
    texts, encoded, _ = drawn()
    _, other, _ = drawn(n_categories=4, seed=7)
    found = [evidence(texts, each, Recipe()) for each in (encoded, other)]
    left, right = np.arange(10), np.arange(20, 30)
    together = compared([Proposal(each, "kinds") for each in found], 1.0).pairs(left, right)
    apart = [compared([Proposal(each, "kinds")], 1.0).pairs(left, right) for each in found]
    np.testing.assert_allclose(together, np.mean(apart, axis=0), atol=1e-5)


def test_several_axes_are_one_axis_of_standardised_places_by_hand():
    # One axis spreads its texts far, the other little: both count alike, and disagree on text 1.
    far, near = np.array([[9.0, 0], [0, 9], [0, 9]]), np.array([[0.1, 0], [0.1, 0], [0, 0.1]])
    axis = compared([Proposal(far, "kinds"), Proposal(near, "scale")], 1.0)
    assert isinstance(axis, AxisSimilarity)
    # Standardised places: (-√2, 1/√2, 1/√2) and (-1/√2, -1/√2, √2), whatever the spread.
    expected = (np.array([-2, 1, 1]) + np.array([-1, -1, 2])) / np.sqrt(2) / 2
    np.testing.assert_allclose(axis.values, expected, atol=1e-5)


def test_a_scale_among_kinds_counts_as_kinds_and_nothing_is_refused():
    texts, encoded, _ = drawn()
    found = evidence(texts, encoded, Recipe())
    mixed = compared([Proposal(found, "scale"), Proposal(found, "kinds")], 1.0)
    assert isinstance(mixed, VectorSimilarity)
    np.testing.assert_allclose(np.linalg.norm(mixed.vectors, axis=1), 1, atol=1e-5)
    with pytest.raises(BadInput, match="one at least"):
        compared([], 1.0)
