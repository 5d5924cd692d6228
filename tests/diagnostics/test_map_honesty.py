import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diagnostics.map_honesty import (
    continuity,
    intrusion_score,
    neighbourhood_hit,
    trustworthiness,
)
from engine.errors import BadInput


def similarity_of(vectors):
    return -((vectors[:, None] - vectors) ** 2).sum(axis=2)


def test_intrusion_by_hand():
    # n = 5, k = 1: one intruder of rank 3 costs 2 × (3 − 1) / (1 × (10 − 3 − 1)) = 2/3;
    # the true nearest costs nothing; the farthest, rank 4, costs 2 × 3 / 6 = 1.
    order = np.array([[1, 2, 3, 4]] * 3)
    assert intrusion_score(np.array([[3], [1], [4]]), order, 5) == pytest.approx([1 / 3, 1, 0])


def test_texts_beyond_a_short_list_share_the_ranks_left():
    # Listed 1, 2; ranks 3 and 4 are left for texts 3 and 4: 3.5 each.
    # k = 1: 2 × 2.5 / 6 = 5/6 lost.
    order = np.array([[1, 2, -1, -1]])
    for shown in (3, 4):
        assert intrusion_score(np.array([[shown]]), order, 5) == pytest.approx([1 / 6])


def test_lists_shorter_than_k_are_not_scored():
    order = np.array([[1, -1, -1], [1, 2, 3]])
    shown = np.array([[1, 2], [1, -1]])
    assert np.isnan(intrusion_score(shown, order, 8)).all()


def test_on_a_line_by_hand(from_matrix):
    # Texts at 0, 1, 3, 6, 10; the map exchanges the last two: 0, 1, 3, 10, 6. k = 1.
    # Nearest in truth: 1 0 1 2 3; on the map: 1 0 1 4 2. Texts 3 and 4 show an intruder each:
    # truly, from 6, text 2 comes first (3 away) and the shown text 4 second (4 away);
    # from 10, text 3 comes first (4 away) and the shown text 2 second (7 away).
    # A rank of 2 costs 2 × (2 − 1) / (1 × (10 − 3 − 1)) = 1/3, so the mean is 1 − 2/3 / 5.
    truth = np.array([[0.0], [1], [3], [6], [10]])
    shown = np.array([[0.0], [1], [3], [10], [6]])
    similarity = from_matrix(similarity_of(truth))
    estimate = trustworthiness(similarity, shown, k=1)
    assert estimate.value == pytest.approx(1 - 2 / 15)
    assert estimate.n == 5
    # Continuity: on the map the true nearest of text 3 (now at 10) is second, 7 away after 4;
    # that of text 4 (now at 6) is second too, 4 away after 3. Again 1/3 each.
    assert continuity(similarity, shown, k=1).value == pytest.approx(1 - 2 / 15)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 9))
def test_agrees_with_sklearn(from_matrix, seed, k):
    from sklearn.manifold import trustworthiness as by_sklearn

    rng = np.random.default_rng(seed)
    high, low = rng.normal(size=(20, 5)), rng.normal(size=(20, 2))
    similarity = from_matrix(similarity_of(high))
    expected = by_sklearn(high, low, n_neighbors=k)
    assert trustworthiness(similarity, low, k=k).value == pytest.approx(expected)
    # Continuity is trustworthiness with the two spaces exchanged.
    expected = by_sklearn(low, high, n_neighbors=k)
    assert continuity(similarity, low, k=k).value == pytest.approx(expected)


@pytest.mark.parametrize("measure", [trustworthiness, continuity])
def test_a_map_of_itself_is_honest_and_a_shuffled_one_is_not(from_matrix, measure):
    places = np.random.default_rng(0).normal(size=(60, 2))
    similarity = from_matrix(similarity_of(places))
    assert measure(similarity, 3 * places + 1, k=5) == (1.0, 1.0, 1.0, 60)
    shuffled = np.random.default_rng(1).permutation(places)
    assert measure(similarity, shuffled, k=5).high < 0.7


