"""Likewise: choose a corpus, see what it holds, and go on to the comparison."""

import streamlit as st

from pages.parts import frame, state
from pages.parts.corpus_choice import choose_columns, choose_sample, choose_upload
from pages.parts.corpus_facts import corpus_facts


def main() -> None:
    """The page, from top to bottom."""
    view = frame.open_page("Corpus")
    st.title("These texts are alike — insofar as what?")
    st.text("Choose a corpus, type an attribute, and compare methods of similarity side by side.")
    choose_sample(view)
    choose_upload()
    view = state.current()
    corpus = frame.open_corpus(view)
    corpus_facts(view, corpus)
    choose_columns(view)


main()
