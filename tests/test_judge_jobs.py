"""Askings in the background: landing, counting, stopping, the cap, failing, one at a time."""

import threading
import time

import pytest
from chat_double import ChatDouble

from engine.errors import BadInput, UnknownName
from engine.judge_jobs import Asking, AskingState, JudgeJobs
from engine.judges.kinds import Status
from engine.judges.labels import LabelJudge
from engine.judges.ledger import Ledger, through_ledger
from engine.judges.money import Purse
from engine.judges.openai_compatible import OpenAICompatibleJudge
from engine.judges.questions import PairQuestion, Verdict
from engine.types import Attribute

TONE = Attribute("tone")
PATIENCE_SECONDS = 60
TEXTS = [f"text {i}" for i in range(12)]
LABELS = {text: "warm" if i % 2 else "cold" for i, text in enumerate(TEXTS)}
PAIRS = tuple(PairQuestion(TONE, TEXTS[i], TEXTS[i + 1]) for i in range(11))


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


@pytest.fixture
def jobs():
    return JudgeJobs()


class GatedJudge:
    """Gives one answer for each permit."""

    name = "gated"

    def __init__(self, ledger):
        self.ledger = ledger
        self.permits = threading.Semaphore(0)
        self.n_asked = 0

    def answer(self, questions):
        return through_ledger(
            questions, ledger=self.ledger, judge=self.name, prompt_version="1", ask=self._ask
        )

    def _ask(self, questions):
        for question in questions:
            self.permits.acquire()
            self.n_asked += 1
            yield Verdict.of(
                question,
                self.name,
                value=4.0,
                prompt_version="1",
                n_tokens_in=10,
                n_tokens_out=2,
            )


class BrokenJudge:
    name = "broken"

    def answer(self, questions):
        raise ZeroDivisionError("by the script")


def asking(ledger, judge, questions=PAIRS, **more):
    return Asking("corpus and tone", judge.name, questions, lambda _stopped: judge, ledger, **more)


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.005)


def finished(jobs, key):
    wait_for(lambda: jobs.status(key).finished)
    return jobs.status(key)


def test_labels_land_in_the_ledger_and_are_counted(jobs, ledger):
    labels = {**LABELS, "text 0": ""}
    key = jobs.submit(asking(ledger, LabelJudge(labels, ledger)))
    status = finished(jobs, key)
    assert status.state is AskingState.DONE
    assert (status.n_asked, status.tally.n_landed, status.tally.n_known) == (11, 11, 0)
    assert status.tally.by_status == {Status.PARSED: 10, Status.UNANSWERABLE: 1}
    assert ledger.n_verdicts == 11
    assert (status.fraction, status.costs, status.spent) == (1.0, False, 0.0)


def test_what_is_known_is_counted_apart_and_not_as_new_tokens(jobs, ledger):
    judge = GatedJudge(ledger)
    for _ in range(20):
        judge.permits.release()
    assert finished(jobs, jobs.submit(asking(ledger, judge, PAIRS[:4]))).tally.n_tokens_in == 40
    again = finished(jobs, jobs.submit(asking(ledger, judge, PAIRS[:6])))
    assert (again.tally.n_known, again.tally.n_landed) == (4, 6)
    assert (again.tally.n_tokens_in, again.tally.n_tokens_out) == (20, 4)
    assert judge.n_asked == 6


def test_stop_keeps_what_landed_and_the_rest_can_be_asked_later(jobs, ledger):
    judge = GatedJudge(ledger)
    key = jobs.submit(asking(ledger, judge))
    judge.permits.release()
    wait_for(lambda: jobs.status(key).tally.n_landed == 1)
    jobs.stop(key)
    assert jobs.status(key).state is AskingState.STOPPING
    judge.permits.release()
    status = finished(jobs, key)
    assert status.state is AskingState.STOPPED
    assert ledger.n_verdicts == status.tally.n_landed == 2
    for _ in range(20):
        judge.permits.release()
    assert finished(jobs, jobs.submit(asking(ledger, judge))).state is AskingState.DONE
    assert judge.n_asked == 11


def test_a_waiting_asking_is_stopped_before_it_begins(jobs, ledger):
    gates = [GatedJudge(ledger) for _ in range(2)]
    busy = []
    for place, judge in enumerate(gates):
        judge.name = f"gate {place}"
        one = asking(ledger, judge, PAIRS[:1])
        busy.append(jobs.submit(Asking(f"other {place}", *_rest(one))))
    key = jobs.submit(asking(ledger, LabelJudge(LABELS, ledger)))
    wait_for(lambda: all(jobs.status(one).state is AskingState.RUNNING for one in busy))
    assert jobs.status(key).state is AskingState.WAITING
    jobs.stop(key)
    assert jobs.status(key).state is AskingState.STOPPED
    for judge in gates:
        judge.permits.release()
    for one in busy:
        finished(jobs, one)
    assert ledger.verdicts(judge="labels: labels") == []


