"""Pairs of texts behind a picture: as a table, or two pairs side by side in full."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.opposite import JudgedPair, OppositeVerdicts, opposite_verdicts
from engine.diagnostics.verdict_card import meaning_sentence
from engine.types import Bools, Floats, Rows
from pages.parts import cached
from pages.parts.calibration_inputs import Known, Regions
from pages.parts.calibration_measures import Measured, choose_method

N_SHOWN = 30
PLACE = "opposite-place"


def pairs_table(
    one: Measured, known: Known, corpus: Corpus, chosen: Rows, threshold: float, key: str
) -> None:
    """Some of the truth's pairs with their texts: wrongly judged ones first.

    Args:
        one: the method.
        known: the truth.
        corpus: whose texts they are.
        chosen: positions among the truth's pairs.
        threshold: pairs from it upwards count as called the same.
        key: of the table.
    """
    values, same = one.values[chosen], known.truth.same[chosen]
    called = values >= threshold
    order = _worst_first(values - threshold, called, same)[:N_SHOWN]
    rows = [
        {
            "truth": "same" if same[i] else "different",
            "called": "same" if called[i] else "different",
            "similarity": float(values[i]),
            "text": corpus.texts[known.truth.left[chosen[i]]],
            "other text": corpus.texts[known.truth.right[chosen[i]]],
            "ids": f"{corpus.ids[known.truth.left[chosen[i]]]} · "
            f"{corpus.ids[known.truth.right[chosen[i]]]}",
        }
        for i in order
    ]
    n_wrong = int((called != same).sum())
    st.caption(
        f"{len(chosen):,} pairs, {n_wrong:,} on the wrong side of {threshold:.2f}; "
        f"the {len(rows)} farthest on the wrong side come first"
    )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key=key,
        height=min(360, 40 + 35 * max(1, len(rows))),
        column_config={
            "similarity": st.column_config.NumberColumn(format="%.3f"),
            "text": st.column_config.TextColumn(width="large"),
            "other text": st.column_config.TextColumn(width="large"),
        },
    )


def _worst_first(over: Floats, called: Bools, same: Bools) -> Rows:
    """Wrongly judged pairs, the farthest from the threshold first; then the right ones."""
    wrong = np.where(called != same, np.abs(over), -np.abs(over))
    return np.argsort(-np.nan_to_num(wrong, nan=-np.inf), kind="stable")


def opposite_view(
    corpus: Corpus, measured: Sequence[Measured], known: Known, regions: Regions | None
) -> None:
    """Two pairs of equal similarity from two regions: one the same, one different."""
    if regions is None:
        st.info("Two regions are needed: choose a label column or clusters above.")
        return
    one = choose_method(measured, "opposite-method")
    found: list[OppositeVerdicts] = cached.calibration(
        (*one.key, "opposite"),
        lambda: opposite_verdicts(one.run.similarity, known.truth, regions.groups),
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
    st.text(f"{known.attribute.name} · {pair.region} · similarity {pair.similarity:.3f}")
    for row in (pair.left, pair.right):
        with st.container(border=True):
            label = corpus.labels[known.column][row] if known.column else ""
            st.text(" · ".join(part for part in (corpus.ids[row], label) if part))
            st.text(corpus.texts[row])


def _how_far(is_supported: bool, known: Known) -> str:
    if is_supported:
        return f"Verdicts are from {known.truth.source}. Keys P and N turn the pages."
    return (
        f"Verdicts are from {known.truth.source}. Single pairs like these turn up in any corpus: "
        "over all pairs of a region, the data do not show that one similarity means two things "
        "here. Keys P and N turn the pages."
    )
