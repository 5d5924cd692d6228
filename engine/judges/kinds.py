"""The words that questions and verdicts share: kinds, choices, statuses, scales and keys."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from engine.types import Attribute, content_key

TOP_GRADE = 4.0
TOP_SCORE = 10.0


class Kind(StrEnum):
    """The kinds of question."""

    PAIR = "pair"
    TRIPLET = "triplet"
    POINT = "point"
    COMPARISON = "comparison"
    GROUP = "group"
    ODD_ONE_OUT = "odd one out"
    RANK = "rank"
    ASSIGN = "assign"
    CATEGORIES = "categories"
    SCALE = "scale"


TUPLE_KINDS = (
    Kind.GROUP,
    Kind.ODD_ONE_OUT,
    Kind.RANK,
    Kind.ASSIGN,
    Kind.CATEGORIES,
    Kind.SCALE,
)
# Kinds whose first text is not one among equals: an anchor, or the text to be assigned.
HEADED_KINDS = (Kind.TRIPLET, Kind.RANK, Kind.ASSIGN)


# Kinds that are answered left, right or tie.
SIDED_KINDS = (Kind.TRIPLET, Kind.COMPARISON)


class Choice(StrEnum):
    """A verdict in a word: a person's on a pair, any judge's on a triplet or a comparison."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"
    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"

    @property
    def mirrored(self) -> Choice:
        """The same verdict on the question with its sides swapped."""
        return _MIRRORED.get(self, self)


_MIRRORED = {Choice.LEFT: Choice.RIGHT, Choice.RIGHT: Choice.LEFT}


class Status(StrEnum):
    """What became of a question. Only a parsed verdict has a value, a choice or an answer."""

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
    """Key of a question whichever way its texts are ordered; an anchor stays the anchor."""
    n_fixed = int(kind in HEADED_KINDS)
    return question_key(kind, attribute, [*text_keys[:n_fixed], *sorted(text_keys[n_fixed:])])
