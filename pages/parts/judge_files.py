"""Verdicts as JSON lines: the whole ledger out, and a file of anybody's in."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from engine.corpus import Corpus
from engine.errors import LikewiseError
from engine.formats.table import counted
from pages.parts import cached
from pages.parts.judge_words import show_problem

TOLD, JUDGE, FILE = "ledger-told", "ledger-import-judge", "ledger-import-file"


def files_view(corpus: Corpus) -> None:
    """Export, which leaves the texts out, and import, all of a file or none."""
    out, into = st.columns([1, 2], gap="large")
    with out:
        st.download_button(
            "Export the ledger",
            data=exported,
            file_name="verdicts.jsonl",
            mime="application/jsonl",
            icon=":material/download:",
            on_click="ignore",
            key="ledger-export",
        )
        st.caption("Every verdict on every corpus, one JSON line each, without the texts.")
    with into:
        _import(corpus)


def exported() -> bytes:
    """The whole ledger as JSON lines; made when it is downloaded."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "verdicts.jsonl"
        cached.ledger().export_jsonl(path)
        return path.read_bytes()


def _import(corpus: Corpus) -> None:
    with st.form("ledger-import", border=False):
        st.text_input("Who gave them? (an export says it)", "imported", key=JUDGE)
        st.file_uploader("Verdicts, one JSON line each", type=["jsonl", "json"], key=FILE)
        st.form_submit_button("Import", icon=":material/upload:", on_click=_read, args=(corpus,))
    st.caption(
        'A plain line: {"kind": "pair", "attribute": "tone", "left": "ID", "right": "ID", '
        '"grade": 3}. Ids are those of the texts that are open.'
    )
    done, problem = st.session_state.pop(TOLD, ("", ""))
    if done:
        st.success(done)
    if problem:
        show_problem("Nothing was imported.", problem)


def _read(corpus: Corpus) -> None:
    uploaded = st.session_state[FILE]
    if uploaded is None:
        st.session_state[TOLD] = ("", "No file is chosen.")
        return
    judge = str(st.session_state[JUDGE]).strip() or "imported"
    texts = dict(zip(corpus.ids, corpus.texts, strict=True))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "verdicts.jsonl"
        path.write_bytes(uploaded.getvalue())
        try:
            n = cached.ledger().import_jsonl(path, texts, judge)
        except LikewiseError as error:
            st.session_state[TOLD] = ("", str(error).replace(str(path), uploaded.name))
            return
    known = "" if n else ": the ledger had them all"
    found = counted(n, "new verdict")
    st.session_state[TOLD] = (f"{found} from {_plain(uploaded.name)}{known}.", "")


def _plain(name: str) -> str:
    """A file's name without what Markdown would take for its own."""
    return "".join(one if one.isalnum() or one in "-. " else "-" for one in name)
