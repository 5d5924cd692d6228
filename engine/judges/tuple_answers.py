"""Answers about several texts at once: their canonical JSON, their checks, their reordering.

GROUP        [[0, 2], [1]]   positions that belong together; each text in one group
ODD_ONE_OUT  1 or null       the position that fits least; null where none stands out
RANK         [2, 1]          positions after the anchor (position 0), most alike first
ASSIGN       2 or null       the position of the category that text 0 belongs to; null for none
CATEGORIES   [{"description": …, "name": …}, …]   proposed categories
SCALE        [{"description": …, "score": 0}, …]  proposed points of the scale, rising
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from engine.errors import BadInput
from engine.judges.kinds import TOP_SCORE, Kind

MIN_TEXTS = {
    Kind.GROUP: 2,
    Kind.ODD_ONE_OUT: 3,
    Kind.RANK: 3,
    Kind.ASSIGN: 3,
    Kind.CATEGORIES: 2,
    Kind.SCALE: 2,
}
# Whatever json.loads gives; what does not fit raises when it is read.
_Json: TypeAlias = Any

_PROPOSALS = (Kind.CATEGORIES, Kind.SCALE)


def canonical_answer(kind: Kind, n_texts: int, answer: object) -> str:
    """The answer as JSON in its one canonical form.

    Args:
        kind: a kind of question about several texts.
        n_texts: how many texts the question holds.
        answer: what was answered, as plain lists, numbers and dictionaries.

    Raises:
        BadInput: the answer does not fit the question.

    Example:
        >>> canonical_answer(Kind.GROUP, 3, [[2, 0], [1]])
        '[[0, 2], [1]]'
    """
    try:
        found = _READERS[kind](answer, n_texts)
    except (TypeError, KeyError, ValueError) as error:
        raise BadInput(
            f"A question of kind {kind.value!r} on {n_texts} texts can't be answered "
            f"{str(answer)[:200]!r}: {error}."
        ) from error
    return json.dumps(found, ensure_ascii=False, sort_keys=True)


def reordered_answer(kind: Kind, answer: str, new_position: Sequence[int]) -> str:
    """The canonical answer where text i has moved to new_position[i].

    Example:
        >>> reordered_answer(Kind.RANK, "[2, 1]", [0, 2, 1])
        '[1, 2]'
    """
    found = json.loads(answer)
    if kind in _PROPOSALS:
        return answer
    if kind is Kind.GROUP:
        found = [[new_position[i] for i in group] for group in found]
    elif kind is Kind.RANK:
        found = [new_position[i] for i in found]
    else:
        found = None if found is None else new_position[found]
    return canonical_answer(kind, len(new_position), found)


def _groups(answer: _Json, n_texts: int) -> list[list[int]]:
    groups = sorted(sorted(_whole(i) for i in group) for group in answer if group)
    if sorted(i for group in groups for i in group) != list(range(n_texts)):
        raise ValueError("each text must stand in exactly one group")
    return groups


def _odd(answer: _Json, n_texts: int) -> int | None:
    return None if answer is None else _within(answer, 0, n_texts)


def _assigned(answer: _Json, n_texts: int) -> int | None:
    return None if answer is None else _within(answer, 1, n_texts)


def _ranking(answer: _Json, n_texts: int) -> list[int]:
    ranking = [_whole(i) for i in answer]
    if sorted(ranking) != list(range(1, n_texts)):
        raise ValueError("each text after the anchor must be ranked exactly once")
    return ranking


def _categories(answer: _Json, _n_texts: int) -> list[dict[str, str]]:
    found = [
        {"name": _said(item["name"]), "description": _said(item["description"])} for item in answer
    ]
    names = [item["name"].casefold() for item in found]
    if len(found) < 2 or len(set(names)) < len(names):
        raise ValueError("at least two categories with different names are needed")
    return found


def _scale(answer: _Json, _n_texts: int) -> list[dict[str, object]]:
    points = {
        _within(item["score"], 0, int(TOP_SCORE) + 1): _said(item["description"]) for item in answer
    }
    if len(points) < 2 or len(points) < len(answer):
        raise ValueError("at least two points with different scores are needed")
    return [{"score": score, "description": points[score]} for score in sorted(points)]


def _whole(number: object) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{number!r} is no position")
    return number


def _within(number: object, low: int, high: int) -> int:
    position = _whole(number)
    if not low <= position < high:
        raise ValueError(f"{position} is not from {low} to {high - 1}")
    return position


def _said(text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ValueError("names and descriptions must not be empty")
    # Half a character, which a reply may hold, can't be written to a file.
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


_READERS: dict[Kind, Callable[[_Json, int], object]] = {
    Kind.GROUP: _groups,
    Kind.ODD_ONE_OUT: _odd,
    Kind.RANK: _ranking,
    Kind.ASSIGN: _assigned,
    Kind.CATEGORIES: _categories,
    Kind.SCALE: _scale,
}
