"""The judge as a measured instrument: ask, answer the same yourself, look up, trust or not."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from engine.corpus import Corpus
from engine.errors import LikewiseError
from engine.types import Attribute
from pages.parts import frame, state
from pages.parts.attribute_bar import attribute_bar
from pages.parts.corpus_line import corpus_line
from pages.parts.judge_ask_view import ask_view, subject_of
from pages.parts.judge_batches import batches_strip
from pages.parts.judge_check_view import check_view
from pages.parts.judge_choice import ledger_name
from pages.parts.judge_files import files_view
from pages.parts.judge_held import held_judges
from pages.parts.judge_ledger_view import ledger_view
from pages.parts.judge_quality_view import quality_view
from pages.parts.judge_settings import Settings, settings
from pages.parts.judge_strip import judge_strip
from pages.parts.judge_words import show_problem
from pages.parts.sections import choose_section

ASK, CHECK, LEDGER, QUALITY = "Ask", "Spot-check yourself", "Ledger", "Quality"


def main() -> None:
    """The page, from top to bottom."""
    view = frame.open_page("Judge", corpus_line)
    corpus = frame.open_corpus(view)
    attribute_bar(view, corpus)
    if view.asked is None:
        st.info("Type an attribute, or take one of those offered, to ask a judge about it.")
        return
    judging(corpus, view.asked)


@st.fragment
def judging(corpus: Corpus, attribute: Attribute) -> None:
    """Everything below the attribute; drawn again without the rest of the page."""
    view = state.current()
    try:
        asked = settings(view, corpus, attribute)
        judge = ledger_name(asked.choice, corpus, held_judges())
    except LikewiseError as error:
        show_problem("No question can be asked.", str(error))
        asked, judge = None, ""
    # Their own place, so that what stands below keeps its own whether or not they show anything.
    with st.container():
        judge_strip(subject_of(corpus, attribute))
        batches_strip()
    views: dict[str, Callable[[], None]] = {
        ASK: lambda: _ask(corpus, attribute, asked),
        CHECK: lambda: _check(corpus, attribute, asked, judge),
        LEDGER: lambda: _ledger(corpus, attribute),
        QUALITY: lambda: quality_view(view, corpus, attribute, judge),
    }
    views[choose_section(views, "judge-view", persists=True)]()


def _ask(corpus: Corpus, attribute: Attribute, asked: Settings | None) -> None:
    if asked is None:
        return
    if asked.problem:
        st.text(asked.problem)
    else:
        ask_view(corpus, attribute, asked)


def _check(corpus: Corpus, attribute: Attribute, asked: Settings | None, judge: str) -> None:
    if asked is not None and not asked.problem:
        check_view(corpus, attribute, asked, judge)


def _ledger(corpus: Corpus, attribute: Attribute) -> None:
    ledger_view(corpus, attribute)
    st.divider()
    files_view(corpus)


main()
