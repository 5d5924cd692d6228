"""What a corpus holds: its size, what was dropped and why, its labels, its first texts."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.corpus import Corpus
from pages.parts import cached, frame, state

N_SHOWN = 200


def corpus_facts(view: state.View, corpus: Corpus) -> None:
    """The account of the loading, the labels, a table of texts, and the way on."""
    whole = cached.whole_corpus(view.corpus, view.columns)
    title, onward = st.columns([4, 1], vertical_alignment="bottom")
    title.subheader(whole.name)
    if onward.button("Compare methods", type="primary", icon=":material/compare:", width="stretch"):
        st.switch_page("pages/1_Compare.py", query_params=state.query_of(view))
    for line in whole.report.lines():
        st.text(line)
    dropped = whole.report.dropped
    if dropped:
        with st.expander(f"Dropped rows ({whole.report.n_dropped:,})"):
            st.dataframe(
                pd.DataFrame([{"row": each.row, "reason": each.reason} for each in dropped]),
                hide_index=True,
            )
    texts, labels = st.columns([3, 2], gap="medium")
    with texts:
        st.caption(f"The first {min(N_SHOWN, len(whole))} of {len(whole):,} texts")
        st.dataframe(_first_texts(whole), hide_index=True, height=360)
    with labels:
        _labels(whole)
    found = frame.sample_of(view)
    if found is not None:
        with st.expander("About this sample"):
            st.text(found.readme)
    if len(corpus) < len(whole):
        st.caption(f"The comparison starts with a fixed random sample of {len(corpus):,} texts.")


def _first_texts(corpus: Corpus) -> pd.DataFrame:
    shown = slice(0, N_SHOWN)
    return pd.DataFrame(
        {
            "id": corpus.ids[shown],
            "text": [cached.shorten(text, 400) for text in corpus.texts[shown]],
            **{name: values[shown] for name, values in corpus.labels.items()},
        }
    )


def _labels(corpus: Corpus) -> None:
    if not corpus.labels:
        st.caption("No label columns: methods can be compared, and answered pairs are the truth.")
        return
    st.caption("Label columns: what truth there is to check methods against")
    rows = []
    for name in corpus.labels:
        codes, names = corpus.label_codes(name)
        rows.append(
            {
                "column": name,
                "labels": len(names),
                "labelled texts": int((codes >= 0).sum()),
                "for example": ", ".join(names[:4]),
            }
        )
    st.dataframe(pd.DataFrame(rows), hide_index=True)
