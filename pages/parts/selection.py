"""The selected text and the marked group: one place reads them, one keeps them."""

from __future__ import annotations

import streamlit as st

from engine.corpus import Corpus
from pages.parts import cached, state
from pages.parts.linked_maps import MapEvent

MAX_LISTED = 2000
LABEL_LENGTH = 110


def selected_row(view: state.View, corpus: Corpus) -> int:
    """The selected text's row; the first text while none is selected."""
    return corpus.ids.index(view.text) if view.text in set(corpus.ids) else 0


def keep_selection(corpus: Corpus, selected: int, event: MapEvent) -> None:
    """Keep what the maps sent, and draw the views again where it changed."""
    before = tuple(st.session_state.get(state.GROUP_ROWS, ()))
    st.session_state[state.GROUP_ROWS] = event.group_rows
    if event.selected_row is not None and event.selected_row != selected:
        state.change(text=corpus.ids[event.selected_row])
        st.rerun(scope="fragment")
    if event.group_rows != before:
        st.rerun(scope="fragment")


def choose_text(corpus: Corpus, selected: int) -> None:
    """Choose a text by its id or its words."""
    rows = list(range(len(corpus)))
    if len(corpus) > MAX_LISTED:
        wanted = st.text_input("Find a text", placeholder="words or an id", key="find-text")
        rows = _matching(corpus, str(wanted or ""), selected)
    key = f"choose-text:{corpus.fingerprint}:{corpus.ids[selected]}"
    st.selectbox(
        "Selected text (or click a point)",
        rows,
        index=rows.index(selected),
        format_func=lambda row: _label(corpus, row),
        key=key,
        on_change=lambda: state.change(text=corpus.ids[st.session_state[key]]),
    )


def _matching(corpus: Corpus, wanted: str, selected: int) -> list[int]:
    low = wanted.lower()
    texts = zip(corpus.ids, corpus.texts, strict=True)
    found = [row for row, (i, t) in enumerate(texts) if low in i.lower() or low in t.lower()]
    return list(dict.fromkeys([selected, *found[:MAX_LISTED]]))


def _label(corpus: Corpus, row: int) -> str:
    return f"{corpus.ids[row]} — {cached.shorten(corpus.texts[row], LABEL_LENGTH)}"
