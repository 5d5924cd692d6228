import json

import pytest

from engine.diagnostics.transitivity import order_flips
from engine.judges.kinds import Choice, Kind, Status
from engine.judges.labels import LabelJudge
from engine.judges.ledger import Ledger
from engine.judges.local_judge import LocalJudge
from engine.judges.prompts import prompt_for
from engine.judges.questions import ComparisonQuestion, TripletQuestion, Verdict, as_asked
from engine.types import Attribute

HEAT = Attribute("heat")
DEGREES = {"cold": "1", "cool": "2", "warm": "4", "hot": "5", "also warm": "4", "none": ""}


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def one(judge, question):
    (verdict,) = judge.answer([question])
    return verdict


def test_a_comparison_is_known_in_either_order_and_turned_with_its_sides():
    asked = ComparisonQuestion(HEAT, "hot", "cold")
    swapped = ComparisonQuestion(HEAT, "cold", "hot")
    assert asked.key != swapped.key
    assert asked.unordered_key == swapped.unordered_key
    verdict = Verdict.of(asked, "me", choice=Choice.LEFT)
    assert as_asked(verdict, swapped).choice is Choice.RIGHT
    assert (verdict.question_key, verdict.unordered_key) == (asked.key, asked.unordered_key)


@pytest.mark.parametrize(
    ("left", "right", "choice"),
    [
        ("hot", "cold", Choice.LEFT),
        ("cold", "cool", Choice.RIGHT),
        ("warm", "also warm", Choice.TIE),
    ],
)
def test_labels_compare_by_number(left, right, choice, ledger):
    judge = LabelJudge(DEGREES, ledger, ordered=True)
    assert one(judge, ComparisonQuestion(HEAT, left, right)).choice is choice
    turned = one(LabelJudge(DEGREES, ledger, ordered=True, noise=1.0), ComparisonQuestion(
        HEAT, left, right
    )).choice  # fmt: skip
    assert turned is choice.mirrored if choice is not Choice.TIE else turned is not Choice.TIE


def test_labels_without_order_compare_nothing(ledger):
    question = ComparisonQuestion(HEAT, "hot", "cold")
    assert one(LabelJudge(DEGREES, ledger), question).status is Status.UNANSWERABLE
    ordered = LabelJudge(DEGREES, ledger, ordered=True)
    unlabelled = ComparisonQuestion(HEAT, "hot", "none")
    assert one(ordered, unlabelled).status is Status.UNANSWERABLE


def test_a_comparison_is_asked_for_more_of_the_attribute_and_kept(ledger, tmp_path):
    prompt = prompt_for(ComparisonQuestion(HEAT, "one text", "another"))
    assert "has more of this respect" in prompt.system
    assert 'name="left"' in prompt.user
    verdict = Verdict.of(ComparisonQuestion(HEAT, "a", "b"), "me", choice=Choice.TIE)
    ledger.record(verdict)
    assert ledger.verdicts(kind=Kind.COMPARISON) == [verdict]
    path = tmp_path / "out.jsonl"
    ledger.export_jsonl(path)
    with Ledger(tmp_path / "other.sqlite") as other:
        assert other.import_jsonl(path) == 1
        assert other.verdicts() == [verdict]


def test_plain_lines_hold_comparisons(ledger, tmp_path):
    path = tmp_path / "plain.jsonl"
    line = {"kind": "comparison", "attribute": "heat", "left": "1", "right": "2", "choice": "right"}
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    ledger.import_jsonl(path, {"1": "a", "2": "b"})
    (verdict,) = ledger.verdicts()
    assert (verdict.kind, verdict.choice) == (Kind.COMPARISON, Choice.RIGHT)


def test_a_local_model_compares_by_the_likelier_side(ledger):
    class Scripted:
        key, max_tokens = "scripted", 1000

        def language_model(self, name):
            return self

        def chat(self, system, user):
            return user

        def count_tokens(self, prompts):
            return [1 for _ in prompts]

        def choice_logits(self, model, prompts, choices):
            assert tuple(choices) == ("Left", "Right")
            # Leans to the left, and by less to the text "hot".
            return [[-1.0 + ('name="left">\nhot' in prompt), -1.5 + (
                'name="right">\nhot' in prompt)] for prompt in prompts]  # fmt: skip

    verdict = one(LocalJudge("any", Scripted(), ledger), ComparisonQuestion(HEAT, "cold", "hot"))
    assert verdict.choice is Choice.RIGHT
    question = ComparisonQuestion(HEAT, "a", "b")
    assert one(LocalJudge("any", Scripted(), ledger), question).choice is Choice.LEFT
    both = LocalJudge("any", Scripted(), ledger, both_orders=True)
    assert one(both, question).choice is Choice.TIE


def _asked_both_ways(ledger, kind, *, bias, seed, n=150):
    labels = {f"hot {i}": "2" for i in range(n)} | {f"cold {i}": "1" for i in range(n)}
    judge = LabelJudge(
        labels | {"anchor": "1"}, ledger, ordered=True, position_bias=bias, seed=seed
    )
    asked = []
    for i in range(n):
        for left, right in ((f"hot {i}", f"cold {i}"), (f"cold {i}", f"hot {i}")):
            asked.append(
                TripletQuestion(HEAT, "anchor", left, right)
                if kind is Kind.TRIPLET
                else ComparisonQuestion(HEAT, left, right)
            )
    return order_flips(judge.answer(asked), kind)


@pytest.mark.parametrize("kind", [Kind.TRIPLET, Kind.COMPARISON])
def test_a_planted_position_bias_of_5_percent_is_found_within_its_interval(kind, ledger):
    """Of 20 judges with this bias, about 19 intervals should hold it; and none a bias of 20%."""
    found = [_asked_both_ways(ledger, kind, bias=0.05, seed=seed) for seed in range(20)]
    held = [each.flipped.low <= 0.05 <= each.flipped.high for each in found]
    assert sum(held) >= 17
    assert all(each.flipped.n == 150 for each in found)
    assert all(each.flipped.high < 0.2 for each in found)
    # "Left" whatever the texts in 5% of the verdicts: the first side gets half of that too much.
    sided = [each.first_side.low <= 0.525 <= each.first_side.high for each in found]
    assert sum(sided) >= 17
    assert _asked_both_ways(ledger, kind, bias=0.0, seed=0).flipped.value == 0
