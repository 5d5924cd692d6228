import json

import numpy as np
import pytest

from engine.diagnostics.drift import BatchScores, scores_by_batch
from engine.diagnostics.estimate import Estimate, wilson
from engine.errors import BadInput
from engine.judges.kinds import Choice, Kind, Status
from engine.judges.prompts import PROMPT_VERSION, prompt_for
from engine.judges.questions import PairQuestion, PointQuestion, TripletQuestion, Verdict
from engine.judges.replay import ReplayJudge
from engine.scales.consistency import consistency, consistency_change, difference
from engine.scales.definition import Level, definition_card
from engine.scales.drift import drift_change, without_drift
from engine.similarity import AxisSimilarity
from engine.types import Attribute

TONE = Attribute("tone", "how it sounds")
TEXTS = [f"text {i}" for i in range(12)]


def graded(left, right, grade, *, stratum="", reason="", batch=""):
    question = PairQuestion(TONE, TEXTS[left], TEXTS[right])
    return Verdict.of(
        question, "me", value=float(grade), stratum=stratum, reason=reason, batch=batch
    )


def small_card(**options):
    verdicts = [
        graded(0, 1, 4, reason="both warm"),
        graded(1, 0, 4),
        graded(2, 3, 4, stratum="random"),
        graded(4, 5, 3),
        graded(5, 4, 1),
        graded(6, 7, 2, stratum="random"),
        graded(8, 9, 0, stratum="random"),
        graded(9, 8, 0),
        graded(10, 11, 1, stratum="random"),
        Verdict.of(PairQuestion(TONE, TEXTS[0], TEXTS[2]), "me", status=Status.UNPARSED),
        Verdict.of(PairQuestion(Attribute("mood"), TEXTS[0], TEXTS[2]), "me", value=0.0),
    ]
    return definition_card(verdicts, TEXTS, TONE, **options)


def test_levels_shares_and_contradictions_by_hand():
    card = small_card()
    assert card.n_pairs == 6
    assert card.shares[Level.SAME][:1] + card.shares[Level.SAME][3:] == (0.25, 4)
    assert card.shares[Level.DIFFERENT].value == 0.5
    # Three pairs were judged twice; 3 and 1 are the same and different.
    assert (card.contradicted.value, card.contradicted.n) == (pytest.approx(1 / 3), 3)
    # 3 and 1 make 2: close, but the steady 2 comes first.
    assert [pair.left_row for pair in card.examples[Level.CLOSE]] == [6, 4]
    assert np.isnan(card.threshold.value)


def test_the_most_consistent_pairs_come_first_and_from_all_regions():
    card = small_card(n_examples=1)
    (first,) = card.examples[Level.SAME]
    assert (first.left_row, first.right_row, first.n_verdicts, first.spread) == (0, 1, 2, 0.0)
    verdicts = [graded(i, i + 1, 4) for i in (0, 2, 4, 6)]
    regions = np.array([0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0])
    spread = definition_card(verdicts, TEXTS, TONE, regions=regions)
    assert [pair.left_row for pair in spread.examples[Level.SAME]] == [0, 6]


def test_the_threshold_lies_between_same_and_different_with_an_interval():
    axis = AxisSimilarity(np.array([0, 1, 0, 2, 0, 1.5, 0, 5, 0, 6, 0, 9], dtype=np.float32))
    card = small_card(similarity=axis)
    # Same pairs lie 1 and 2 apart, different ones 6 and 9: halfway between −6 and −2.
    assert card.threshold.value == -4.0
    assert card.threshold.low <= -4.0 <= card.threshold.high
    assert card.threshold.n == 4


def test_a_card_becomes_a_guide_that_changes_the_prompt_and_its_version():
    guide = small_card().guide(TEXTS)
    asked = PairQuestion(TONE, "new", "newer")
    shown, plain = prompt_for(asked, guide).system, prompt_for(asked).system
    assert "0 or 1 is different" in shown
    assert "0 or 1 is different" not in plain
    assert '{"reason": "both warm", "grade": 4}' in shown
    # Texts stand in delimiters of their own, never in the notes.
    assert not any(text in guide.notes for text in TEXTS)
    assert shown.count("text 0") == 1
    assert guide.version.startswith(f"{PROMPT_VERSION}+")
    assert guide.version == small_card().guide(TEXTS).version
    assert guide.version != small_card(n_examples=1).guide(TEXTS).version


def test_a_card_of_nothing_is_refused():
    with pytest.raises(BadInput, match="No pair was judged on 'tone'"):
        definition_card([], TEXTS, TONE)
    with pytest.raises(BadInput, match="2 regions for 12 texts"):
        small_card(regions=np.zeros(2, dtype=np.int64))


def test_the_samples_verdicts_make_a_card(repository):
    folder = repository / "sample_data" / "support_messages"
    lines = (folder / "support_messages.jsonl").read_text("utf-8").splitlines()
    texts = {row["id"]: row["text"] for row in map(json.loads, lines)}
    judge = ReplayJudge.from_jsonl(folder / "verdicts.jsonl", texts, "claude")
    attribute = judge.attributes[0]
    card = definition_card(judge.verdicts, list(texts.values()), attribute)
    assert all(len(card.examples[level]) == 2 for level in Level)
    assert sum(share.value for share in card.shares.values()) == pytest.approx(1)
    assert all(pair.spread == 0 for pair in card.examples[Level.SAME])
    assert len(card.guide(list(texts.values())).examples) == 6


