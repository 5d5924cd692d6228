"""What can be asked of a judge, and what it answers.

PairQuestion     how alike are two texts in this respect?        grade 0–4
TripletQuestion  is the anchor more like left or right?          left, right or tie
PointQuestion    where does one text stand on this scale?        score 0–10

Questions hold the texts themselves; verdicts and keys hold only hashes of them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol, TypeAlias, TypedDict, Unpack

from engine.errors import BadInput
from engine.types import Attribute, content_key

TOP_GRADE = 4.0
TOP_SCORE = 10.0


class Kind(StrEnum):
    """The kinds of question."""

    PAIR = "pair"
    TRIPLET = "triplet"
    POINT = "point"


class Choice(StrEnum):
    """A verdict in a word: a person's on a pair, any judge's on a triplet."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"
    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"

    @property
    def mirrored(self) -> Choice:
        """The same verdict on the triplet with its sides swapped."""
        return _MIRRORED.get(self, self)


_MIRRORED = {Choice.LEFT: Choice.RIGHT, Choice.RIGHT: Choice.LEFT}


class Status(StrEnum):
    """What became of a question. Only a parsed verdict has a value or a choice."""

    PARSED = "parsed"
    UNPARSED = "unparsed"
    REFUSED = "refused"
    UNANSWERABLE = "unanswerable"


def text_key(text: str) -> str:
    """The hash by which verdicts know a text."""
    return content_key(text)


def question_key(kind: Kind, attribute: Attribute, text_keys: Sequence[str]) -> str:
    """Key of a question with its texts in this order."""
    return content_key(kind, attribute.key, *text_keys)


def unordered_key(kind: Kind, attribute: Attribute, text_keys: Sequence[str]) -> str:
    """Key of a question whichever side its texts stand on; a triplet's anchor stays the anchor."""
    if kind is Kind.PAIR:
        return question_key(kind, attribute, sorted(text_keys))
    return question_key(kind, attribute, [text_keys[0], *sorted(text_keys[1:])])


@dataclass(frozen=True, slots=True)
class PairQuestion:
    """How alike are two texts with respect to the attribute?"""

    attribute: Attribute
    left: str
    right: str

    @property
    def kind(self) -> Kind:
        """Always a pair."""
        return Kind.PAIR

    @property
    def texts(self) -> tuple[str, ...]:
        """Left and right."""
        return (self.left, self.right)

    @property
    def key(self) -> str:
        """Content key; the order of the texts counts."""
        return _key(self)

    @property
    def unordered_key(self) -> str:
        """Content key; the order of the texts does not count.

        Example:
            >>> tone = Attribute("tone")
            >>> a, b = PairQuestion(tone, "x", "y"), PairQuestion(tone, "y", "x")
            >>> a.key == b.key, a.unordered_key == b.unordered_key
            (False, True)
        """
        return _unordered_key(self)


@dataclass(frozen=True, slots=True)
class TripletQuestion:
    """Is the anchor more like left or more like right with respect to the attribute?"""

    attribute: Attribute
    anchor: str
    left: str
    right: str

    @property
    def kind(self) -> Kind:
        """Always a triplet."""
        return Kind.TRIPLET

    @property
    def texts(self) -> tuple[str, ...]:
        """Anchor, left and right."""
        return (self.anchor, self.left, self.right)

    @property
    def key(self) -> str:
        """Content key; the order of the sides counts."""
        return _key(self)

    @property
    def unordered_key(self) -> str:
        """Content key; the order of the sides does not count."""
        return _unordered_key(self)


@dataclass(frozen=True, slots=True)
class PointQuestion:
    """Where does a text stand on the attribute's scale, from 0 to 10?"""

    attribute: Attribute
    text: str

    @property
    def kind(self) -> Kind:
        """Always a point."""
        return Kind.POINT

    @property
    def texts(self) -> tuple[str, ...]:
        """The one text."""
        return (self.text,)

    @property
    def key(self) -> str:
        """Content key."""
        return _key(self)

    @property
    def unordered_key(self) -> str:
        """The same as key: there is only one text."""
        return self.key


Question: TypeAlias = PairQuestion | TripletQuestion | PointQuestion


def text_keys(question: Question) -> tuple[str, ...]:
    """Hashes of the question's texts, in its order."""
    return tuple(text_key(text) for text in question.texts)


def _key(question: Question) -> str:
    return question_key(question.kind, question.attribute, text_keys(question))


def _unordered_key(question: Question) -> str:
    return unordered_key(question.kind, question.attribute, text_keys(question))


