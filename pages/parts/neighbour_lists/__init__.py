"""Nearest neighbours of one text under several methods, rank beside rank.

A text that several methods list carries the same mark in each; a click makes it the new anchor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.neighbour_lists.model import ListedNeighbour, NeighbourList, check_lists
from pages.parts.neighbour_lists.payload import describe_anchor, describe_lists

__all__ = ["ListedNeighbour", "NeighbourList", "neighbour_lists"]

_HERE = Path(__file__).parent
# Joined into one module: a module given inline to Streamlit has no address to import others from.
_SCRIPTS = ("pieces", "cards", "links", "view", "main")


@cache
def _mount() -> Callable[..., Any]:
    scripts = [(_HERE / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS]
    return st.components.v2.component(
        "likewise_neighbour_lists",
        html='<div class="neighbour-lists"></div>',
        css=(_HERE / "neighbour_lists.css").read_text(encoding="utf-8"),
        js="\n".join(scripts),
    )


def neighbour_lists(
    lists: Sequence[NeighbourList],
    *,
    anchor_id: str,
    anchor_text: str,
    anchor_label: str,
    label_column: str | None,
    key: str,
) -> int | None:
    """Draw the lists side by side under the anchor's text.

    Args:
        lists: 1 to 4 lists, one per method, each with its most alike text first.
        anchor_id: the id of the text whose neighbours these are.
        anchor_text: its text, shown literally.
        anchor_label: its label in label_column; '' = it has none.
        label_column: the column whose labels are compared; None = labels are not shown.
        key: the component's key, unique on the page.

    Returns:
        The row that was clicked, in the one run the click causes; otherwise None.

    Raises:
        BadInput: too few or too many lists, or a text twice in one list.
    """
    check_lists(lists)
    data = {
        "anchor": describe_anchor(anchor_id, anchor_text, anchor_label, label_column),
        "lists": describe_lists(lists, label_column),
    }
    result = _mount()(key=key, data=data, on_picked_row_change=lambda: None)
    return None if result.picked_row is None else int(result.picked_row)
