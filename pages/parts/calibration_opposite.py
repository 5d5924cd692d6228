"""Same score, opposite verdict: two pairs side by side, from two regions."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.opposite import JudgedPair, OppositeVerdicts, opposite_verdicts
from engine.diagnostics.verdict_card import meaning_sentence
from pages.parts import cached
from pages.parts.calibration_inputs import Known, Regions, telling
from pages.parts.calibration_measures import Measured, choose_method

PLACE = "opposite-place"


def opposite_view(
    corpus: Corpus, measured: Sequence[Measured], known: Known, regions: Regions | None
) -> None:
    """Two pairs of equal similarity from two regions: one the same, one different."""
    if regions is None:
        st.info("Two regions are needed: choose a label column or clusters above.")
        return
    one = choose_method(measured, "opposite-method")
    found: list[OppositeVerdicts] = cached.measured(
        (*one.key, "opposite"),
        lambda: opposite_verdicts(one.run.similarity, one.truth, regions.groups),
    )
    if not found:
        st.info(
            "No two pairs of equal similarity and opposite verdicts were found that their own "
            "regions' thresholds judge rightly."
        )
        return
    meaning = meaning_sentence(one.report.contrast)
    if meaning:
        st.text(meaning)
    place = _place(len(found))
    both = found[place]
    _say_both(both)
    st.caption(_how_far(bool(meaning), known))
    for column, pair, is_same in zip(st.columns(2, gap="medium"), both, (True, False), strict=True):
        with column:
            _show(pair, corpus, known, is_same)


def _place(n: int) -> int:
    if not 1 <= st.session_state.get(PLACE, 1) <= n:
        st.session_state[PLACE] = 1
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button("Previous", shortcut="p", key="opposite:-1", on_click=_move, args=(-1, n))
        st.button("Next", shortcut="n", key="opposite:+1", on_click=_move, args=(1, n))
        st.number_input(f"Example of {n}, the clearest first", 1, n, key=PLACE, step=1, width=220)
    return int(st.session_state[PLACE]) - 1


def _move(step: int, n: int) -> None:
    st.session_state[PLACE] = (int(st.session_state.get(PLACE, 1)) - 1 + step) % n + 1


def _say_both(both: OppositeVerdicts) -> None:
    same, different = both
    st.text(
        f"Both pairs score about {same.similarity:.2f}. In {same.region} that is above what counts "
        f"as the same ({same.threshold:.2f}); in {different.region} it is below "
        f"({different.threshold:.2f}). No single threshold gets both right."
    )


def _show(pair: JudgedPair, corpus: Corpus, known: Known, is_same: bool) -> None:
    if is_same:
        st.badge("Same", icon=":material/equal:", color="blue")
    else:
        st.badge("Different", icon=":material/difference:", color="orange")
    st.text(f"in {known.attribute.name} · region {pair.region} · similarity {pair.similarity:.3f}")
    for row in (pair.left, pair.right):
        with st.container(border=True):
            st.text(
                " · ".join(part for part in (corpus.ids[row], _label(corpus, known, row)) if part)
            )
            st.text(corpus.texts[row])


def _label(corpus: Corpus, known: Known, row: int) -> str:
    if not known.column or not corpus.labels[known.column][row]:
        return ""
    return telling((corpus.labels[known.column][row],), known.column)[0]


def _how_far(is_supported: bool, known: Known) -> str:
    if is_supported:
        return f"Verdicts are from {known.truth.source}. Keys P and N turn the pages."
    return (
        f"Verdicts are from {known.truth.source}. Single pairs like these turn up in any corpus: "
        "over all pairs of a region, the data do not show that one similarity means two things "
        "here. Keys P and N turn the pages."
    )
