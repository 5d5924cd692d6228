import json
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.errors import BadInput
from engine.judges.questions import Choice, PairQuestion, Status, TripletQuestion, Verdict
from engine.judges.replay import ReplayJudge
from engine.spot_checks import (
    AnsweredPair,
    AnsweredTriplet,
    agreement,
    answered_pairs,
    answered_triplets,
    auc,
    both_ways,
    random_pairs,
    replayable_queue,
    spot_check_queue,
    triplet_agreement,
)
from engine.spot_checks.pairs import percentiles
from engine.types import Attribute, Neighbours, Scale

ROOT = Path(__file__).resolve().parents[1]
TONE = Attribute("tone")


@dataclass
class MatrixSimilarity:
    """Similarities as they stand in a matrix; NaN = not scored."""

    matrix: np.ndarray
    scale: Scale = Scale.COSINE

    @property
    def n_texts(self):
        return len(self.matrix)

    def pairs(self, left, right):
        return self.matrix[left, right].astype(np.float32)

    def neighbours(self, rows, k):
        block = np.nan_to_num(self.matrix[rows], nan=-np.inf)
        block[np.arange(len(rows)), rows] = -np.inf
        order = np.argsort(-block, axis=1, kind="stable")[:, :k]
        values = np.take_along_axis(block, order, axis=1)
        order = np.where(np.isneginf(values), -1, order)
        return Neighbours(order, np.where(order < 0, np.nan, values).astype(np.float32))


def from_vectors(n, seed, dimensions=5):
    vectors = np.random.default_rng(seed).normal(size=(n, dimensions))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return MatrixSimilarity(vectors @ vectors.T)


def methods(n=60):
    return {"one": from_vectors(n, 1), "two": from_vectors(n, 2)}


def rows_of(queue):
    return [(check.left_row, check.right_row) for check in queue]


# random pairs, both ways, percentiles


@pytest.mark.parametrize("n_texts", [30, 2000])
def test_random_pairs_are_distinct_and_a_smaller_draw_is_the_first_of_a_larger(n_texts):
    left, right = random_pairs(n_texts, n=400, seed=3)
    assert (left < right).all()
    assert right.max() < n_texts
    assert len(set(zip(left.tolist(), right.tolist(), strict=True))) == 400
    fewer = random_pairs(n_texts, n=100, seed=3)
    assert fewer.left.tolist() == left[:100].tolist()
    assert fewer.right.tolist() == right[:100].tolist()
    assert random_pairs(n_texts, n=400, seed=4).left.tolist() != left.tolist()


def test_every_pair_is_as_likely():
    counts = Counter()
    for seed in range(600):
        left, right = random_pairs(4, n=1, seed=seed)
        counts[int(left[0]), int(right[0])] += 1
    assert len(counts) == 6
    spread = 4 * math.sqrt(600 / 6 * (5 / 6))
    assert all(abs(count - 100) < spread for count in counts.values())


def test_one_text_makes_no_pair():
    with pytest.raises(BadInput, match="make no pair"):
        random_pairs(1, n=1, seed=0)


def test_both_ways_is_the_mean_of_what_is_scored():
    nan = np.nan
    similarity = MatrixSimilarity(np.array([[9, 1, nan], [3, 9, nan], [2, nan, 9]], dtype=float))
    left, right = np.array([0, 0, 1]), np.array([1, 2, 2])
    values = both_ways(similarity, left, right).tolist()
    assert values[:2] == [2.0, 2.0]
    assert math.isnan(values[2])


def test_percentiles_need_most_of_the_reference_or_of_its_first_hundred():
    reference = np.arange(1000, dtype=float)
    value = np.array([50.0])
    assert percentiles(value, reference).tolist() == [0.0505]
    shortlisted = np.where(np.arange(1000) % 3 == 0, reference, np.nan)
    assert np.isnan(percentiles(value, shortlisted)).all()
    paid_for = np.where(np.arange(1000) < 100, reference, np.nan)
    assert percentiles(value, paid_for).tolist() == [0.505]
    assert np.isnan(percentiles(value, np.full(1000, np.nan))).all()


