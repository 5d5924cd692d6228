"""What can be asked of a judge, and what it answers.

PairQuestion     how alike are two texts in this respect?        grade 0–4
TripletQuestion  is the anchor more like left or right?          left, right or tie
ComparisonQuestion  which of two texts has more of it?           left, right or tie
PointQuestion    where does one text stand on this scale?        score 0–10
TupleQuestion    several texts: group, find the odd one, rank, assign, propose; see tuple_answers

Questions hold the texts themselves; verdicts and keys hold only hashes of them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias, TypedDict, Unpack

from engine.errors import BadInput
from engine.judges.answer_checks import check_answer, check_tuple_answer
from engine.judges.kinds import (
    TOP_GRADE,
    TOP_SCORE,
    TUPLE_KINDS,
    Choice,
    Kind,
    Status,
    question_key,
    text_key,
    unordered_key,
)
from engine.judges.tuple_answers import MIN_TEXTS, reordered_answer
from engine.types import Attribute

__all__ = [
    "TOP_GRADE",
    "TOP_SCORE",
    "Choice",
    "ComparisonQuestion",
    "Judge",
    "Kind",
    "PairQuestion",
    "PointQuestion",
    "Question",
    "Status",
    "TripletQuestion",
    "TupleQuestion",
    "Verdict",
    "as_asked",
    "question_key",
    "text_key",
    "text_keys",
    "unordered_key",
    "utc_now",
]


class _Asked(Protocol):
    """What the keys of a question are made of."""

    @property
    def kind(self) -> Kind: ...

    @property
    def attribute(self) -> Attribute: ...

    @property
    def texts(self) -> tuple[str, ...]: ...


class _Keyed:
    """The content keys that every question has."""

    __slots__ = ()

    @property
    def key(self: _Asked) -> str:
        """Content key; the order of the texts counts."""
        return question_key(self.kind, self.attribute, text_keys(self))

    @property
    def unordered_key(self: _Asked) -> str:
        """Content key; the order of the texts does not count, but for an anchor's place.

        Example:
            >>> tone = Attribute("tone")
            >>> a, b = PairQuestion(tone, "x", "y"), PairQuestion(tone, "y", "x")
            >>> a.key == b.key, a.unordered_key == b.unordered_key
            (False, True)
        """
        return unordered_key(self.kind, self.attribute, text_keys(self))


@dataclass(frozen=True, slots=True)
class PairQuestion(_Keyed):
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


@dataclass(frozen=True, slots=True)
class TripletQuestion(_Keyed):
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


@dataclass(frozen=True, slots=True)
class ComparisonQuestion(_Keyed):
    """Which of two texts has more of the attribute, such as the more intense: left or right?"""

    attribute: Attribute
    left: str
    right: str

    @property
    def kind(self) -> Kind:
        """Always a comparison."""
        return Kind.COMPARISON

    @property
    def texts(self) -> tuple[str, ...]:
        """Left and right."""
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class PointQuestion(_Keyed):
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


@dataclass(frozen=True, slots=True)
class TupleQuestion(_Keyed):
    """A question about several texts at once.

    Args:
        kind: group, odd one out, rank, assign, categories or scale.
        attribute: the respect in which they are compared.
        texts: the texts; of a rank the first is the anchor, of an assign the first is the text and
            the others are the categories, each its name and what it holds.

    Raises:
        BadInput: another kind, too few texts, or one of them twice.
    """

    kind: Kind
    attribute: Attribute
    texts: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what can't be asked."""
        if self.kind not in TUPLE_KINDS:
            allowed = ", ".join(TUPLE_KINDS)
            raise BadInput(f"A tuple question can't be of kind {self.kind!r}. Allowed: {allowed}.")
        if len(self.texts) < MIN_TEXTS[self.kind]:
            raise BadInput(
                f"A question of kind {self.kind.value!r} needs at least {MIN_TEXTS[self.kind]} "
                f"texts; {len(self.texts)} were given."
            )
        if len(set(self.texts)) < len(self.texts):
            raise BadInput(
                f"A question of kind {self.kind.value!r} holds a text twice. Give each text once."
            )


Question: TypeAlias = (
    PairQuestion | TripletQuestion | ComparisonQuestion | PointQuestion | TupleQuestion
)


def text_keys(question: _Asked) -> tuple[str, ...]:
    """Hashes of the question's texts, in its order."""
    return tuple(text_key(text) for text in question.texts)


class Details(TypedDict, total=False):
    """What a judge may say of a verdict beside who gave it and on what."""

    value: float | None
    choice: Choice | None
    answer: str
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
    probability: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judge's answer to one question; also when the answer could not be read.

    Attributes:
        text_keys: hashes of the texts in the order asked: (left, right), (anchor, left, right)
            (text,), or a tuple question's texts.
        value: a pair's grade in [0, 4] (a person's: same 4, different 0, unsure None), a point's
            score in [0, 10], None for a triplet or a comparison.
        choice: left, right or tie for a triplet or a comparison; same, different or unsure where
            a person answered a pair; else None.
        answer: what was answered of a tuple question, as canonical JSON; else "".
        status: parsed, unparsed (a reply that could not be read), refused (the judge would not
            say) or unanswerable (the judge has nothing to go by).
        n_tokens_in: tokens read; like n_tokens_out, dollars and seconds None where unknown.
        time: UTC, ISO 8601; empty where unknown.
        stratum: why the question was asked, such as random or disagreement; "" where unknown.
        probability: the chance that the question had of being asked, in (0, 1]; None where
            unknown. For triplets at borders it is an expected number of draws, at most 1.

    Raises:
        BadInput: value, choice and status do not go together, or one or the probability is out of
            range.
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
    answer: str = ""
    probability: float | None = None

    def __post_init__(self) -> None:
        """Refuse a verdict that says what its kind of question can't be answered with."""
        if self.probability is not None and not 0 < self.probability <= 1:
            raise BadInput(
                f"A question can't have had the chance {self.probability} of being asked. Give one "
                "above 0 and up to 1, or none where it is unknown."
            )
        if self.status is Status.PARSED:
            self._check()
        elif self.value is not None or self.choice is not None or self.answer:
            raise BadInput(
                f"A verdict with status {self.status.value!r} can't have the value {self.value!r}, "
                f"the choice {self.choice!r} or the answer {self.answer!r}. Leave them out, or "
                "make the status 'parsed'."
            )

    def _check(self) -> None:
        if self.kind in TUPLE_KINDS:
            check_tuple_answer(self.kind, len(self.text_keys), self.value, self.choice, self.answer)
        elif self.answer:
            raise BadInput(f"A {self.kind} has a value or a choice, not an answer {self.answer!r}.")
        else:
            check_answer(self.kind, self.value, self.choice)

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
    if verdict.kind in TUPLE_KINDS:
        return _tuple_as_asked(verdict, keys)
    choice = None if verdict.choice is None else verdict.choice.mirrored
    reason = f"(asked with the sides swapped) {verdict.reason}".rstrip()
    return replace(verdict, text_keys=keys, choice=choice, reason=reason)


def _tuple_as_asked(verdict: Verdict, keys: tuple[str, ...]) -> Verdict:
    answer = verdict.answer
    if answer:
        moved = [keys.index(key) for key in verdict.text_keys]
        answer = reordered_answer(verdict.kind, answer, moved)
    reason = f"(asked in another order) {verdict.reason}".rstrip()
    return replace(verdict, text_keys=keys, answer=answer, reason=reason)


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
