"""Hubs: texts that are in too many lists of neighbours, and those that are in none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.findings import SKEW
from engine.diagnostics.hubness import antihub_share, hubness_skew, k_occurrence, robin_hood_index
from engine.types import Rows
from pages.parts.calibration_charts import occurrence_chart
from pages.parts.calibration_measures import Measured, choose_method
from pages.parts.calibration_pairs import clickable

K = 10
N_HUBS = 20
N_LISTS = 60


def hubs_view(corpus: Corpus, measured: Sequence[Measured]) -> None:
    """The histogram, the hubs, and whose lists a chosen hub is in."""
    one = choose_method(measured, "hubs-method")
    lists = one.run.neighbours.rows[:, :K]
    k = lists.shape[1]
    counts = k_occurrence(lists, len(corpus))
    st.text(hub_sentence(counts, k, corpus.ids))
    chart, numbers = st.columns([3, 1], gap="medium", vertical_alignment="center")
    with chart:
        clicked = clickable(occurrence_chart(counts, k), f"occurrence:{one.title}")
    with numbers:
        st.metric("In nobody's list", f"{antihub_share(counts):.0%}")
        st.metric(
            "Skew",
            f"{hubness_skew(counts):.1f}",
            help=f"0 is even; from {SKEW} on hubs are a trouble.",
        )
        st.metric(
            "Places to move",
            f"{robin_hood_index(counts):.0%}",
            help="Share of places in lists that would have to change hands for all texts to be in "
            "equally many (Robin Hood index).",
        )
    hub = _choose_hub(corpus, counts, int(clicked[0]) if clicked else None)
    _lists_of(corpus, lists, hub, one)


def hub_sentence(counts: Rows, k: int, ids: Sequence[str]) -> str:
    """What to see; a count over all lists, so there is no interval."""
    top = int(np.argmax(counts))
    n_none = int((counts == 0).sum())
    return (
        f"{ids[top]} is in {int(counts[top])} of {len(counts):,} lists, where an even share is "
        f"{k}; {n_none:,} texts ({n_none / len(counts):.0%}) are in none."
    )


def _choose_hub(corpus: Corpus, counts: Rows, n_lists: int | None) -> int:
    """One of the texts in most lists, or of those that are in so many."""
    if n_lists is None:
        hubs = np.argsort(-counts, kind="stable")[:N_HUBS]
        said = "The texts in most lists; click a bar for those in so many"
    else:
        inside = np.flatnonzero(counts == n_lists)
        hubs = inside[:N_HUBS]
        said = f"Texts that are in {n_lists} lists: {len(hubs)} of {len(inside):,} in all"
    st.caption(f"{said}. Choose a row to see whose lists it is in.")
    chosen = st.dataframe(
        pd.DataFrame(
            {
                "id": [corpus.ids[row] for row in hubs],
                "in lists": counts[hubs],
                "text": [corpus.texts[row] for row in hubs],
                **{name: [values[row] for row in hubs] for name, values in corpus.labels.items()},
            }
        ),
        hide_index=True,
        height=250,
        on_select="rerun",
        selection_mode="single-row",
        key=f"hubs:{n_lists}",
        column_config={"text": st.column_config.TextColumn(width="large")},
    )
    places = chosen["selection"]["rows"]
    return int(hubs[places[0]] if places and places[0] < len(hubs) else hubs[0])


def _lists_of(corpus: Corpus, lists: Rows, hub: int, one: Measured) -> None:
    rank = np.argmax(lists == hub, axis=1) + 1
    inside = np.flatnonzero((lists == hub).any(axis=1))
    shown = inside[np.argsort(rank[inside], kind="stable")][:N_LISTS]
    with st.container(border=True):
        st.caption(corpus.ids[hub])
        st.text(corpus.texts[hub])
    st.caption(
        f"is listed by {one.title} among the {lists.shape[1]} nearest of {len(inside)} texts"
        + (f", of which {len(shown)} are shown" if len(shown) < len(inside) else "")
    )
    labels = {name: [values[row] for row in shown] for name, values in corpus.labels.items()}
    st.dataframe(
        pd.DataFrame(
            {
                "at place": rank[shown],
                "id": [corpus.ids[row] for row in shown],
                "text": [corpus.texts[row] for row in shown],
                **labels,
            }
        ),
        hide_index=True,
        height=min(320, 40 + 35 * max(1, len(shown))),
        column_config={"text": st.column_config.TextColumn(width="large")},
    )
