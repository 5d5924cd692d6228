"""Batches in the background: sent, collected, restarted, cancelled, and what goes wrong."""

import time

import anthropic_double as double
import pytest

from engine.errors import BadInput, UnknownName
from engine.judge_batches import BatchJobs, Sending
from engine.judges.anthropic_judge import AnthropicJudge
from engine.judges.batch_store import BatchState
from engine.judges.kinds import Kind, Status
from engine.judges.ledger import Ledger
from engine.judges.money import Purse
from engine.judges.prompts import Guide
from engine.judges.questions import PairQuestion
from engine.types import Attribute

TONE = Attribute("tone", "how it sounds")
MODEL = "claude-sonnet-5-5"
PATIENCE_SECONDS = 60
PAIRS = tuple(PairQuestion(TONE, f"text {i}", "the other") for i in range(10))
RARELY = 3600.0


@pytest.fixture
def server():
    with double.Double() as running:
        yield running


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


class Desk:
    """Batch jobs on a ledger against the double, closed at the end."""

    def __init__(self, ledger, server, poll_seconds=0.02):
        self.ledger, self.server = ledger, server
        self.jobs = BatchJobs(ledger, self.judge, poll_seconds=poll_seconds)

    def judge(self, model=MODEL, **options):
        options = {"api_key": "a key", "base_url": self.server.url, "max_retries": 0, **options}
        return AnthropicJudge(model, self.ledger, timeout_seconds=5.0, **options)

    def submit(self, questions=PAIRS, *, strata=None, probabilities=None, **options):
        judge = self.judge(**options)
        self.jobs.submit(Sending(judge, questions, strata or {}, probabilities or {}))

    def until(self, condition):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition(self.jobs.status()):
            assert time.monotonic() < deadline, "it did not come to that"
            time.sleep(0.005)
        return self.jobs.status()

    def collected(self):
        return self.until(
            lambda status: not status.looking and status.batches and not status.n_open
        )

    def idle(self):
        return self.until(lambda status: not status.looking)


@pytest.fixture
def desk(ledger, server):
    made = Desk(ledger, server)
    yield made
    made.jobs.close()


def test_a_batch_is_sent_looked_at_and_collected_with_its_reasons(desk, ledger, server):
    server.batch_ends_after = 2
    strata = {pair.key: "coverage" for pair in PAIRS}
    desk.submit(strata=strata, probabilities={PAIRS[0].key: 0.25})
    status = desk.collected()
    assert status.problems == ()
    (seen,) = status.batches
    assert seen.sent.batch.state is BatchState.COLLECTED
    assert (seen.sent.n_landed, seen.sent.batch.n_requests) == (10, 10)
    assert (seen.sent.judge, seen.sent.model) == (f"anthropic: {MODEL}", MODEL)
    assert (seen.sent.attribute, seen.sent.kind) == ("tone", Kind.PAIR)
    assert seen.sent.dollars == pytest.approx(sum(v.dollars for v in ledger.verdicts()))
    assert seen.progress[:4] == ("ended", 0, 10, 0)
    assert server.batches["msgbatch_1"]["looks"] == 3
    found = {verdict.question_key: verdict for verdict in ledger.verdicts()}
    assert {verdict.stratum for verdict in found.values()} == {"coverage"}
    assert [found[pair.key].probability for pair in PAIRS[:2]] == [0.25, None]


def test_a_restart_looks_at_what_was_sent_whatever_the_guide_then(tmp_path, server):
    path = tmp_path / "ledger.sqlite"
    server.batch_ends_after = 10_000
    guide = Guide("Same: the same mood.")
    strata = {PAIRS[0].key: "random"}
    with Ledger(path) as ledger:
        desk = Desk(ledger, server)
        desk.submit(guide=guide, strata=strata, probabilities={PAIRS[0].key: 0.5})
        status = desk.until(lambda status: status.batches and status.batches[0].progress)
        assert status.batches[0].progress[:3] == ("in_progress", 10, 0)
        desk.jobs.close()
        assert ledger.n_verdicts == 0
    server.batch_ends_after = 0
    with Ledger(path) as ledger:
        again = Desk(ledger, server)
        again.collected()
        again.jobs.close()
        assert ledger.n_verdicts == server.n_billed == 10
        assert {verdict.prompt_version for verdict in ledger.verdicts()} == {guide.version}
        first = ledger.get(PAIRS[0].key, f"anthropic: {MODEL}")
        assert (first.stratum, first.probability) == ("random", 0.5)


