"""Triplets to learn from: decided alike both ways, once, and split so that nothing leaks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadInput
from engine.judges.labels import LabelJudge
from engine.judges.ledger import Ledger
from engine.judges.questions import PairQuestion, Verdict
from engine.tuning.splits import fold, held_out_rows, shares_of, split
from engine.tuning.triplets import (
    Triplets,
    candidate_triplets,
    deduplicated,
    judged_triplets,
    label_triplets,
    verdict_triplets,
)
from engine.types import Attribute

TONE = Attribute("tone")
A = np.array([0, 0, 0, 1, 1, 1, 0, 1])
B = np.array([0, 1, 2, 0, 1, 2, 0, 1])


def made(*rows, source="me"):
    anchor, positive, negative = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Triplets(anchor, positive, negative, source, len(rows))


def as_set(triplets):
    rows = np.stack([triplets.anchor, triplets.positive, triplets.negative], axis=1)
    return {tuple(row) for row in rows.tolist()}


def test_hard_negatives_share_what_the_attribute_ignores_and_positives_do_not():
    found = label_triplets(A, [B], n=40, seed=0)
    assert len(found) == 40
    assert (A[found.anchor] == A[found.positive]).all()
    assert (A[found.anchor] != A[found.negative]).all()
    assert (B[found.anchor] == B[found.negative]).all()
    assert (B[found.anchor] != B[found.positive]).all()


def test_without_a_competing_column_they_follow_the_labels_all_the_same():
    found = label_triplets(A, [], n=40, seed=0, among=np.arange(6))
    assert (A[found.anchor] == A[found.positive]).all()
    assert (A[found.anchor] != A[found.negative]).all()
    assert found.rows.max() < 6


def test_noise_turns_the_share_that_was_asked_for():
    found = label_triplets(A, [B], n=2000, seed=0, noise=0.2)
    wrong = A[found.anchor] != A[found.positive]
    assert 0.17 < wrong.mean() < 0.23
    with pytest.raises(BadInput, match="noise is 2"):
        label_triplets(A, [B], n=1, seed=0, noise=2)


def test_labels_that_give_no_triplet_say_why():
    with pytest.raises(BadInput, match="a label must be on two texts and another on a third"):
        label_triplets(np.array([0, 0, -1]), [], n=1, seed=0)


def test_a_judge_that_prefers_one_side_decides_nothing(tmp_path):
    texts = [f"text {row}" for row in range(8)]
    labels = dict(zip(texts, map(str, A), strict=True))
    asked = made((0, 3, 1), (3, 4, 0), (0, 1, 2))
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        fair = judged_triplets(LabelJudge(labels, ledger), texts, TONE, asked)
        biased = LabelJudge(labels, ledger, position_bias=1.0)
        unfair = judged_triplets(biased, texts, TONE, asked)
    assert as_set(fair) == {(0, 1, 3), (3, 4, 0)}
    assert fair.n_verdicts == 6
    assert len(unfair) == 0


def test_pairs_that_share_a_text_make_a_triplet():
    texts = ["a", "b", "c", "d"]
    pairs = [("a", "b", 4.0), ("a", "c", 0.0), ("a", "d", 2.0), ("c", "d", 4.0)]
    verdicts = [Verdict.of(PairQuestion(TONE, x, y), "me", value=v) for x, y, v in pairs]
    found = verdict_triplets(verdicts, texts, "me")
    assert as_set(found) == {(0, 1, 2), (2, 3, 0)}
    assert found.n_verdicts == 4


def test_repeats_are_kept_once_and_contradictions_not_at_all():
    texts = ["a", "b", "c", "a", "d"]
    given = made((0, 1, 2), (3, 1, 2), (0, 1, 4), (3, 4, 1), (2, 0, 1), (0, 3, 1))
    assert as_set(deduplicated(given, texts)) == {(0, 1, 2), (2, 0, 1)}


def test_a_triplet_needs_three_texts():
    with pytest.raises(BadInput, match="holds a text twice"):
        made((0, 0, 1))


def test_candidates_pit_a_near_text_against_another():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(30, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = candidate_triplets(vectors, n=100, seed=0, n_near=3)
    alike = vectors @ vectors.T
    np.fill_diagonal(alike, -9)
    rank = (alike[found.anchor] > alike[found.anchor, found.positive][:, None]).sum(axis=1)
    assert rank.max() == 2


@given(st.lists(st.integers(0, 25), min_size=12, max_size=60), st.integers(0, 50))
def test_no_test_anchor_appears_in_training_in_any_role(words, seed):
    """Texts repeat here: the parts are made of texts, not of rows."""
    texts = [f"text {word}" for word in words]
    rng = np.random.default_rng(seed)
    rows = [rng.choice(len(texts), 3, replace=False) for _ in range(200)]
    found = split(made(*rows), texts, seed=seed)
    roles = {
        name: [{texts[row] for row in side} for side in (t.anchor, t.positive, t.negative)]
        for name, t in (("tr", found.training), ("ca", found.calibration), ("te", found.test))
    }
    for role in (*roles["tr"], *roles["ca"]):
        assert not role & roles["te"][0]
    assert not roles["tr"][0] & roles["ca"][0]


def test_each_part_gets_something():
    texts = [f"text {row}" for row in range(200)]
    rng = np.random.default_rng(0)
    rows = [rng.choice(200, 3, replace=False) for _ in range(500)]
    found = split(made(*rows), texts, seed=0)
    sizes = [len(found.training), len(found.calibration), len(found.test)]
    assert min(sizes) > 40
    assert sum(sizes) + found.n_dropped == len(deduplicated(made(*rows), texts))
    with pytest.raises(BadInput, match="sum to 1"):
        split(made(*rows), texts, seed=0, shares=(0.5, 0.2, 0.2))


def test_held_out_rows_depend_on_the_words_alone():
    texts = [f"text {row}" for row in range(300)]
    held = {texts[row] for row in held_out_rows(texts, 0.2, 0)}
    turned = texts[::-1]
    assert held == {turned[row] for row in held_out_rows(turned, 0.2, 0)}
    assert 0.12 < len(held) / 300 < 0.28
    assert (shares_of(texts, 0) != shares_of(texts, 1)).all()
    assert not len(held_out_rows(texts, 0.0, 0))


def test_calibration_gets_texts_also_where_some_are_held_out_by_the_same_seed():
    """By the same numbers, the held-out part would be the calibration part, and nothing be left."""
    texts = [f"text {row}" for row in range(300)]
    train = np.setdiff1d(np.arange(300), held_out_rows(texts, 0.3, 0))
    rng = np.random.default_rng(0)
    rows = [rng.choice(train, 3, replace=False) for _ in range(200)]
    parts = fold(made(*rows), texts, seed=0, share=0.25)
    assert 25 < len(parts.calibration) < 80
    assert len(parts.training) + len(parts.calibration) == 200
