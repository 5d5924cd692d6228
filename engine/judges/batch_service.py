"""Anthropic's Message Batches as a service: sending once, listing, reading results line by line."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engine.judges.anthropic_replies import why
from engine.judges.batch_store import BatchJob
from engine.judges.calls import JudgeUnavailable

if TYPE_CHECKING:
    from anthropic import Anthropic, APIStatusError
    from anthropic.types.messages import MessageBatch

BUSY = (429, 529)
DEFAULT_WAIT_SECONDS = 5.0


class ArrivalUnknown(JudgeUnavailable):
    """Whether a batch arrived is not known; collecting later finds out."""


def send_batch(client: Anthropic, bodies: list[dict[str, Any]], max_retries: int) -> str:
    """Send a batch once.

    Args:
        client: the service.
        bodies: the requests, each with its custom id.
        max_retries: how often to try again while the service is busy.

    Returns:
        The service's id of the batch.

    Raises:
        ArrivalUnknown: the reply was lost, or the service failed on it.
        JudgeUnavailable: the service turned the batch away.
    """
    import anthropic

    # The SDK would send again a batch whose reply was lost, and both would be paid for.
    once = client.with_options(max_retries=0)
    n_left = max_retries
    while True:
        try:
            return once.messages.batches.create(requests=bodies).id  # type: ignore[arg-type]
        except anthropic.APIStatusError as error:
            _check(error, n_left)
            seconds = _seconds_to_wait(error.response.headers.get("retry-after"))
        except anthropic.APIConnectionError as error:
            raise _unknown(error) from error
        n_left -= 1
        time.sleep(seconds)


def _check(error: APIStatusError, n_left: int) -> None:
    if error.status_code >= 500 and error.status_code not in BUSY:
        raise _unknown(error) from error
    if error.status_code not in BUSY or not n_left:
        raise JudgeUnavailable(f"The batch was turned away: {why(error)}") from error


def _unknown(error: Exception) -> ArrivalUnknown:
    return ArrivalUnknown(
        f"Whether the batch arrived is not known: {why(error)} Collect later, which finds out; its "
        "questions are not asked until then."
    )


def _seconds_to_wait(said: str | None) -> float:
    try:
        return max(0.0, float(said or ""))
    except ValueError:
        return DEFAULT_WAIT_SECONDS


def result_lines(client: Anthropic, batch_id: str) -> Iterator[tuple[str | None, object]]:
    """Custom id of each result, None where it can't be read, and its message if it succeeded."""
    # Line by line, because the SDK's reader gives up at the first line that it can't read.
    batches = client.messages.batches.with_streaming_response
    with batches.results(batch_id) as response:
        for line in response.iter_lines():
            if line.strip():
                yield _read_line(line)


def _read_line(line: str) -> tuple[str | None, object]:
    try:
        found = json.loads(line)
        return str(found["custom_id"]), found["result"].get("message")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, None


def may_be(client: Anthropic, batch: MessageBatch, job: BatchJob) -> bool:
    """Whether a batch that the service lists may be the one whose reply was lost.

    A batch that has ended shows the custom ids it was sent with; one that has not shows only how
    many requests it holds, and its ids are looked at when it is collected.
    """
    counts = batch.request_counts
    ended = counts.succeeded + counts.errored + counts.canceled + counts.expired
    if counts.processing + ended != job.n_requests:
        return False
    if batch.processing_status != "ended":
        return True
    first, _ = next(result_lines(client, batch.id), (None, None))
    return first is not None and first.startswith(job.job)


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Say in one sentence what went wrong with the service.

    Raises:
        JudgeUnavailable: the service can't be asked.
    """
    import anthropic
    import httpx2

    try:
        yield
    except anthropic.AnthropicError as error:
        raise JudgeUnavailable(f"Batches can't be collected now: {why(error)}") from error
    except httpx2.HTTPError as error:
        raise JudgeUnavailable(
            f"The results broke off: {error}. What was read is kept; collect again."
        ) from error
