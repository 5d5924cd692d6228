import itertools

import numpy as np
import pytest

from engine.choosing.adaptive import information_gain, next_comparisons, next_placements
from engine.choosing.borders import SoftClusters, border_triplets, soft_clusters
from engine.choosing.drawing import Why
from engine.choosing.exploring import explored_groups
from engine.choosing.landmarks import landmark_pairs, landmarks, spread_over
from engine.choosing.pairs import choose_pairs, coverage, disagreement
from engine.errors import BadInput
from engine.scales.answers import Wins
from engine.scales.consolidated import FittedScale, consolidated
from engine.similarity import AxisSimilarity, VectorSimilarity, unit_rows
from engine.spot_checks.pairs import Pairs, random_pairs


def vectors(n, seed=0, d=3):
    return unit_rows(np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32))


def test_disagreement_is_the_range_of_percentiles_by_hand():
    """Three pairs on a line, ranked 1/6, 1/2, 5/6 by each: one reversed, two moved by 2/3."""
    near = VectorSimilarity(np.array([[1, 0], [0.9, 0.44], [0, 1]], dtype=np.float32))
    far = VectorSimilarity(np.array([[0, 1], [1, 0], [0.1, 0.99]], dtype=np.float32))
    pairs = Pairs(np.array([0, 0, 1]), np.array([1, 2, 2]))
    found = disagreement({"near": near, "far": far}, pairs)
    ranks = {"near": [5 / 6, 1 / 6, 1 / 2], "far": [1 / 6, 5 / 6, 1 / 2]}
    expected = np.abs(np.subtract(ranks["near"], ranks["far"]))
    assert found == pytest.approx(expected)
    assert disagreement({"near": near}, pairs).tolist() == [0, 0, 0]


def test_coverage_gives_each_pair_of_regions_the_same():
    pairs = Pairs(np.array([0, 0, 1, 0]), np.array([1, 2, 2, 3]))
    found = coverage(np.array([0, 0, 0, 1]), pairs)
    assert found.tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1.0])


def test_chosen_pairs_lean_to_disagreement_and_know_their_chance():
    one, other = VectorSimilarity(vectors(40)), VectorSimilarity(vectors(40, seed=1))
    both = {"one": one, "other": other}
    chosen = choose_pairs(both, n=200, seed=0, regions=np.arange(40) % 4)
    assert len({tuple(sorted(each.rows)) for each in chosen}) == 200
    every = random_pairs(40, n=780, seed=0)
    gap = dict(zip(zip(*(s.tolist() for s in every), strict=True), disagreement(both, every),
                   strict=True))  # fmt: skip
    of = {why: [gap[tuple(sorted(c.rows))] for c in chosen if c.why is why] for why in Why}
    assert np.mean(of[Why.DISAGREEMENT]) > np.mean(of[Why.RANDOM]) + 0.1
    assert 30 <= len(of[Why.RANDOM]) <= 90
    # All pairs are candidates here, so the chances of all would sum to n.
    assert sum(1 / each.probability for each in chosen) == pytest.approx(780, rel=0.1)
    assert chosen == choose_pairs(both, n=200, seed=0, regions=np.arange(40) % 4)
    with pytest.raises(BadInput, match="one corpus"):
        choose_pairs({"one": one, "other": VectorSimilarity(vectors(5))}, n=2, seed=0)


def test_landmarks_are_the_farthest_and_never_twice_at_one_place():
    line = np.array([[0.0], [0.0], [1.0], [5.0], [10.0]], dtype=np.float32)
    for seed in range(4):
        first, *others = (float(line[row, 0]) for row in landmarks(line, 3, seed=seed))
        # From 0 or 1 the farthest is 10, then 5; from 5 and from 10 one end, then the other.
        expected = {0.0: [10.0, 5.0], 1.0: [10.0, 5.0], 5.0: [0.0, 10.0], 10.0: [0.0, 5.0]}
        assert others == expected[first]
        assert len(landmarks(line, 9, seed=seed)) == 4
    assert landmarks(line, 1, seed=0, among=np.array([3])).tolist() == [3]


