"""The replies of a language model: the schema they must fit, and how they are read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from engine.errors import BadInput
from engine.judges.kinds import TOP_GRADE, TOP_SCORE, Choice, Kind
from engine.judges.questions import Question
from engine.judges.tuple_answers import canonical_answer

# Whatever json.loads gives; what does not fit raises when it is read.
_Json: TypeAlias = Any
_Asked: TypeAlias = tuple[Kind, int]


class Said(NamedTuple):
    """What a reply answers, in the fields of a verdict."""

    reason: str
    value: float | None = None
    choice: Choice | None = None
    answer: str = ""


class Unreadable(NamedTuple):
    """A reply that is no answer, and why not."""

    why: str


def read_answer(kind: Kind, n_texts: int, reply: str) -> Said | Unreadable:
    """Read a reply to a question.

    Only a JSON object with exactly the two fields that were asked for counts: a reply with anything
    before or behind it, with a field twice, or with a number out of range, is unreadable.

    Args:
        kind: what kind of question was asked.
        n_texts: how many texts it holds.
        reply: what the model wrote.

    Example:
        >>> read_answer(Kind.PAIR, 2, '{"reason": "both angry", "grade": 4}').value
        4.0
        >>> read_answer(Kind.PAIR, 2, "identical").why
        'the reply is no JSON'
    """
    try:
        found = json.loads(reply, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        return Unreadable("the reply is empty" if not reply.strip() else "the reply is no JSON")
    field, read = _READERS[kind]
    if not isinstance(found, dict) or set(found) != {"reason", field}:
        return Unreadable(f"the reply is no object with the fields reason and {field}")
    if not isinstance(found["reason"], str):
        return Unreadable("the reason is no text")
    try:
        return read((kind, n_texts), found[field])._replace(reason=found["reason"])
    except (BadInput, ValueError, TypeError) as error:
        return Unreadable(str(error))


def reply_schema(question: Question) -> dict[str, object]:
    """JSON schema of the reply: a reason, then the answer, and nothing else."""
    n_texts = len(question.texts)
    score = _whole(0, int(TOP_SCORE))
    text: dict[str, object] = {"type": "string"}
    side: dict[str, object] = {"type": "string", "enum": ["left", "right", "tie"]}
    answers: dict[Kind, dict[str, object]] = {
        Kind.PAIR: _whole(0, int(TOP_GRADE)),
        Kind.TRIPLET: side,
        Kind.COMPARISON: side,
        Kind.POINT: score,
        Kind.GROUP: _list(_list(_whole(1, n_texts))),
        Kind.ODD_ONE_OUT: _whole(0, n_texts),
        Kind.RANK: _list(_whole(1, n_texts - 1)),
        Kind.ASSIGN: _whole(0, n_texts - 1),
        Kind.CATEGORIES: _list(_object({"name": text, "description": text})),
        Kind.SCALE: _list(_object({"score": score, "description": text})),
    }
    field, _ = _READERS[question.kind]
    return _object({"reason": text, field: answers[question.kind]})


def _whole(low: int, high: int) -> dict[str, object]:
    # An enumeration, because structured output knows no minimum and maximum.
    return {"type": "integer", "enum": list(range(low, high + 1))}


def _list(items: dict[str, object]) -> dict[str, object]:
    return {"type": "array", "items": items}


def _object(properties: dict[str, dict[str, object]]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _without_repeats(pairs: list[tuple[str, _Json]]) -> dict[str, _Json]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a field stands twice")
    return dict(pairs)


def _number(value: _Json, top: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{str(value)[:50]!r} is no number")
    if not 0 <= value <= top or value != int(value):
        raise ValueError(f"{value!r} is no whole number from 0 to {top:g}")
    return float(value)


def _grade(_asked: _Asked, value: _Json) -> Said:
    return Said("", value=_number(value, TOP_GRADE))


def _score(_asked: _Asked, value: _Json) -> Said:
    return Said("", value=_number(value, TOP_SCORE))


def _side(_asked: _Asked, value: _Json) -> Said:
    if value not in ("left", "right", "tie"):
        raise ValueError(f"{str(value)[:50]!r} is not left, right or tie")
    return Said("", choice=Choice(value))


def _tuple(asked: _Asked, answer: _Json) -> Said:
    return Said("", answer=canonical_answer(*asked, answer))


def _groups(asked: _Asked, value: _Json) -> Said:
    return _tuple(asked, [[_name(name) - 1 for name in group] for group in value])


def _odd(asked: _Asked, value: _Json) -> Said:
    name = _name(value)
    return _tuple(asked, name - 1 if name else None)


def _category(asked: _Asked, value: _Json) -> Said:
    return _tuple(asked, _name(value) or None)


def _name(value: _Json) -> int:
    # To Python, true is 1 and false is 0.
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{str(value)[:50]!r} is the name of no text")
    return value


_READERS: dict[Kind, tuple[str, Callable[[_Asked, _Json], Said]]] = {
    Kind.PAIR: ("grade", _grade),
    Kind.TRIPLET: ("choice", _side),
    Kind.COMPARISON: ("choice", _side),
    Kind.POINT: ("score", _score),
    Kind.GROUP: ("groups", _groups),
    Kind.ODD_ONE_OUT: ("odd", _odd),
    Kind.RANK: ("ranking", _tuple),
    Kind.ASSIGN: ("category", _category),
    Kind.CATEGORIES: ("categories", _tuple),
    Kind.SCALE: ("points", _tuple),
}
