import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import BadInput, StoreError
from engine.judges.ledger import Ledger, through_ledger
from engine.judges.questions import (
    Choice,
    Kind,
    PairQuestion,
    PointQuestion,
    Status,
    TripletQuestion,
    Verdict,
)
from engine.types import Attribute

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ("math_problems", "model_responses", "paintings", "support_messages")
TONE = Attribute("tone", "how it sounds")
MOOD = Attribute("mood")

WRITER = """
import sys
from engine.judges.ledger import Ledger
from engine.judges.questions import PairQuestion, Verdict
from engine.types import Attribute

path, name, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
tone = Attribute("tone", "how it sounds")
print("ready", flush=True)
sys.stdin.readline()
ledger = Ledger(path)
for i in range(n):
    ledger.record(Verdict.of(PairQuestion(tone, f"{name} {i}", "other"), name, value=i % 5))
    print(i, flush=True)
"""


def start_writer(path, name, n):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(n)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout.readline() == "ready\n"
    return process


def go(process):
    process.stdin.write("\n")
    process.stdin.flush()


def sample_texts(name):
    lines = (ROOT / "sample_data" / name / f"{name}.jsonl").read_text("utf-8").splitlines()
    return {row["id"]: row["text"] for row in map(json.loads, lines)}


def import_samples(ledger):
    return [
        ledger.import_jsonl(
            ROOT / "sample_data" / name / "verdicts.jsonl", sample_texts(name), judge="claude"
        )
        for name in SAMPLES
    ]


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def pair(left, right, attribute=TONE):
    return PairQuestion(attribute, left, right)


def test_a_verdict_comes_back_as_it_was_recorded(ledger):
    question = TripletQuestion(TONE, "a", "l\ud800", "r")
    verdict = Verdict.of(
        question,
        "judge",
        choice=Choice.TIE,
        prompt_version="v3",
        reason="“both” warm",
        raw="TIE\n",
        n_tokens_in=120,
        n_tokens_out=3,
        dollars=0.0012,
        seconds=0.5,
        batch="2",
        stratum="random",
    )
    ledger.record(verdict)
    assert ledger.get(question.key, "judge") == verdict
    assert ledger.get(question.key, "another judge") is None
    assert ledger.get(question.key, "judge", prompt_version="v4") is None
    assert ledger.get(TripletQuestion(TONE, "a", "r", "l\ud800").key, "judge") is None
    assert ledger.verdicts() == [verdict]


def test_a_reply_cut_within_a_character_is_kept(ledger):
    ledger.record(Verdict.of(pair("a", "b"), "judge", status=Status.UNPARSED, raw="4 \ud83d"))
    assert ledger.verdicts()[0].raw == "4 \\ud83d"


def test_what_was_recorded_is_there_for_another_connection_at_once(ledger):
    ledger.record(Verdict.of(pair("a", "b"), "judge", value=3.0))
    with Ledger(ledger.path) as other:
        assert other.n_verdicts == 1


def test_the_latest_verdict_answers_and_the_earlier_stays(ledger):
    question = pair("a", "b")
    ledger.record(Verdict.of(question, "judge", status=Status.UNPARSED, raw="er…"))
    assert ledger.get(question.key, "judge").status is Status.UNPARSED
    ledger.record(Verdict.of(question, "judge", value=2.0))
    assert ledger.get(question.key, "judge").value == 2.0
    assert ledger.n_verdicts == 2


def test_replacing_withdraws_only_the_same_judge_on_the_same_texts(ledger):
    ledger.record(Verdict.of(pair("a", "b"), "ann", value=4.0))
    ledger.record(Verdict.of(pair("a", "c"), "ann", value=4.0))
    ledger.record(Verdict.of(pair("a", "b"), "bob", value=4.0))
    ledger.record(Verdict.of(pair("a", "b", MOOD), "ann", value=4.0))
    ledger.record(Verdict.of(pair("b", "a"), "ann", value=0.0), replaces=True)
    assert ledger.n_verdicts == 4
    assert ledger.get(pair("a", "b").key, "ann") is None
    assert ledger.get_either_order(pair("a", "b").unordered_key, "ann").value == 0.0


def test_filters(ledger):
    ledger.record(Verdict.of(pair("a", "b"), "ann", value=4.0))
    ledger.record(Verdict.of(pair("a", "z"), "bob", value=1.0))
    ledger.record(Verdict.of(PointQuestion(MOOD, "a"), "ann", value=7.5))
    assert [v.value for v in ledger.verdicts()] == [4.0, 1.0, 7.5]
    assert [v.value for v in ledger.verdicts(attribute=MOOD)] == [7.5]
    assert [v.value for v in ledger.verdicts(attribute=Attribute("tone"))] == []
    assert [v.value for v in ledger.verdicts(judge="bob")] == [1.0]
    assert [v.value for v in ledger.verdicts(kind=Kind.PAIR, judge="ann")] == [4.0]
    assert [v.value for v in ledger.verdicts(texts=["a", "b"])] == [4.0, 7.5]
    assert ledger.attributes() == [TONE, MOOD]
    assert ledger.attributes(judge="bob") == [TONE]