def test_landmarks_cover_within_twice_the_least_radius():
    points = np.random.default_rng(0).random((12, 2)).astype(np.float32)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    least = min(
        distance[:, list(each)].min(axis=1).max() for each in itertools.combinations(range(12), 3)
    )
    for seed in range(5):
        radius = distance[:, landmarks(points, 3, seed=seed)].min(axis=1).max()
        assert radius <= 2 * least + 1e-6


def test_each_text_meets_each_landmark_once():
    pairs = list(landmark_pairs(5, np.array([1, 3])))
    assert len(pairs) == 3 * 2 + 1
    assert {frozenset(pair) for pair in pairs} == {
        frozenset(pair) for pair in itertools.product(range(5), (1, 3)) if pair[0] != pair[1]
    }


def test_rows_are_spread_over_regions():
    regions = np.array([0] * 50 + [1] * 3 + [2] * 10 + [-1] * 4)
    rows = spread_over(regions, 9, seed=0)
    assert np.bincount(regions[rows]).tolist() == [3, 3, 3]
    everything = spread_over(regions, 100, seed=0)
    assert sorted(everything.tolist()) == list(range(63))


def test_entropy_is_highest_between_two_clusters():
    around = np.random.default_rng(0).normal(scale=0.1, size=(40, 2))
    points = np.concatenate([around[:20], around[20:] + np.array([6, 0]), [[3.0, 0]]])
    found = soft_clusters(points.astype(np.float32), 2, seed=0)
    assert found.entropy.argmax() == 40
    # Halfway between both centres: one bit, in nats.
    assert found.entropy[40] == pytest.approx(np.log(2), abs=0.05)
    assert len(set(found.codes[:20])) == len(set(found.codes[20:40])) == 1


def test_border_triplets_pit_the_two_nearest_clusters_and_know_their_chance():
    codes, second = np.array([0, 0, 0, 1, 1, 1]), np.array([1, 1, 1, 0, 0, 0])
    clusters = SoftClusters(codes, second, np.array([0.6, 0.1, 0.1, 0.1, 0.1, 0.1]))
    chosen = border_triplets(clusters, n=400, seed=0, share_random=0.5, band=(0.0, 0.17))
    for each in chosen:
        anchor, left, right = each.rows
        assert len({anchor, left, right}) == 3
        # Anchor 0 alone is in the band; 2 of its cluster, 3 of the other: 6 border triplets.
        is_border = anchor == 0 and {codes[left], codes[right]} == {0, 1}
        expected = 200 / 60 + (200 / 6 if is_border else 0)
        assert each.probability == min(1.0, expected)
        assert is_border or each.why is Why.RANDOM
    few = border_triplets(clusters, n=10, seed=0, share_random=0.5, band=(0.0, 0.17))
    assert {round(each.probability, 4) for each in few} <= {
        round(5 / 60, 4),
        round(5 / 60 + 5 / 6, 4),
    }
    assert len({(c.rows[0], *sorted(c.rows[1:])) for c in chosen}) == len(chosen)


def flat_scale(information):
    n = len(information)
    return FittedScale(np.zeros(n), np.array(information, dtype=float), {}, 1.0, 1.0)


def test_a_comparison_of_unknown_texts_tells_most():
    gain = information_gain(
        flat_scale([0.5, 0.5, 4.0, 4.0]), Pairs(np.array([0, 2]), np.array([1, 3]))
    )
    assert gain.tolist() == [0.25 * 4, 0.25 * 0.5]
    chosen = next_comparisons(flat_scale([1.0] * 10 + [100.0] * 10), n=5, seed=0, share_random=0.2)
    best = [each for each in chosen if each.why is Why.UNCERTAIN]
    assert all(max(each.rows) < 10 and each.probability == 1.0 for each in best)
    assert len({row for each in best for row in each.rows}) == 8
    (at_random,) = [each for each in chosen if each.why is Why.RANDOM]
    assert at_random.probability == pytest.approx(1 / (190 - 4))


