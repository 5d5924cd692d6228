"""Writers, the store of replies, and a server that misbehaves."""

from __future__ import annotations

import json
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from engine.corpus import Corpus, LoadReport
from engine.errors import BadInput, Cancelled, ModelUnavailable, StoreError
from engine.resources import Meter, Resources
from engine.rewriting.replies import Status
from engine.rewriting.servers import SERVER, SERVER_KEY
from engine.rewriting.store import ReplyStore, space_of
from engine.rewriting.writers import Prices
from engine.rewriting.writing import Choice, rewrites_of
from engine.types import Attribute

TONE = Attribute("tone")


def corpus_of(*texts: str) -> Corpus:
    ids = tuple(f"t{row}" for row in range(len(texts)))
    return Corpus("mine", ids, texts, {}, LoadReport(len(texts)))


class Server:
    """Speaks OpenAI's chat completions and Anthropic's messages; says what the test wants."""

    def __init__(self) -> None:
        self.asked: list[dict[str, object]] = []
        self.keys: list[str | None] = []
        self.say: Callable[[str], tuple[int, str]] = lambda user: (200, f"Tone of {len(user)}.")
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                server.asked.append(body)
                server.keys.append(self.headers.get("authorization"))
                status, text = server.say(body["messages"][-1]["content"])
                answer = _openai(text) if "chat" in self.path else _anthropic(text)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def _openai(text: str) -> dict[str, object]:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"choices": [choice], "usage": {"prompt_tokens": 100, "completion_tokens": 10}}


def _anthropic(text: str) -> dict[str, object]:
    return {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "some",
        "content": [{"type": "text", "text": text}] if text else [],
        "stop_reason": "end_turn" if text else "refusal",
        "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": 10},
    }


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIKEWISE_HOME", str(tmp_path / "home"))
    for name in ("ANTHROPIC_API_KEY", SERVER, SERVER_KEY):
        monkeypatch.delenv(name, raising=False)


def chosen(server: Server) -> Choice:
    prices = Prices(dollars_in=1.0, dollars_out=5.0)
    return Choice("openai-compatible", hosted_model="m", server=f"{server.url}/v1", prices=prices)


def test_each_text_is_asked_about_once_and_paid_for_once(server: Server) -> None:
    corpus = corpus_of("One.", "Two, longer.", "One.")
    meter = Meter()
    first = rewrites_of(corpus, TONE, chosen(server), Resources(meter=meter))
    assert first.n_written == 3
    assert first.used[0] == first.used[2] != first.used[1]
    assert (len(server.asked), meter.passes, meter.lm_tokens, meter.n_cached) == (2, 2, 220, 0)
    assert meter.dollars == pytest.approx(2 * (100 * 1 + 10 * 5) / 1e6)
    again = Meter()
    assert rewrites_of(corpus, TONE, chosen(server), Resources(meter=again)) == first
    assert (len(server.asked), again.passes, again.n_cached) == (2, 0, 2)
    rewrites_of(corpus, Attribute("issue"), chosen(server), Resources())
    assert len(server.asked) == 4


def test_without_resources_nothing_is_written(server: Server) -> None:
    corpus = corpus_of("One.", "Two.")
    rewrites_of(corpus.subset([0]), TONE, chosen(server), Resources())
    found = rewrites_of(corpus, TONE, chosen(server))
    assert found.statuses == (Status.WRITTEN, Status.MISSING)
    assert len(server.asked) == 1
    unloaded = rewrites_of(corpus, TONE, Choice("local"))
    assert set(unloaded.statuses) == {Status.MISSING}


def test_bad_replies_are_counted_and_the_text_stands_for_itself(server: Server) -> None:
    texts = ("refuse", "empty", "loop", "fine")
    says = {
        "refuse": "I'm sorry, but I can't help with that.",
        "empty": "",
        "loop": "so so so so so so",
        "fine": "Calm.",
    }
    server.say = lambda user: (200, next(v for k, v in says.items() if k in user))
    found = rewrites_of(corpus_of(*texts), TONE, chosen(server), Resources())
    assert found.used == ("refuse", "empty", "loop", "Calm.")
    assert found.counts == {
        Status.WRITTEN: 1,
        Status.REFUSED: 1,
        Status.EMPTY: 1,
        Status.NONSENSE: 1,
    }


def test_a_model_that_only_refuses_is_an_error_not_a_result(server: Server) -> None:
    server.say = lambda _: (200, "As an AI, no.")
    with pytest.raises(ModelUnavailable, match="refused: 2"):
        rewrites_of(corpus_of("One.", "Two."), TONE, chosen(server), Resources())


