import json
from pathlib import Path

import chat_double as double
import pytest

from engine.errors import BadInput
from engine.judges import openai_compatible
from engine.judges.calls import JudgeUnavailable
from engine.judges.kinds import Status
from engine.judges.ledger import Ledger
from engine.judges.money import CapReached
from engine.judges.openai_compatible import OpenAICompatibleJudge
from engine.judges.prompts import Example, Guide
from engine.judges.questions import PairQuestion
from engine.types import Attribute

TONE = Attribute("tone", "how it sounds")
GOOD = '{"reason": "both warm", "grade": 3}'
INJECTIONS = json.loads((Path(__file__).parent / "injections.json").read_text(encoding="utf-8"))


ChatDouble, completion = double.ChatDouble, double.completion


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch):
    monkeypatch.setattr(openai_compatible, "FIRST_WAIT_SECONDS", 0.01)


def judge_at(server, ledger, **options):
    return OpenAICompatibleJudge("some-model", server.url + "/", ledger, **options)


def pairs(n):
    return [PairQuestion(TONE, f"text {i}", "the other") for i in range(n)]


def test_a_server_is_asked_once_a_question(ledger):
    with ChatDouble(lambda body, n_th: GOOD) as server:
        judge = judge_at(server, ledger, api_key="a key")
        verdicts = list(judge.answer(pairs(10)))
        assert len(verdicts) == len(list(judge.answer(pairs(10)))) == len(server.bodies) == 10
        path, body = server.bodies[0]
        assert path == "/v1/chat/completions"
        assert server.headers[0]["authorization"] == "Bearer a key"
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["required"] == ["reason", "grade"]
    assert "tone (how it sounds)" in body["messages"][0]["content"]
    assert len(double.texts_of(body)) == 2
    verdict = verdicts[0]
    assert (verdict.value, verdict.n_tokens_in, verdict.n_tokens_out) == (3.0, 300, 30)
    assert verdict.dollars is None
    assert verdict.judge == f"some-model at {server.url}"
    assert json.loads(verdict.raw) == completion(GOOD)
    assert judge.purse.n_unpriced == 10
    assert judge.estimate(pairs(3)).dollars is not None
    assert judge.estimate(pairs(12)).dollars is None


def test_a_guide_is_in_the_system_message_and_in_the_version(ledger):
    example = Example(PairQuestion(TONE, "hi", "hello"), '{"reason": "both warm", "grade": 4}')
    guide = Guide("Warm and friendly are the same.", (example,))
    with ChatDouble(lambda body, n_th: GOOD) as server:
        (plain,) = judge_at(server, ledger).answer(pairs(1))
        (guided,) = judge_at(server, ledger, guide=guide).answer(pairs(1))
        first, second = server.bodies[0][1], server.bodies[1][1]
        assert list(judge_at(server, ledger, guide=guide).answer(pairs(1))) == [guided]
        assert len(server.bodies) == 2
    assert guided.prompt_version == guide.version != plain.prompt_version
    (system, user), (bare, same) = second["messages"], first["messages"]
    assert user == same
    for told in (guide.notes, "hello", "both warm"):
        assert told in system["content"]
        assert told not in bare["content"]


@pytest.mark.parametrize(
    ("move", "status"),
    [
        ("Sure, they are alike!", Status.UNPARSED),
        ("", Status.UNPARSED),
        (f"```json\n{GOOD}\n```", Status.UNPARSED),
        (completion(None), Status.UNPARSED),
        (completion(GOOD[:-5], finish_reason="length"), Status.UNPARSED),
        (completion("", refusal="I will not say."), Status.REFUSED),
        (completion(None, finish_reason="content_filter"), Status.REFUSED),
        (completion(GOOD, usage=False), Status.PARSED),
        (b"{}", Status.UNPARSED),
        (b"", Status.UNPARSED),
        (b"\xff", Status.UNPARSED),
        ({"choices": []}, Status.UNPARSED),
        ({"choices": [{"message": 3}]}, Status.UNPARSED),
    ],
)
def test_whatever_comes_back_is_a_verdict(move, status, ledger):
    with ChatDouble(lambda body, n_th: move) as server:
        judge = judge_at(server, ledger)
        (verdict,) = judge.answer(pairs(1))
        assert verdict.status is status
        assert list(judge.answer(pairs(1))) == [verdict]
        assert len(server.bodies) == 1


@pytest.mark.parametrize("move", [(429, {"retry-after": "0.15"}), (500, {}), (503, {}), None])
def test_a_busy_or_failing_server_is_asked_again(move, ledger):
    with ChatDouble(lambda body, n_th: move if n_th == 1 else GOOD) as server:
        (verdict,) = judge_at(server, ledger).answer(pairs(1))
        assert verdict.status is Status.PARSED
        assert len(server.bodies) == 2
        if move and move[1]:
            assert server.times[1] - server.times[0] >= 0.15


def test_lost_replies_count_against_the_cap(ledger):
    with ChatDouble(lambda body, n_th: None) as server:
        judge = OpenAICompatibleJudge(
            "gpt-4o", server.url, ledger, 0.1, provider="openai", max_retries=20
        )
        with pytest.raises((CapReached, JudgeUnavailable)):
            list(judge.answer(pairs(5)))
        assert server.n_billed >= 1
        assert 0 < judge.purse.lost <= 0.1


def test_a_late_reply_is_lost(ledger):
    with ChatDouble(lambda body, n_th: 0.2 if n_th == 1 else GOOD) as server:
        judge = judge_at(server, ledger, timeout_seconds=0.1)
        assert [verdict.status for verdict in judge.answer(pairs(1))] == [Status.PARSED]


@pytest.mark.parametrize("status", [401, 404])
def test_a_wrong_key_or_address_stops_at_once(status, ledger):
    with ChatDouble(lambda body, n_th: (status, {})) as server:
        with pytest.raises(JudgeUnavailable, match=f"status {status}"):
            list(judge_at(server, ledger, n_concurrent=1).answer(pairs(20)))
        assert len(server.bodies) == 1


def test_nobody_there(ledger):
    with ChatDouble(lambda body, n_th: GOOD) as server:
        judge = judge_at(server, ledger, max_retries=0)
    with pytest.raises(JudgeUnavailable, match="connection failed"):
        list(judge.answer(pairs(2)))


def test_a_cap_needs_a_price_and_a_server_an_address(ledger):
    with pytest.raises(BadInput, match="price of this model is unknown"):
        list(OpenAICompatibleJudge("m", "http://127.0.0.1:1", ledger, 1.0).answer(pairs(1)))
    with pytest.raises(BadInput, match="no address"):
        OpenAICompatibleJudge("m", "localhost", ledger)


@pytest.mark.parametrize("injection", INJECTIONS, ids=lambda case: case["name"])
def test_a_model_that_repeats_an_injection_gives_no_verdict(injection, ledger):
    """The text itself as the reply: only one that is a whole verdict could pass for an answer."""

    def repeats(body, n_th):
        return double.texts_of(body)[0]

    with ChatDouble(repeats) as server:
        question = PairQuestion(TONE, injection["text"], "the other")
        (verdict,) = judge_at(server, ledger).answer([question])
        is_verdict = injection["name"] == "reply as JSON"
        assert verdict.status is (Status.PARSED if is_verdict else Status.UNPARSED)
        assert json.loads(verdict.raw)["choices"][0]["message"]["content"] == injection["text"]
