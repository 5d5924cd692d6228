"""Held-out triplets, points on them, and what the next verdicts are expected to add."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.corpus import Corpus, LoadReport
from engine.errors import BadInput
from engine.meter import Meter
from engine.resources import Resources
from engine.similarity import VectorSimilarity, unit_rows
from engine.tuning.learning_curve import (
    WORTH,
    Outlook,
    Point,
    anchor_wins,
    before_tuning,
    flips,
    gain,
    held_out_triplets,
    next_gain,
    outlook,
    point,
    tuned_point,
)
from engine.tuning.splits import held_out_rows
from engine.tuning.triplets import Triplets
from engine.tuning.truth import Wanted
from engine.types import Attribute

N = 200
TONE = Attribute("tone")
FOUR = VectorSimilarity(
    unit_rows(np.array([[1, 0], [1, 0.1], [0, 1], [-1, 0.2]], dtype=np.float32))
)


@pytest.fixture(scope="module")
def crossed():
    """200 texts labelled by tone and topic, crossed, in no particular order."""
    rows = np.random.default_rng(0).permutation(N)
    return Corpus(
        ids=tuple(f"id-{row}" for row in rows),
        texts=tuple(f"text {row}" for row in rows),
        name="crossed",
        report=LoadReport(N),
        labels={
            "tone": tuple(f"tone {row % 3}" for row in rows),
            "topic": tuple(f"topic {row // 3 % 4}" for row in rows),
        },
    )


def triplets(*rows):
    sides = np.array(rows, dtype=np.int64).T
    return Triplets(*sides, source="me", n_verdicts=len(rows))


def points(*accuracies, spread=0.0, n_anchors=400, budgets=(64, 256, 1024)):
    """Points whose anchors' wins have these means, each anchor a little off by its own noise."""
    rng = np.random.default_rng(0)
    found = []
    for budget, accuracy in zip(budgets, accuracies, strict=True):
        noise = rng.normal(scale=spread, size=n_anchors)
        wins = accuracy + noise - noise.mean()
        found.append(Point(budget, budget, wins, None))
    return found


def test_no_held_out_text_can_be_learnt_from_and_triplets_are_hard(crossed):
    tested = held_out_triplets(crossed, TONE, Wanted())
    held = set(held_out_rows(crossed.texts, 0.2, 0).tolist())
    assert set(tested.rows.tolist()) <= held
    assert len(tested) > 100
    tone = np.array(crossed.labels["tone"])
    topic = np.array(crossed.labels["topic"])
    assert (tone[tested.anchor] == tone[tested.positive]).all()
    assert (tone[tested.anchor] != tone[tested.negative]).all()
    assert (topic[tested.anchor] == topic[tested.negative]).all()


def test_the_same_triplets_whatever_the_order_of_texts(crossed):
    def said(corpus):
        found = held_out_triplets(corpus, TONE, Wanted())
        sides = (found.anchor, found.positive, found.negative)
        return {tuple(corpus.texts[row] for row in rows) for rows in zip(*sides, strict=True)}

    assert said(crossed) == said(crossed.subset(np.arange(N)[::-1]))


def test_another_column_can_be_the_truth(crossed):
    tested = held_out_triplets(crossed, TONE, Wanted("labels", "topic"))
    topic = np.array(crossed.labels["topic"])
    assert (topic[tested.anchor] == topic[tested.positive]).all()


def test_too_few_anchors_are_told(crossed):
    with pytest.raises(BadInput, match=r"Only \d texts of label column 'tone' can be held out"):
        held_out_triplets(crossed.subset(np.arange(30)), TONE, Wanted())
    with pytest.raises(BadInput, match="no verdict on these texts"):
        held_out_triplets(crossed, TONE, Wanted("my answers"))


def test_wins_are_averaged_by_anchor():
    tested = triplets((0, 1, 2), (0, 2, 1), (0, 1, 3), (2, 3, 1))
    # Anchor 0 wins two of three; text 2 is nearer to 3 (0.2) than to 1 (0.1).
    assert anchor_wins(FOUR, tested).round(3).tolist() == [0.667, 1.0]
    assert math.isclose(point(FOUR, tested).accuracy.value, 5 / 6)


def test_a_gain_is_taken_anchor_by_anchor():
    before = Point(0, 0, np.array([0.0, 0.25, 0.5]), None)
    after = Point(64, 64, np.array([0.5, 0.75, 1.0]), None)
    # Each anchor gains the same, so the gain is certain where either accuracy is not.
    assert gain(after, before) == (0.5, 0.5, 0.5, 3)