def test_a_torn_map_is_trustworthy_but_not_continuous(from_matrix):
    # One cloud drawn as two far halves: no intruders on the map, but true neighbours torn apart.
    places = np.random.default_rng(0).uniform(size=(200, 2))
    torn = places + np.where(places[:, :1] > 0.5, 50.0, 0.0)
    similarity = from_matrix(similarity_of(places))
    assert continuity(similarity, torn, k=8).value < trustworthiness(similarity, torn, k=8).value


def test_a_sample_of_anchors_estimates_the_whole(from_matrix):
    rng = np.random.default_rng(0)
    high = rng.normal(size=(300, 3))
    similarity = from_matrix(similarity_of(high))
    whole = trustworthiness(similarity, high[:, :2], k=5)
    sample = trustworthiness(similarity, high[:, :2], k=5, n_anchors=100, seed=2)
    assert (whole.n, sample.n) == (300, 100)
    assert sample.low < whole.value < sample.high


def test_a_shortlist_leaves_out_only_anchors_that_are_too_short(from_matrix):
    places = np.random.default_rng(0).normal(size=(20, 2))
    matrix = similarity_of(places)
    matrix[4] = np.nan
    assert trustworthiness(from_matrix(matrix), places, k=3).n == 19
    assert continuity(from_matrix(matrix), places, k=3).n == 19


def test_neighbourhood_hit_by_hand():
    # On a line at 0, 1, 2.5, 4.5 with labels 0 0 1 1 and k = 1: nearest 1, 0, 1, 2 →
    # hit, hit, miss, hit. The unlabelled text at 2.4 is taken off first.
    positions = [[0.0, 0], [1, 0], [2.5, 0], [4.5, 0], [2.4, 0]]
    estimate = neighbourhood_hit(positions, [0, 0, 1, 1, -1], k=1)
    assert (estimate.value, estimate.n) == (0.75, 4)


def test_neighbourhood_hit_of_apart_and_of_one_pile():
    codes = np.repeat([0, 1], 10)
    spread = np.random.default_rng(0).normal(size=(20, 2))
    apart = spread + codes[:, None] * 100.0
    assert neighbourhood_hit(apart, codes, k=5) == (1.0, 1.0, 1.0, 20)
    assert neighbourhood_hit(spread, codes, k=5).value < 0.8


@pytest.mark.parametrize(
    ("positions", "k", "words"),
    [
        (np.zeros((6, 2)), 3, "below 3"),
        (np.zeros((6, 2)), 0, "at least 1"),
        (np.zeros((5, 2)), 1, "for 6 texts"),
        (np.full((6, 2), np.nan), 1, "not finite"),
    ],
)
def test_maps_that_do_not_fit_are_refused(from_matrix, positions, k, words):
    similarity = from_matrix(np.eye(6))
    for measure in (trustworthiness, continuity):
        with pytest.raises(BadInput, match=words):
            measure(similarity, positions, k=k)


def test_options_that_do_not_fit_are_refused(from_matrix):
    with pytest.raises(BadInput, match="at least 1 is needed"):
        trustworthiness(from_matrix(np.eye(6)), np.zeros((6, 2)), k=1, n_anchors=0)
    with pytest.raises(BadInput, match="one code per text"):
        neighbourhood_hit(np.zeros((6, 2)), [0, 1], k=1)


@pytest.mark.parametrize("measure", [trustworthiness, continuity])
def test_a_few_anchors_at_a_time_give_the_same(from_matrix, monkeypatch, measure):
    rng = np.random.default_rng(0)
    high, low = rng.normal(size=(30, 4)), rng.normal(size=(30, 2))
    similarity = from_matrix(similarity_of(high))
    at_once = measure(similarity, low, k=4)
    monkeypatch.setattr("engine.diagnostics.chunks.CELLS_AT_ONCE", 100)
    assert measure(similarity, low, k=4) == at_once
