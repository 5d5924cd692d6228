"""The table by compute level, quality against cost, and the export."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.bench import BenchReport
from engine.methods.registry import Method
from pages.parts.charts import quality_cost_chart
from pages.parts.standings import FIGURES, mean_standings

HIDDEN_AT_FIRST = ("family", "LM tokens", "peak MB", "hubness skew", "from the store", "tunable")


def scoreboard_view(
    reports: Sequence[BenchReport], methods: Sequence[Method], frame: pd.DataFrame, n_texts: int
) -> None:
    """Draw everything that was measured."""
    standings = mean_standings(reports, methods, frame, n_texts)
    if standings:
        st.plotly_chart(
            quality_cost_chart(standings, n_texts),
            key="quality-cost",
            config={"displayModeBar": False},
        )
        best = [f"{each.title} (level {each.level})" for each in standings if each.is_best]
        if best:
            st.text(
                "Clearly best of its level, by intervals that do not overlap: " + ", ".join(best)
            )
    everything = st.toggle("All columns", key="board-all-columns")
    hidden = () if everything else HIDDEN_AT_FIRST
    shown = frame.sort_values(["level", "method"], kind="stable").drop(columns=list(hidden))
    st.dataframe(
        shown,
        hide_index=True,
        column_config={
            **{name: st.column_config.NumberColumn(format="%.2f") for name in FIGURES},
            "wrong attribute": st.column_config.NumberColumn(
                format="%.2f", help="The same measure when the method was asked the other attribute"
            ),
            "hubness skew": st.column_config.NumberColumn(format="%.1f"),
            "seconds": st.column_config.NumberColumn(format="%.1f"),
            "peak MB": st.column_config.NumberColumn(format="%.0f"),
            f"seconds at {n_texts:,}": st.column_config.NumberColumn(format="%.0f"),
        },
    )
    st.caption(
        "Wrong attribute: a method that listens gets worse with it. Projected seconds are by the "
        "formula of the level, from what this machine took; empty where a run found its work in "
        "the store, or reads texts once a corpus and not for a new attribute. Each interval is "
        "95%, over anchors."
    )
    with st.container(horizontal=True):
        st.download_button("CSV", frame.to_csv(index=False), "scoreboard.csv", "text/csv")
        st.download_button("Markdown", _markdown(frame), "scoreboard.md", "text/markdown")


def _markdown(frame: pd.DataFrame) -> str:
    """The table as Markdown, figures to two digits."""
    shown = frame.map(lambda value: f"{value:.2f}" if isinstance(value, float) else str(value))
    lines = ["| " + " | ".join(shown.columns) + " |", "|" + "---|" * len(shown.columns)]
    lines += ["| " + " | ".join(row) + " |" for row in shown.itertuples(index=False)]
    return "\n".join(lines) + "\n"
