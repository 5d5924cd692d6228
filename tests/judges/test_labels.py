import math

import pytest

from engine.errors import BadInput
from engine.judges.labels import LabelJudge, labels_by_text
from engine.judges.ledger import Ledger
from engine.judges.questions import (
    Choice,
    PairQuestion,
    PointQuestion,
    Status,
    TripletQuestion,
)
from engine.types import Attribute

TONE = Attribute("tone")
LABELS = {"a1": "a", "a2": "a", "b1": "b", "b2": "b", "c1": "c", "none": ""}
HEAT = {"cold": "1", "cool": "2", "warm": "4", "hot": "5", "none": ""}


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def one(judge, question):
    (verdict,) = judge.answer([question])
    return verdict


def test_same_label_is_graded_4_and_another_0(ledger):
    judge = LabelJudge(LABELS, ledger, column="tone")
    assert one(judge, PairQuestion(TONE, "a1", "a2")).value == 4.0
    assert one(judge, PairQuestion(TONE, "a1", "b1")).value == 0.0
    assert judge.name == "labels: tone"


@pytest.mark.parametrize(
    ("left", "right", "choice"),
    [
        ("a2", "b1", Choice.LEFT),
        ("b1", "a2", Choice.RIGHT),
        ("b1", "c1", Choice.TIE),
        ("a2", "a1", Choice.TIE),
    ],
)
def test_a_triplet_goes_to_the_side_with_the_anchors_label(ledger, left, right, choice):
    judge = LabelJudge(LABELS, ledger)
    assert one(judge, TripletQuestion(TONE, "a1", left, right)).choice is choice


def test_ordered_labels_are_judged_by_distance(ledger):
    judge = LabelJudge(HEAT, ledger, ordered=True)
    assert one(judge, PairQuestion(TONE, "cold", "cool")).value == 3.0
    assert one(judge, PairQuestion(TONE, "hot", "cold")).value == 0.0
    assert one(judge, TripletQuestion(TONE, "cool", "cold", "warm")).choice is Choice.LEFT
    assert one(judge, TripletQuestion(TONE, "hot", "cold", "warm")).choice is Choice.RIGHT
    assert one(judge, PointQuestion(TONE, "cold")).value == 0.0
    assert one(judge, PointQuestion(TONE, "warm")).value == 7.5
    assert one(judge, PointQuestion(TONE, "hot")).value == 10.0


def test_one_number_for_all_is_all_alike(ledger):
    judge = LabelJudge({"a": "3", "b": "3.0"}, ledger, ordered=True)
    assert one(judge, PairQuestion(TONE, "a", "b")).value == 4.0


@pytest.mark.parametrize(
    "question",
    [
        PairQuestion(TONE, "a1", "none"),
        PairQuestion(TONE, "a1", "in no column"),
        TripletQuestion(TONE, "none", "a1", "b1"),
        PointQuestion(TONE, "a1"),
    ],
)
def test_what_labels_do_not_tell_is_unanswerable(ledger, question):
    verdict = one(LabelJudge(LABELS, ledger), question)
    assert verdict.status is Status.UNANSWERABLE
    assert verdict.value is None
    assert verdict.choice is None
    assert "tone" not in verdict.reason
    assert "'labels'" in verdict.reason


def noisy_pairs(ledger, n, **options):
    labels = {f"{label}{i}": label for i in range(n) for label in "ab"}
    questions = [PairQuestion(TONE, f"a{i}", f"b{i}") for i in range(n)]
    return list(LabelJudge(labels, ledger, **options).answer(questions))


def test_noise_flips_its_share_of_pairs(ledger):
    n, share = 1000, 0.2
    verdicts = noisy_pairs(ledger, n, noise=share, seed=1)
    n_flipped = sum(verdict.value == 4.0 for verdict in verdicts)
    spread = 3 * math.sqrt(n * share * (1 - share))
    assert n * share - spread <= n_flipped <= n * share + spread


def test_noise_is_a_matter_of_seed_and_question_alone(tmp_path):
    with Ledger(tmp_path / "1") as one_ledger, Ledger(tmp_path / "2") as other:
        first = [verdict.value for verdict in noisy_pairs(one_ledger, 100, noise=0.3, seed=1)]
        assert [v.value for v in noisy_pairs(other, 100, noise=0.3, seed=1)] == first
        assert [v.value for v in noisy_pairs(other, 100, noise=0.3, seed=2)] != first


def test_noise_of_1_turns_every_kind_round(ledger):
    judge = LabelJudge(HEAT, ledger, ordered=True, noise=1.0)
    assert one(judge, PairQuestion(TONE, "cold", "cool")).value == 1.0
    assert one(judge, TripletQuestion(TONE, "cool", "cold", "warm")).choice is Choice.RIGHT
    assert one(judge, PointQuestion(TONE, "warm")).value == 2.5
    tie = one(judge, TripletQuestion(TONE, "cold", "cool", "cool")).choice
    assert tie in (Choice.LEFT, Choice.RIGHT)


def test_position_bias_says_left_in_its_share_of_triplets(ledger):
    n, share = 500, 0.4
    labels = {f"{label}{i}": label for i in range(n) for label in "ab"} | {"anchor": "b"}
    questions = [TripletQuestion(TONE, "anchor", f"a{i}", f"b{i}") for i in range(n)]
    verdicts = LabelJudge(labels, ledger, position_bias=share).answer(questions)
    n_left = sum(verdict.choice is Choice.LEFT for verdict in verdicts)
    spread = 3 * math.sqrt(n * share * (1 - share))
    assert n * share - spread <= n_left <= n * share + spread


def test_position_bias_leaves_pairs_alone(ledger):
    assert {v.value for v in noisy_pairs(ledger, 50, position_bias=1.0)} == {0.0}


def test_a_verdict_is_in_the_ledger_when_it_is_yielded_and_is_given_once(ledger):
    judge = LabelJudge(LABELS, ledger)
    question = PairQuestion(TONE, "a1", "a2")
    first = one(judge, question)
    assert ledger.verdicts() == [first]
    assert one(judge, question) == first
    assert ledger.n_verdicts == 1


def test_changed_labels_or_options_are_judged_anew(ledger):
    question = PairQuestion(TONE, "a1", "a2")
    assert one(LabelJudge(LABELS, ledger), question).value == 4.0
    assert one(LabelJudge(LABELS | {"a2": "b"}, ledger), question).value == 0.0
    assert one(LabelJudge(LABELS, ledger, noise=1.0), question).value == 0.0
    assert one(LabelJudge(LABELS, ledger), question).value == 4.0
    assert ledger.n_verdicts == 3


@pytest.mark.parametrize("options", [{"noise": 1.5}, {"position_bias": -0.1}, {"noise": math.nan}])
def test_shares_out_of_range_are_refused(ledger, options):
    with pytest.raises(BadInput, match="share from 0 to 1"):
        LabelJudge(LABELS, ledger, **options)


@pytest.mark.parametrize("label", ["a", "nan", "inf"])
def test_an_order_needs_numbers(ledger, label):
    with pytest.raises(BadInput, match="is no number"):
        LabelJudge(HEAT | {"odd": label}, ledger, ordered=True)


def test_labels_must_be_as_many_as_texts():
    with pytest.raises(BadInput, match="1 labels can't go with 2 texts"):
        labels_by_text(["a", "b"], ["x"])


def test_a_text_whose_labels_differ_stays_without_one():
    assert labels_by_text(["x", "x", "x"], ["a", "b", "a"])["x"] == ""