def test_random_comparisons_are_a_fair_sample_of_what_was_not_chosen():
    """Also of pairs that would have been chosen, had they been among the candidates."""
    scale = flat_scale([1.0] * 5 + [9.0] * 15)
    times: dict[frozenset[int], int] = {}
    n_left = 0
    for seed in range(1500):
        chosen = next_comparisons(scale, n=3, seed=seed, share_random=0.4, n_candidates=20)
        for each in chosen:
            if each.why is Why.RANDOM:
                times[frozenset(each.rows)] = times.get(frozenset(each.rows), 0) + 1
        n_left += sum(each.why is Why.UNCERTAIN for each in chosen)
    hot = [times.get(frozenset(pair), 0) for pair in itertools.combinations(range(5), 2)]
    cold = [times.get(frozenset(pair), 0) for pair in itertools.combinations(range(5, 20), 2)]
    # A hot pair is random only where it was not chosen: 2 of 10 hot ones are taken each time.
    assert n_left == 3000
    assert np.mean(hot) / np.mean(cold) == pytest.approx(1 - 2 / 10, abs=0.15)


def test_next_placements_ask_about_sure_members_of_the_likeliest_group():
    membership = np.array([[0.98, 0.02], [0.02, 0.98], [0.6, 0.4], [0.5, 0.5]])
    chosen = next_placements(membership, n=3, seed=0, share_random=0.34)
    best = [set(each.rows) for each in chosen if each.why is Why.UNCERTAIN]
    assert all(pair & {0, 1} and pair & {2, 3} for pair in best)
    assert len(best) == 2
    assert [each.probability for each in chosen if each.why is Why.RANDOM] == [1 / 4]


def test_exploring_finds_every_group_and_keeps_to_its_questions():
    labels = np.array([0, 0, 1, 2, 1, 2, 0])
    asked = []

    def same(left, right):
        asked.append((left, right))
        return bool(labels[left] == labels[right])

    groups = explored_groups(same, np.arange(7), n_groups=3, noise=0.05, max_questions=100, seed=0)
    assert sorted(map(sorted, groups)) == [[0, 1], [2], [3]]
    assert len(asked) == len(set(asked))
    few = len(asked) - 1
    asked.clear()
    explored_groups(same, np.arange(7), n_groups=3, noise=0.05, max_questions=few, seed=0)
    assert len(asked) == few


def test_exploring_under_noise_asks_again():
    labels = np.repeat(np.arange(3), 10)
    rng = np.random.default_rng(0)

    def same(left, right):
        return bool((labels[left] == labels[right]) ^ (rng.random() < 0.1))

    order = np.random.default_rng(1).permutation(30)
    right = 0
    for seed in range(10):
        groups = explored_groups(same, order, n_groups=3, noise=0.1, max_questions=1000, seed=seed)
        pure = all(len(set(labels[rows])) == 1 for rows in groups)
        right += pure and len({labels[rows[0]] for rows in groups}) == 3
    assert right >= 8


def test_chosen_comparisons_order_texts_with_fewer_questions_than_random_ones():
    """The instrument of benchmarks/recovery.py in little: 30 texts, as many questions."""
    place = np.arange(30)

    def ask(pairs):
        left, right = np.array(pairs).T
        first = place[left] > place[right]
        return Wins(np.where(first, left, right), np.where(first, right, left))

    def error(scale):
        ranks = np.argsort(np.argsort(scale.values))
        return np.abs(ranks - place).mean()

    errors = {"random": [], "chosen": []}
    for seed in range(6):
        start = list(zip(*(s.tolist() for s in random_pairs(30, n=150, seed=seed)), strict=True))
        asked = start[:45]
        scale = consolidated(30, wins=ask(asked))
        while len(asked) < 120:
            more = next_comparisons(scale, n=15, seed=len(asked) + seed)
            asked += [each.rows for each in more]
            scale = consolidated(30, wins=ask(asked), start=scale.values)
        errors["chosen"].append(error(scale))
        errors["random"].append(error(consolidated(30, wins=ask(start[: len(asked)]))))
    assert np.mean(errors["chosen"]) < 0.8 * np.mean(errors["random"])


def test_one_dimensional_methods_choose_too():
    axis = AxisSimilarity(np.arange(10, dtype=np.float32))
    assert len(choose_pairs({"axis": axis}, n=5, seed=0)) == 5
