"""Data → figure. Every chart but the maps; texts never go into a figure, only names and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from engine.diagnostics.estimate import Estimate

ROW_HEIGHT = 34
FRAME = 96


@dataclass(frozen=True, slots=True)
class Interval:
    """One named figure with its interval and a remark shown beside it."""

    name: str
    value: float
    low: float
    high: float
    remark: str


def interval_chart(
    rows: Sequence[Interval], *, title: str, chance: float | None, span: tuple[float, float]
) -> go.Figure:
    """A dot and its 95% interval a row; a dotted line where chance lies."""
    names = [row.name for row in rows]
    values = np.array([row.value for row in rows])
    figure = go.Figure(
        go.Scatter(
            x=values,
            y=names,
            mode="markers+text",
            text=[row.remark for row in rows],
            textposition="top center",
            textfont={"size": 11},
            marker={"size": 10},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": np.array([row.high for row in rows]) - values,
                "arrayminus": values - np.array([row.low for row in rows]),
                "thickness": 2,
            },
            hovertemplate="%{y}: %{x:.2f}<extra></extra>",
        )
    )
    if chance is not None:
        figure.add_vline(x=chance, line_dash="dot", opacity=0.6)
        title = f"{title} (dotted: chance)"
    figure.update_xaxes(range=span, title={"text": title, "font": {"size": 12}})
    figure.update_yaxes(range=[len(rows) - 0.5, -0.8], automargin=True)
    figure.update_layout(
        height=FRAME + ROW_HEIGHT * max(2, len(rows)), margin={"l": 8, "r": 8, "t": 24, "b": 8}
    )
    return figure


def agreement_chart(found: Mapping[tuple[str, str], Estimate]) -> go.Figure:
    """Rank-biased overlap of every two methods, averaged over the corpus."""
    rows = [
        Interval(f"{a} × {b}", e.value, e.low, e.high, f"{e.value:.2f}")
        for (a, b), e in found.items()
    ]
    title = "mean rank-biased overlap of the ten nearest, 95% interval over texts"
    return interval_chart(rows, title=title, chance=None, span=(-0.02, 1.02))
