"""Scatter maps of the same texts side by side, linked in the browser.

Hovering, selecting, lassoing, moving and zooming need no server; what was selected comes back once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from engine.types import Rows
from pages.parts.linked_maps.model import (
    MapColours,
    MapEvent,
    MapPanel,
    check_rows,
    check_sizes,
)
from pages.parts.linked_maps.payload import colour_arrays, pack, pack_positions, pack_texts

__all__ = ["MapColours", "MapEvent", "MapPanel", "linked_maps"]

_HERE = Path(__file__).parent
# Joined into one module: a module given inline to Streamlit has no address to import others from.
_SCRIPTS = ("wire", "colour", "grid", "scatter", "pointer", "panel", "furniture", "maps", "main")


@cache
def _mount() -> Callable[..., Any]:
    scripts = [(_HERE / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS]
    return st.components.v2.component(
        "likewise_linked_maps",
        html='<div class="linked-maps"></div>',
        css=(_HERE / "linked_maps.css").read_text(encoding="utf-8"),
        js="\n".join(scripts),
    )


def linked_maps(
    panels: Sequence[MapPanel],
    ids: Sequence[str],
    snippets: Sequence[str],
    colours: MapColours | None,
    *,
    selected_row: int | None,
    group_rows: Sequence[int],
    key: str,
    height: int = 420,
    neighbour_rows: Sequence[Rows | None] | None = None,
) -> MapEvent:
    """Draw the maps and say what is selected now.

    The browser's last event is returned in the one run it causes, otherwise the given selection:
    a page that stores what it gets back, and gives it next time, is always in step.

    Args:
        panels: 1 to 4 maps of the same n texts.
        ids: (n,) the texts' ids, shown on hover.
        snippets: (n,) beginnings of the texts, shown on hover as plain text.
        colours: the texts' colours; None = one colour for all.
        selected_row: the text to ring in all maps.
        group_rows: the texts to mark in all maps; the others are dimmed.
        key: the component's key, unique on the page.
        height: of each map, in CSS pixels.
        neighbour_rows: per panel, the rows to join to the selected text by lines; -1 is left out.

    Raises:
        BadInput: lengths or rows that don't fit the n texts.
    """
    check_sizes(panels, ids, snippets, colours)
    check_rows([] if selected_row is None else [selected_row], len(ids), "The selected")
    check_rows(group_rows, len(ids), "The marked")
    texts_key, texts = pack_texts(tuple(ids), tuple(snippets))
    positions_key, map_keys, positions = pack_positions(panels)
    described, arrays = colour_arrays(colours)
    arrays["group"] = np.unique(np.asarray(group_rows, dtype=np.int32))
    for i, rows in enumerate(neighbour_rows or ()):
        if rows is not None:
            arrays[f"neighbours_{i}"] = np.asarray(rows)[np.asarray(rows) >= 0].astype(np.int32)
    header = {
        "kind": "view",
        "n_texts": len(ids),
        "texts_key": texts_key,
        "positions_key": positions_key,
        "panels": [
            {
                "title": panel.title,
                "subtitle": panel.subtitle,
                "map_key": map_key,
                "is_placed": map_key is not None,
            }
            for panel, map_key in zip(panels, map_keys, strict=True)
        ],
        "colours": described,
        "selected_row": selected_row,
        "height": height,
    }
    with st.container(gap=None):
        _mount()(key=f"{key}-texts", data=texts)
        _mount()(key=f"{key}-positions", data=positions)
        result = _mount()(key=key, data=pack(header, arrays), on_event_change=lambda: None)
    return _event(result.event) or MapEvent(selected_row, tuple(int(row) for row in group_rows))


def _event(sent: dict[str, Any] | None) -> MapEvent | None:
    if sent is None:
        return None
    row = sent["selected_row"]
    group = tuple(int(member) for member in sent["group_rows"])
    return MapEvent(None if row is None else int(row), group)
