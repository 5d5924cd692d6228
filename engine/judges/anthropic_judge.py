"""A Claude model as the judge, over Anthropic's API."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from engine.judges.anthropic_replies import is_for_good, reply_of, why
from engine.judges.asking import Terms
from engine.judges.calls import CallFailed, JudgeUnavailable, Reply, Sender
from engine.judges.ledger import Ledger
from engine.judges.money import Estimate, Hold, Prices, Purse
from engine.judges.networked import NetworkedJudge
from engine.judges.prompts import NO_GUIDE, Guide, Prompt
from engine.judges.questions import Question

if TYPE_CHECKING:
    from anthropic import (
        Anthropic,
        APIRequest,
        AsyncAnthropic,
        AsyncAPIResponse,
        AsyncCallNext,
    )

DEFAULT_MODEL = "claude-sonnet-5-5"
DEFAULT_MAX_TOKENS = 2000

_Client = TypeVar("_Client", "Anthropic", "AsyncAnthropic")

_hold: contextvars.ContextVar[Hold] = contextvars.ContextVar("the hold of the call in this task")


@dataclass(frozen=True)
class AnthropicJudge(NetworkedJudge):
    """Asks a Claude model, many questions at a time.

    Each verdict is in the ledger before it is yielded, also one that was refused or could not be
    read: it was paid for, and is not asked for again. Attribute, rubric, notes and examples are the
    part of the prompt that the API caches.

    Args:
        model: as the API calls it.
        ledger: where verdicts are recorded.
        cap_dollars: the most that may be spent by this judge; None for no cap.
        n_concurrent: how many calls may be in flight.
        guide: notes and examples beside attribute and rubric.
        effort: how hard the model is to try: low, medium, high …; "" leaves it to the model.
        max_tokens: the most that a reply may take, thinking included.
        max_retries: how often a call is tried again when the service is busy or fails.
        timeout_seconds: how long to wait for a reply.
        api_key: the key; None to take it from ANTHROPIC_API_KEY.
        base_url: where the API is; None for Anthropic's.
        purse: shared with other judges; one with cap_dollars is made where none is given.

    Raises:
        BadInput: max_tokens or n_concurrent is not positive, or the cap is no number of dollars.
    """

    model: str
    ledger: Ledger
    cap_dollars: float | None = None
    n_concurrent: int = 8
    guide: Guide = NO_GUIDE
    effort: str = ""
    max_tokens: int = DEFAULT_MAX_TOKENS
    max_retries: int = 4
    timeout_seconds: float = 120.0
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    purse: Purse | None = None
    terms: Terms = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the purse, and check the numbers."""
        self._settle_terms(Prices(self.model))

    @property
    def name(self) -> str:
        """The model, and whatever else changes its answers."""
        cut = self.max_tokens != DEFAULT_MAX_TOKENS
        options = [
            f"effort {self.effort}" if self.effort else "",
            f"max_tokens {self.max_tokens}" if cut else "",
        ]
        said = ", ".join(option for option in options if option)
        return f"anthropic: {self.model}" + (f" ({said})" if said else "")

    def estimate(self, questions: Sequence[Question], *, counted: bool = True) -> Estimate:
        """What asking would cost; only prompts to be counted are sent, and that is free.

        Args:
            questions: what would be asked; what the ledger answers costs nothing.
            counted: whether the API is to count the tokens of a few prompts; without it they are
                estimated by length.

        Raises:
            JudgeUnavailable: the tokens can't be counted.
        """
        return self._estimated(questions, self._count_tokens if counted else None)

    def client(self) -> Anthropic:
        """A client that waits for each call, for counting and for batches.

        Raises:
            JudgeUnavailable: there is no key.
        """
        import anthropic

        return _with_key(
            anthropic.Anthropic(
                api_key=self.api_key,
                base_url=self.base_url,
                max_retries=self.max_retries,
                timeout=self.timeout_seconds,
            )
        )

    def request(self, prompt: Prompt) -> dict[str, Any]:
        """The body of a call, as the Messages and the Batches API take it."""
        config: dict[str, object] = {"format": {"type": "json_schema", "schema": prompt.schema}}
        if self.effort:
            config["effort"] = self.effort
        cached = {"type": "ephemeral"}
        return {
            "model": self.model,
            "max_tokens": self.max_tokens,
            "system": [{"type": "text", "text": prompt.system, "cache_control": cached}],
            "messages": [{"role": "user", "content": prompt.user}],
            "output_config": config,
        }

    def _count_tokens(self, prompt: Prompt) -> int:
        import anthropic

        body = self.request(prompt)
        del body["max_tokens"]
        try:
            with self.client() as client:
                return int(client.messages.count_tokens(**body).input_tokens)
        except anthropic.AnthropicError as error:
            raise JudgeUnavailable(f"The tokens can't be counted: {why(error)}") from error

    @contextlib.asynccontextmanager
    async def _connect(self) -> AsyncIterator[Sender]:
        import anthropic

        client = _with_key(
            anthropic.AsyncAnthropic(
                api_key=self.api_key,
                base_url=self.base_url,
                max_retries=self.max_retries,
                timeout=self.timeout_seconds,
                middleware=[_count_lost],
            )
        )
        async with client:

            async def send(prompt: Prompt, hold: Hold) -> Reply:
                return await _send(client, self.request(prompt), hold)

            yield send


async def _send(client: AsyncAnthropic, body: dict[str, Any], hold: Hold) -> Reply:
    import anthropic

    _hold.set(hold)
    try:
        # The raw reply, because the SDK's own parsing would drop what it can't read, tokens and
        # all, and it has been paid for.
        response = await client.messages.with_raw_response.create(**body)
    except anthropic.AnthropicError as error:
        raise CallFailed(why(error), for_good=is_for_good(error)) from error
    # Bytes that are no UTF-8 are kept as escapes.
    return reply_of((await response.read()).decode("utf-8", "backslashreplace"))


async def _count_lost(request: APIRequest, call_next: AsyncCallNext) -> AsyncAPIResponse[Any]:
    """Tell the hold of each try whose reply was lost; the SDK tries again without telling."""
    import anthropic
    import httpx2

    never_sent = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
    try:
        return await call_next(request)
    except anthropic.APIConnectionError as error:
        if not isinstance(error.__cause__, never_sent):
            lost = error
        else:
            raise
    # Outside of the handler: the SDK would try again whatever is raised because of its own error.
    _hold.get().lose()
    raise lost


def _with_key(client: _Client) -> _Client:
    # The SDK says so only when it sends, and then by a TypeError.
    if client.api_key is None and client.auth_token is None and client.credentials is None:
        raise JudgeUnavailable(
            "Anthropic's API can't be asked without a key. Give an API key, or set "
            "ANTHROPIC_API_KEY."
        )
    return client
