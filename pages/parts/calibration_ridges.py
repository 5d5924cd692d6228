"""Distributions of similarities row by row, as a figure; names and numbers only, never texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from engine.types import Doubles
from pages.parts.calibration_charts import (
    DIFFERENT,
    LINE,
    SAME,
    TITLED,
    legend_above,
    named_rows,
)

N_TARGETS = 15
UNSEEN: dict[str, Any] = {
    "selected": {"marker": {"opacity": 0}},
    "unselected": {"marker": {"opacity": 0}},
}


class Ridge(NamedTuple):
    """Distribution of one method's similarities in one row: heights over the same places."""

    same: Doubles
    different: Doubles


class Ridges(NamedTuple):
    """One method's column of the ridgeline: where heights are given, one ridge a row, the cut."""

    title: str
    places: Doubles
    rows: Sequence[Ridge | None]
    threshold: float


def ridge_chart(columns: Sequence[Ridges], names: Sequence[str]) -> go.Figure:
    """Similarities by row, same and different, one column a method; the cut is the upright line."""
    figure = make_subplots(
        1,
        len(columns),
        shared_yaxes=True,
        horizontal_spacing=0.02,
        subplot_titles=[each.title for each in columns],
    )
    for j, column in enumerate(columns):
        for i, ridge in enumerate(column.rows):
            if ridge is None:
                continue
            for kind, heights, colour in (
                ("different", ridge.different, DIFFERENT),
                ("same", ridge.same, SAME),
            ):
                x = np.concatenate([column.places, column.places[::-1]])
                y = np.concatenate([i - 0.85 * heights, np.full(len(heights), float(i))])
                figure.add_scatter(
                    x=x,
                    y=y,
                    fill="toself",
                    mode="lines",
                    line={"color": colour, "width": 1.2},
                    fillcolor=_faded(colour),
                    name=kind,
                    legendgroup=kind,
                    showlegend=i == 0 and j == 0,
                    hoverinfo="skip",
                    row=1,
                    col=j + 1,
                )
        _add_targets(figure, column, names, j)
        if np.isfinite(column.threshold):
            figure.add_vline(x=column.threshold, line_width=2, line_color=LINE, row=1, col=j + 1)
    named_rows(figure, names, above=1.0)
    figure.update_xaxes(title={"text": "similarity", "font": {"size": 12}}, showgrid=False)
    figure.update_layout(
        height=150 + 34 * len(names), margin=TITLED, legend=legend_above(), hovermode="closest"
    )
    return figure


def _add_targets(figure: go.Figure, column: Ridges, names: Sequence[str], place: int) -> None:
    """Unseen marks along the ridges, for the click that an area doesn't take."""
    spots = [
        (x, i - 0.3, [names[i], column.title])
        for i, ridge in enumerate(column.rows)
        if ridge is not None
        for x in column.places[:: max(1, len(column.places) // N_TARGETS)].tolist()
    ]
    figure.add_scatter(
        x=[x for x, _, _ in spots],
        y=[y for _, y, _ in spots],
        mode="markers",
        marker={"size": 16, "opacity": 0},
        customdata=[data for _, _, data in spots],
        hovertemplate="%{customdata[0]}: click for its pairs at the line<extra></extra>",
        showlegend=False,
        **UNSEEN,
        row=1,
        col=place + 1,
    )


def _faded(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.28)"