def test_undo_withdraws_the_last_and_keeps_its_row(ledger):
    ledger.record(Verdict.of(pair("a", "b"), "ann", value=4.0))
    ledger.record(Verdict.of(pair("a", "c"), "ann", value=0.0))
    ledger.record(Verdict.of(pair("a", "d"), "bob", value=0.0))
    ledger.record(Verdict.of(pair("a", "d", MOOD), "ann", value=1.0))
    assert ledger.undo_last("ann", TONE).value == 0.0
    assert ledger.n_verdicts == 3
    assert ledger.get(pair("a", "c").key, "ann") is None
    assert ledger.undo_last("ann", TONE).value == 4.0
    assert ledger.undo_last("ann", TONE) is None
    rows = sqlite3.connect(ledger.path).execute("SELECT withdrawn FROM verdicts").fetchall()
    assert rows == [(1,), (1,), (0,), (0,)]


def test_an_answer_given_again_after_undo_stands(ledger):
    verdict = Verdict.of(pair("a", "b"), "ann", value=4.0, time="2026-01-01T00:00:00+00:00")
    ledger.record(verdict)
    ledger.undo_last("ann", TONE)
    ledger.record(verdict)
    assert ledger.verdicts() == [verdict]


def test_samples_hold_2634_verdicts_however_often_they_are_imported(ledger):
    assert import_samples(ledger) == [660, 330, 984, 660]
    assert ledger.n_verdicts == 2634
    assert import_samples(ledger) == [0, 0, 0, 0]
    assert ledger.n_verdicts == 2634
    kinds = Counter(verdict.kind for verdict in ledger.verdicts())
    assert kinds == {Kind.PAIR: 1050, Kind.TRIPLET: 1260, Kind.POINT: 324}


def test_repeats_with_the_sides_swapped_are_verdicts_of_their_own(ledger):
    import_samples(ledger)
    structure = Attribute(
        "mathematical structure", "which computation solves the problem, whatever the story"
    )
    orders = {}
    for verdict in ledger.verdicts(attribute=structure):
        orders.setdefault(verdict.unordered_key, set()).add(verdict.question_key)
    swapped = [keys for keys in orders.values() if len(keys) == 2]
    assert len(swapped) == 40
    assert len(ledger.verdicts(attribute=structure)) == 330


