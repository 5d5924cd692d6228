import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import Cancelled
from engine.judges.kinds import TUPLE_KINDS, Choice, Kind, Status
from engine.judges.ledger import Ledger
from engine.judges.local_judge import NOTE, LocalJudge
from engine.judges.local_prompts import LOCAL_VERSION
from engine.judges.prompts import Example, Guide, delimiter_code
from engine.judges.questions import PairQuestion, PointQuestion, TripletQuestion, TupleQuestion
from engine.resources import Resources
from engine.types import Attribute

TONE = Attribute("tone", "how it sounds")
INJECTIONS = json.loads((Path(__file__).parent / "injections.json").read_text(encoding="utf-8"))


class Scripted:
    """Logits by a script, so that grades can be worked out by hand."""

    key, max_tokens = "scripted@1", 100

    def __init__(self, logits):
        self.logits, self.prompts, self.n_shared_passes = logits, [], 0

    def language_model(self, name):
        return self

    def chat(self, system, user):
        return f"{system}\n{user}\n>"

    def count_tokens(self, prompts):
        return [prompt.count("long ") for prompt in prompts]

    def choice_logits(self, model, prompts, choices):
        self.prompts += prompts
        rows = [self.logits(prompt, choices) for prompt in prompts]
        return np.array(rows, dtype=np.float32).reshape(len(prompts), len(choices))

    def choice_logits_after(self, model, prefix, suffixes, choices):
        self.n_shared_passes += 1
        return self.choice_logits(model, [prefix + end for end in suffixes], choices)


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


def logs(*shares):
    return [math.log(share) for share in shares]


def test_a_pair_is_graded_by_yes_among_yes_and_no(ledger):
    scripted = Scripted(lambda prompt, choices: logs(0.3, 0.1))
    (verdict,) = LocalJudge("any", scripted, ledger).answer([PairQuestion(TONE, "a", "b")])
    assert verdict.value == pytest.approx(4 * 0.75)
    assert json.loads(verdict.raw) == pytest.approx({"Yes": math.log(0.3), "No": math.log(0.1)})
    assert verdict.judge == "local: scripted@1"
    assert (verdict.prompt_version, verdict.dollars) == (LOCAL_VERSION, 0.0)
    assert verdict.seconds > 0
    assert "tone (how it sounds)" in scripted.prompts[0]


@pytest.mark.parametrize(
    ("shares", "choice"),
    [((0.2, 0.1), Choice.LEFT), ((0.1, 0.2), Choice.RIGHT), ((0.2, 0.2), Choice.TIE)],
)
def test_a_triplet_goes_to_the_likelier_side(shares, choice, ledger):
    scripted = Scripted(lambda prompt, choices: logs(*shares))
    question = TripletQuestion(TONE, "a", "b", "c")
    (verdict,) = LocalJudge("any", scripted, ledger).answer([question])
    assert verdict.choice is choice


def test_a_point_is_the_expected_digit_on_0_to_10(ledger):
    shares = [1e-9] * 10
    shares[3], shares[6] = 0.1, 0.3
    scripted = Scripted(lambda prompt, choices: logs(*shares))
    (verdict,) = LocalJudge("any", scripted, ledger).answer([PointQuestion(TONE, "a")])
    assert verdict.value == pytest.approx((3 * 0.25 + 6 * 0.75) * 10 / 9, abs=1e-4)


def test_a_liking_for_a_side_cancels_out_in_both_orders(ledger):
    def likes_left(prompt, choices):
        # Leans to the left by much, and to the text "near" by little.
        near_is_left = 'name="left">\nnear' in prompt
        return [2.0 + near_is_left, 0.0 + (not near_is_left)]

    scripted = Scripted(likes_left)
    questions = [TripletQuestion(TONE, "a", "near", "b"), TripletQuestion(TONE, "a", "b", "near")]
    judge = LocalJudge("any", scripted, ledger)
    both = LocalJudge("any", scripted, ledger, both_orders=True)
    assert [verdict.choice for verdict in judge.answer(questions)] == [Choice.LEFT, Choice.LEFT]
    assert [verdict.choice for verdict in both.answer(questions)] == [Choice.LEFT, Choice.RIGHT]
    assert judge.name != both.name
    pair = PairQuestion(TONE, "near", "b")
    (one,) = both.answer([pair])
    (other,) = both.answer([PairQuestion(TONE, "b", "near")])
    assert one.value == pytest.approx(other.value)


def test_what_does_not_fit_or_is_another_kind_is_unanswerable(ledger):
    scripted = Scripted(lambda prompt, choices: logs(0.3, 0.1))
    judge = LocalJudge("any", scripted, ledger)
    questions = [
        PairQuestion(TONE, "long " * 101, "b"),
        PairQuestion(TONE, "a", "b"),
        *(TupleQuestion(kind, TONE, ("a", "b", "c")) for kind in TUPLE_KINDS),
    ]
    found = {verdict.question_key: verdict for verdict in judge.answer(questions)}
    long, fits, *others = [found[question.key] for question in questions]
    assert long.status is Status.UNANSWERABLE
    assert "window of 100" in long.reason
    assert fits.status is Status.PARSED
    assert {verdict.status for verdict in others} == {Status.UNANSWERABLE}
    assert len(scripted.prompts) == 1
    assert len(list(judge.answer(questions))) == len(questions)
    assert len(scripted.prompts) == 1


def test_many_questions_are_answered_part_by_part(ledger):
    scripted = Scripted(lambda prompt, choices: logs(0.3, 0.1))
    questions = [PairQuestion(TONE, f"text {i}", "b") for i in range(70)]
    answers = LocalJudge("any", scripted, ledger).answer(questions)
    next(answers)
    assert len(scripted.prompts) == ledger.n_verdicts == 32
    assert len(list(answers)) == 69


