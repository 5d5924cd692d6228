"""What a page gives the neighbour lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import BadInput

MAX_LISTS = 4


@dataclass(frozen=True, slots=True)
class ListedNeighbour:
    """One text in a list.

    row: its position in the corpus; the same row in two lists is the same text.
    similarity: on the scale of its list; NaN = not scored.
    label_matches: whether it shares the anchor's label; None = one of the two has no label.
    label: its label in the chosen column; '' = none.
    """

    row: int
    id: str
    text: str
    similarity: float
    label_matches: bool | None
    label: str


@dataclass(frozen=True, slots=True)
class NeighbourList:
    """What one method lists, most alike first.

    title: the method.
    subtitle: the scale of its similarities, e.g. 'cosine'.
    note: why the list is short or empty, e.g. 'still running'; '' = nothing to say.
    """

    title: str
    subtitle: str
    neighbours: tuple[ListedNeighbour, ...]
    note: str = ""


def check_lists(lists: Sequence[NeighbourList]) -> None:
    """Refuse what can't be shown side by side.

    Raises:
        BadInput: too few or too many lists, or a text twice in one list.
    """
    if not 1 <= len(lists) <= MAX_LISTS:
        raise BadInput(
            f"{len(lists)} neighbour lists can't be shown together. Allowed: 1 to {MAX_LISTS}."
        )
    for each in lists:
        seen: set[int] = set()
        for neighbour in each.neighbours:
            if neighbour.row in seen:
                raise BadInput(
                    f"The list {each.title!r} holds row {neighbour.row} twice. "
                    "A text can have one rank in a list; give each row once."
                )
            seen.add(neighbour.row)
