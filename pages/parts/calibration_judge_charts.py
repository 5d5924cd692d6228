"""Data → figure of the judge's section; names and numbers only, never texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from engine.types import Doubles
from pages.parts.calibration_charts import (
    DIFFERENT,
    LINE,
    MARGIN,
    METHOD_COLOURS,
    SAME,
    SYMBOLS,
    add_cells,
    legend_above,
)


def triads_chart(wins: Doubles, names: Sequence[str]) -> go.Figure:
    """Who was chosen over whom, strongest first: a consistent judge fills the upper half only.

    Custom data of a cell: its row, its column, and 1, −1 or 0.
    """
    figure = go.Figure(
        go.Heatmap(
            z=wins,
            x=names,
            y=names,
            colorscale=[[0, DIFFERENT], [0.5, "rgba(128,128,128,0.12)"], [1, SAME]],
            zmin=-1,
            zmax=1,
            showscale=False,
            hoverinfo="skip",
        )
    )
    n = len(names)
    cells = [[i, j, wins[i, j]] for i in range(n) for j in range(n)]
    add_cells(figure, names, cells, "%{y} against %{x}: %{customdata[2]:+.0f}", "#f7f7f7")
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_layout(height=180 + 22 * len(names), margin=MARGIN)
    return figure


def drift_chart(table: Doubles, names: Sequence[str]) -> go.Figure:
    """Each batch's scores of the shared items against the mean of the others; data: the item."""
    figure = go.Figure()
    for i, name in enumerate(names):
        others = np.delete(table, i, axis=1).mean(axis=1)
        figure.add_scatter(
            x=others,
            y=table[:, i],
            mode="markers",
            name=f"batch {name}",
            marker={"size": 9, "symbol": SYMBOLS[i % 4], "color": METHOD_COLOURS[i % 4]},
            customdata=[[item] for item in range(len(table))],
            hovertemplate="others %{x:.1f}, this batch %{y:.1f}<extra>" + f"batch {name}</extra>",
        )
    low, high = float(table.min()), float(table.max())
    figure.add_scatter(
        x=[low, high],
        y=[low, high],
        mode="lines",
        line={"dash": "dot", "color": LINE},
        name="no drift",
        hoverinfo="skip",
    )
    figure.update_xaxes(title="mean score in the other batches")
    figure.update_yaxes(title="score in this batch")
    figure.update_layout(height=360, margin=MARGIN, legend=legend_above())
    return figure
