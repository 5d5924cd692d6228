"""Does a similarity mean the same everywhere in the corpus? Seen, measured, repaired."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from engine.corpus import Corpus
from engine.errors import LikewiseError
from engine.types import Attribute
from pages.parts import cached, frame, state
from pages.parts.attribute_bar import attribute_bar
from pages.parts.calibration_hubs import hubs_view
from pages.parts.calibration_inputs import Known, choose_regions, choose_truth, doubt_about
from pages.parts.calibration_judge import judge_view
from pages.parts.calibration_measures import measure_all
from pages.parts.calibration_opposite import opposite_view
from pages.parts.calibration_overview import cards_view, gap_view
from pages.parts.calibration_places import places_view
from pages.parts.calibration_repairs import repairs_view
from pages.parts.calibration_threshold import threshold_view
from pages.parts.corpus_line import corpus_line
from pages.parts.job_strip import job_strip
from pages.parts.method_slots import method_slots
from pages.parts.panels import Panel, ready, start
from pages.parts.sections import choose_section

GAP, LINE, PLACES = "Local and pooled", "One threshold", "Where it differs"
OPPOSITE, REPAIRS, HUBS = "Same score, opposite verdict", "Repairs", "Hubs"
JUDGE = "The judge"


def main() -> None:
    """The page, from top to bottom."""
    view = frame.open_page("Calibration", corpus_line)
    corpus = frame.open_corpus(view)
    attribute_bar(view, corpus)
    method_slots(view)
    if view.asked is None:
        st.info("Type an attribute, or take one of those offered, to see what similarities mean.")
        return
    panels = start(cached.job_queue(), corpus, view.asked, view.made_methods)
    job_strip(panels)
    if ready(panels):
        calibration(corpus, view.asked, panels)


@st.fragment
def calibration(corpus: Corpus, attribute: Attribute, panels: list[Panel]) -> None:
    """Everything below the methods; drawn again without the rest of the page."""
    view = state.current()
    truth_choice, regions_choice = st.columns(2)
    with regions_choice:
        regions = choose_regions(view, corpus, panels)
    with truth_choice:
        known = _truth(view, corpus, attribute)
    if known is None:
        return
    st.text(f"All below rests on {known.described}.")
    doubt = doubt_about(known, corpus)
    if doubt:
        st.text(doubt)
    measured = measure_all(corpus, panels, known, regions)
    if not measured:
        return
    cards_view(measured)
    views: dict[str, Callable[[], None]] = {
        GAP: lambda: gap_view(corpus, measured, known, regions),
        LINE: lambda: threshold_view(corpus, measured, known, regions),
        PLACES: lambda: places_view(corpus, measured, known, regions),
        OPPOSITE: lambda: opposite_view(corpus, measured, known, regions),
        REPAIRS: lambda: repairs_view(corpus, measured, known, regions),
        HUBS: lambda: hubs_view(corpus, measured),
        JUDGE: lambda: judge_view(view, corpus, attribute, known),
    }
    views[choose_section(views, "calibration-view")]()


def _truth(view: state.View, corpus: Corpus, attribute: Attribute) -> Known | None:
    try:
        return choose_truth(view, corpus, attribute)
    except LikewiseError as error:
        st.info(str(error))
        return None


main()