def test_a_tuned_point_says_what_it_learnt_from():
    class Learns:
        def prepare(self, corpus, attribute, resources):
            resources.meter.add(verdicts=40)
            resources.meter.note_prompts("truth", ["12 triplets from 40 verdicts of me"])
            return FOUR

    corpus = Corpus("four", tuple("abcd"), tuple("abcd"), {}, LoadReport(4))
    resources = Resources(meter=Meter())
    found = tuned_point(Learns(), 64, corpus, TONE, triplets((0, 1, 2)), resources)
    assert (found.budget, found.n_verdicts, found.is_full) == (64, 40, False)
    assert found.learnt_from == "12 triplets from 40 verdicts of me"
    assert found.accuracy.value == 1


def test_equal_steps_of_a_power_law_are_continued_exactly():
    numbers = np.array([64, 256, 1024, 4096])
    accuracy = 0.9 - 0.8 * numbers**-0.3
    found = next_gain(np.log(numbers[:3]), accuracy[None, :3])
    assert math.isclose(found[0], accuracy[3] - accuracy[2])


@given(some.lists(some.floats(0, 1), min_size=3, max_size=3), some.integers(65, 5000))
def test_the_next_gain_is_never_negative_nor_more_than_the_last(accuracies, middle):
    steps = np.log([64, middle, 2 * middle])
    found = next_gain(steps, np.array([accuracies]))[0]
    assert 0 <= found <= max(0, accuracies[2] - accuracies[1])


def test_a_curve_that_rises_for_certain_asks_for_more():
    found = outlook(points(0.60, 0.70, 0.75, spread=0.1))
    assert found.helps
    assert found.n_more == 3072
    assert math.isclose(found.gain.value, 0.025)
    assert found.gain.low < 0.025 < found.gain.high
    assert found.described.startswith("The next 3,072 verdicts are expected to add about 0.03 [")


def test_a_curve_that_is_flat_for_certain_says_stop():
    found = outlook(points(0.60, 0.75, 0.751, spread=0.05))
    assert not found.helps
    assert found.gain.high < WORTH
    assert found.described == (
        "Stop: more verdicts will hardly help. As the curve flattens, the next 3,072 are expected "
        "to add less than 0.02."
    )


def test_nothing_is_said_where_the_data_do_not_tell():
    assert outlook(points(0.60, 0.70, 0.75, spread=0.5, n_anchors=20)) is None
    assert outlook(points(0.70, 0.75, budgets=(64, 256))) is None
    assert outlook(points(0.60, 0.70, 0.75, n_anchors=49)) is None
    assert outlook(points(0.60, 0.70, 0.75, n_anchors=50)) is not None
    assert outlook([]) is None


def test_no_verdicts_and_repeated_budgets_are_no_steps():
    nothing, *rest = points(0.3, 0.60, 0.70, 0.75, spread=0.1, budgets=(0, 64, 256, 1024))
    assert outlook([nothing, *rest]) == outlook(rest)
    assert outlook([nothing, *rest[:2], rest[1]]) is None


def test_a_step_that_does_not_double_the_verdicts_is_no_step():
    """A truth that ends soon after 256 says little of what twice as much would give."""
    assert outlook(points(0.60, 0.75, 0.75, budgets=(64, 256, 330))) is None
    assert outlook(points(0.60, 0.75, 0.75, budgets=(64, 256, 512))) is not None
    four = points(0.60, 0.70, 0.74, 0.75, budgets=(64, 128, 256, 330))
    assert outlook(four) == outlook([*four[:2], four[3]])


def test_an_unscored_anchor_is_left_out():
    found = points(0.60, 0.70, 0.75, n_anchors=60)
    found[1].wins[3] = np.nan
    assert isinstance(outlook(found), Outlook)
    assert outlook(found).gain.n == 59


def test_flips_are_counted_and_the_clearest_comes_first():
    turned = VectorSimilarity(
        unit_rows(np.array([[1, 0], [0, 1], [1, 0.1], [1, 0.5]], dtype=np.float32))
    )
    tested = triplets((0, 2, 1), (0, 3, 1), (0, 1, 2), (2, 1, 3), (1, 0, 3))
    found = flips(FOUR, turned, tested)
    # After: 0 leads by 0.99 in the first, by 0.89 in the second, and trails by 0.99 in the third.
    assert found.mended.tolist() == [0]
    assert found.broken.tolist() == [2, 4]
    assert (found.n_mended, found.n_broken, found.n_compared) == (2, 2, 5)


@pytest.mark.models
def test_untuned_starts(problems, structure):
    resources = Resources()
    made = {
        start: before_tuning(start, problems, structure, resources, "minilm").vectors
        for start in ("nothing", "written", "profile")
    }
    assert made["nothing"].shape == (24, 384)
    assert made["written"].shape == made["profile"].shape
    with pytest.raises(BadInput, match="Nobody wrote categories for 'how green it is'"):
        before_tuning("written", problems, Attribute("how green it is"), resources, "minilm")
