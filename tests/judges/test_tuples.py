import json
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadInput
from engine.judges.kinds import TUPLE_KINDS, Kind, Status
from engine.judges.labels import LabelJudge
from engine.judges.ledger import Ledger
from engine.judges.questions import PairQuestion, TupleQuestion, Verdict, as_asked
from engine.judges.tuple_answers import canonical_answer, reordered_answer
from engine.types import Attribute

TONE = Attribute("tone", "how it sounds")
ABC = ("a", "b", "c")


@pytest.mark.parametrize(
    ("kind", "answer", "canonical"),
    [
        (Kind.GROUP, [[2, 0], [1]], "[[0, 2], [1]]"),
        (Kind.GROUP, [[1], [], [0], [2]], "[[0], [1], [2]]"),
        (Kind.ODD_ONE_OUT, 2, "2"),
        (Kind.ODD_ONE_OUT, None, "null"),
        (Kind.RANK, [2, 1], "[2, 1]"),
        (Kind.ASSIGN, 1, "1"),
        (Kind.ASSIGN, None, "null"),
        (
            Kind.CATEGORIES,
            [{"name": " x ", "description": "of\nx"}, {"name": "y", "description": "of y"}],
            '[{"description": "of x", "name": "x"}, {"description": "of y", "name": "y"}]',
        ),
        (
            Kind.SCALE,
            [{"score": 10, "description": "most"}, {"score": 0, "description": "least"}],
            '[{"description": "least", "score": 0}, {"description": "most", "score": 10}]',
        ),
    ],
)
def test_an_answer_has_one_canonical_form(kind, answer, canonical):
    assert canonical_answer(kind, 3, answer) == canonical


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (Kind.GROUP, [[0, 1]]),
        (Kind.GROUP, [[0, 1], [1, 2]]),
        (Kind.GROUP, [[0, 1], [2, 3]]),
        (Kind.GROUP, 3),
        (Kind.ODD_ONE_OUT, 3),
        (Kind.ODD_ONE_OUT, True),
        (Kind.ODD_ONE_OUT, "a"),
        (Kind.RANK, [1]),
        (Kind.RANK, [0, 1, 2]),
        (Kind.RANK, [1, 1]),
        (Kind.ASSIGN, 0),
        (Kind.CATEGORIES, [{"name": "x", "description": "y"}]),
        (Kind.CATEGORIES, [{"name": "x", "description": "y"}, {"name": "X", "description": "z"}]),
        (Kind.CATEGORIES, [{"name": "x"}, {"name": "y"}]),
        (Kind.CATEGORIES, [{"name": "", "description": "y"}, {"name": "X", "description": "z"}]),
        (Kind.SCALE, [{"score": 1, "description": "x"}]),
        (Kind.SCALE, [{"score": 1, "description": "x"}, {"score": 1, "description": "y"}]),
        (Kind.SCALE, [{"score": 1, "description": "x"}, {"score": 11, "description": "y"}]),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(kind, answer):
    with pytest.raises(BadInput, match=kind.value):
        canonical_answer(kind, 3, answer)


@given(st.permutations(range(5)), st.permutations(range(1, 5)), st.integers(0, 4))
def test_an_answer_moves_with_its_texts(moved, ranking, odd):
    texts = [f"text {i}" for i in range(5)]
    asked = [""] * 5
    for old, new in enumerate(moved):
        asked[new] = texts[old]
    found = json.loads(reordered_answer(Kind.ODD_ONE_OUT, str(odd), moved))
    assert asked[found] == texts[odd]
    groups = [[0, ranking[0]], sorted(set(range(1, 5)) - {ranking[0]})]
    again = json.loads(reordered_answer(Kind.GROUP, json.dumps(groups), moved))
    assert {frozenset(asked[i] for i in group) for group in again} == {
        frozenset(texts[i] for i in group) for group in groups
    }