class Details(TypedDict, total=False):
    """What a judge may say of a verdict beside who gave it and on what."""

    value: float | None
    choice: Choice | None
    status: Status
    prompt_version: str
    reason: str
    raw: str
    n_tokens_in: int | None
    n_tokens_out: int | None
    dollars: float | None
    seconds: float | None
    time: str
    batch: str
    stratum: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judge's answer to one question; also when the answer could not be read.

    Attributes:
        text_keys: hashes of the texts in the order asked: (left, right), (anchor, left, right)
            or (text,).
        value: a pair's grade in [0, 4] (a person's: same 4, different 0, unsure None), a point's
            score in [0, 10], None for a triplet.
        choice: left, right or tie for a triplet; same, different or unsure where a person
            answered a pair; else None.
        status: parsed, unparsed (a reply that could not be read), refused (the judge would not
            say) or unanswerable (the judge has nothing to go by).
        n_tokens_in: tokens read; like n_tokens_out, dollars and seconds None where unknown.
        time: UTC, ISO 8601; empty where unknown.

    Raises:
        BadInput: value, choice and status do not go together, or are out of range.
    """

    kind: Kind
    attribute: Attribute
    text_keys: tuple[str, ...]
    judge: str
    value: float | None = None
    choice: Choice | None = None
    status: Status = Status.PARSED
    prompt_version: str = ""
    reason: str = ""
    raw: str = ""
    n_tokens_in: int | None = None
    n_tokens_out: int | None = None
    dollars: float | None = None
    seconds: float | None = None
    time: str = ""
    batch: str = ""
    stratum: str = ""

    def __post_init__(self) -> None:
        """Refuse a verdict that says what its kind of question can't be answered with."""
        if self.status is Status.PARSED:
            _check_answer(self.kind, self.value, self.choice)
        elif self.value is not None or self.choice is not None:
            raise BadInput(
                f"A verdict with status {self.status.value!r} can't have the value {self.value!r} "
                f"or the choice {self.choice!r}. Leave both out, or make the status 'parsed'."
            )

    @classmethod
    def of(cls, question: Question, judge: str, **details: Unpack[Details]) -> Verdict:
        """A verdict on this question, given now unless a time is passed.

        Example:
            >>> verdict = Verdict.of(PairQuestion(Attribute("tone"), "x", "y"), "me", value=4.0)
            >>> verdict.value, verdict.status.value
            (4.0, 'parsed')
        """
        details.setdefault("time", utc_now())
        return cls(question.kind, question.attribute, text_keys(question), judge, **details)

    @property
    def question_key(self) -> str:
        """The key of the question that was asked."""
        return question_key(self.kind, self.attribute, self.text_keys)

    @property
    def unordered_key(self) -> str:
        """The unordered key of the question that was asked."""
        return unordered_key(self.kind, self.attribute, self.text_keys)


_CHOICES = {
    Kind.PAIR: (Choice.SAME, Choice.DIFFERENT, Choice.UNSURE),
    Kind.TRIPLET: (Choice.LEFT, Choice.RIGHT, Choice.TIE),
    Kind.POINT: (),
}


def _check_answer(kind: Kind, value: float | None, choice: Choice | None) -> None:
    if choice is not None and choice not in _CHOICES[kind]:
        allowed = ", ".join(_CHOICES[kind]) or "none"
        raise BadInput(f"A {kind} can't be answered {str(choice)!r}. Allowed choices: {allowed}.")
    if kind is Kind.TRIPLET:
        if choice is None or value is not None:
            raise BadInput(
                f"A triplet is answered by a choice alone, not by the value {value!r} and the "
                f"choice {choice!r}. Give left, right or tie."
            )
        return
    top = TOP_GRADE if kind is Kind.PAIR else TOP_SCORE
    if value is None and choice is Choice.UNSURE:
        return
    if value is None or not 0 <= value <= top:
        raise BadInput(
            f"A {kind} can't have the value {value!r}. Give a number from 0 to {top:g}, "
            "or make the status 'unparsed'."
        )


def as_asked(verdict: Verdict, question: Question) -> Verdict:
    """The verdict in the order of this question, which may have its sides swapped.

    Args:
        verdict: a verdict on the question, asked in either order.
        question: the question as it is asked now.

    Raises:
        BadInput: the verdict is on another question.
    """
    if verdict.unordered_key != question.unordered_key:
        raise BadInput("This verdict answers another question; look it up by unordered_key.")
    keys = text_keys(question)
    if verdict.text_keys == keys:
        return verdict
    choice = None if verdict.choice is None else verdict.choice.mirrored
    reason = f"(asked with the sides swapped) {verdict.reason}".rstrip()
    return replace(verdict, text_keys=keys, choice=choice, reason=reason)


class Judge(Protocol):
    """Answers questions with verdicts: a language model, a label column, or a person."""

    @property
    def name(self) -> str:
        """Who judges; everything that changes the answers is in the name or the prompt version."""
        ...

    def answer(self, questions: Sequence[Question]) -> Iterator[Verdict]:
        """One verdict for each distinct question, in any order; match them by question_key."""
        ...


def utc_now() -> str:
    """The time, UTC, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat()