def test_difference_of_wilson_intervals_is_newcombes_by_hand():
    """Newcombe 1998, table II, (a): 56/70 less 48/80 is 0.2, method 10: 0.0524 to 0.3339."""
    found = difference(wilson(48, 80), wilson(56, 70))
    assert [round(x, 4) for x in found[:3]] == [0.2, 0.0524, 0.3339]
    assert np.isnan(difference(Estimate.undefined(), wilson(1, 2)).value)
    with pytest.raises(BadInput, match="does not hold"):
        difference(Estimate(0.9, 0.1, 0.2, 5), wilson(1, 2))


class Carded:
    """A scripted judge: 20% of his verdicts are off without a card, 4% with one."""

    def __init__(self, with_card, seed):
        self.wrong = 0.04 if with_card else 0.2
        self.shift = 0.0 if with_card else 1.5
        self.rng = np.random.default_rng(seed)

    def verdicts(self, n=250):
        found = []
        for i in range(n):
            same = i % 2 == 0
            for left, right in ((f"l{i}", f"r{i}"), (f"r{i}", f"l{i}")):
                off = self.rng.random() < self.wrong
                grade = 4.0 if same != off else 0.0
                found.append(Verdict.of(PairQuestion(TONE, left, right), "me", value=grade))
                side = Choice.LEFT if (left[0] == "l") != off else Choice.RIGHT
                triplet = TripletQuestion(TONE, "anchor", left, right)
                found.append(Verdict.of(triplet, "me", choice=side))
        for batch in range(3):
            for item in range(20):
                value = 5 + item % 3 + self.shift * (batch == 2) + self.rng.random()
                found.append(Verdict.of(PointQuestion(TONE, f"p{item}"), "me",
                                        value=value, batch=str(batch)))  # fmt: skip
        return found


def truth(n=250):
    return [Verdict.of(PairQuestion(TONE, f"l{i}", f"r{i}"), "labels", value=4.0 * (i % 2 == 0))
            for i in range(n)]  # fmt: skip


def test_a_judge_made_more_consistent_by_a_card_is_seen_to_be():
    """The instrument only: this judge is scripted to heed the card; no real one was measured."""
    before, after = Carded(False, 0).verdicts(), Carded(True, 1).verdicts()
    found = consistency_change(before, after, truth())
    # One of two verdicts off: 2 · 0.2 · 0.8 = 0.32 without, 2 · 0.04 · 0.96 = 0.077 with the card.
    for name in ("triplet_flips", "grade_changes"):
        assert found[name].low <= 0.077 - 0.32 <= found[name].high
        assert found[name].high < 0
    assert found["kappa"].low > 0
    assert found["drift"].high < 0
    assert found["drift"].value == pytest.approx(-1.5, abs=0.4)
    assert np.isnan(found["comparison_flips"].value)
    same = consistency_change(before, Carded(False, 7).verdicts(), truth())
    assert all(one.low <= 0 <= one.high for one in same.values() if one.n)


def test_repeats_count_where_a_question_was_asked_again():
    verdicts = [graded(0, 1, 4), graded(0, 1, 4), graded(2, 3, 1), graded(2, 3, 2)]
    assert consistency(verdicts).repeats.value == 0.5
    assert consistency(verdicts, kind=Kind.PAIR).kappa.n == 0


def shared(offsets, n=16, noise=0.2, seed=0):
    rng = np.random.default_rng(seed)
    place = rng.uniform(2, 8, n)
    items, batches, values = [], [], []
    for name, offset in offsets.items():
        for item in range(n):
            items.append(str(item))
            batches.append(name)
            values.append(place[item] + offset + noise * rng.normal())
    return BatchScores(tuple(items), tuple(batches), np.array(values))


def test_drift_read_from_half_the_anchors_is_gone_on_the_others():
    found = drift_change(shared({"1": 0.0, "2": 1.0, "3": -0.5}))
    assert found.n_fitted == 8
    assert any(one.drifted for one in found.before)
    largest = max(abs(one.offset.value) for one in found.before)
    assert max(abs(one.offset.value) for one in found.after) < 0.3 < 1.0 < largest


def test_without_drift_takes_out_the_offsets_and_needs_anchors():
    plain = without_drift(shared({"1": 0.0, "2": 1.0}, noise=0.0))
    table = plain.scores.reshape(2, -1)
    assert table[0] == pytest.approx(table[1])
    alone = BatchScores(("a", "b"), ("1", "2"), np.array([1.0, 2.0]))
    with pytest.raises(BadInput, match="score some anchors"):
        without_drift(alone)
    with pytest.raises(BadInput, match="'9' shares no item"):
        without_drift(BatchScores(("a",), ("9",), np.array([1.0])), fitted_on=shared({"1": 0.0}))
    with pytest.raises(BadInput, match="at least 8"):
        drift_change(shared({"1": 0.0, "2": 1.0}, n=6))


def test_the_samples_points_drift_less_once_it_is_taken_out(repository):
    folder = repository / "sample_data" / "paintings"
    lines = (folder / "paintings.jsonl").read_text("utf-8").splitlines()
    texts = {row["id"]: row["text"] for row in map(json.loads, lines)}
    judge = ReplayJudge.from_jsonl(folder / "verdicts.jsonl", texts, "claude")
    found = drift_change(scores_by_batch(judge.verdicts))
    assert [one.batch for one in found.before] == [one.batch for one in found.after]
    assert len(found.before) == 3
    assert found.n_fitted == 6