@pytest.mark.parametrize("injection", INJECTIONS, ids=lambda case: case["name"])
def test_no_injection_closes_its_delimiter(injection, ledger):
    judge = LocalJudge("any", Scripted(lambda prompt, choices: []), ledger)
    text = injection["text"]
    for question in (
        PairQuestion(TONE, text, "b"),
        TripletQuestion(TONE, text, "b", "c"),
        PointQuestion(TONE, text),
    ):
        closing = f"</text-{delimiter_code(question)}>"
        assert judge.prompt(question).count(closing) == len(question.texts)
        assert text in judge.prompt(question)


def guide_of(text):
    """Notes, and a text shown in an example of each kind that a local model answers."""
    said = '{"reason": "REASON", "%s": %s}'
    return Guide(
        "Warm and friendly are the same.",
        (
            Example(PairQuestion(TONE, text, "calm"), said % ("grade", 4)),
            Example(TripletQuestion(TONE, text, "calm", "loud"), said % ("choice", '"right"')),
            Example(PointQuestion(TONE, text), said % ("score", 10)),
        ),
    )


def test_verdicts_with_a_guide_are_never_taken_for_those_without(ledger):
    scripted = Scripted(lambda prompt, choices: logs(0.3, 0.1))
    question, guide = PairQuestion(TONE, "a", "b"), guide_of("Hello!")
    plain = LocalJudge("any", scripted, ledger)
    guided = LocalJudge("any", scripted, ledger, guide=guide)
    versions = [next(judge.answer([question])).prompt_version for judge in (plain, guided)]
    assert versions == [LOCAL_VERSION, guide.version_of(LOCAL_VERSION)]
    assert versions[0] != versions[1]
    assert [guide.notes in prompt for prompt in scripted.prompts] == [False, True]
    assert scripted.n_shared_passes == 1
    for judge, version in zip((plain, guided), versions, strict=True):
        assert next(judge.answer([question])).prompt_version == version
    assert ledger.n_verdicts == len(scripted.prompts) == 2


def test_what_a_guide_leaves_no_room_for_is_unanswerable_under_its_version(ledger):
    scripted = Scripted(lambda prompt, choices: logs(0.3, 0.1))
    guide = Guide("long " * 101)
    (verdict,) = LocalJudge("any", scripted, ledger, guide=guide).answer([PointQuestion(TONE, "a")])
    assert verdict.status is Status.UNANSWERABLE
    assert verdict.prompt_version == guide.version_of(LOCAL_VERSION)


@pytest.mark.parametrize("injection", INJECTIONS, ids=lambda case: case["name"])
def test_no_injection_in_a_guides_example_closes_its_delimiter(injection, ledger):
    text, guide = injection["text"], guide_of(injection["text"])
    judge = LocalJudge("any", Scripted(lambda prompt, choices: []), ledger, guide=guide)
    for example in guide.examples:
        asked = replace(example.question, attribute=TONE)
        asked = replace(asked, **{"text" if asked.kind is Kind.POINT else "left": "new"})
        prompt = judge.prompt(asked)
        closing = f"</text-{delimiter_code(example.question)}>"
        assert prompt.count(closing) == len(example.question.texts)
        opened = prompt.index(f">\n{text}\n{closing}")
        assert opened < prompt.index(f"<text-{delimiter_code(asked)}")
        assert "REASON" not in prompt


def test_the_note_says_what_was_measured_with_these_prompts():
    path = Path(__file__).resolve().parents[2] / "benchmarks/results/local_judge.json"
    measured = json.loads(path.read_text(encoding="utf-8"))
    assert measured["note"] == NOTE
    assert measured["prompt_version"] == LOCAL_VERSION


@pytest.mark.models
def test_the_packaged_model_judges(ledger, session_home):
    judge = LocalJudge("smollm2", Resources(), ledger)
    questions = [
        PairQuestion(TONE, "What a lovely day!", "I am furious with you."),
        TripletQuestion(TONE, "Thank you so much!", "How kind of you.", "Go away."),
        PointQuestion(TONE, "I am furious with you."),
    ]
    verdicts = {verdict.kind: verdict for verdict in judge.answer(questions)}
    assert {verdict.status for verdict in verdicts.values()} == {Status.PARSED}
    assert 0 <= verdicts[Kind.PAIR].value <= 4
    assert 0 <= verdicts[Kind.POINT].value <= 10
    assert verdicts[Kind.TRIPLET].choice in (Choice.LEFT, Choice.RIGHT)
    assert "smollm2" in judge.name
    again = {verdict.kind: verdict for verdict in judge.answer(questions)}
    assert again == verdicts


@pytest.mark.models
def test_no_text_ends_its_turn_in_the_packaged_models_template(ledger, session_home):
    judge = LocalJudge("smollm2", Resources(), ledger)
    calm = judge.prompt(PointQuestion(TONE, "hello"))
    for injection in INJECTIONS:
        prompt = judge.prompt(PointQuestion(TONE, injection["text"]))
        for tag in ("<|im_start|>", "<|im_end|>"):
            assert prompt.count(tag) == calm.count(tag)


@pytest.mark.models
def test_a_stopped_run_keeps_what_was_answered(ledger, session_home):
    judge = LocalJudge("smollm2", Resources(cancelled=lambda: True), ledger)
    with pytest.raises(Cancelled):
        list(judge.answer([PointQuestion(TONE, "hello")]))
