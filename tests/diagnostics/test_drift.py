import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.drift import (
    BatchScores,
    batch_drift,
    scores_by_batch,
    shared_items,
    shared_scores,
)
from engine.errors import BadInput
from engine.judges.questions import PointQuestion, Verdict
from engine.types import Attribute


def scored(**by_batch):
    n = len(next(iter(by_batch.values())))
    items = tuple(f"item {i}" for i in range(n)) * len(by_batch)
    batches = tuple(name for name in by_batch for _ in range(n))
    return BatchScores(items, batches, np.concatenate(list(by_batch.values())).astype(float))


def test_by_hand():
    # b = 2·a + 1 on every item: slope 2 one way and ½ the other; the means are 2 and 5.
    a = np.array([0.0, 1, 2, 3, 4])
    first, second = batch_drift(scored(a=a, b=2 * a + 1))
    assert (first.slope.value, second.slope.value) == pytest.approx((0.5, 2))
    assert (first.offset.value, second.offset.value) == pytest.approx((-3, 3))
    assert first.drifted
    assert second.drifted


def test_batches_that_differ_by_noise_do_not_drift():
    rng = np.random.default_rng(0)
    true = rng.normal(size=200)
    batches = {name: true + 0.5 * rng.normal(size=200) for name in "abcd"}
    for found in batch_drift(scored(**batches)):
        assert found.slope.low < 1 < found.slope.high
        assert not found.drifted


@given(st.floats(0.5, 2), st.floats(-3, 3), st.integers(0, 20))
def test_a_planted_stretch_and_shift_is_found(slope, offset, seed):
    true = np.random.default_rng(seed).normal(size=20)
    found = batch_drift(scored(a=true, b=true, c=slope * true + offset))[2]
    assert found.slope.value == pytest.approx(slope, rel=1e-6)
    assert found.offset.value == pytest.approx((slope - 1) * true.mean() + offset, abs=1e-6)


def test_only_items_that_every_batch_scored_are_used():
    base = scored(a=np.arange(5.0), b=np.arange(5.0))
    more = BatchScores((*base.items, "alone"), (*base.batches, "a"), np.append(base.scores, 99))
    assert [d.offset.value for d in batch_drift(more)] == [0, 0]


def test_too_little_says_nothing_and_repeats_are_refused():
    assert batch_drift(scored(a=np.arange(5.0))) == []
    assert batch_drift(scored(a=np.arange(3.0), b=np.arange(3.0))) == []
    base = scored(a=np.arange(5.0))
    with pytest.raises(BadInput, match="twice"):
        batch_drift(BatchScores((*base.items, "item 0"), (*base.batches, "a"), np.zeros(6)))


def test_scores_come_from_the_ledgers_points():
    tone = Attribute("tone")
    given_ = [
        Verdict.of(PointQuestion(tone, text), "me", value=value, batch=batch)
        for text, value, batch in [("x", 3.0, "1"), ("x", 4.0, "1"), ("x", 5.0, "2")]
    ]
    found = scores_by_batch(given_)
    assert found.batches == ("1", "2")
    assert found.scores.tolist() == [4, 5]


def test_shared_items_stand_in_the_order_of_their_scores():
    scored = BatchScores(
        ("c", "a", "a", "b", "c"), ("1", "1", "2", "1", "2"), np.array([3.0, 1, 2, 9, 4])
    )
    assert shared_items(scored) == ["c", "a"]
    assert shared_scores(scored)[0].tolist() == [[3, 4], [1, 2]]
