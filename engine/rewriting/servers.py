"""Connections to language models behind a server: Anthropic's, or any that speaks OpenAI's chat."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from engine.errors import BadInput, ModelUnavailable
from engine.rewriting.prompts import Request
from engine.rewriting.writers import Prices, Reply, ServerWriter, way_of

DEFAULT_ANTHROPIC = "claude-haiku-5-5"
KEY = "ANTHROPIC_API_KEY"
SERVER = "LIKEWISE_LM_URL"
SERVER_KEY = "LIKEWISE_LM_KEY"
MOST_TOKENS = 1024
"""Room for a model that thinks before it answers; a rewrite itself has about forty."""
SECONDS = 120.0
REFUSED = "I can't answer: the provider refused."
N_TRIES = 4

_WITHOUT = (
    "Without it these work now: source local (a model on this machine), shipped (rewrites that "
    "come with the samples), or a file of rewrites in the option file."
)
_KEPT = "What was written is kept: run again to go on."


def anthropic_writer(model: str, prices: Prices, view: int = 0) -> ServerWriter:
    """Rewrites by an Anthropic model; the key is read when the first text is asked about."""
    name = model or DEFAULT_ANTHROPIC
    key = f"anthropic|{name}{way_of(view)}"
    return ServerWriter(name, key, lambda: _anthropic(name), prices, view=view)


def openai_writer(model: str, server: str, prices: Prices, view: int = 0) -> ServerWriter:
    """Rewrites by a model of any server that speaks OpenAI's chat completions.

    Raises:
        BadInput: no model named, or no server given.
    """
    base = (server or os.environ.get(SERVER, "")).rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise BadInput(
            f"Source openai-compatible needs a server's address, not {base!r}: set the option "
            f"server or ${SERVER}, for example http://localhost:11434/v1."
        )
    if not model:
        raise BadInput("Source openai-compatible needs the server's name of a model: hosted_model.")
    title = f"{model} at {base}"
    key = f"openai|{base}|{model}{way_of(view)}"
    return ServerWriter(title, key, lambda: _openai(base, model), prices, view=view)


def _anthropic(model: str) -> Callable[[Request], Reply]:
    if not os.environ.get(KEY):
        raise ModelUnavailable(f"Source anthropic needs a key: set ${KEY}. {_WITHOUT}")
    import anthropic

    client = anthropic.Anthropic(timeout=SECONDS, max_retries=N_TRIES)

    def ask(request: Request) -> Reply:
        try:
            answer = client.messages.create(
                model=model,
                max_tokens=MOST_TOKENS,
                system=request.system,
                messages=[{"role": "user", "content": request.user}],
            )
        except anthropic.AnthropicError as error:
            raise ModelUnavailable(
                f"{model} did not answer ({error}). {_KEPT} {_WITHOUT}"
            ) from error
        said = "".join(block.text for block in answer.content if block.type == "text")
        text = REFUSED if answer.stop_reason == "refusal" else said
        return Reply(text, answer.usage.input_tokens, answer.usage.output_tokens)

    return ask


def _openai(base: str, model: str) -> Callable[[Request], Reply]:
    import httpx2

    key = os.environ.get(SERVER_KEY)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    client = httpx2.Client(timeout=SECONDS, headers=headers)

    def ask(request: Request) -> Reply:
        turns = [("system", request.system), ("user", request.user)]
        body = {
            "model": model,
            "messages": [{"role": role, "content": content} for role, content in turns],
            "max_tokens": MOST_TOKENS,
            "temperature": 0,
        }
        try:
            answer = _retried(lambda: client.post(f"{base}/chat/completions", json=body))
            answer.raise_for_status()
            return _read(answer.json())
        except (httpx2.HTTPError, ValueError, KeyError, IndexError, TypeError) as error:
            raise ModelUnavailable(
                f"The server at {base} gave no rewrite ({error!r}). Check that it runs and has the "
                f"model {model!r}. {_KEPT} {_WITHOUT}"
            ) from error

    return ask


def _retried(post: Callable[[], Any]) -> Any:  # noqa: ANN401 - the client's response
    """Try again where the server is busy, after 1, 2 and 4 seconds."""
    for n_tried in range(N_TRIES - 1):
        answer = post()
        if answer.status_code not in (429, 500, 502, 503, 504):
            return answer
        time.sleep(2**n_tried)
    return post()


def _read(answer: dict[str, Any]) -> Reply:
    usage = answer.get("usage") or {}
    choice = answer["choices"][0]
    said = choice["message"].get("content") or choice["message"].get("refusal") or ""
    filtered = choice.get("finish_reason") == "content_filter"
    return Reply(
        REFUSED if filtered else str(said),
        int(usage.get("prompt_tokens") or 0),
        int(usage.get("completion_tokens") or 0),
    )