def test_a_verdict_is_found_again_in_another_order():
    first = TupleQuestion(Kind.RANK, TONE, ("anchor", "x", "y", "z"))
    verdict = Verdict.of(first, "me", answer="[3, 1, 2]")
    swapped = TupleQuestion(Kind.RANK, TONE, ("anchor", "z", "y", "x"))
    assert swapped.unordered_key == verdict.unordered_key
    assert as_asked(verdict, swapped).answer == "[1, 3, 2]"
    other = TupleQuestion(Kind.RANK, TONE, ("x", "anchor", "y", "z"))
    assert other.unordered_key != verdict.unordered_key


@pytest.mark.parametrize("kind", TUPLE_KINDS)
def test_too_few_texts_and_a_text_twice_are_refused(kind):
    with pytest.raises(BadInput, match="at least"):
        TupleQuestion(kind, TONE, ("a",))
    with pytest.raises(BadInput, match="twice"):
        TupleQuestion(kind, TONE, ("a", "b", "a"))


def test_kinds_and_answers_do_not_mix():
    with pytest.raises(BadInput, match="can't be of kind"):
        TupleQuestion(Kind.PAIR, TONE, ("a", "b"))
    question = TupleQuestion(Kind.GROUP, TONE, ABC)
    for details in ({"value": 1.0}, {"answer": "[[2, 0], [1]]"}, {"answer": "no JSON"}, {}):
        with pytest.raises(BadInput):
            Verdict.of(question, "me", **details)
    with pytest.raises(BadInput, match="not an answer"):
        Verdict.of(PairQuestion(TONE, "a", "b"), "me", value=1.0, answer="[]")
    with pytest.raises(BadInput, match="unparsed"):
        Verdict.of(question, "me", status=Status.UNPARSED, answer="[[0, 1, 2]]")


def test_a_ledger_keeps_answers_and_exports_them(tmp_path):
    verdict = Verdict.of(TupleQuestion(Kind.GROUP, TONE, ABC), "me", answer="[[0, 2], [1]]")
    with Ledger(tmp_path / "one.sqlite") as ledger, Ledger(tmp_path / "two.sqlite") as copy:
        ledger.record(verdict)
        ledger.export_jsonl(tmp_path / "out.jsonl")
        copy.import_jsonl(tmp_path / "out.jsonl")
        assert ledger.verdicts() == copy.verdicts() == [verdict]


def test_a_plain_line_can_not_hold_a_question_about_several_texts(tmp_path):
    path = tmp_path / "plain.jsonl"
    path.write_text('{"kind": "group", "attribute": "tone"}\n', encoding="utf-8")
    with (
        Ledger(tmp_path / "one.sqlite") as ledger,
        pytest.raises(BadInput, match="of kind 'group'"),
    ):
        ledger.import_jsonl(path, {})


def test_a_ledger_of_the_first_format_is_brought_up_to_date(tmp_path):
    path = tmp_path / "old.sqlite"
    pair = Verdict.of(PairQuestion(TONE, "a", "b"), "me", value=3.0)
    with Ledger(path) as ledger:
        ledger.record(pair)
    connection = sqlite3.connect(path)
    for column in ("answer", "probability"):
        connection.execute(f"ALTER TABLE verdicts DROP COLUMN {column}")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    with Ledger(path) as ledger:
        group = Verdict.of(TupleQuestion(Kind.GROUP, TONE, ABC), "me", answer="[[0, 1, 2]]")
        ledger.record(group)
        assert ledger.verdicts() == [pair, group]
    with Ledger(path) as again:
        assert again.n_verdicts == 2


def test_labels_answer_what_they_can(tmp_path):
    labels = {"a": "1", "b": "9", "c": "2", "d": "1"}
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        judge = LabelJudge(labels, ledger, ordered=True)

        def said(kind, *texts):
            (verdict,) = judge.answer([TupleQuestion(kind, TONE, texts)])
            return verdict.answer or verdict.status

        assert said(Kind.GROUP, "a", "b", "d") == "[[0, 2], [1]]"
        assert said(Kind.ODD_ONE_OUT, "a", "b", "d") == "1"
        assert said(Kind.ODD_ONE_OUT, "a", "b", "c") == "null"
        assert said(Kind.RANK, "a", "b", "c", "d") == "[3, 2, 1]"
        assert said(Kind.SCALE, "a", "b") is Status.UNANSWERABLE
