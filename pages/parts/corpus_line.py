"""One line that says which corpus this is, and how many of its texts are compared."""

from __future__ import annotations

import streamlit as st

from engine.corpus import Corpus
from engine.errors import LikewiseError
from pages.parts import cached, state

STEPS = (200, 500, 1000, 2000, 5000, 10_000, 20_000)


def corpus_line(view: state.View) -> None:
    """Name, size, and the way back to the choice of a corpus."""
    whole = frame_corpus(view)
    if whole is None:
        return
    st.space("stretch")
    st.caption(whole.name, width="content")
    if len(whole) <= STEPS[0]:
        st.caption(f"{len(whole):,} texts", width="content")
        return
    choices = [*(step for step in STEPS if step < len(whole)), 0]
    limit = view.limit if 0 < view.limit < len(whole) else 0
    if limit not in choices:
        choices = [*sorted([*choices[:-1], limit]), 0]
    key = f"limit:{view.corpus}:{view.limit}"
    st.selectbox(
        "Texts compared",
        choices,
        index=choices.index(limit),
        format_func=lambda n: (
            f"{n:,} of {len(whole):,} texts" if n else f"all {len(whole):,} texts"
        ),
        key=key,
        label_visibility="collapsed",
        on_change=lambda: state.change(limit=st.session_state[key]),
        width=190,
    )


def frame_corpus(view: state.View) -> Corpus | None:
    """The whole corpus, or None where it can't be read: the page itself says why."""
    try:
        return cached.whole_corpus(view.corpus, view.columns)
    except LikewiseError:
        return None
