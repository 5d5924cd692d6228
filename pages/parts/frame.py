"""What every page begins with: its title, the view, the corpus it speaks of."""

from __future__ import annotations

import os

import streamlit as st

from engine.corpus import Corpus
from engine.errors import LikewiseError
from engine.samples import Sample, sample, samples
from pages.parts import cached, state

ICON = ":material/join_inner:"


def open_page(title: str) -> state.View:
    """Set the page up; safe to call on every rerun and on a deep link."""
    st.set_page_config(f"{title} · Likewise", page_icon=ICON, layout="wide")
    first = state.VIEW not in st.session_state and "corpus" not in st.query_params
    view = state.current()
    if first and os.environ.get("LIKEWISE_CORPUS"):
        view = state.change(corpus="cli")
    state.mirror(view)
    return view


def open_corpus(view: state.View) -> Corpus:
    """The corpus of the view; a page stops here with a clear message when it can't be read."""
    try:
        return cached.corpus(view.corpus, view.columns, view.limit)
    except LikewiseError as error:
        st.error(str(error), icon=":material/error:")
        st.page_link("app.py", label="Choose another corpus", icon=":material/folder_open:")
        st.stop()


def sample_of(view: state.View) -> Sample | None:
    """The sample the view is of, or None for the analyst's own file."""
    return sample(view.corpus) if view.corpus in {each.name for each in samples()} else None
