"""What the browser shows: marks, digits and shares worked out, texts cut to a readable length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pages.parts.neighbour_lists.model import ListedNeighbour, NeighbourList

MAX_CHARACTERS = 4000
MAX_DECIMALS = 4


def describe_anchor(
    anchor_id: str, text: str, label: str, label_column: str | None
) -> dict[str, Any]:
    """The anchor as the browser shows it."""
    named = "" if label_column is None else f"{label_column}: {label or 'none'}"
    return {"id": anchor_id, "label": named, **_shown_text(text)}


def describe_lists(
    lists: Sequence[NeighbourList], label_column: str | None
) -> list[dict[str, Any]]:
    """Each list as the browser shows it."""
    marks = shared_marks([[item.row for item in each.neighbours] for each in lists])
    longest = max(len(each.neighbours) for each in lists)
    return [
        {
            "title": each.title,
            "subtitle": each.subtitle,
            "share": label_share(each.neighbours, label_column),
            "ending": list_ending(each, longest),
            "neighbours": _described(each.neighbours, marks, label_column),
        }
        for each in lists
    ]


def shared_marks(lists: Sequence[Sequence[int]]) -> dict[int, int]:
    """Row → mark (0, 1, 2 …) of the rows that are in more than one list.

    The row that any list ranks best gets the first mark, so marks run down the page.

    Example:
        >>> shared_marks([[7, 3, 5], [5, 9, 3]])
        {5: 0, 3: 1}
    """
    ranks: dict[int, list[int]] = {}
    for rows in lists:
        for rank, row in enumerate(rows):
            ranks.setdefault(row, []).append(rank)
    shared = sorted((min(found), row) for row, found in ranks.items() if len(found) > 1)
    return {row: mark for mark, (_, row) in enumerate(shared)}


def similarity_texts(similarities: Sequence[float]) -> list[str]:
    """The similarities of one list, with equally many decimals: enough to tell them apart.

    Example:
        >>> similarity_texts([0.91234, 0.9118, 0.5])
        ['0.912', '0.912', '0.500']
        >>> similarity_texts([12.31, -4.0, float("nan")])
        ['12.3', '−4.0', 'not scored']
        >>> similarity_texts([3.0, 2.0])
        ['3', '2']
    """
    known = [value for value in similarities if math.isfinite(value)]
    decimals = _n_decimals(known)
    return [_number(value, decimals) for value in similarities]


def _n_decimals(known: Sequence[float]) -> int:
    if all(float(value).is_integer() for value in known):
        return 0
    largest = max(abs(value) for value in known)
    decimals = 3 if largest <= 1 else 2 if largest < 10 else 1
    # Where nearly all would read the same, such as cosines around 0.999, show more.
    while decimals < MAX_DECIMALS and _n_readings(known, decimals) * 2 <= len(set(known)):
        decimals += 1
    return decimals


def _n_readings(values: Sequence[float], decimals: int) -> int:
    return len({f"{value:.{decimals}f}" for value in values})


def _number(value: float, decimals: int) -> str:
    if not math.isfinite(value):
        return "not scored"
    text = f"{value:.{decimals}f}"
    if value != 0 and float(text) == 0:
        text = f"{value:.1g}"
    return text.replace("-", "−")


def label_share(
    neighbours: Sequence[ListedNeighbour], label_column: str | None
) -> dict[str, Any] | None:
    """How many neighbours share the anchor's label, in words; None = nothing to compare.

    Example:
        >>> same = ListedNeighbour(0, "a", "", 0.5, True, "calm")
        >>> unlabelled = ListedNeighbour(1, "b", "", 0.4, None, "")
        >>> label_share([same, unlabelled], "tone")["words"]
        '1 of 1 same tone · 1 unlabelled'
    """
    if label_column is None or not neighbours:
        return None
    known = [item.label_matches for item in neighbours if item.label_matches is not None]
    if not known:
        return {"words": f"no {label_column} to compare", "part": None}
    n_same = sum(known)
    words = f"{n_same} of {len(known)} same {label_column}"
    n_unknown = len(neighbours) - len(known)
    if n_unknown:
        words += f" · {n_unknown} unlabelled"
    return {"words": words, "part": n_same / len(known)}


def list_ending(each: NeighbourList, longest: int) -> str:
    """What stands under the last neighbour: the note, or that the list is shorter than others."""
    if each.note:
        return each.note
    n = len(each.neighbours)
    if n == 0:
        return "This method lists no neighbours."
    if n < longest:
        return f"Only {n} {'neighbour' if n == 1 else 'neighbours'}: this method lists no more."
    return ""


def _described(
    neighbours: Sequence[ListedNeighbour], marks: dict[int, int], label_column: str | None
) -> list[dict[str, Any]]:
    numbers = similarity_texts([item.similarity for item in neighbours])
    return [
        {
            "row": int(item.row),
            "id": item.id,
            "similarity": number,
            "mark": marks.get(item.row),
            "chip": None if label_column is None else _chip(item),
            **_shown_text(item.text),
        }
        for item, number in zip(neighbours, numbers, strict=True)
    ]


def _chip(item: ListedNeighbour) -> dict[str, Any]:
    matches = None if item.label_matches is None else bool(item.label_matches)
    return {"matches": matches, "label": item.label or "no label"}


def _shown_text(text: str) -> dict[str, Any]:
    return {"text": text[:MAX_CHARACTERS], "n_cut": max(0, len(text) - MAX_CHARACTERS)}
