"""What the ledger says of itself: its version, what it holds, why questions were asked."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor

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


def test_a_chance_is_written_with_its_stratum_and_once(ledger):
    other = PairQuestion(TONE, "a", "c")
    for question in (PAIR, other):
        ledger.record(Verdict.of(question, "judge", value=4.0))
    ledger.note_strata("judge", {PAIR.key: "random", other.key: "disagreement"}, {PAIR.key: 0.25})
    ledger.note_strata("judge", {PAIR.key: "coverage", other.key: "coverage"}, {other.key: 0.5})
    found = [(verdict.stratum, verdict.probability) for verdict in ledger.verdicts()]
    assert found == [("random", 0.25), ("disagreement", None)]


@pytest.mark.parametrize("chance", [0.0, -0.1, 1.5, float("nan")])
def test_a_chance_that_is_none_is_refused(chance):
    with pytest.raises(BadInput, match="chance"):
        Verdict.of(PAIR, "judge", value=4.0, probability=chance)


def test_what_is_brought_in_twice_is_kept_once(ledger):
    first, other = (Verdict.of(PairQuestion(TONE, "a", each), "judge", value=4.0) for each in "bc")
    reworded = Verdict.of(PAIR, "judge", value=4.0, prompt_version="other")
    assert ledger.record_new([first, reworded]) == [first, reworded]
    assert ledger.record_new([first, other, other]) == [other]
    assert ledger.verdicts() == [first, reworded, other]


def without_chances(path):
    """Make of a ledger one as it was before chances were kept."""
    connection = sqlite3.connect(path)
    connection.execute("ALTER TABLE verdicts DROP COLUMN probability")
    connection.execute("PRAGMA user_version = 2")
    connection.commit()
    connection.close()


def test_an_earlier_ledger_opens_also_by_several_at_once_and_keeps_its_verdicts(tmp_path):
    path = tmp_path / "old.sqlite"
    earlier = Verdict.of(PAIR, "judge", value=4.0, stratum="random")
    with Ledger(path) as ledger:
        ledger.record(earlier)
    without_chances(path)

    def open_and_write(name):
        with Ledger(path) as opened:
            opened.record(Verdict.of(PAIR, name, value=1.0, probability=0.5))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(open_and_write, [f"n{i}" for i in range(4)]))
    with Ledger(path) as ledger:
        assert ledger.verdicts(judge="judge") == [earlier]
        assert [ledger.get(PAIR.key, f"n{i}").probability for i in range(4)] == [0.5] * 4


def test_chances_go_out_and_come_in_and_files_without_them_too(ledger, tmp_path):
    path = tmp_path / "verdicts.jsonl"
    ledger.record(Verdict.of(PAIR, "judge", value=4.0, stratum="border", probability=0.125))
    ledger.export_jsonl(path)
    fields = json.loads(path.read_text(encoding="utf-8"))
    assert fields.pop("probability") == 0.125
    with Ledger(tmp_path / "copy.sqlite") as copy:
        copy.import_jsonl(path)
        assert copy.verdicts() == ledger.verdicts()
    path.write_text(json.dumps(fields), encoding="utf-8")
    with Ledger(tmp_path / "earlier.sqlite") as earlier:
        earlier.import_jsonl(path)
        assert [verdict.probability for verdict in earlier.verdicts()] == [None]
    plain = {"kind": "pair", "attribute": "tone", "left": "1", "right": "2", "grade": 3}
    lines = [json.dumps(plain), json.dumps({**plain, "stratum": "near", "probability": 0.5})]
    path.write_text("\n".join(lines), encoding="utf-8")
    with Ledger(tmp_path / "plain.sqlite") as taken_in:
        taken_in.import_jsonl(path, {"1": "a", "2": "b"})
        assert [verdict.probability for verdict in taken_in.verdicts()] == [None, 0.5]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"raw": None}, "raw is 'None', and must be text"),
        ({"text_keys": [1, 2]}, "text key 1 is '1', and must be text"),
        ({"dollars": "few"}, "dollars is 'few', and must be a number"),
        ({"seconds": True}, "seconds is 'True', and must be a number"),
        ({"probability": "high"}, "probability is 'high', and must be a number"),
        ({"probability": 2.0}, "the chance 2.0 of being asked"),
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
