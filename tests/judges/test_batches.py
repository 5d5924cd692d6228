import datetime
import itertools
import json

import anthropic._base_client
import anthropic_double as double
import pytest

from engine.judges import batch_collecting
from engine.judges import batches as batches_module
from engine.judges.anthropic_judge import AnthropicJudge
from engine.judges.batch_service import ArrivalUnknown
from engine.judges.batch_store import BatchState
from engine.judges.batches import BatchJudge
from engine.judges.calls import JudgeUnavailable
from engine.judges.kinds import TUPLE_KINDS, Kind, Status
from engine.judges.ledger import Ledger
from engine.judges.money import CapReached, Prices, Tokens
from engine.judges.questions import (
    ComparisonQuestion,
    PairQuestion,
    PointQuestion,
    TripletQuestion,
    TupleQuestion,
)
from engine.types import Attribute

TONE = Attribute("tone", "how it sounds")
MODEL = "claude-sonnet-5-5"


Double = double.Double
HALF_PRICE_OF_ONE = Prices(MODEL).dollars(Tokens(double.N_IN, double.N_OUT)) / 2


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch):
    monkeypatch.setattr(anthropic._base_client, "INITIAL_RETRY_DELAY", 0.01)


def batches_at(server, ledger, **options):
    options = {"timeout_seconds": 5.0, **options}
    judge = AnthropicJudge(MODEL, ledger, api_key="a key", base_url=server.url, **options)
    return BatchJudge(judge, poll_seconds=0.01)


def pairs(n):
    return [PairQuestion(TONE, f"text {i}", "the other") for i in range(n)]


def test_a_batch_is_sent_waited_for_and_kept_at_half_the_price(ledger):
    texts = ("one", "two", "three")
    questions = [
        *pairs(5),
        TripletQuestion(TONE, *texts),
        ComparisonQuestion(TONE, "one", "two"),
        PointQuestion(TONE, "one"),
        *(TupleQuestion(kind, TONE, texts) for kind in TUPLE_KINDS),
    ]
    with Double() as server:
        server.batch_ends_after = 3
        judge = batches_at(server, ledger, cap_dollars=5.0)
        verdicts = list(judge.answer([*questions, *questions]))
        assert {verdict.question_key for verdict in verdicts} == {one.key for one in questions}
        assert {verdict.kind for verdict in verdicts} == set(Kind)
        assert {verdict.status for verdict in verdicts} == {Status.PARSED}
        assert {verdict.batch for verdict in verdicts} == {"msgbatch_1"}
        assert verdicts[0].dollars == pytest.approx(HALF_PRICE_OF_ONE)
        spent = judge.judge.purse
        assert spent.spent == pytest.approx(len(questions) * HALF_PRICE_OF_ONE)
        assert (spent.held, spent.n_in_flight) == (0, 0)
        # The same verdicts answer the judge that asks one by one, and the other way round.
        assert len(list(judge.judge.answer(questions))) == len(questions)
        assert len(list(judge.answer(questions))) == len(questions)
        assert (server.n_asked, len(server.batches)) == (0, 1)


def test_what_is_known_is_not_sent(ledger):
    with Double() as server:
        judge = batches_at(server, ledger)
        list(judge.judge.answer(pairs(3)))
        assert len(list(judge.answer(pairs(5)))) == 5
        assert len(server.batches["msgbatch_1"]["results"]) == 2


def test_a_batch_half_expired_pays_for_half_and_the_rest_may_be_asked_again(ledger):
    fates = itertools.cycle(["succeeded", "expired", "succeeded", "errored", "canceled"])
    with Double() as server:
        server.batch_script = lambda index, body: next(fates)
        judge = batches_at(server, ledger)
        landed = []
        with pytest.raises(JudgeUnavailable, match="6 of 10 questions got no answer"):
            landed.extend(judge.answer(pairs(10)))
        assert len(landed) == ledger.n_verdicts == server.n_billed == 4
        assert list(judge.collected.values()) == [(4, 6)]
        server.batch_script = lambda index, body: "succeeded"
        assert len(list(judge.answer(pairs(10)))) == 10
        assert set(server.billed.values()) == {1}
        assert len(server.batches["msgbatch_2"]["results"]) == 6