def test_two_processes_that_collect_at_once_keep_each_verdict_once(tmp_path, server):
    server.batch_ends_after = 10
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as one, Ledger(path) as other:
        first, second = Desk(one, server, 0.001), Desk(other, server, 0.001)
        first.submit()
        first.until(lambda status: status.n_open)
        second.jobs.look_again()
        first.collected()
        second.collected()
        first.jobs.close()
        second.jobs.close()
        assert one.n_verdicts == server.n_billed == 10


def test_cancelling_leaves_what_was_paid_for_to_be_collected(desk, ledger, server):
    server.batch_ends_after, server.n_done_at_cancel = 10_000, 3
    desk.submit()
    (seen,) = desk.until(lambda status: status.n_open and not status.looking).batches
    desk.jobs.cancel(seen.sent.batch.job)
    desk.until(lambda it: (it.batches[0].progress or ("",))[0] == "canceling")
    assert desk.idle().n_open == 1
    server.batch_ends_after = 0
    (seen,) = desk.collected().batches
    assert (seen.sent.n_landed, seen.sent.batch.n_requests) == (3, 10)
    assert ledger.n_verdicts == server.n_billed == 3
    server.batch_ends_after = 0
    desk.submit()
    desk.until(lambda status: len(status.batches) == 2 and not status.n_open)
    assert ledger.n_verdicts == server.n_billed == 10


def test_a_batch_that_has_ended_is_not_cancelled_but_collected(ledger, server):
    desk = Desk(ledger, server, RARELY)
    desk.submit()
    (seen,) = desk.until(lambda status: status.n_open and not status.looking).batches
    desk.jobs.cancel(seen.sent.batch.job)
    assert desk.idle().problems == ()
    assert "canceled" not in server.batches["msgbatch_1"]
    desk.jobs.look_again()
    desk.collected()
    assert ledger.n_verdicts == 10
    desk.jobs.close()


def test_what_waits_is_told_and_not_sent_again(ledger, server):
    server.batch_ends_after = 10_000
    desk = Desk(ledger, server, RARELY)
    desk.submit(PAIRS[:6])
    desk.until(lambda status: status.n_open and not status.looking)
    judge = desk.judge()
    assert desk.jobs.waiting_keys(judge) == {pair.key for pair in PAIRS[:6]}
    assert desk.jobs.waiting_keys(desk.judge(guide=Guide("other"))) == set()
    desk.submit(PAIRS[:6])
    assert "Nothing was sent" in desk.idle().problems[0]
    desk.submit(PAIRS)
    desk.until(lambda status: status.n_open == 2)
    sizes = sorted(seen.sent.batch.n_requests for seen in desk.jobs.status().batches)
    assert sizes == [4, 6]
    desk.jobs.close()


def test_the_cap_a_bad_key_and_a_service_that_is_gone_are_said(ledger, server):
    desk = Desk(ledger, server, RARELY)
    desk.submit(purse=Purse(0.001))
    assert "cap of $0.00" in desk.idle().problems[0]
    assert (server.batches, desk.jobs.status().n_sending) == ({}, 0)
    server.on_batch = lambda body: double.Status(401, kind="authentication_error")
    desk.submit()
    assert "turned away" in desk.idle().problems[0]
    assert desk.jobs.status().batches == ()
    server.on_batch = None
    desk.submit()
    desk.until(lambda status: status.n_open)
    assert desk.idle().problems == ()
    server.batches.clear()
    desk.jobs.look_again()
    assert "can't be collected now" in desk.idle().problems[0]
    assert desk.jobs.status().n_open == 1
    desk.jobs.close()


def test_an_acknowledgement_that_was_lost_is_found_by_looking(ledger, server):
    server.on_batch = lambda body: double.Cut("head")
    desk = Desk(ledger, server, RARELY)
    desk.submit()
    status = desk.idle()
    assert "not known" in status.problems[0]
    (seen,) = status.batches
    assert seen.sent.batch.state is BatchState.SENDING
    desk.jobs.cancel(seen.sent.batch.job)
    assert "can't be cancelled" in " ".join(desk.idle().problems)
    desk.jobs.look_again()
    assert desk.collected().problems == ()
    assert {verdict.status for verdict in ledger.verdicts()} == {Status.PARSED}
    desk.jobs.close()


def test_no_question_and_unknown_batches_are_refused(desk):
    with pytest.raises(BadInput, match="no question"):
        desk.submit(())
    with pytest.raises(UnknownName, match="No batch is called 'x'"):
        desk.jobs.cancel("x")


def test_the_worker_ends_when_nothing_is_open(desk):
    desk.submit()
    desk.collected()
    desk.until(lambda _status: desk.jobs._worker is None)
    desk.submit()
    assert "Nothing was sent" in desk.idle().problems[0]
