"""Which column holds the texts, which the ids, which the labels."""

from __future__ import annotations

import re
from typing import NamedTuple

import pandas as pd

N_LOOKED_AT = 1000
MAX_LABELS = 60
MAX_LABEL_WORDS = 6.0
SMALL_TABLE = 10

TEXT_NAMES = frozenset(
    {"text", "texts", "content", "body", "message", "sentence", "review", "comment", "document"}
    | {"description", "response", "utterance", "tweet", "post", "abstract", "passage", "article"}
)
ID_NAME = re.compile(r"^(_?id|ids|uid|uuid|guid|key|identifier|.*[_\-. ]id|.*[a-z]I[dD])$")
LINK = re.compile(r"^\w+://\S+$")


class Columns(NamedTuple):
    """The guessed use of a table's columns; None where there is none."""

    text: str | None
    ids: str | None
    labels: tuple[str, ...]


class _Look(NamedTuple):
    """What the first values of one column look like."""

    n: int
    n_distinct: int
    letters: float
    words: float
    kind: str  # "words", "numbers", "links", "codes" or "nothing"


def guess_columns(frame: pd.DataFrame) -> Columns:
    """Guess what the columns of a table of text cells are for.

    The text is the column with the longest natural language, a telling name counting threefold;
    the id is a column named like one whose values differ; labels are columns with few values,
    each of them short and most of them repeated, numeric scales included.

    Args:
        frame: columns of str, "" = missing.

    Example:
        >>> table = pd.DataFrame({"id": ["a", "b"], "text": ["one cat", "two dogs"]})
        >>> guess_columns(table)
        Columns(text='text', ids='id', labels=())
    """
    head = frame.head(N_LOOKED_AT)
    looks = {str(name): _look(head[name]) for name in frame.columns}
    ids = _guess_ids(frame, looks)
    text = _guess_text({name: look for name, look in looks.items() if name != ids})
    rest = [name for name in looks if name not in (text, ids)]
    labels = tuple(name for name in rest if _is_label(frame[name], looks[name]))
    return Columns(text, ids, labels)


def describe_columns(frame: pd.DataFrame) -> str:
    """Each column and why it can't be the text, for an error message."""
    head = frame.head(N_LOOKED_AT)
    return "; ".join(f"{str(name)!r} {_why_not(_look(head[name]))}" for name in frame.columns[:20])


def _look(column: pd.Series[str]) -> _Look:
    values = [value for value in column.tolist() if value.strip()]
    if not values:
        return _Look(0, 0, 0.0, 0.0, "nothing")
    letters = sum(sum(map(str.isalpha, value[:2000])) for value in values) / len(values)
    words = sum(len(value[:2000].split()) for value in values) / len(values)
    return _Look(len(values), len(set(values)), letters, words, _kind(values))


def _kind(values: list[str]) -> str:
    half = len(values) / 2
    if sum(not any(map(str.isalpha, value[:2000])) for value in values) > half:
        return "numbers"
    if sum(bool(LINK.match(value)) for value in values) > half:
        return "links"
    if sum(_is_code(value) for value in values) > half:
        return "codes"
    return "words"


def _is_code(value: str) -> bool:
    """One unbroken run of ASCII with a digit in it: a hash, a time stamp, a product number."""
    one_run = value.isascii() and " " not in value.strip()
    return one_run and any(map(str.isdigit, value[:2000]))


def _guess_ids(frame: pd.DataFrame, looks: dict[str, _Look]) -> str | None:
    for name in looks:
        if ID_NAME.match(name) and looks[name].words < 3 and _mostly_distinct(frame[name], name):
            return name
    return None


def _mostly_distinct(column: pd.Series[str], name: str) -> bool:
    """Unique where filled in; a column called exactly "id" may repeat itself now and then."""
    values = column[column != ""]
    needed = 0.5 if name.lower() in ("id", "_id") else 1.0
    return len(values) > 0 and bool(values.nunique() >= needed * len(values))


def _guess_text(looks: dict[str, _Look]) -> str | None:
    weights = {name: _text_weight(name, look, len(looks)) for name, look in looks.items()}
    best = max(weights, key=weights.__getitem__, default=None)
    return best if best is not None and weights[best] > 0 else None


def _text_weight(name: str, look: _Look, n_columns: int) -> float:
    if look.kind != "words":
        return 0.0
    told = 3.0 if name.lower() in TEXT_NAMES else 1.0
    if n_columns > 1 and told == 1.0 and _looks_labelled(look):
        return 0.0
    return told * look.letters * look.n_distinct / look.n


def _looks_labelled(look: _Look) -> bool:
    repeats = look.n_distinct <= look.n / 2
    return look.n >= SMALL_TABLE and repeats and look.words <= MAX_LABEL_WORDS


def _is_label(column: pd.Series[str], look: _Look) -> bool:
    if look.n == 0 or look.n_distinct > MAX_LABELS or look.words > MAX_LABEL_WORDS:
        return False
    values = column[column != ""]
    n_distinct = int(values.nunique())
    most = len(values) / 2 if len(values) >= SMALL_TABLE else len(values) - 1
    return 2 <= n_distinct <= min(MAX_LABELS, most)


def _why_not(look: _Look) -> str:
    if look.kind == "nothing":
        return "is empty"
    if look.kind == "words":
        return f"has {look.n_distinct} short values that repeat, like a label"
    return f"holds {look.kind}"
