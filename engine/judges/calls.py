"""One call to a language model: what comes back, what goes wrong, and the verdict it makes."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from engine.errors import LikewiseError
from engine.judges.kinds import Kind, Status, question_key
from engine.judges.money import Hold, Tokens
from engine.judges.prompts import Prompt
from engine.judges.questions import Details, Question, Verdict, text_keys, utc_now
from engine.judges.replies import Said, read_answer
from engine.types import Attribute


class JudgeUnavailable(LikewiseError):
    """Some questions got no answer; what was answered is kept, and asking again asks only these."""


class CallFailed(LikewiseError):
    """A call gave no reply that could have been paid for.

    Attributes:
        for_good: whether the next call would fail in the same way, as with a wrong key.
    """

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        super().__init__(why)
        self.for_good = for_good


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back of a call.

    Attributes:
        raw: the reply as it was sent, whole.
        text: what the model wrote; None where the reply could not be read that far.
        tokens: what was read and written; None where the reply does not say.
        refused: why the model would not say; "" where it did not refuse.
        cut: why the text is not whole; "" where it is.
    """

    raw: str
    text: str | None = None
    tokens: Tokens | None = None
    refused: str = ""
    cut: str = ""


class Sender(Protocol):
    """Sends prompts to one model."""

    def __call__(self, prompt: Prompt, hold: Hold) -> Awaitable[Reply]:
        """The reply to a prompt.

        Args:
            prompt: what to ask.
            hold: told with `lose` whenever a reply was lost on its way.

        Raises:
            CallFailed: no reply came, and none was paid for beyond what `hold` was told.
            CapReached: a reply was lost, and another try does not fit under the cap.
        """
        ...


class Asked(NamedTuple):
    """A question without its texts: what a verdict says of it."""

    kind: Kind
    attribute: Attribute
    text_keys: tuple[str, ...]

    @classmethod
    def of(cls, question: Question) -> Asked:
        """What a verdict on the question says of it."""
        return cls(question.kind, question.attribute, text_keys(question))

    @property
    def key(self) -> str:
        """The question's key."""
        return question_key(*self)


def verdict_on(asked: Asked, judge: str, reply: Reply, details: Details) -> Verdict:
    """The verdict that a reply makes: parsed, refused or unparsed; what was paid for is kept.

    Args:
        asked: what was asked.
        judge: who was asked.
        reply: what came back.
        details: prompt version, dollars, seconds and what else the verdict should record.
    """
    found = _said(asked, reply)
    found.update(details)
    found["raw"], found["time"] = reply.raw, utc_now()
    if reply.tokens is not None:
        found["n_tokens_in"], found["n_tokens_out"] = reply.tokens.n_in, reply.tokens.n_out
    return Verdict(*asked, judge, **found)


def _said(asked: Asked, reply: Reply) -> Details:
    if reply.refused:
        return {"status": Status.REFUSED, "reason": reply.refused}
    if reply.text is None:
        return {"status": Status.UNPARSED, "reason": reply.cut or "the reply could not be read"}
    said = read_answer(asked.kind, len(asked.text_keys), reply.text)
    if isinstance(said, Said):
        return {
            "reason": said.reason,
            "value": said.value,
            "choice": said.choice,
            "answer": said.answer,
        }
    why = f"{reply.cut}; {said.why}" if reply.cut else said.why
    return {"status": Status.UNPARSED, "reason": why}