def test_lines_alike_in_everything_are_all_kept(ledger, tmp_path):
    line = {"kind": "pair", "attribute": "tone", "left": "1", "right": "2", "grade": 3}
    path = tmp_path / "verdicts.jsonl"
    path.write_text(f"{json.dumps(line)}\n\n{json.dumps(line)}\n", encoding="utf-8")
    texts = {"1": "a", "2": "b"}
    assert ledger.import_jsonl(path, texts) == 2
    assert ledger.import_jsonl(path, texts) == 0
    assert ledger.import_jsonl(path, texts, judge="another") == 2
    assert ledger.import_jsonl(path, texts | {"2": "c"}) == 2


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"kind": "pair", "attribute": "t", "left": "1", "right": "9", "grade": 3}', "id '9'"),
        ('{"kind": "pair", "attribute": "t", "left": "1", "right": "2", "grade": 5}', "value 5.0"),
        ('{"kind": "pair", "attribute": "t", "left": "1", "right": "2"}', "'grade' is missing"),
        ('{"kind": "quad", "attribute": "t"}', "allowed are pair, triplet, point"),
        ('{"kind": "triplet", "attribute": "t", "anchor": "1", "left": "1", "right": "2", '
         '"choice": "up"}', "'up' is no choice"),
        ("[1]", "list"),
        ("not json", "not a verdict"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_and_nothing_of_its_file_is_imported(ledger, tmp_path, line, problem):
    good = '{"kind": "pair", "attribute": "t", "left": "1", "right": "2", "grade": 3}'
    path = tmp_path / "verdicts.jsonl"
    path.write_text(f"{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(BadInput, match="Line 2 of") as caught:
        ledger.import_jsonl(path, {"1": "a", "2": "b"})
    assert problem in str(caught.value)
    assert ledger.n_verdicts == 0


def test_export_and_import_round_trip(ledger, tmp_path):
    import_samples(ledger)
    ledger.record(Verdict.of(pair("a", "b"), "ann", value=None, choice=Choice.UNSURE))
    ledger.record(Verdict.of(pair("a", "c"), "ann", status=Status.UNPARSED, raw="?"))
    ledger.record(Verdict.of(pair("a", "d"), "ann", value=1.0))
    ledger.undo_last("ann", TONE)
    exported, again = tmp_path / "out.jsonl", tmp_path / "again.jsonl"
    assert ledger.export_jsonl(exported) == 2637
    with Ledger(tmp_path / "copy.sqlite") as copy:
        assert copy.import_jsonl(exported) == 2637
        assert copy.n_verdicts == ledger.n_verdicts == 2636
        assert copy.verdicts() == ledger.verdicts()
        copy.export_jsonl(again)
        assert again.read_bytes() == exported.read_bytes()
    assert ledger.import_jsonl(exported) == 0
    assert ledger.n_verdicts == 2636


def test_reading_back_an_older_copy_does_not_undo_a_withdrawal(ledger, tmp_path):
    ledger.record(Verdict.of(pair("a", "b"), "ann", value=1.0))
    ledger.export_jsonl(tmp_path / "before.jsonl")
    ledger.undo_last("ann", TONE)
    ledger.export_jsonl(tmp_path / "after.jsonl")
    ledger.import_jsonl(tmp_path / "before.jsonl")
    assert ledger.n_verdicts == 0
    with Ledger(tmp_path / "copy.sqlite") as copy:
        copy.import_jsonl(tmp_path / "before.jsonl")
        assert copy.n_verdicts == 1
        copy.import_jsonl(tmp_path / "after.jsonl")
        assert copy.n_verdicts == 0


def test_an_export_holds_no_text(ledger, tmp_path):
    ledger.record(Verdict.of(pair("a private letter", "another"), "ann", value=1.0))
    ledger.export_jsonl(tmp_path / "out.jsonl")
    assert "letter" not in (tmp_path / "out.jsonl").read_text("utf-8")


def test_kill_9_in_mid_stream_loses_nothing_recorded(tmp_path):
    path = tmp_path / "ledger.sqlite"
    process = start_writer(path, "writer", 1_000_000)
    go(process)
    recorded = [int(process.stdout.readline()) for _ in range(40)]
    process.send_signal(signal.SIGKILL)
    recorded += [int(line) for line in process.stdout if line.endswith("\n")]
    process.wait()
    with Ledger(path) as ledger:
        for i in recorded:
            key = PairQuestion(TONE, f"writer {i}", "other").key
            assert ledger.get(key, "writer").value == i % 5
        assert len(recorded) <= ledger.n_verdicts <= len(recorded) + 1
        ledger.record(Verdict.of(pair("after", "the kill"), "writer", value=1.0))


def test_two_processes_and_two_threads_write_at_once(tmp_path):
    path, n = tmp_path / "new" / "ledger.sqlite", 60
    processes = [start_writer(path, name, n) for name in ("one", "two")]
    for process in processes:
        go(process)
    with Ledger(path) as ledger:

        def write(name):
            for i in range(n):
                ledger.record(Verdict.of(pair(f"{name} {i}", "other"), name, value=1.0))

        threads = [threading.Thread(target=write, args=(name,)) for name in ("three", "four")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for process in processes:
            process.communicate()
            assert process.returncode == 0
        for name in ("one", "two", "three", "four"):
            assert len(ledger.verdicts(judge=name)) == n


def test_opening_waits_for_another_process_that_is_just_making_the_file(tmp_path):
    path = tmp_path / "ledger.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE other (n)")
    timer = threading.Timer(0.2, lambda: other.execute("COMMIT"))
    timer.start()
    with Ledger(path) as ledger:
        assert ledger.n_verdicts == 0
    timer.join()


def test_a_file_that_is_no_ledger_is_refused(tmp_path):
    path = tmp_path / "ledger.sqlite"
    path.write_text("a letter, not a database " * 100)
    with pytest.raises(StoreError, match="can't be read or written"):
        Ledger(path)


def test_a_ledger_of_a_later_version_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "ledger.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="format 99"):
        Ledger(path)
    assert sqlite3.connect(path).execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_through_ledger_asks_nothing_twice_and_records_before_it_yields(ledger):
    asked = []

    def ask(questions):
        for question in questions:
            asked.append(question.left)
            verdict = Verdict.of(question, "judge", value=1.0, prompt_version="v1")
            yield (
                verdict
                if question.left != "?"
                else replace(verdict, value=None, status=Status.UNPARSED)
            )

    def answers(questions, version="v1"):
        return through_ledger(
            questions, ledger=ledger, judge="judge", prompt_version=version, ask=ask
        )

    questions = [pair("a", "b"), pair("?", "b"), pair("a", "b")]
    for n_yielded, verdict in enumerate(answers(questions), start=1):
        assert ledger.n_verdicts == n_yielded
        assert ledger.get(verdict.question_key, "judge") == verdict
    assert asked == ["a", "?"]
    again = list(answers([*questions, pair("b", "a")]))
    assert asked == ["a", "?", "b"]
    assert [verdict.status for verdict in again] == ["parsed", "unparsed", "parsed"]
    list(answers([pair("a", "b")], version="v2"))
    assert asked == ["a", "?", "b", "a"]