def test_what_was_written_before_an_error_is_kept(server: Server) -> None:
    server.say = lambda user: (400, "") if "poison" in user else (200, "Calm.")
    corpus = corpus_of("One.", "poison", "Two.", "Three.")
    with pytest.raises(ModelUnavailable, match=r"400.*run again to go on"):
        rewrites_of(corpus, TONE, chosen(server), Resources())
    server.say = lambda _: (200, "Calm.")
    n_asked = len(server.asked)
    rewrites_of(corpus, TONE, chosen(server), Resources())
    assert {"poison"} <= {
        next(t for t in corpus.texts if t in str(body["messages"]))
        for body in server.asked[n_asked:]
    }
    assert len(server.asked) - n_asked <= 2


def test_a_stopped_run_keeps_its_replies(server: Server) -> None:
    corpus = corpus_of(*(f"Text {row}." for row in range(40)))
    with pytest.raises(Cancelled):
        rewrites_of(corpus, TONE, chosen(server), Resources(cancelled=lambda: bool(server.asked)))
    n_asked = len(server.asked)
    assert 0 < n_asked < 40
    kept = rewrites_of(corpus, TONE, chosen(server))
    assert kept.n_written == n_asked


def test_a_busy_server_is_asked_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.rewriting.servers.time.sleep", lambda _: None)
    server.say = lambda _: (200, "Calm.") if len(server.asked) > 2 else (503, "")
    found = rewrites_of(corpus_of("One."), TONE, chosen(server), Resources())
    assert found.used == ("Calm.",)
    assert len(server.asked) == 3


def test_the_address_and_key_may_come_from_the_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SERVER, f"{server.url}/v1/")
    monkeypatch.setenv(SERVER_KEY, "secret")
    rewrites_of(corpus_of("a"), TONE, Choice("openai-compatible", hosted_model="m"), Resources())
    assert server.keys == ["Bearer secret"]
    assert server.asked[0]["model"] == "m"


def test_a_server_that_is_not_there() -> None:
    choice = Choice("openai-compatible", hosted_model="m", server="http://127.0.0.1:9/v1")
    with pytest.raises(ModelUnavailable, match=r"http://127\.0\.0\.1:9/v1"):
        rewrites_of(corpus_of("a"), TONE, choice, Resources())


@pytest.mark.parametrize("server_url", ["", "localhost:1", "file:///etc/passwd"])
def test_an_address_that_is_none(server_url: str) -> None:
    with pytest.raises(BadInput, match="needs a server's address"):
        rewrites_of(corpus_of("a"), TONE, Choice("openai-compatible", server=server_url))


def test_anthropic_without_a_key_says_what_works() -> None:
    with pytest.raises(ModelUnavailable, match=r"ANTHROPIC_API_KEY.*source local"):
        rewrites_of(corpus_of("a"), TONE, Choice("anthropic"), Resources())


def test_anthropic_through_its_own_client(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    server.say = lambda user: (200, "" if "bad" in user else "Calm.")
    meter = Meter()
    choice = Choice("anthropic", hosted_model="some")
    found = rewrites_of(corpus_of("One.", "bad"), TONE, choice, Resources(meter=meter))
    assert found.statuses == (Status.WRITTEN, Status.REFUSED)
    assert meter.lm_tokens == 220
    assert {body["model"] for body in server.asked} == {"some"}


def test_an_unknown_source() -> None:
    with pytest.raises(BadInput, match=r"locale.*Known: auto, shipped, local"):
        Choice(source="locale")  # type: ignore[arg-type]


def test_the_space_holds_everything_that_changes_a_reply() -> None:
    spaces = {
        space_of(attribute, prompt_version=version, model=model)
        for attribute in (TONE, Attribute("tone", "of voice"))
        for version in ("1", "2")
        for model in ("a", "b")
    }
    assert len(spaces) == 8


def _put_some(path: Path, start: int) -> None:
    store = ReplyStore(path)
    for number in range(start, start + 20):
        store.put("s", {f"text {number}": f"reply {number}"})


def test_processes_may_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "rewrites.sqlite"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_put_some, args=(path, start)) for start in (0, 20)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(ReplyStore(path).get("s", [f"text {n}" for n in range(40)])) == 40


def test_a_damaged_store_says_so(tmp_path: Path) -> None:
    path = tmp_path / "rewrites.sqlite"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match=r"rewrites\.sqlite"):
        ReplyStore(path).get("s", ["a"])
