"""What the ledger says of itself: its version, what it holds, why questions were asked."""

import pytest

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
