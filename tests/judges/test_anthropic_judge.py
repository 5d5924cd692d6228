import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import anthropic._base_client
import anthropic_double as double
import pytest

from engine.errors import BadInput, StoreError
from engine.judges.anthropic_judge import AnthropicJudge
from engine.judges.calls import JudgeUnavailable
from engine.judges.claims import Claims
from engine.judges.kinds import TUPLE_KINDS, Kind, Status
from engine.judges.ledger import Ledger
from engine.judges.money import CapReached, Prices, Purse, Tokens
from engine.judges.prompts import Example, Guide
from engine.judges.questions import (
    ComparisonQuestion,
    PairQuestion,
    PointQuestion,
    TripletQuestion,
    TupleQuestion,
)
from engine.types import Attribute

ROOT = Path(__file__).resolve().parents[2]
TONE = Attribute("tone", "how it sounds")
MODEL = "claude-sonnet-5-5"


Cut, Double, Late, message = double.Cut, double.Double, double.Late, double.message
PRICE_OF_ONE = Prices(MODEL).dollars(Tokens(double.N_IN, double.N_OUT))


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch):
    monkeypatch.setattr(anthropic._base_client, "INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr(anthropic._base_client, "MAX_RETRY_DELAY", 0.02)


def judge_at(server, ledger, **options):
    options = {"timeout_seconds": 5.0, "n_concurrent": 4, **options}
    return AnthropicJudge(MODEL, ledger, api_key="a key", base_url=server.url, **options)


def pairs(n, name="text"):
    return [PairQuestion(TONE, f"{name} {i}", "the other") for i in range(n)]


def collect(judge, questions):
    """Verdicts, and the error that came after them, if any."""
    verdicts, error = [], None
    try:
        verdicts.extend(judge.answer(questions))
    except (JudgeUnavailable, CapReached) as raised:
        error = raised
    return verdicts, error


def test_every_kind_of_question_is_asked_answered_and_kept(ledger):
    texts = ("one", "two", "three")
    questions = [
        PairQuestion(TONE, "one", "two"),
        TripletQuestion(TONE, *texts),
        ComparisonQuestion(TONE, "one", "two"),
        PointQuestion(TONE, "one"),
        *(TupleQuestion(kind, TONE, texts) for kind in TUPLE_KINDS),
    ]
    with Double() as server:
        judge = judge_at(server, ledger)
        verdicts = list(judge.answer(questions))
        assert {verdict.kind for verdict in verdicts} == set(Kind)
        assert {verdict.status for verdict in verdicts} == {Status.PARSED}
        assert sorted(ledger.verdicts(), key=str) == sorted(verdicts, key=str)
        again = {verdict.question_key: verdict for verdict in judge.answer(questions)}
        assert again == {verdict.question_key: verdict for verdict in verdicts}
        assert server.n_asked == len(questions)


def test_a_verdict_records_raw_reply_tokens_dollars_and_seconds(ledger):
    usage = {
        "input_tokens": 10,
        "output_tokens": 40,
        "cache_read_input_tokens": 900,
        "cache_creation_input_tokens": 100,
    }
    reply = message('{"reason": "both warm", "grade": 3}', usage=usage)
    with Double(lambda body, n_th: reply) as server:
        judge = judge_at(server, ledger)
        (verdict,) = judge.answer(pairs(1))
    assert (verdict.value, verdict.reason) == (3.0, "both warm")
    assert json.loads(verdict.raw) == reply
    assert (verdict.n_tokens_in, verdict.n_tokens_out) == (1010, 40)
    # $2 a million in, a twentieth of it from the cache, 5/4 of it to the cache, $10 out.
    expected = (10 * 2 + 900 * 0.1 + 100 * 2.5 + 40 * 10) / 1e6
    assert verdict.dollars == pytest.approx(expected)
    assert judge.purse.spent == pytest.approx(expected)
    assert verdict.seconds > 0
    assert verdict.judge == f"anthropic: {MODEL}"
    assert ledger.get(verdict.question_key, judge.name, prompt_version="judge-1") == verdict


def test_attribute_rubric_and_examples_are_the_cached_prefix(ledger):
    example = Example(PairQuestion(TONE, "hi", "hello"), '{"reason": "both warm", "grade": 4}')
    guide = Guide("Warm and friendly are the same. " * 200, (example,))
    with Double(seconds=0.05) as server:
        judge = judge_at(server, ledger, guide=guide, effort="low")
        verdicts = list(judge.answer(pairs(6)))
        bodies, first, second = server.bodies, *server.times[:2]
    assert {verdict.prompt_version for verdict in verdicts} == {guide.version}
    (system,) = {json.dumps(body["system"]) for body in bodies}
    (block,) = json.loads(system)
    assert block["cache_control"] == {"type": "ephemeral"}
    for shared in ("tone (how it sounds)", "4 = the same", "Warm and friendly", "both warm"):
        assert shared in block["text"]
    assert "text 0" not in block["text"]
    assert {body["output_config"]["effort"] for body in bodies} == {"low"}
    assert bodies[0]["output_config"]["format"]["schema"]["additionalProperties"] is False
    # The first call goes ahead alone: the others find its prefix in the cache.
    assert second - first >= 0.05


def test_so_many_calls_are_in_flight_and_no_more(ledger):
    with Double(seconds=0.05) as server:
        list(judge_at(server, ledger, n_concurrent=5).answer(pairs(20)))
        assert server.most_at_once == 5


def test_a_question_given_twice_is_asked_once(ledger):
    with Double() as server:
        verdicts = list(judge_at(server, ledger).answer(pairs(2) + pairs(2)))
        assert len(verdicts) == server.n_asked == 2


UNREADABLE = {
    "no JSON": "They are identical.",
    "empty text": "",
    "JSON that breaks off": '{"reason": "both',
    "null": "null",
    "wrong field": '{"reason": "x", "score": 3}',
    "grade out of range": '{"reason": "x", "grade": 11}',
    "two objects": '{"reason": "x", "grade": 4}{"reason": "x", "grade": 0}',
    "fenced": '```json\n{"reason": "x", "grade": 4}\n```',
    "no content": message(None),
    "content that is none": {**message("x"), "content": "text"},
    "no message": {"type": "message"},
    "a list": b"[]",
    "malformed body": b'{"type": "mess',
    "empty body": b"",
    "no UTF-8": b'{"type": "\xff\xfe',
    "cut at the limit": message('{"reason": "it goes on', stop_reason="max_tokens"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_reply_that_can_not_be_read_is_a_verdict_and_not_paid_for_again(name, ledger):
    with Double(lambda body, n_th: UNREADABLE[name]) as server:
        judge = judge_at(server, ledger, cap_dollars=1.0)
        (verdict,) = judge.answer(pairs(1))
        assert verdict.status is Status.UNPARSED
        assert verdict.value is None
        assert verdict.reason
        sent = UNREADABLE[name]
        if isinstance(sent, str) and sent:
            assert json.loads(verdict.raw)["content"][0]["text"] == sent
        assert judge.purse.spent > 0
        assert list(judge.answer(pairs(1))) == [verdict]
        assert server.n_asked == 1


def test_a_reply_without_a_count_is_charged_at_its_highest_price(ledger):
    with Double(lambda body, n_th: b"{}") as server:
        judge = judge_at(server, ledger, cap_dollars=1.0)
        (verdict,) = judge.answer(pairs(1))
    assert verdict.dollars is None
    assert judge.purse.spent > 100 * PRICE_OF_ONE / 10
    assert judge.purse.n_in_flight == 0


def test_a_refusal_is_a_verdict(ledger):
    details = {"type": "refusal", "category": None, "explanation": "I would rather not."}
    reply = message(None, stop_reason="refusal", stop_details=details)
    with Double(lambda body, n_th: reply) as server:
        judge = judge_at(server, ledger)
        (verdict,) = judge.answer(pairs(1))
        assert (verdict.status, verdict.reason) == (Status.REFUSED, "I would rather not.")
        assert verdict.dollars == pytest.approx(PRICE_OF_ONE)
        assert list(judge.answer(pairs(1))) == [verdict]
        assert server.n_asked == 1


def test_retry_after_is_waited_for(ledger):
    def busy_first(body, n_th):
        return double.Status(429, retry_after=0.15, kind="rate_limit_error") if n_th == 1 else None

    with Double(busy_first) as server:
        (verdict,) = judge_at(server, ledger).answer(pairs(1))
        assert verdict.status is Status.PARSED
        assert (server.n_asked, server.n_billed) == (2, 1)
        assert server.times[1] - server.times[0] >= 0.15


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
def test_what_the_service_turns_away_is_tried_again(status, ledger):
    with Double(lambda body, n_th: double.Status(status) if n_th < 3 else None) as server:
        judge = judge_at(server, ledger)
        (verdict,) = judge.answer(pairs(1))
        assert verdict.status is Status.PARSED
        assert (server.n_asked, server.n_billed) == (3, 1)
        assert judge.purse.spent == pytest.approx(PRICE_OF_ONE)


def test_a_question_that_gets_no_answer_does_not_stop_the_others(ledger):
    def fails(body, n_th):
        return double.Status(529) if "text 3\n" in body["messages"][0]["content"] else None

    with Double(fails) as server:
        judge = judge_at(server, ledger, max_retries=1)
        verdicts, error = collect(judge, pairs(10))
        assert len(verdicts) == ledger.n_verdicts == 9
        assert "1 of 10 questions got no answer" in str(error)
        assert "status 529: by the script" in str(error)
        server.script = lambda body, n_th: None
        again, error = collect(judge, pairs(10))
        assert (len(again), error) == (10, None)
        assert server.n_billed == 10


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_would_fail_each_time_stops_at_once(status, ledger):
    with Double(lambda body, n_th: double.Status(status)) as server:
        verdicts, error = collect(judge_at(server, ledger, n_concurrent=2), pairs(50))
        assert verdicts == []
        assert f"status {status}" in str(error)
        assert server.n_asked <= 2


def test_a_service_that_only_fails_is_not_asked_for_ever(ledger):
    with Double(lambda body, n_th: double.Status(500)) as server:
        judge = judge_at(server, ledger, n_concurrent=2, max_retries=0)
        _, error = collect(judge, pairs(100))
        assert isinstance(error, JudgeUnavailable)
        assert server.n_asked <= 8


def test_nobody_there(ledger):
    with Double() as server:
        url = server.url
    judge = AnthropicJudge(MODEL, ledger, api_key="k", base_url=url, max_retries=0, cap_dollars=1)
    _, error = collect(judge, pairs(3))
    assert "the connection failed" in str(error)
    assert judge.purse.spent == 0


@pytest.mark.parametrize("where", ["head", "body"])
def test_a_reply_cut_off_on_its_way_is_asked_again_and_counted_as_lost(where, ledger):
    with Double(lambda body, n_th: Cut(where) if n_th == 1 else None) as server:
        judge = judge_at(server, ledger, cap_dollars=1.0)
        (verdict,) = judge.answer(pairs(1))
        assert verdict.status is Status.PARSED
        assert server.n_billed == 2
        assert judge.purse.lost > PRICE_OF_ONE
        assert judge.purse.spent == pytest.approx(judge.purse.lost + PRICE_OF_ONE)
        assert judge.purse.spent >= server.n_billed * PRICE_OF_ONE


def test_a_reply_that_comes_too_late_is_counted_as_lost(ledger):
    with Double(lambda body, n_th: Late(0.2) if n_th == 1 else None) as server:
        judge = judge_at(server, ledger, timeout_seconds=0.1, cap_dollars=1.0)
        verdicts, _ = collect(judge, pairs(1))
        assert len(verdicts) == 1
        assert judge.purse.lost > 0
        assert judge.purse.spent >= server.n_billed * PRICE_OF_ONE


def test_the_cap_holds_under_concurrency(ledger):
    cap = 0.2
    with Double(seconds=0.01) as server:
        judge = judge_at(server, ledger, n_concurrent=20, cap_dollars=cap)
        verdicts, error = collect(judge, pairs(400))
        assert isinstance(error, CapReached)
        assert "cap of $0.20 is reached" in str(error)
        assert server.n_billed == len(verdicts) == ledger.n_verdicts
        assert server.n_billed * PRICE_OF_ONE <= cap
        # It stops where the next call could pass the cap, not where it would at its mean price.
        assert judge.purse.left < 0.03
        assert server.most_at_once > 1


def test_the_cap_holds_where_replies_are_lost(ledger):
    cap = 0.3
    with Double(lambda body, n_th: Cut("body")) as server:
        judge = judge_at(server, ledger, n_concurrent=8, cap_dollars=cap, max_retries=10)
        verdicts, error = collect(judge, pairs(50))
        assert verdicts == []
        assert isinstance(error, CapReached | JudgeUnavailable)
        assert 0 < server.n_billed * PRICE_OF_ONE <= judge.purse.spent <= cap
        assert judge.purse.n_in_flight == 0


def test_two_judges_may_share_a_purse(ledger, tmp_path):
    purse = Purse(0.1)
    with Double() as server, Ledger(tmp_path / "other.sqlite") as other:
        one = judge_at(server, ledger, purse=purse)
        two = judge_at(server, other, purse=purse)
        threads = [
            threading.Thread(target=collect, args=(judge, pairs(200))) for judge in (one, two)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.n_billed == ledger.n_verdicts + other.n_verdicts
        assert 0 < server.n_billed * PRICE_OF_ONE <= 0.1
        assert purse.spent == pytest.approx(server.n_billed * PRICE_OF_ONE)


def test_a_cap_that_can_not_be_kept_is_refused_before_anything_is_sent(ledger):
    with Double() as server:
        judge = AnthropicJudge("claude-xyz", ledger, 1.0, api_key="k", base_url=server.url)
        with pytest.raises(BadInput, match="price of this model is unknown"):
            list(judge.answer(pairs(3)))
        assert server.n_asked == 0
        free = AnthropicJudge("claude-xyz", ledger, api_key="k", base_url=server.url)
        assert [verdict.dollars for verdict in free.answer(pairs(3))] == [None] * 3
        assert free.purse.n_unpriced == 3


def test_the_estimate_counts_tokens_and_asks_nothing(ledger):
    with Double() as server:
        judge = judge_at(server, ledger)
        list(judge.answer(pairs(5)))
        estimate = judge.estimate(pairs(40))
        assert (server.n_asked, server.n_counted) == (5, 10)
        assert (estimate.n_questions, estimate.n_known) == (35, 5)
        assert "counted" in estimate.how
        assert 0 < estimate.dollars < estimate.dollars_at_most
        assert estimate.n_tokens_out == 35 * 60
        list(judge.answer(pairs(10)))
        assert judge.estimate(pairs(40)).n_tokens_out == 30 * double.N_OUT
        server.n_counted = 10
        rough = judge.estimate(pairs(40), counted=False)
        assert server.n_counted == 10
        assert "not counted" in rough.how


def test_an_estimate_without_a_service_says_so(ledger):
    with Double() as server:
        url = server.url
    judge = AnthropicJudge(MODEL, ledger, api_key="k", base_url=url, max_retries=0)
    with pytest.raises(JudgeUnavailable, match="tokens can't be counted"):
        judge.estimate(pairs(2))


def test_without_a_key_nothing_is_asked(ledger, monkeypatch, tmp_path):
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with Double() as server:
        judge = AnthropicJudge(MODEL, ledger, base_url=server.url, max_retries=0)
        with pytest.raises(JudgeUnavailable, match="without a key"):
            list(judge.answer(pairs(1)))
        assert server.n_asked == 0


def test_a_verdict_is_in_the_ledger_before_it_is_yielded(ledger):
    with Double() as server:
        for verdict in judge_at(server, ledger).answer(pairs(10)):
            assert ledger.get(verdict.question_key, verdict.judge) == verdict


def test_whoever_stops_listening_loses_nothing_that_was_paid_for(ledger):
    with Double(seconds=0.02) as server:
        answers = judge_at(server, ledger, n_concurrent=5).answer(pairs(100))
        next(answers)
        answers.close()
        assert server.n_billed == ledger.n_verdicts < 100


def test_a_ledger_that_fails_stops_new_calls_and_says_so(ledger, monkeypatch):
    def full(verdicts):
        raise StoreError("The disk is full.")

    with Double() as server:
        monkeypatch.setattr(ledger, "record_all", full)
        with pytest.raises(StoreError, match="disk is full"):
            list(judge_at(server, ledger, n_concurrent=2).answer(pairs(50)))
        assert server.n_asked <= 4


def test_two_runs_at_once_ask_each_question_once(ledger, tmp_path):
    with Double(seconds=0.01) as server, Ledger(ledger.path) as same_file:
        found = {}

        def ask(name, file, questions):
            found[name] = collect(judge_at(server, file), questions)

        threads = [
            threading.Thread(target=ask, args=("one", ledger, pairs(40))),
            threading.Thread(target=ask, args=("two", same_file, list(reversed(pairs(60))))),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [error for _, error in found.values()] == [None, None]
        assert sorted(len(verdicts) for verdicts, _ in found.values()) == [40, 60]
        assert server.n_asked == ledger.n_verdicts == 60


def test_claims_of_a_dead_process_are_free(ledger):
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    dead.wait()
    this = Claims(ledger, "judge", "v1")
    host = this._owner.split("|")[0]
    gone = Claims(ledger, "judge", "v1", owner=f"{host}|{dead.pid}|1.00")
    assert gone.take(["a", "b"]) == {"a", "b"}
    assert this.take(["a", "b"]) == {"a", "b"}
    elsewhere = Claims(ledger, "judge", "v1", owner="another machine|1|1.00")
    assert elsewhere.take(["a", "c"]) == {"c"}
    assert this.take(["c"]) == set()
    this.release(["a"])
    assert elsewhere.take(["a", "b"]) == {"a"}
    this.release()
    assert elsewhere.take(["b"]) == {"b"}
    assert Claims(ledger, "another judge", "v1").take(["a"]) == {"a"}


@pytest.mark.parametrize("options", [{"n_concurrent": 0}, {"max_tokens": 0}, {"cap_dollars": -1}])
def test_numbers_that_make_no_sense_are_refused(options, ledger):
    with pytest.raises(BadInput):
        AnthropicJudge(MODEL, ledger, **options)


def test_what_changes_the_answers_is_in_the_name(ledger):
    options = ({}, {"effort": "low"}, {"max_tokens": 100}, {"effort": "low", "max_tokens": 100})
    assert len({AnthropicJudge(MODEL, ledger, **option).name for option in options}) == 4
    assert "a key" not in repr(AnthropicJudge(MODEL, ledger, api_key="a key"))


ASKER = """
import sys
from engine.judges.anthropic_judge import AnthropicJudge
from engine.judges.ledger import Ledger
from engine.judges.questions import PairQuestion
from engine.types import Attribute

path, url, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
tone = Attribute("tone", "how it sounds")
questions = [PairQuestion(tone, f"text {i}", "the other") for i in range(n)]
judge = AnthropicJudge("claude-sonnet-5-5", Ledger(path), 10.0, 20, api_key="k", base_url=url)
print(sum(1 for _ in judge.answer(questions)), flush=True)
"""


def start_asker(ledger, server, n):
    return subprocess.Popen(
        [sys.executable, "-c", ASKER, str(ledger.path), server.url, str(n)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_killed_among_1000_questions_and_started_again_nothing_landed_is_asked_again(ledger):
    n, n_at_once = 1000, 20
    with Double(seconds=0.005) as server:
        asker = start_asker(ledger, server, n)
        while ledger.n_verdicts < 300:
            assert asker.poll() is None
            time.sleep(0.02)
        os.kill(asker.pid, signal.SIGKILL)
        asker.wait()
        landed = {verdict.question_key for verdict in ledger.verdicts()}
        assert 300 <= len(landed) < n
        before = Counter(server.asked)
        again = start_asker(ledger, server, n)
        assert again.communicate(timeout=120)[0] == f"{n}\n"
        assert again.returncode == 0
        questions = [verdict.question_key for verdict in ledger.verdicts()]
        assert len(questions) == len(set(questions)) == n
        # Asked in all: each once, and once more only what was in flight when it was killed.
        assert server.n_asked - n == sum(before.values()) - len(landed) <= n_at_once
        assert len(server.asked) == n
        assert max(server.asked.values()) <= 2
        assert math.isclose(sum(v.dollars for v in ledger.verdicts()), n * PRICE_OF_ONE)


def test_a_model_that_says_what_the_texts_tell_it_gives_no_verdict(ledger):
    """Each of 20 injections, in every kind of question, repeated word for word by the server."""
    path = Path(__file__).parent / "injections.json"
    injections = [case["text"] for case in json.loads(path.read_text(encoding="utf-8"))]

    def question_of(kind, text):
        texts = (text, "another text", "a third text")
        if kind is Kind.PAIR:
            return PairQuestion(TONE, *texts[:2])
        if kind is Kind.TRIPLET:
            return TripletQuestion(TONE, *texts)
        if kind is Kind.COMPARISON:
            return ComparisonQuestion(TONE, *texts[:2])
        return PointQuestion(TONE, text) if kind is Kind.POINT else TupleQuestion(kind, TONE, texts)

    questions = [question_of(kind, text) for kind in Kind for text in injections]
    with Double(lambda body, n_th: double.texts_of(body)[0]) as server:
        verdicts = list(judge_at(server, ledger, n_concurrent=8).answer(questions))
        assert server.n_asked == len(verdicts) == 20 * len(Kind)
    passed = [verdict for verdict in verdicts if verdict.status is Status.PARSED]
    # Only a text that is, to the letter, the reply that its kind of question asks for.
    assert [(verdict.kind, verdict.value) for verdict in passed] == [(Kind.PAIR, 4.0)]
    assert {verdict.status for verdict in verdicts} == {Status.PARSED, Status.UNPARSED}
