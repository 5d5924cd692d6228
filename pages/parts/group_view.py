"""The texts marked with the lasso: what they have in common, by label and by method."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from engine.corpus import Corpus
from engine.spot_checks import random_pairs
from engine.types import Rows, Similarity
from pages.parts import state
from pages.parts.panels import Panel, ready

MAX_PAIRS = 2000
MAX_LABELS = 8
MAX_TEXTS = 200


def group_view(corpus: Corpus, panels: list[Panel]) -> None:
    """Labels, cohesion by method, and the texts themselves."""
    rows = np.array(st.session_state.get(state.GROUP_ROWS, ()), dtype=np.int64)
    if len(rows) < 2:
        st.caption("Hold shift and draw around points in a map to mark a group in all of them.")
        return
    st.text(f"{len(rows)} texts marked")
    labels, methods = st.columns(2, gap="medium")
    with labels:
        _labels(corpus, rows)
    with methods:
        _cohesion(panels, rows)
    shown = rows[:MAX_TEXTS]
    if len(rows) > MAX_TEXTS:
        st.caption(f"The first {MAX_TEXTS} of {len(rows)} texts")
    st.dataframe(
        pd.DataFrame(
            {
                "id": [corpus.ids[row] for row in shown],
                "text": [corpus.texts[row] for row in shown],
                **{name: [values[row] for row in shown] for name, values in corpus.labels.items()},
            }
        ),
        hide_index=True,
        column_config={"text": st.column_config.TextColumn(width="large")},
    )


def _labels(corpus: Corpus, rows: Rows) -> None:
    """For each label column, the labels that are over-represented in the group."""
    st.caption("Labels in the group, against their share of the corpus")
    found = []
    for name in corpus.labels:
        codes, values = corpus.label_codes(name)
        inside = np.bincount(codes[rows][codes[rows] >= 0], minlength=len(values)) / len(rows)
        overall = np.bincount(codes[codes >= 0], minlength=len(values)) / len(codes)
        found += [
            {"column": name, "label": values[i], "group": inside[i], "corpus": overall[i]}
            for i in np.argsort(overall - inside)[:2]
            if inside[i] > overall[i]
        ]
    if not found:
        st.caption("The corpus has no labels, or none stands out.")
        return
    found.sort(key=lambda row: row["corpus"] - row["group"])
    percent = st.column_config.ProgressColumn(min_value=0, max_value=1, format="percent")
    st.dataframe(
        pd.DataFrame(found[:MAX_LABELS]),
        hide_index=True,
        column_config={"group": percent, "corpus": percent},
    )


def _cohesion(panels: list[Panel], rows: Rows) -> None:
    """Mean percentile of the group's pairs among random pairs of the corpus: 50% is no cohesion."""
    st.caption("How alike the group is to each method: mean rank of its pairs among random pairs")
    found = [
        {"method": panel.title, "cohesion": cohesion(panel.run.similarity, rows)}
        for panel in ready(panels)
        if panel.run
    ]
    percent = st.column_config.ProgressColumn(min_value=0, max_value=1, format="percent")
    st.dataframe(pd.DataFrame(found), hide_index=True, column_config={"cohesion": percent})


def cohesion(similarity: Similarity, rows: Rows) -> float | None:
    """Mean share of random pairs that are less alike than a pair of the group; None if unscored."""
    reference = random_pairs(similarity.n_texts, n=MAX_PAIRS, seed=0)
    overall = np.sort(similarity.pairs(reference.left, reference.right))
    overall = overall[~np.isnan(overall)]
    chosen = random_pairs(len(rows), n=MAX_PAIRS, seed=0)
    inside = similarity.pairs(rows[chosen.left], rows[chosen.right])
    inside = inside[~np.isnan(inside)]
    if not len(overall) or not len(inside):
        return None
    below = np.searchsorted(overall, inside, "left") + np.searchsorted(overall, inside, "right")
    return float((below / (2 * len(overall))).mean())
