"""A server that speaks OpenAI's chat completions as the judge: vLLM, llama.cpp, Ollama, OpenAI."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.errors import BadInput
from engine.judges.asking import Terms
from engine.judges.calls import CallFailed, Reply, Sender
from engine.judges.ledger import Ledger
from engine.judges.money import Estimate, Hold, Prices, Purse, Tokens
from engine.judges.networked import NetworkedJudge
from engine.judges.prompts import NO_GUIDE, Guide, Prompt
from engine.judges.questions import Question

if TYPE_CHECKING:
    import httpx2

DEFAULT_MAX_TOKENS = 1000
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 8.0
TURNED_AWAY = (408, 409, 429)
FOR_GOOD = (401, 402, 403, 404)

# Whatever json.loads gives; it is looked at step by step.
_Json: TypeAlias = Any


@dataclass(frozen=True)
class OpenAICompatibleJudge(NetworkedJudge):
    """Asks a model behind a base URL, many questions at a time.

    The same prompts, ledger and purse as AnthropicJudge. The reply's schema is sent along; a server
    that does not heed it gives verdicts that are unparsed wherever its model strays.

    Args:
        model: as the server calls it.
        base_url: up to, and without, /chat/completions, such as http://localhost:11434/v1.
        ledger: where verdicts are recorded.
        cap_dollars: the most that may be spent; None for no cap. A cap needs a known price.
        n_concurrent: how many calls may be in flight.
        guide: notes and examples beside attribute and rubric.
        max_tokens: the most that a reply may take.
        max_retries: how often a call is tried again when the server is busy or fails.
        timeout_seconds: how long to wait for a reply.
        api_key: sent as a bearer token where given.
        provider: whose price list holds, such as "openai"; "" where nobody lists a price, so that
            dollars are unknown, not 0.
        purse: shared with other judges; one with cap_dollars is made where none is given.

    Raises:
        BadInput: base_url is no http address, a number is not positive, or the cap is none.
    """

    model: str
    base_url: str
    ledger: Ledger
    cap_dollars: float | None = None
    n_concurrent: int = 4
    guide: Guide = NO_GUIDE
    max_tokens: int = DEFAULT_MAX_TOKENS
    max_retries: int = 4
    timeout_seconds: float = 120.0
    api_key: str | None = field(default=None, repr=False)
    provider: str = ""
    purse: Purse | None = None
    terms: Terms = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the address and the numbers, and make the purse."""
        if not self.base_url.startswith(("http://", "https://")):
            raise BadInput(
                f"{self.base_url!r} is no address of a server. Give one such as "
                "http://localhost:11434/v1."
            )
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))
        self._settle_terms(Prices(self.model, self.provider))

    @property
    def name(self) -> str:
        """The model and its server, and whatever else changes the answers."""
        cut = self.max_tokens != DEFAULT_MAX_TOKENS
        said = f" (max_tokens {self.max_tokens})" if cut else ""
        return f"{self.model} at {self.base_url}{said}"

    def estimate(self, questions: Sequence[Question]) -> Estimate:
        """What asking would cost, by the length of the prompts; nothing is sent."""
        return self._estimated(questions)

    def request(self, prompt: Prompt) -> dict[str, object]:
        """The body of a call."""
        schema = {"name": "verdict", "strict": True, "schema": prompt.schema}
        return {
            "model": self.model,
            "max_tokens": self.max_tokens,
            "temperature": 0,
            "messages": [
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.user},
            ],
            "response_format": {"type": "json_schema", "json_schema": schema},
        }

    @contextlib.asynccontextmanager
    async def _connect(self) -> AsyncIterator[Sender]:
        import httpx2

        headers = {"authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        limits = httpx2.Limits(max_connections=self.n_concurrent)
        async with httpx2.AsyncClient(
            headers=headers, timeout=self.timeout_seconds, limits=limits
        ) as client:

            async def send(prompt: Prompt, hold: Hold) -> Reply:
                return await self._send(client, self.request(prompt), hold)

            yield send

    async def _send(self, client: httpx2.AsyncClient, body: dict[str, object], hold: Hold) -> Reply:
        n_left = self.max_retries
        wait = FIRST_WAIT_SECONDS
        while isinstance(outcome := await self._try(client, body, hold), _Failure):
            if not n_left:
                raise CallFailed(outcome.why)
            n_left -= 1
            await asyncio.sleep(wait if outcome.wait_seconds is None else outcome.wait_seconds)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)
        return outcome

    async def _try(
        self, client: httpx2.AsyncClient, body: dict[str, object], hold: Hold
    ) -> Reply | _Failure:
        import httpx2

        never_sent = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
        try:
            response = await client.post(f"{self.base_url}/chat/completions", json=body)
        except never_sent as error:
            return _Failure(f"the connection failed ({error}).")
        except httpx2.HTTPError as error:
            hold.lose()
            return _Failure(f"the reply was lost ({type(error).__name__}).")
        if response.is_success:
            return reply_of(response.content.decode("utf-8", "backslashreplace"))
        why = f"the server answered with status {response.status_code}: {response.text[:200]}"
        if response.status_code in TURNED_AWAY or response.status_code >= 500:
            return _Failure(why, _seconds(response.headers.get("retry-after")))
        raise CallFailed(why, for_good=response.status_code in FOR_GOOD)


@dataclass(frozen=True, slots=True)
class _Failure:
    """A try that may be repeated, and after how long, where the server said so."""

    why: str
    wait_seconds: float | None = None


def _seconds(said: str | None) -> float | None:
    try:
        return max(0.0, float(said or ""))
    except ValueError:
        return None


def reply_of(raw: str) -> Reply:
    """Read a chat completion, from its JSON, as far as it can be read."""
    try:
        completion = json.loads(raw)
        choice = completion["choices"][0]
        message = choice["message"]
        text, refusal = message.get("content"), message.get("refusal")
        reason = choice.get("finish_reason")
    except (ValueError, RecursionError, KeyError, IndexError, TypeError, AttributeError):
        return Reply(raw, tokens=_tokens(raw), cut="the reply is no chat completion")
    if refusal or reason == "content_filter":
        said = str(refusal or "the server's filter kept the reply back")
        return Reply(raw, tokens=_tokens(raw), refused=said)
    return Reply(
        raw,
        text if isinstance(text, str) else None,
        _tokens(raw),
        cut="" if reason == "stop" else f"the reply ended by {reason!r}",
    )


def _tokens(raw: str) -> Tokens | None:
    try:
        usage = json.loads(raw)["usage"]
        n_in, n_out = usage["prompt_tokens"], usage["completion_tokens"]
        details: _Json = usage.get("prompt_tokens_details") or {}
        n_cached = details.get("cached_tokens") or 0
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    counts = (n_in, n_out, n_cached)
    return Tokens(*counts) if all(isinstance(count, int) for count in counts) else None
