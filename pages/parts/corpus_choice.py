"""Choosing a corpus: a sample, an upload, and which of its columns are what."""

from __future__ import annotations

import json

import streamlit as st

from engine.errors import LikewiseError
from engine.reading import Columns, guess_columns, suffixes
from engine.samples import samples
from pages.parts import cached, state

PREVIEW_ROWS = 2000
AUTOMATIC = "(found automatically)"


def choose_sample(view: state.View) -> None:
    """The samples as cards, each with its attributes to try."""
    for column, each in zip(st.columns(len(samples())), samples(), strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{each.title}**")
            for offer in each.attributes[:3]:
                st.caption(offer.name)
            st.button(
                "Open" if each.name != view.corpus else "Opened",
                key=f"open:{each.name}",
                type="primary" if each.name == view.corpus else "secondary",
                on_click=_open,
                args=(each.name,),
                width="stretch",
            )


def choose_upload() -> None:
    """An upload is kept under its content's hash, so that its link goes on working."""
    uploaded = st.file_uploader(
        "Or your own file: CSV, TSV, JSON, JSONL, Parquet, Excel, or plain text, one text a line",
        type=[suffix.lstrip(".") for suffix in suffixes()],
        key="upload",
    )
    if uploaded is None:
        return
    source = cached.keep_upload(uploaded.name, uploaded.getvalue())
    if source != st.session_state.get(state.LAST_UPLOAD):
        st.session_state[state.LAST_UPLOAD] = source
        _open(source)
        st.rerun()


def _open(source: str) -> None:
    state.change(corpus=source, limit=state.N_FIRST)


def choose_columns(view: state.View) -> None:
    """Which column is the text, which the id, which are labels; for the analyst's own files."""
    if view.corpus not in ("cli",) and not view.corpus.startswith("file:"):
        return
    with st.expander("Columns", icon=":material/view_column:"):
        try:
            names, guessed = _columns_of(view.corpus)
        except LikewiseError as error:
            st.error(str(error))
            return
        chosen = state.columns_of(view)
        text = chosen.get("text_column", guessed.text)
        ids = chosen.get("id_column") or guessed.ids or AUTOMATIC
        labels = chosen.get("label_columns", list(guessed.labels))
        with st.form("columns", border=False):
            st.selectbox("Text", names, index=names.index(text), key="column-text")
            id_names = [AUTOMATIC, *names]
            st.selectbox("Id", id_names, index=id_names.index(ids), key="column-id")
            st.multiselect("Labels", names, default=labels, key="column-labels")
            st.form_submit_button("Use these columns", on_click=_use_columns)


def _columns_of(source: str) -> tuple[list[str], Columns]:
    path = cached.corpus_path(source)
    table = cached.preview(str(path), PREVIEW_ROWS)
    return list(table.frame.columns), guess_columns(table.frame)


def _use_columns() -> None:
    ids = st.session_state["column-id"]
    chosen = {
        "text_column": st.session_state["column-text"],
        "id_column": None if ids == AUTOMATIC else ids,
        "label_columns": list(st.session_state["column-labels"]),
    }
    state.change(columns=json.dumps(chosen))
