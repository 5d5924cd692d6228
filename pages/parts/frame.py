"""What every page begins with: its title, the way to the other pages, the view, the corpus."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from engine.corpus import Corpus
from engine.errors import LikewiseError
from engine.samples import Sample, sample, samples
from pages.parts import cached, state

ICON = Path(__file__).with_name("icon.png")
PAGES = (
    ("app.py", "Corpus", ":material/folder_open:"),
    ("pages/1_Compare.py", "Compare", ":material/compare:"),
    ("pages/2_Scoreboard.py", "Scoreboard", ":material/leaderboard:"),
    ("pages/3_Calibration.py", "Calibration", ":material/tune:"),
    ("pages/4_Judge.py", "Judge", ":material/gavel:"),
    ("pages/5_Tune.py", "Tune", ":material/model_training:"),
)
STYLE = """<style>
.stMainBlockContainer { padding-top: 2.6rem; padding-bottom: 3rem; }
@media (max-width: 1100px) {
  .stMainBlockContainer { padding-left: 1.5rem; padding-right: 1.5rem; }
}
</style>"""


def open_page(title: str, beside: Callable[[state.View], None] | None = None) -> state.View:
    """Set the page up; safe to call on every rerun and on a deep link.

    Args:
        title: of the page, as in PAGES.
        beside: draws what stands on the right of the top line.
    """
    st.set_page_config(f"{title} · Likewise", page_icon=ICON, layout="wide")
    st.html(STYLE)
    first = state.VIEW not in st.session_state and "corpus" not in st.query_params
    view = state.current()
    if first and os.environ.get("LIKEWISE_CORPUS"):
        view = state.change(corpus="cli")
    state.mirror(view)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown("**Likewise**", width="content")
        for path, label, icon in PAGES:
            st.page_link(
                path,
                label=label,
                icon=icon,
                width="content",
                query_params=state.query_of(view),
                disabled=label == title,
            )
        if beside is not None:
            beside(view)
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
