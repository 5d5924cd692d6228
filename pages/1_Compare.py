"""Compare methods on one corpus and one attribute: maps, neighbours, spot checks, costs."""

import streamlit as st

from engine.corpus import Corpus
from pages.parts import cached, frame, state
from pages.parts.attribute_bar import attribute_bar
from pages.parts.corpus_line import corpus_line
from pages.parts.costs_view import costs_view
from pages.parts.group_view import group_view
from pages.parts.job_strip import job_strip
from pages.parts.maps_view import maps_view
from pages.parts.method_slots import method_slots
from pages.parts.neighbours_view import choose_label, neighbours_view
from pages.parts.panels import Panel, start
from pages.parts.sections import choose_section
from pages.parts.selection import choose_text, keep_selection, selected_row
from pages.parts.spot_checks_view import spot_checks_view
from pages.parts.written_view import has_written, written_view

NEIGHBOURS, GROUP, CHECKS = "Neighbours", "Marked group", "Spot checks"
WRITTEN, COSTS = "Categories and rewrites", "Costs and prompts"


def main() -> None:
    """The page, from top to bottom."""
    view = frame.open_page("Compare", corpus_line)
    corpus = frame.open_corpus(view)
    attribute_bar(view, corpus)
    method_slots(view)
    if view.asked is None:
        st.info("Type an attribute, or take one of those offered, to see the methods side by side.")
        return
    panels = start(cached.job_queue(), corpus, view.asked, view.made_methods)
    job_strip(panels)
    comparison(corpus, panels)


@st.fragment
def comparison(corpus: Corpus, panels: list[Panel]) -> None:
    """Everything that follows the selection; drawn again without the rest of the page."""
    view = state.current()
    selected = selected_row(view, corpus)
    event = maps_view(view, corpus, panels, selected)
    keep_selection(corpus, selected, event)
    names = [NEIGHBOURS, GROUP, CHECKS, *([WRITTEN] if has_written(panels) else []), COSTS]
    shown = choose_section(names, "compare-view")
    if shown == NEIGHBOURS:
        text_choice, label_choice = st.columns([3, 1])
        with text_choice:
            choose_text(corpus, selected)
        with label_choice:
            column = choose_label(view, corpus)
        picked = neighbours_view(corpus, panels, selected, column)
        if picked is not None:
            state.change(text=corpus.ids[picked])
            st.rerun(scope="fragment")
    elif shown == GROUP:
        group_view(corpus, panels)
    elif shown == CHECKS:
        spot_checks_view(view, corpus, panels)
    elif shown == WRITTEN and view.asked is not None:
        written_view(corpus, view.asked, panels)
    else:
        costs_view(panels)


main()