def test_replies_that_can_not_be_read_and_refusals_are_verdicts(ledger):
    fates = [
        double.message("identical"),
        double.message(None, stop_reason="refusal"),
        double.message('{"reason": "x", "grade": 9}'),
        "succeeded",
    ]
    with Double() as server:
        server.batch_script = lambda index, body: fates[index]
        judge = batches_at(server, ledger)
        found = [verdict.status for verdict in judge.answer(pairs(4))]
        assert sorted(found) == ["parsed", "refused", "unparsed", "unparsed"]
        assert len(list(judge.answer(pairs(4)))) == 4
        assert len(server.batches) == 1


def test_a_restart_collects_what_was_sent(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with Double() as server:
        server.batch_ends_after = 1
        with Ledger(path) as ledger:
            (job,) = batches_at(server, ledger).submit(pairs(20))
        with Ledger(path) as ledger:
            again = batches_at(server, ledger)
            (kept,) = again.store.open_jobs()
            assert (kept.job, kept.batch_id, kept.n_requests) == (job, "msgbatch_1", 20)
            assert kept.state is BatchState.SENT
            verdicts = list(again.answer(pairs(25)))
            assert len(verdicts) == 25
            assert [one.state for one in again.store.jobs()] == [BatchState.COLLECTED] * 2
        assert set(server.billed.values()) == {1}
        assert len(server.billed) == 25


def test_a_collection_that_is_interrupted_begins_again_without_repeats(ledger, monkeypatch):
    monkeypatch.setattr(batch_collecting, "N_RECORDED_AT_ONCE", 3)
    with Double() as server:
        judge = batches_at(server, ledger, cap_dollars=5.0)
        judge.submit(pairs(10))
        half = judge.collect()
        for _ in range(4):
            verdict = next(half)
            assert ledger.get(verdict.question_key, judge.name) == verdict
        half.close()
        assert ledger.n_verdicts == 6
        assert len(list(judge.collect())) == 4
        assert ledger.n_verdicts == 10
        assert judge.judge.purse.spent == pytest.approx(10 * HALF_PRICE_OF_ONE)


def test_questions_in_a_batch_are_not_asked_one_by_one(ledger):
    with Double() as server:
        server.batch_ends_after = 1
        judge = batches_at(server, ledger)
        judge.submit(pairs(5))
        with pytest.raises(JudgeUnavailable, match="waits in a batch"):
            list(judge.judge.answer(pairs(7)))
        assert server.n_asked == 2
        assert judge.submit(pairs(5)) == []


@pytest.mark.parametrize("n_looks", [0, 3])
def test_a_batch_whose_acknowledgement_was_lost_is_found_again(n_looks, ledger):
    with Double() as server:
        server.new_batch([{"custom_id": f"other-{i}", "params": {"system": [], "messages": [],
            "output_config": {"format": {"schema": {"properties": {"a": {"enum": [1]}}}}}}}
            for i in range(6)])  # fmt: skip
        others = server.n_billed
        server.batch_ends_after = n_looks
        server.on_batch = lambda body: double.Cut("head")
        judge = batches_at(server, ledger)
        with pytest.raises(ArrivalUnknown, match="not known"):
            judge.submit(pairs(6))
        (lost,) = judge.store.open_jobs()
        assert (lost.state, lost.batch_id) == (BatchState.SENDING, None)
        server.on_batch = None
        assert len(list(judge.answer(pairs(6)))) == 6
        assert len(server.batches) == 2
        assert server.n_billed - others == ledger.n_verdicts == 6


def test_a_batch_that_never_arrived_frees_its_questions(ledger, monkeypatch):
    with Double() as server:
        server.on_batch = lambda body: double.Status(500)
        judge = batches_at(server, ledger, cap_dollars=5.0)
        with pytest.raises(ArrivalUnknown):
            judge.submit(pairs(4))
        server.on_batch = None
        assert list(judge.collect()) == []
        assert len(judge.store.open_jobs()) == 1
        assert judge.judge.purse.held > 0
        monkeypatch.setattr(batch_collecting, "GRACE", datetime.timedelta(0))
        assert list(judge.collect()) == []
        assert judge.store.open_jobs() == []
        assert judge.judge.purse.held == 0
        assert len(list(judge.answer(pairs(4)))) == 4
        assert server.n_billed == 4


def test_a_busy_service_is_asked_again_and_a_refusing_one_is_not(ledger):
    moves = iter([double.Status(429, retry_after=0.01), double.Status(529, retry_after=0), None])
    with Double() as server:
        server.on_batch = lambda body: next(moves)
        judge = batches_at(server, ledger)
        assert len(list(judge.answer(pairs(2)))) == 2
        server.on_batch = lambda body: double.Status(400, kind="invalid_request_error")
        with pytest.raises(JudgeUnavailable, match="turned away"):
            judge.submit(pairs(5))
        assert judge.store.open_jobs() == []
        server.on_batch = None
        assert len(list(judge.answer(pairs(5)))) == 5


def test_the_cap_holds_for_a_whole_batch(ledger):
    with Double() as server:
        judge = batches_at(server, ledger, cap_dollars=0.1)
        with pytest.raises(CapReached, match=r"cap of \$0.10"):
            judge.submit(pairs(50))
        assert server.batches == {}
        assert judge.store.open_jobs() == []
        assert judge.judge.purse.held == 0
        assert len(list(judge.answer(pairs(5)))) == 5


def test_results_that_can_not_be_read_keep_the_batch_open(ledger):
    with Double() as server:
        judge = batches_at(server, ledger)
        judge.submit(pairs(5))
        kept = server.batches["msgbatch_1"]["results"]
        whole = kept[2]
        kept[2] = "not a result"
        got = []
        with pytest.raises(JudgeUnavailable, match="1 results of batch msgbatch_1"):
            got.extend(judge.collect())
        assert len(got) == ledger.n_verdicts == 4
        kept[2] = whole
        assert len(list(judge.collect())) == 1
        assert judge.store.open_jobs() == []


def test_large_jobs_are_sent_in_parts(ledger, monkeypatch):
    monkeypatch.setattr(batches_module, "MAX_REQUESTS", 4)
    with Double() as server:
        judge = batches_at(server, ledger)
        assert len(judge.submit(pairs(10))) == 3
        sizes = [len(batch["results"]) for batch in server.batches.values()]
        assert sizes == [4, 4, 2]
        custom_ids = [
            one["custom_id"] for batch in server.batches.values() for one in batch["results"]
        ]
        assert all(custom_id.replace("-", "").isalnum() for custom_id in custom_ids)
        assert max(map(len, custom_ids)) <= 64
        assert len(list(judge.answer(pairs(10)))) == 10


def test_a_service_that_is_gone_says_so(ledger):
    with Double() as server:
        judge = batches_at(server, ledger, max_retries=0)
        judge.submit(pairs(2))
    with pytest.raises(JudgeUnavailable, match="can't be collected now"):
        list(judge.collect())


def test_the_estimate_is_half(ledger):
    with Double() as server:
        judge = batches_at(server, ledger)
        half, whole = judge.estimate(pairs(9)), judge.judge.estimate(pairs(9))
        assert half.dollars == pytest.approx(whole.dollars / 2)
        assert half.dollars_at_most == pytest.approx(whole.dollars_at_most / 2)
        free = AnthropicJudge("claude-xyz", ledger, api_key="k", base_url=server.url)
        assert BatchJudge(free).estimate(pairs(2)).dollars is None


def test_the_raw_reply_is_kept(ledger):
    with Double() as server:
        judge = batches_at(server, ledger)
        (verdict,) = judge.answer(pairs(1))
        assert json.loads(verdict.raw)["usage"] == {"input_tokens": 400, "output_tokens": 40}
