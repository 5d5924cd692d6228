import json

import pytest

from engine.errors import BadInput
from engine.judges.ledger import Ledger
from engine.judges.person import PersonJudge
from engine.judges.questions import (
    Choice,
    PairQuestion,
    PointQuestion,
    Status,
    TripletQuestion,
    Verdict,
)
from engine.judges.replay import ReplayJudge
from engine.types import Attribute

TONE = Attribute("tone", "how it sounds")


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def pair(left, right):
    return PairQuestion(TONE, left, right)


def test_replay_answers_either_order_and_says_what_it_can_not(ledger):
    ledger.record(Verdict.of(pair("a", "b"), "claude", value=3.0))
    triplet = TripletQuestion(TONE, "a", "b", "c")
    ledger.record(Verdict.of(triplet, "claude", choice=Choice.LEFT))
    ledger.record(Verdict.of(pair("a", "c"), "another", value=1.0))
    judge = ReplayJudge.from_ledger(ledger, "claude")
    asked = [
        pair("a", "b"),
        pair("b", "a"),
        TripletQuestion(TONE, "a", "c", "b"),
        pair("a", "c"),
        PairQuestion(Attribute("tone"), "a", "b"),
        PointQuestion(TONE, "a"),
    ]
    verdicts = list(judge.answer(asked))
    assert [verdict.question_key for verdict in verdicts] == [question.key for question in asked]
    assert [verdict.value for verdict in verdicts[:2]] == [3.0, 3.0]
    assert verdicts[2].choice is Choice.RIGHT
    assert {verdict.status for verdict in verdicts[3:]} == {Status.UNANSWERABLE}
    assert [judge.can_answer(question) for question in asked] == [True] * 3 + [False] * 3
    assert ledger.n_verdicts == 3
    assert judge.name == "replay: claude"
    assert judge.attributes == (TONE,)


def test_replay_prefers_the_order_asked(ledger):
    ledger.record(Verdict.of(pair("a", "b"), "claude", value=1.0))
    ledger.record(Verdict.of(pair("b", "a"), "claude", value=2.0))
    judge = ReplayJudge.from_ledger(ledger, "claude")
    assert [v.value for v in judge.answer([pair("a", "b"), pair("b", "a")])] == [1.0, 2.0]


def test_replay_reads_a_file_of_verdicts(tmp_path):
    lines = [
        {"kind": "pair", "attribute": "tone", "definition": "how it sounds", "left": "1",
         "right": "2", "grade": 3, "batch": 1, "stratum": "near"},
        {"kind": "point", "attribute": "tone", "definition": "how it sounds", "text": "1",
         "score": 7.5},
    ]  # fmt: skip
    path = tmp_path / "verdicts.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    judge = ReplayJudge.from_jsonl(path, {"1": "a", "2": "b"}, "claude")
    verdicts = list(judge.answer([pair("a", "b"), PointQuestion(TONE, "a")]))
    assert [verdict.value for verdict in verdicts] == [3.0, 7.5]
    assert (verdicts[0].batch, verdicts[0].stratum, verdicts[0].judge) == ("1", "near", "claude")


def test_a_persons_answers_have_grades(ledger):
    person = PersonJudge(ledger)
    answers = [
        person.record(pair("a", "b"), Choice.SAME, stratum="random", seconds=2.5),
        person.record(pair("a", "c"), Choice.DIFFERENT),
        person.record(pair("a", "d"), Choice.UNSURE),
    ]
    assert [answer.value for answer in answers] == [4.0, 0.0, None]
    assert ledger.verdicts(judge="person") == answers
    assert (answers[0].stratum, answers[0].seconds) == ("random", 2.5)


def test_a_person_who_changes_their_mind_has_one_answer(ledger):
    person = PersonJudge(ledger)
    person.record(pair("a", "b"), Choice.SAME)
    person.record(pair("b", "a"), Choice.DIFFERENT)
    assert [verdict.choice for verdict in ledger.verdicts()] == [Choice.DIFFERENT]


def test_a_person_can_undo_and_is_then_to_be_asked_again(ledger):
    person = PersonJudge(ledger)
    person.record(pair("a", "b"), Choice.SAME)
    person.record(pair("a", "c"), Choice.SAME)
    assert person.undo(TONE).question_key == pair("a", "c").key
    swapped, open_question = person.answer([pair("b", "a"), pair("a", "c")])
    assert swapped.choice is Choice.SAME
    assert swapped.question_key == pair("b", "a").key
    assert open_question.status is Status.UNANSWERABLE
    assert ledger.n_verdicts == 1


def test_a_pair_has_no_left_for_an_answer(ledger):
    with pytest.raises(BadInput, match="Allowed: same, different, unsure"):
        PersonJudge(ledger).record(pair("a", "b"), Choice.LEFT)
