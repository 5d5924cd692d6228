"""What are verdicts worth? A method tuned on them, watched, compared, used and exported."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from engine.errors import LikewiseError
from engine.methods.registry import Method, create
from engine.run import RunRequest
from pages.parts import cached, frame, state
from pages.parts.attribute_bar import attribute_bar
from pages.parts.corpus_line import corpus_line
from pages.parts.job_strip import job_strip
from pages.parts.maps_view import maps_view
from pages.parts.panels import Panel, start
from pages.parts.sections import choose_section
from pages.parts.selection import choose_text, keep_selection, selected_row
from pages.parts.tune_curve import learning_curve
from pages.parts.tune_export import use_and_export
from pages.parts.tune_flips import flips_view
from pages.parts.tune_gains import gains_view
from pages.parts.tune_inputs import Tuning, choose_tuning

MAPS, FLIPS, GAINS = "Before and after", "Mended and broken", "Who gained what"


def main() -> None:
    """The page, from top to bottom."""
    view = frame.open_page("Tune", corpus_line)
    corpus = frame.open_corpus(view)
    attribute_bar(view, corpus)
    if view.asked is None:
        st.info("Type an attribute, or take one of those offered, to tune a method on verdicts.")
        return
    try:
        tuning = choose_tuning(view, corpus, view.asked)
    except LikewiseError as error:
        st.info(str(error))
        return
    st.text(tuning.described)
    methods = [create("raw-embedding"), *_tuned(tuning)]
    panels = start(cached.job_queue(), corpus, tuning.attribute, methods)
    job_strip(panels)
    if panels[0].run is None:
        st.caption(
            "The learning curve, the maps before and after and what was mended follow here as soon "
            "as the raw embedding, which they start from, has been read."
        )
        return
    learning_curve(tuning, panels)
    if tuning.chosen is not None and len(panels) > 1:
        use_and_export(tuning, tuning.chosen)
    tuned(tuning, panels)


@st.fragment
def tuned(tuning: Tuning, panels: list[Panel]) -> None:
    """What tuning changed; drawn again without the rest of the page."""
    views: dict[str, Callable[[], None]] = {GAINS: lambda: gains_view(tuning, panels[0].key)}
    if len(panels) > 1:
        views = {
            MAPS: lambda: _maps(tuning, panels),
            FLIPS: lambda: flips_view(tuning, panels[0], panels[1]),
            **views,
        }
    views[choose_section(views, f"tune-view:{len(views)}")]()


def _maps(tuning: Tuning, panels: list[Panel]) -> None:
    view = state.current()
    selected = selected_row(view, tuning.corpus)
    keep_selection(tuning.corpus, selected, maps_view(view, tuning.corpus, panels, selected))
    choose_text(tuning.corpus, selected)
    st.text(tuning.corpus.texts[selected])


def _tuned(tuning: Tuning) -> list[Method]:
    """The method as chosen; a slow one only once it was asked for, or where its run is kept."""
    made = tuning.chosen
    if made is None or tuning.is_quick:
        return [] if made is None else [made]
    queue = cached.job_queue()
    key = RunRequest(tuning.corpus, tuning.attribute, made).key
    if key in queue.keys() or queue.store.has(key):  # noqa: SIM118 - a method
        return [made]
    asked = st.button(
        f"Tune {tuning.name}",
        type="primary",
        icon=":material/play_arrow:",
        key=f"tune-run:{key}",
        help="It may take minutes, so it is tuned on this number only, and when you ask for it.",
    )
    return [made] if asked else []


main()
