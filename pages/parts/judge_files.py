"""Verdicts as JSON lines: the whole ledger out, and a file of anybody's in."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from engine.corpus import Corpus
from engine.errors import LikewiseError
from pages.parts import cached
from pages.parts.judge_words import show_problem

IMPORTED = "judge-imported"


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
        judge = st.text_input(
            "Who gave them? (an export says it)",
            "imported",
            key="ledger-import-judge",
        )
        uploaded = st.file_uploader(
            "Verdicts, one JSON line each", type=["jsonl", "json"], key="ledger-import-file"
        )
        if st.form_submit_button("Import", icon=":material/upload:") and uploaded is not None:
            _read(uploaded.getvalue(), uploaded.name, corpus, judge.strip() or "imported")
    st.caption(
        'A plain line: {"kind": "pair", "attribute": "tone", "left": "ID", "right": "ID", '
        '"grade": 3}. Ids are those of the whole corpus that is open.'
    )
    said = st.session_state.pop(IMPORTED, "")
    if said:
        st.success(said)


def _read(content: bytes, name: str, corpus: Corpus, judge: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "verdicts.jsonl"
        path.write_bytes(content)
        try:
            texts = dict(zip(corpus.ids, corpus.texts, strict=True))
            n = cached.ledger().import_jsonl(path, texts, judge)
        except LikewiseError as error:
            show_problem("Nothing was imported.", str(error).replace(str(path), name))
            return
    known = "" if n else ": the ledger had them all"
    st.session_state[IMPORTED] = f"{n:,} new verdicts were read from {name}{known}."
    st.rerun(scope="fragment")
