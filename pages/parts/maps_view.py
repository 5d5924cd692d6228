"""The maps side by side, and what their points are coloured by."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from engine.corpus import Corpus
from pages.parts import cached, frame, state
from pages.parts.linked_maps import MapColours, MapEvent, MapPanel, linked_maps
from pages.parts.panels import Panel, cost_line, ready

MAX_COLOURS = 60
CLUSTER = "clusters of "
SIMILARITY = "similarity to the selected text: "


def maps_view(
    view: state.View, corpus: Corpus, panels: list[Panel], selected: int | None
) -> MapEvent:
    """Draw the maps; returns what is selected and marked now."""
    choice = _colour_choice(view, corpus, panels)
    colours = _colours(choice, corpus, panels, selected)
    return linked_maps(
        [MapPanel(panel.title, _subtitle(panel), panel.positions) for panel in panels],
        corpus.ids,
        cached.snippets(corpus.fingerprint, corpus),
        colours,
        selected_row=selected,
        group_rows=st.session_state.get(state.GROUP_ROWS, ()),
        key=f"maps:{corpus.fingerprint}",
        neighbour_rows=[_first_neighbours(panel, selected) for panel in panels],
    )


def _subtitle(panel: Panel) -> str:
    if panel.positions is None:
        return f"{panel.status.state} …" if not panel.status.finished else str(panel.status.state)
    return cost_line(panel)


def _first_neighbours(panel: Panel, selected: int | None) -> Any:  # noqa: ANN401 - Rows or None
    if panel.run is None or selected is None:
        return None
    return panel.run.neighbours.rows[selected, :10]


def _colour_choice(view: state.View, corpus: Corpus, panels: list[Panel]) -> str:
    done = [panel.title for panel in ready(panels)]
    choices = ["", *_label_columns(corpus)]
    choices += [CLUSTER + title for title in done] + [SIMILARITY + title for title in done]
    current = view.colour if view.colour in choices else ""
    if not view.colour and len(choices) > 1 and corpus.labels:
        current = _default_colour(view, choices)
    key = f"colour:{view.corpus}:{view.attribute}:{view.colour}:{len(done)}"
    st.selectbox(
        "Colour by",
        choices,
        index=choices.index(current),
        format_func=lambda each: f"Colour by {each}" if each else "One colour",
        key=key,
        label_visibility="collapsed",
        on_change=lambda: state.change(colour=st.session_state[key] or "nothing"),
        width=340,
    )
    return "" if view.colour == "nothing" else current


def _default_colour(view: state.View, choices: list[str]) -> str:
    """The label column that holds the truth about a suggested attribute, else the first."""
    found = frame.sample_of(view)
    offers = found.attributes if found else ()
    column = next((o.column for o in offers if o.name == view.attribute), "")
    return column if column in choices else choices[1]


def _label_columns(corpus: Corpus) -> list[str]:
    return [
        name for name in corpus.labels if 2 <= len(corpus.label_codes(name).names) <= MAX_COLOURS
    ]


def _colours(
    choice: str, corpus: Corpus, panels: list[Panel], selected: int | None
) -> MapColours | None:
    if choice.startswith(CLUSTER):
        panel = next(p for p in panels if p.title == choice.removeprefix(CLUSTER))
        codes = cached.cluster_codes(panel.key, panel.run)
        names = tuple(f"cluster {i + 1}" for i in range(int(codes.max()) + 1))
        return MapColours("category", codes.astype(np.int16), names, choice)
    if choice.startswith(SIMILARITY):
        if selected is None:
            return None
        panel = next(p for p in panels if p.title == choice.removeprefix(SIMILARITY))
        rows = cached.everyone(len(corpus))
        values = panel.run.similarity.pairs(np.full_like(rows, selected), rows)  # type: ignore[union-attr]
        values[selected] = np.nan
        return MapColours("value", values, label=choice)
    if choice:
        codes, names = corpus.label_codes(choice)
        return MapColours("category", codes.astype(np.int16), names, choice)
    return None