def _rest(one):
    return one.title, one.questions, one.make_judge, one.ledger


def test_a_subject_is_asked_about_once_at_a_time_and_found_again(jobs, ledger):
    judge = GatedJudge(ledger)
    key = jobs.submit(asking(ledger, judge))
    with pytest.raises(BadInput, match="still being asked"):
        jobs.submit(asking(ledger, LabelJudge(LABELS, ledger)))
    assert jobs.latest("corpus and tone").key == key
    assert jobs.latest("another") is None
    jobs.stop(key)
    judge.permits.release()
    finished(jobs, key)


def test_why_a_question_was_asked_is_written_beside_its_verdict(jobs, ledger):
    strata = {PAIRS[0].key: "random", PAIRS[1].key: "disagreement"}
    judge = LabelJudge(LABELS, ledger)
    finished(jobs, jobs.submit(asking(ledger, judge, PAIRS[:3], strata=strata)))
    found = {verdict.question_key: verdict.stratum for verdict in ledger.verdicts()}
    assert [found[pair.key] for pair in PAIRS[:3]] == ["random", "disagreement", ""]


def test_the_chance_that_a_question_had_is_written_beside_its_verdict(jobs, ledger):
    strata = {pair.key: "coverage" for pair in PAIRS[:3]}
    chances = {PAIRS[0].key: 0.25, PAIRS[1].key: 1.0}
    judge = LabelJudge(LABELS, ledger)
    more = {"strata": strata, "probabilities": chances}
    finished(jobs, jobs.submit(asking(ledger, judge, PAIRS[:4], **more)))
    found = {verdict.question_key: verdict.probability for verdict in ledger.verdicts()}
    assert [found[pair.key] for pair in PAIRS[:4]] == [0.25, 1.0, None, None]


def test_the_first_stratum_of_a_verdict_stands(jobs, ledger):
    judge = LabelJudge(LABELS, ledger)
    for stratum in ("random", "disagreement"):
        strata = {PAIRS[0].key: stratum}
        finished(jobs, jobs.submit(asking(ledger, judge, PAIRS[:1], strata=strata)))
    assert [verdict.stratum for verdict in ledger.verdicts()] == ["random"]


def test_the_cap_ends_it_and_what_was_paid_for_is_kept(jobs, ledger):
    with ChatDouble(lambda body, n: '{"reason": "so", "grade": 3}') as server:
        priced = {"n_concurrent": 1, "provider": "openai", "max_tokens": 100}
        judge = OpenAICompatibleJudge("gpt-4o", server.url, ledger, **priced)
        one = judge.estimate(PAIRS[:1])
        purse = Purse(1.5 * one.dollars_at_most)
        capped = OpenAICompatibleJudge("gpt-4o", server.url, ledger, purse=purse, **priced)
        status = finished(jobs, jobs.submit(asking(ledger, capped, purse=purse)))
    assert status.state is AskingState.AT_CAP
    assert "Raise the cap to go on" in status.note
    assert 0 < status.tally.n_landed < 11
    assert ledger.n_verdicts == status.tally.n_landed
    assert 0 < status.spent <= status.cap == purse.cap_dollars
    assert status.costs


def test_what_was_on_its_way_when_it_was_stopped_is_counted_too(jobs, ledger):
    gate = threading.Semaphore(1)

    def answer(body, n):
        gate.acquire()
        return '{"reason": "so", "grade": 3}'

    with ChatDouble(answer) as server:
        judge = OpenAICompatibleJudge("some-model", server.url, ledger, n_concurrent=4)
        strata = {pair.key: "random" for pair in PAIRS}
        key = jobs.submit(asking(ledger, judge, strata=strata))
        gate.release()
        wait_for(lambda: jobs.status(key).tally.n_landed == 2)
        jobs.stop(key)
        for _ in range(20):
            gate.release()
        status = finished(jobs, key)
    assert status.state is AskingState.STOPPED
    assert 2 < status.tally.n_landed < 11
    assert status.tally.n_landed == ledger.n_verdicts
    assert {verdict.stratum for verdict in ledger.verdicts()} == {"random"}


def test_failures_are_said(jobs, ledger):
    status = finished(jobs, jobs.submit(asking(ledger, BrokenJudge())))
    assert status.state is AskingState.FAILED
    assert status.note == "ZeroDivisionError: by the script"


def test_nothing_to_ask_and_unknown_keys_are_refused(jobs, ledger):
    with pytest.raises(BadInput, match="no question"):
        jobs.submit(asking(ledger, BrokenJudge(), ()))
    with pytest.raises(UnknownName, match="No asking is called 'x'"):
        jobs.status("x")
    with pytest.raises(UnknownName):
        jobs.stop("x")
