"""The pairs of texts behind a picture: which one was clicked, and its pairs side by side."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.truth import PairTruth
from engine.types import Bools, Floats, Rows
from pages.parts.calibration_charts import CONFIG
from pages.parts.calibration_inputs import Known, Regions
from pages.parts.calibration_measures import Measured

N_SHOWN = 10
ROW_HEIGHT = 128
N_BEFORE_SCROLLING = 4


class Behind(NamedTuple):
    """Where pairs come from: the pairs, a method's similarities of them, and the regions."""

    corpus: Corpus
    truth: PairTruth
    values: Floats
    regions: Regions | None


def clickable(figure: go.Figure, key: str) -> list[Any]:
    """Draw a chart; the custom data of the mark that is selected on it, empty while none is."""
    event = st.plotly_chart(
        figure, key=key, config=CONFIG, on_select="rerun", selection_mode="points"
    )
    points = event["selection"]["points"]
    return list(points[0].get("customdata") or []) if points else []


def pairs_list(behind: Behind, chosen: Rows, key: str, *, said: str) -> None:
    """Up to ten pairs, both texts beside each other, with how many there are in all.

    Args:
        behind: the pairs, their similarities, and the regions.
        chosen: positions among the pairs, those to be shown first in front.
        key: of the table.
        said: what they have in common, before their number.
    """
    corpus, truth, values, regions = behind
    if not len(chosen):
        st.caption(f"{said}: none.")
        return
    first = chosen[:N_SHOWN]
    sides = list(zip(truth.left[first].tolist(), truth.right[first].tolist(), strict=True))
    columns: dict[str, list[Any]] = {
        "truth": ["same" if truth.same[i] else "different" for i in first],
        "similarity": [float(values[i]) for i in first],
        "text": [corpus.texts[row] for row, _ in sides],
        "other text": [corpus.texts[row] for _, row in sides],
    }
    if regions is not None:
        names = [[region_of(regions, row) for row in pair] for pair in sides]
        columns["regions"] = [" · ".join(dict.fromkeys(pair)) for pair in names]
    columns["ids"] = [f"{corpus.ids[row]} · {corpus.ids[other]}" for row, other in sides]
    shown = f"{len(first)} of {len(chosen):,} in all" if len(first) < len(chosen) else "all shown"
    st.caption(f"{said}: {shown}. Double-click a text to read all of it.")
    st.dataframe(
        pd.DataFrame(columns),
        hide_index=True,
        key=key,
        row_height=ROW_HEIGHT,
        height=40 + ROW_HEIGHT * min(N_BEFORE_SCROLLING, len(first)),
        column_config={
            "truth": st.column_config.TextColumn(width=85),
            "similarity": st.column_config.NumberColumn(format="%.3f", width=85),
            "text": st.column_config.TextColumn(width=290),
            "other text": st.column_config.TextColumn(width=290),
            "regions": st.column_config.TextColumn(width=115),
            "ids": st.column_config.TextColumn(width=115),
        },
    )


def judged_pairs(behind: Behind, chosen: Rows, threshold: float, key: str) -> None:
    """Pairs under a threshold: those on its wrong side first, the farthest from it in front."""
    values, same = behind.values[chosen], behind.truth.same[chosen]
    called = values >= threshold
    order = _worst_first(values - threshold, called, same)
    n_wrong = int((called != same).sum())
    said = (
        f"{n_wrong:,} of {len(chosen):,} pairs lie on the wrong side of {threshold:.2f} "
        "(different ones above it, same ones below it) and come first"
    )
    pairs_list(behind, one_a_text(behind.truth, chosen[order]), key, said=said)


def one_a_text(truth: PairTruth, chosen: Rows) -> Rows:
    """The same pairs, the first of each anchor in front: ten of one text would show little."""
    _, first = np.unique(truth.left[chosen], return_index=True)
    rest = np.setdiff1d(np.arange(len(chosen)), first)
    return np.asarray(chosen[np.concatenate([np.sort(first), rest])])


def behind_the(one: Measured, corpus: Corpus, known: Known, regions: Regions | None) -> Behind:
    """All pairs of the truth with a method's similarities."""
    return Behind(corpus, known.truth, one.values, regions)


def region_of(regions: Regions, row: int) -> str:
    """The name of a text's region."""
    code = int(regions.groups.codes[row])
    return regions.groups.names[code] if code >= 0 else "in none"


def in_region(behind: Behind, region: str) -> Bools:
    """(m,) whether each pair is scored and its first text is in the region; "" = anywhere."""
    scored = ~np.isnan(behind.values)
    if not region or behind.regions is None:
        return np.asarray(scored)
    code = behind.regions.groups.names.index(region)
    return np.asarray(scored & (behind.regions.groups.codes[behind.truth.left] == code))


def _worst_first(over: Floats, called: Bools, same: Bools) -> Rows:
    """Wrongly judged pairs, the farthest from the threshold first; then the right ones."""
    wrong = np.where(called != same, np.abs(over), -np.abs(over))
    return np.argsort(-np.nan_to_num(wrong, nan=-np.inf), kind="stable")