@given(
    hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(-5, 5)),
    hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(-5, 5)),
)
def test_percentiles_rise_with_the_value_and_fall_when_turned_round(values, reference):
    ranks = percentiles(values, reference)
    assert ((ranks >= 0) & (ranks <= 1)).all()
    assert (np.diff(ranks[np.argsort(values)]) >= 0).all()
    assert np.allclose(percentiles(-values, -reference), 1 - ranks)


# the queue


def test_the_most_disagreed_pair_comes_first():
    """The methods agree on all pairs but 0–1, which is top in one and bottom in the other."""
    base = np.round(from_vectors(12, 5).matrix, 6)
    one, two = base.copy(), base.copy()
    one[0, 1] = one[1, 0] = 9.0
    two[0, 1] = two[1, 0] = -9.0
    queue = spot_check_queue(
        {"one": MatrixSimilarity(one), "two": MatrixSimilarity(two)}, n=1, seed=0, share_random=0
    )
    assert rows_of(queue) == [(0, 1)]
    assert queue[0].stratum == "disagreement"
    n_pairs = 12 * 11 / 2
    assert queue[0].ranks == {"one": (n_pairs - 0.5) / n_pairs, "two": 0.5 / n_pairs}


def test_scales_do_not_matter_only_order_does():
    similarities = methods()
    stretched = dict(similarities)
    stretched["two"] = MatrixSimilarity(np.exp(40 * similarities["two"].matrix), Scale.BM25)
    plain = spot_check_queue(similarities, n=30, seed=7)
    assert rows_of(spot_check_queue(stretched, n=30, seed=7)) == rows_of(plain)


def test_strata_are_interleaved_and_disagreement_is_larger_where_it_was_looked_for():
    queue = spot_check_queue(methods(), n=40, seed=1, share_random=0.25)
    strata = [check.stratum.value for check in queue]
    assert strata.count("random") == 10
    assert all(strata[i : i + 4].count("random") == 1 for i in range(0, 40, 4))
    spreads = {"random": [], "disagreement": []}
    for check in queue:
        spreads[check.stratum].append(abs(check.ranks["one"] - check.ranks["two"]))
    assert np.mean(spreads["disagreement"]) > 0.7
    assert np.mean(spreads["random"]) < 0.55
    assert spreads["disagreement"] == sorted(spreads["disagreement"], reverse=True)


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 40),
    n_texts=st.integers(2, 25),
    seed=st.integers(0, 5),
    share=st.floats(0, 1),
    cap=st.integers(1, 4),
)
def test_no_pair_twice_and_no_text_too_often(n, n_texts, seed, share, cap):
    queue = spot_check_queue(methods(n_texts), n=n, seed=seed, share_random=share, max_per_text=cap)
    assert 1 <= len(queue) <= n
    assert len(set(rows_of(queue))) == len(queue)
    times = Counter(row for rows in rows_of(queue) for row in rows)
    assert max(times.values()) <= cap
    assert all(left < right for left, right in rows_of(queue))


def test_the_seed_decides():
    first = spot_check_queue(methods(), n=20, seed=1)
    assert spot_check_queue(methods(), n=20, seed=1) == first
    assert rows_of(spot_check_queue(methods(), n=20, seed=2)) != rows_of(first)


def test_the_random_pairs_do_not_depend_on_the_methods():
    def at_random(similarities):
        queue = spot_check_queue(similarities, n=30, seed=4)
        return [(c.left_row, c.right_row) for c in queue if c.stratum == "random"]

    others = {"three": from_vectors(60, 8), "four": from_vectors(60, 9)}
    assert at_random(methods()) == at_random(others)
    assert len(at_random(others)) == 9


def test_one_method_can_not_disagree():
    queue = spot_check_queue({"one": from_vectors(60, 1)}, n=10, seed=0)
    assert {check.stratum.value for check in queue} == {"random"}
    assert len(queue) == 10


