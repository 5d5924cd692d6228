"""What the ledger says of itself: its version, what it holds, why questions were asked."""

import json

import pytest

from engine.errors import BadInput
from engine.judges.kinds import Kind, Status
from engine.judges.ledger import Ledger
from engine.judges.person import PersonJudge
from engine.judges.questions import Choice, PairQuestion, PointQuestion, Verdict
from engine.types import Attribute

TONE, TOPIC = Attribute("tone"), Attribute("topic", "what it is about")
PAIR = PairQuestion(TONE, "a", "b")


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


def test_the_version_changes_with_each_write_and_only_then(ledger):
    person = PersonJudge(ledger)
    seen = [ledger.version]
    assert ledger.version == seen[0]
    person.record(PAIR, Choice.SAME)
    seen.append(ledger.version)
    person.undo(TONE)
    seen.append(ledger.version)
    ledger.verdicts()
    assert ledger.version == seen[-1]
    assert len(set(seen)) == 3


def test_the_version_changes_when_another_process_writes(ledger):
    before = ledger.version
    with Ledger(ledger.path) as other:
        other.record(Verdict.of(PAIR, "judge", value=4.0))
    assert ledger.version != before


def test_held_counts_standing_verdicts_and_those_that_are_no_answer(ledger):
    ledger.record(Verdict.of(PAIR, "judge", value=4.0))
    ledger.record(Verdict.of(PairQuestion(TONE, "a", "c"), "judge", status=Status.UNPARSED))
    ledger.record(Verdict.of(PointQuestion(TOPIC, "a"), "judge", value=4.0))
    PersonJudge(ledger).record(PAIR, Choice.SAME)
    PersonJudge(ledger).undo(TONE)
    assert ledger.held() == [
        (TONE, "judge", Kind.PAIR, 2, 1),
        (TOPIC, "judge", Kind.POINT, 1, 0),
    ]


def test_a_stratum_is_written_once(ledger):
    ledger.record(Verdict.of(PAIR, "judge", value=4.0))
    ledger.note_strata("another", {PAIR.key: "random"})
    assert ledger.verdicts()[0].stratum == ""
    ledger.note_strata("judge", {PAIR.key: "random"})
    ledger.note_strata("judge", {PAIR.key: "disagreement"})
    assert ledger.verdicts()[0].stratum == "random"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"raw": None}, "raw is 'None', and must be text"),
        ({"text_keys": [1, 2]}, "text key 1 is '1', and must be text"),
        ({"dollars": "few"}, "dollars is 'few', and must be a number"),
        ({"seconds": True}, "seconds is 'True', and must be a number"),
    ],
)
def test_a_full_line_of_the_wrong_types_is_refused(ledger, tmp_path, change, problem):
    path = tmp_path / "verdicts.jsonl"
    ledger.record(Verdict.of(PAIR, "judge", value=4.0))
    ledger.export_jsonl(path)
    fields = {**json.loads(path.read_text(encoding="utf-8")), "identity": "new", **change}
    path.write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(BadInput, match=f"Line 1 of .*{problem}"):
        ledger.import_jsonl(path)
    assert ledger.n_verdicts == 1


def test_a_file_that_is_no_text_is_refused(ledger, tmp_path):
    path = tmp_path / "verdicts.jsonl"
    path.write_bytes(b"\xff\xfe\x00not text")
    with pytest.raises(BadInput, match="no UTF-8 text from line 1 on"):
        ledger.import_jsonl(path)
