"""Data → figure. Every chart but the maps; texts never go into a figure, only names and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

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


class Standing(Protocol):
    """One method on the scoreboard."""

    title: str
    level: str
    swap: Estimate
    seconds: float | None


def _standing_label(standing: Standing) -> str:
    return standing.title if standing.seconds is not None else f"{standing.title} (cost unknown)"


def quality_cost_chart(standings: Sequence[Standing], n_texts: int) -> go.Figure:
    """Mean swap accuracy against the projected seconds of a new attribute, logarithmic.

    A method whose cost is nothing, or was not measured, stands at the left edge.
    """
    figure = go.Figure()
    measured = [each.seconds for each in standings if each.seconds]
    edge = min(measured, default=1.0) / 10
    for level in sorted({each.level for each in standings}):
        group = [each for each in standings if each.level == level]
        values = np.array([each.swap.value for each in group])
        figure.add_scatter(
            x=[each.seconds or edge for each in group],
            y=values,
            mode="markers+text",
            name=f"level {level}",
            text=[_standing_label(each) for each in group],
            textposition="top center",
            marker={"size": 11},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": np.array([each.swap.high for each in group]) - values,
                "arrayminus": values - np.array([each.swap.low for each in group]),
            },
            hovertemplate="%{text}: %{y:.2f}<extra></extra>",
        )
    figure.add_hline(y=0.5, line_dash="dot", opacity=0.6)
    figure.update_xaxes(
        type="log", title=f"projected seconds of a new attribute on {n_texts:,} texts"
    )
    figure.update_yaxes(title="mean swap accuracy (dotted: blind)", range=[0.35, 1.05])
    figure.update_layout(height=380, margin={"l": 8, "r": 8, "t": 24, "b": 8})
    return figure