def test_a_method_that_scored_only_shortlists_abstains():
    similarities = methods()
    shortlisted = similarities["two"].matrix.copy()
    shortlisted[shortlisted < 0.5] = np.nan
    similarities["three"] = MatrixSimilarity(shortlisted)
    queue = spot_check_queue(similarities, n=20, seed=0)
    assert {name for check in queue for name in check.ranks} == {"one", "two"}


def test_a_pair_that_one_method_did_not_score_is_not_disagreed_on():
    """Text 0 is unlike all to the one method and not scored by the other."""
    one, two = (similarity.matrix.copy() for similarity in methods().values())
    one[0] = one[:, 0] = -50.0
    two[0] = two[:, 0] = np.nan
    similarities = {"one": MatrixSimilarity(one), "two": MatrixSimilarity(two)}
    queue = spot_check_queue(similarities, n=60, seed=0, share_random=0)
    assert {check.stratum.value for check in queue} == {"disagreement"}
    assert all(set(check.ranks) == {"one", "two"} for check in queue)
    assert all(0 not in rows for rows in rows_of(queue))


@pytest.mark.parametrize(
    "options",
    [{"n": 0}, {"n": 5, "share_random": 1.1}, {"n": 5, "max_per_text": 0},
     {"n": 5, "n_candidates": 1}, {"n": 5, "share_random": math.nan}],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(BadInput):
        spot_check_queue(methods(), seed=0, **options)


def test_no_method_and_different_corpora_are_refused():
    with pytest.raises(BadInput, match="no method"):
        spot_check_queue({}, n=1, seed=0)
    with pytest.raises(BadInput, match="different corpora"):
        spot_check_queue({"a": from_vectors(5, 1), "b": from_vectors(6, 1)}, n=1, seed=0)


# the queue of what can be replayed


def sample(name):
    folder = ROOT / "sample_data" / name
    lines = (folder / f"{name}.jsonl").read_text("utf-8").splitlines()
    texts = {row["id"]: row["text"] for row in map(json.loads, lines)}
    return texts, ReplayJudge.from_jsonl(folder / "verdicts.jsonl", texts, "claude")


def test_all_of_the_replayable_queue_can_be_answered_by_replay():
    by_id, judge = sample("math_problems")
    texts, attribute = list(by_id.values()), judge.attributes[0]
    similarities = methods(len(texts))
    queue = replayable_queue(
        similarities, judge.verdicts, texts, attribute, n=30, seed=0, share_random=0.3
    )
    assert len(queue) == 30
    assert [check.stratum.value for check in queue].count("random") == 9
    questions = [
        PairQuestion(attribute, texts[check.left_row], texts[check.right_row]) for check in queue
    ]
    assert {verdict.status for verdict in judge.answer(questions)} == {Status.PARSED}
    drawn_at_random = {
        verdict.unordered_key for verdict in judge.verdicts if verdict.stratum == "random"
    }
    for check, question in zip(queue, questions, strict=True):
        if check.stratum == "random":
            assert question.unordered_key in drawn_at_random


def test_only_this_attributes_parsed_pairs_can_be_replayed():
    texts = list("abcdef")
    verdicts = [
        Verdict.of(PairQuestion(TONE, "a", "b"), "j", value=1.0, stratum="random"),
        Verdict.of(PairQuestion(TONE, "b", "a"), "j", value=1.0, stratum="random"),
        Verdict.of(PairQuestion(TONE, "c", "d"), "j", value=1.0, stratum="near"),
        Verdict.of(PairQuestion(TONE, "a", "e"), "j", status=Status.UNPARSED),
        Verdict.of(PairQuestion(TONE, "a", "not here"), "j", value=1.0),
        Verdict.of(PairQuestion(TONE, "a", "a"), "j", value=4.0),
        Verdict.of(PairQuestion(Attribute("mood"), "e", "f"), "j", value=1.0),
        Verdict.of(TripletQuestion(TONE, "d", "e", "f"), "j", choice=Choice.TIE),
    ]
    queue = replayable_queue(methods(6), verdicts, texts, TONE, n=9, seed=0)
    assert sorted(rows_of(queue)) == [(0, 1), (2, 3)]
    strata = {(c.left_row, c.right_row): c.stratum.value for c in queue}
    assert strata == {(0, 1): "random", (2, 3): "disagreement"}
    assert replayable_queue(methods(6), [], texts, TONE, n=9, seed=0) == []


# answers


def test_grades_become_answers_and_repeats_count_by_their_mean():
    texts = list("abcd")
    grades = [("a", "b", 3), ("a", "c", 1), ("a", "d", 2), ("b", "c", 4), ("c", "b", 0)]
    verdicts = [
        Verdict.of(PairQuestion(TONE, left, right), "j", value=grade, stratum=f"from {left}")
        for left, right, grade in grades
    ]
    verdicts.append(Verdict.of(PairQuestion(TONE, "d", "b"), "me", choice=Choice.UNSURE))
    verdicts.append(Verdict.of(PairQuestion(TONE, "d", "c"), "j", status=Status.UNPARSED))
    assert answered_pairs(verdicts, texts) == [
        AnsweredPair(0, 1, True, "from a"),
        AnsweredPair(0, 2, False, "from a"),
        AnsweredPair(0, 3, None, "from a"),
        AnsweredPair(1, 2, None, "from b"),
        AnsweredPair(1, 3, None, ""),
    ]


def test_triplets_that_flip_with_the_order_are_ties():
    texts = list("abcd")
    asked = [
        ("a", "b", "c", Choice.LEFT),
        ("a", "c", "b", Choice.RIGHT),
        ("a", "b", "d", Choice.LEFT),
        ("a", "d", "b", Choice.LEFT),
        ("b", "d", "c", Choice.LEFT),
    ]
    verdicts = [Verdict.of(TripletQuestion(TONE, *rest), "j", choice=c) for *rest, c in asked]
    assert answered_triplets(verdicts, texts) == [
        AnsweredTriplet(0, 1, 2, Choice.LEFT),
        AnsweredTriplet(0, 1, 3, Choice.TIE),
        AnsweredTriplet(1, 2, 3, Choice.RIGHT),
    ]


# agreement


def symmetric(n, values):
    matrix = np.full((n, n), np.nan)
    for (left, right), value in values.items():
        matrix[left, right] = matrix[right, left] = value
    return MatrixSimilarity(matrix)


def test_agreement_by_hand():
    """Same 0.9, 0.4; different 0.4, 0.1: of 4 comparisons 3 are won and one tied, so 3.5 / 4.

    At a threshold of 0.4, or of 0.9, three of the four pairs are judged rightly.
    """
    similarity = symmetric(6, {(0, 1): 0.9, (0, 2): 0.4, (0, 3): 0.4, (0, 4): 0.1, (1, 2): 0.5})
    answers = [
        AnsweredPair(0, 1, True, "disagreement"),
        AnsweredPair(2, 0, True, "random"),
        AnsweredPair(0, 3, False, "disagreement"),
        AnsweredPair(0, 4, False, "random"),
        AnsweredPair(1, 2, None, "random"),
        AnsweredPair(4, 5, True, "random"),
    ]
    found = agreement(similarity, answers, seed=0)
    assert found.everything.value == 0.875
    assert (found.everything.n_same, found.everything.n_different) == (2, 2)
    assert found.everything.low < 0.5 < 0.875 < found.everything.high <= 1
    assert found.random.value == 1.0
    assert (found.random.n_same, found.random.n_different) == (1, 1)
    assert found.accuracy.value == 0.75
    assert found.accuracy.threshold == pytest.approx(0.4)
    assert (found.n_unsure, found.n_not_scored) == (1, 1)
    assert agreement(similarity, answers, seed=0) == found


@pytest.mark.parametrize("same", [True, False, None])
def test_agreement_is_undefined_without_one_of_each(same):
    similarity = symmetric(3, {(0, 1): 0.9, (0, 2): 0.1})
    found = agreement(similarity, [AnsweredPair(0, 1, same), AnsweredPair(0, 2, same)], seed=0)
    for measured in (found.everything, found.random):
        assert measured.value is measured.low is measured.high is None
    assert found.accuracy is None
    assert found.everything.n_same == (2 if same else 0)
    assert agreement(similarity, [], seed=0).everything.value is None


def test_a_perfect_answer_or_two_is_no_certainty():
    """One of each: (1 − θ)² = z² θ (1 − θ), so θ = 1 / (1 + 1.96²)."""
    found = auc(np.array([1.0]), np.array([0.0]), seed=0)
    assert found.value == found.high == 1.0
    assert found.low == pytest.approx(1 / (1 + 1.959964**2))
    many = auc(np.arange(50, 100.0), np.arange(50.0), seed=0)
    assert 0.9 < many.low < 1.0


def test_best_accuracy_may_be_to_call_nothing_the_same():
    similarity = symmetric(5, {(0, 1): 0.1, (0, 2): 0.5, (0, 3): 0.6, (0, 4): 0.7})
    answers = [AnsweredPair(0, row, row == 1) for row in (1, 2, 3, 4)]
    assert agreement(similarity, answers, seed=0).accuracy.value == 0.75
    assert agreement(similarity, answers, seed=0).accuracy.threshold == math.inf


VALUES = hnp.arrays(np.float64, st.integers(1, 12), elements=st.integers(0, 5))


@settings(max_examples=50, deadline=None)
@given(VALUES, VALUES)
def test_auc_is_the_share_of_won_comparisons_and_turns_round(same, different):
    found = auc(same, different, seed=0)
    wins = [(s > d) + 0.5 * (s == d) for s in same for d in different]
    assert found.value == pytest.approx(np.mean(wins))
    assert 0 <= found.low <= found.value <= found.high <= 1
    turned = auc(-same, -different, seed=0)
    assert turned.value == pytest.approx(1 - found.value)
    assert auc(np.exp(same), np.exp(different), seed=0) == found


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    """Normal values one standard deviation apart: the true AUC is Φ(1/√2) ≈ 0.7602."""
    rng = np.random.default_rng(0)
    n_held = 0
    for _ in range(100):
        found = auc(rng.normal(1, 1, 12), rng.normal(0, 1, 25), seed=0)
        n_held += found.low <= 0.7602 <= found.high
    assert 90 <= n_held <= 100


def test_triplets_by_hand():
    """Of 4 decided and scored: two agree, one does not, one is the method's tie: 2.5 / 4."""
    matrix = np.array(
        [[1, 0.9, 0.2, 0.2], [0.1, 1, 0.5, np.nan], [0.3, 0.6, 1, 0.8], [0, 0, 0, 1]], dtype=float
    )
    answers = [
        AnsweredTriplet(0, 1, 2, Choice.LEFT),
        AnsweredTriplet(2, 0, 3, Choice.RIGHT),
        AnsweredTriplet(1, 0, 2, Choice.LEFT),
        AnsweredTriplet(0, 2, 3, Choice.RIGHT),
        AnsweredTriplet(0, 1, 3, Choice.TIE),
        AnsweredTriplet(1, 0, 3, Choice.LEFT),
    ]
    found = triplet_agreement(MatrixSimilarity(matrix), answers)
    assert (found.value, found.n, found.n_ties, found.n_not_scored) == (0.625, 4, 1, 1)
    # Wilson for 2.5 of 4: centre (0.625 + z²/8) / (1 + z²/4), z² = 3.8415.
    assert (found.low + found.high) / 2 == pytest.approx(1.10518 / 1.96036, abs=1e-4)
    assert found.low == pytest.approx(0.2189, abs=1e-3)


def test_no_triplet_no_share():
    found = triplet_agreement(from_vectors(3, 0), [AnsweredTriplet(0, 1, 2, Choice.TIE)])
    assert found.value is found.low is found.high is None
    assert (found.n, found.n_ties) == (0, 1)
