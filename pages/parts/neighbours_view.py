"""Nearest neighbours of the selected text under each method, and how far the methods agree."""

from __future__ import annotations

import numpy as np
import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.overlap import rank_biased_overlap
from pages.parts import cached, frame, state
from pages.parts.charts import agreement_chart
from pages.parts.neighbour_lists import ListedNeighbour, NeighbourList, neighbour_lists
from pages.parts.panels import Panel, ready

K = 10


def neighbours_view(
    corpus: Corpus, panels: list[Panel], selected: int, column: str | None
) -> int | None:
    """Draw the lists; returns the row of a text that was clicked, else None."""
    label = corpus.labels[column][selected] if column else ""
    picked = neighbour_lists(
        [_list(panel, corpus, selected, column) for panel in panels],
        anchor_id=corpus.ids[selected],
        anchor_text=corpus.texts[selected],
        anchor_label=label,
        label_column=column,
        key=f"lists:{corpus.fingerprint}",
    )
    if len(ready(panels)) > 1:
        _agreement(panels, selected)
    return picked


def choose_label(view: state.View, corpus: Corpus) -> str | None:
    """The label column that neighbours are checked against; None where there is none."""
    columns = list(corpus.labels)
    if not columns:
        return None
    found = frame.sample_of(view)
    offers = found.attributes if found else ()
    column = next((o.column for o in offers if o.name == view.attribute), columns[0])
    place = columns.index(column) if column in columns else 0
    return st.selectbox(
        "Check against the label",
        columns,
        index=place,
        key=f"label:{view.corpus}:{view.attribute}",
    )


def _list(panel: Panel, corpus: Corpus, selected: int, column: str | None) -> NeighbourList:
    if panel.run is None:
        note = panel.status.note or f"{panel.status.state} …"
        return NeighbourList(panel.title, "", (), note)
    rows = panel.run.neighbours.rows[selected, :K]
    similarities = panel.run.neighbours.similarities[selected, :K]
    found = tuple(
        _neighbour(corpus, int(row), float(value), selected, column)
        for row, value in zip(rows, similarities, strict=True)
        if row >= 0
    )
    note = ""
    if not found:
        note = "Not scored for this text: raise “max anchors” in the method's options."
    return NeighbourList(panel.title, panel.run.record.scale, found, note)


def _neighbour(
    corpus: Corpus, row: int, value: float, selected: int, column: str | None
) -> ListedNeighbour:
    label = corpus.labels[column][row] if column else ""
    anchor_label = corpus.labels[column][selected] if column else ""
    matches = label == anchor_label if label and anchor_label else None
    return ListedNeighbour(row, corpus.ids[row], corpus.texts[row], value, matches, label)


def _agreement(panels: list[Panel], selected: int) -> None:
    """For this text in words, over the corpus as a chart with intervals."""
    done = ready(panels)
    lists = {panel.title: panel.run.neighbours.rows[:, :K] for panel in done if panel.run}
    found = cached.method_agreements(tuple(panel.key for panel in done), lists)
    st.markdown("##### How far the methods agree")
    here = []
    for first, second in found:
        a, b = (lists[name][selected] for name in (first, second))
        a, b = a[a >= 0], b[b >= 0]
        if not len(a) or not len(b):
            continue
        shared = len(np.intersect1d(a, b))
        overlap = rank_biased_overlap(a, b)
        here.append(
            f"{first} and {second} share {shared} of {K} (rank-biased overlap {overlap:.2f})"
        )
    if here:
        st.text("For this text: " + "; ".join(here) + ".")
    st.plotly_chart(
        agreement_chart(found), key="agreement", theme="streamlit", config={"displayModeBar": False}
    )
