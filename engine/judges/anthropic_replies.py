"""Replies and errors of Anthropic's API: what a message says, and what went wrong with a call."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from engine.judges.calls import Reply
from engine.judges.money import Tokens

# Whatever json.loads gives; it is looked at step by step.
_Json: TypeAlias = Any


def reply_of(raw: str) -> Reply:
    """Read a message of the API, from its JSON, as far as it can be read."""
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError):
        return Reply(raw, cut="the message is no JSON")
    if not isinstance(message, dict):
        return Reply(raw, cut="the message is no JSON object")
    tokens = _tokens(message.get("usage"))
    stop = message.get("stop_reason")
    if stop == "refusal":
        return Reply(raw, tokens=tokens, refused=_refusal(message.get("stop_details")))
    text = _text(message.get("content"))
    whole = stop in ("end_turn", "stop_sequence")
    return Reply(raw, text, tokens, cut="" if whole else f"the reply ended by {stop!r}")


def _text(content: _Json) -> str | None:
    if not isinstance(content, list):
        return None
    blocks = [block for block in content if isinstance(block, dict)]
    parts = [str(block.get("text", "")) for block in blocks if block.get("type") == "text"]
    return "".join(parts)


def _refusal(details: _Json) -> str:
    said = details if isinstance(details, dict) else {}
    found = said.get("explanation") or said.get("category") or "the model refused to answer"
    return str(found)


def _tokens(usage: _Json) -> Tokens | None:
    if not isinstance(usage, dict):
        return None
    names = (
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
    )
    counts = [usage.get(name) for name in names]
    plain, n_out = counts[:2]
    if not isinstance(plain, int) or not isinstance(n_out, int):
        return None
    n_read, n_written = (count if isinstance(count, int) else 0 for count in counts[2:])
    return Tokens(plain + n_read + n_written, n_out, n_read, n_written)


def why(error: Exception) -> str:
    """What went wrong with a call, in a sentence."""
    import anthropic

    if isinstance(error, anthropic.APITimeoutError):
        return "no reply came in time."
    if isinstance(error, anthropic.APIStatusError):
        body = error.body if isinstance(error.body, dict) else {}
        said = body.get("error")
        message = said.get("message") if isinstance(said, dict) else None
        return f"the service answered with status {error.status_code}: {message or 'no reason'}."
    if isinstance(error, anthropic.APIConnectionError):
        return f"the connection failed ({error.__cause__ or error})."
    return f"{error}."


def is_for_good(error: Exception) -> bool:
    """Whether the next call would fail in the same way: a wrong key, a wrong model, no money."""
    import anthropic

    if isinstance(error, anthropic.APIStatusError):
        return error.status_code in (401, 402, 403, 404)
    return not isinstance(error, anthropic.APIConnectionError)
