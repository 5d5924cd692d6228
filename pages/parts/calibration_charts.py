"""Data → figure of the Calibration page; names, ids and numbers only, never texts.

Blue is "same" and vermilion "different" throughout (Okabe and Ito's palette, told apart by all).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from engine.diagnostics.estimate import Estimate
from engine.diagnostics.regions import RegionAt
from engine.diagnostics.reliability import Reliability, ReliabilityCurve
from engine.diagnostics.transfer import Transfer
from engine.types import Rows

SAME, DIFFERENT, LINE = "#3b8fd0", "#d9662b", "#8a8f98"
METHOD_COLOURS = ("#3b8fd0", "#d9662b", "#2a9d76", "#b06fb0")
SYMBOLS = ("circle", "diamond", "square", "triangle-up")
MARGIN = {"l": 8, "r": 8, "t": 40, "b": 8}
TITLED = {"l": 8, "r": 8, "t": 68, "b": 8}
MIN_IN_BIN = 20
LEAST_RANGE = 0.2
CONFIG = {"displayModeBar": False}


class Mark(NamedTuple):
    """A further figure of a row, of a part of what the row is about."""

    name: str
    value: float


class Dumbbell(NamedTuple):
    """Two figures of one row, joined: first and second, each with its interval; and a part's."""

    name: str
    first: Estimate
    second: Estimate
    part: Mark | None = None


def dumbbell_chart(rows: Sequence[Dumbbell], names: tuple[str, str], title: str) -> go.Figure:
    """Two dots a row with their 95% intervals, joined by a line; the first row on top.

    Custom data of a mark: the row's name, and the part's or nothing.
    """
    figure = go.Figure()
    for i, row in enumerate(rows):
        figure.add_scatter(
            x=[row.first.value, row.second.value],
            y=[i, i],
            mode="lines",
            line={"color": LINE, "width": 5},
            opacity=0.5,
            hoverinfo="skip",
            showlegend=False,
        )
    for place, (name, colour, shift) in enumerate(
        zip(names, METHOD_COLOURS, (-0.12, 0.12), strict=False)
    ):
        found = [row.first if place == 0 else row.second for row in rows]
        figure.add_scatter(
            x=[each.value for each in found],
            y=[i + shift for i in range(len(rows))],
            mode="markers",
            name=name,
            marker={"size": 11, "color": colour, "symbol": SYMBOLS[place]},
            error_x=_bars(found),
            customdata=[[row.name, "", *each[1:3]] for row, each in zip(rows, found, strict=True)],
            hovertemplate=(
                "%{customdata[0]}: %{x:.3f} "
                "[%{customdata[2]:.3f}, %{customdata[3]:.3f}]<extra>" + name + "</extra>"
            ),
        )
    _add_parts(figure, rows)
    figure.update_xaxes(title={"text": title, "font": {"size": 12}})
    named_rows(figure, [row.name for row in rows])
    figure.update_layout(height=110 + 44 * len(rows), margin=MARGIN, legend=legend_above())
    return figure


def _add_parts(figure: go.Figure, rows: Sequence[Dumbbell]) -> None:
    parts = [(i, row.name, row.part) for i, row in enumerate(rows) if row.part is not None]
    if not parts:
        return
    figure.add_scatter(
        x=[part.value for _, _, part in parts],
        y=[i for i, _, _ in parts],
        mode="markers",
        name="pooled, in the worst region",
        marker={"size": 11, "color": METHOD_COLOURS[1], "symbol": "square-open"},
        customdata=[[name, part.name] for _, name, part in parts],
        hovertemplate="%{customdata[0]}, %{customdata[1]}: %{x:.3f}<extra></extra>",
    )


def regions_chart(
    found: Sequence[tuple[str, Sequence[RegionAt]]], names: Sequence[str]
) -> go.Figure:
    """Precision, recall and false-positive rate by region, a mark a method; customdata says which.

    Args:
        found: by method, the regions at its threshold.
        names: of all regions, from top to bottom.
    """
    measures = (("precision", 1), ("recall", 2), ("false-positive rate", 3))
    figure = make_subplots(
        1, 3, shared_yaxes=True, horizontal_spacing=0.03, subplot_titles=[m for m, _ in measures]
    )
    step = 0.5 / max(1, len(found))
    for place, (title, regions) in enumerate(found):
        kept = [row for row in regions if row.name in names]
        for column, (measure, field) in enumerate(measures):
            figure.add_scatter(
                x=[row[field] for row in kept],
                y=[names.index(row.name) + (place - (len(found) - 1) / 2) * step for row in kept],
                mode="markers",
                name=title,
                legendgroup=title,
                showlegend=column == 0,
                marker={"size": 9, "color": METHOD_COLOURS[place], "symbol": SYMBOLS[place]},
                customdata=[[row.name, title, row.n_same, row.n_different] for row in kept],
                hovertemplate="%{customdata[0]}: %{x:.2f} (%{customdata[2]} same, "
                "%{customdata[3]} different)<extra>%{customdata[1]} " + measure + "</extra>",
                row=1,
                col=column + 1,
            )
    # One range for all three: far apart must look far apart in each of them alike.
    shown = [
        share
        for _, rows in found
        for row in rows
        for share in (row.precision, row.recall, row.false_positive_rate)
    ]
    reach = min(1.04, 1.1 * max((x for x in shown if math.isfinite(x)), default=1.0) + 0.02)
    figure.update_xaxes(range=[-0.04 * reach, reach])
    named_rows(figure, names)
    figure.update_layout(
        height=140 + 26 * len(names), margin=TITLED, legend=legend_above(), clickmode="event+select"
    )
    return figure


def transfer_chart(found: Transfer) -> go.Figure:
    """F1 in each region (column) at each region's threshold (row); custom data: row, column."""
    text = [[f"{value:.2f}" for value in row] for row in found.f1]
    figure = go.Figure(
        go.Heatmap(
            z=found.f1,
            x=found.names,
            y=found.names,
            text=text,
            texttemplate="%{text}",
            textfont={"size": 11},
            colorscale="Cividis",
            zmin=min(float(found.f1.min()), float(found.f1.max()) - LEAST_RANGE),
            zmax=float(found.f1.max()),
            colorbar={"title": {"text": "F1"}, "thickness": 12},
            hoverinfo="skip",
        )
    )
    n = len(found.names)
    add_cells(
        figure,
        found.names,
        [[i, j, found.f1[i, j]] for i in range(n) for j in range(n)],
        "threshold of %{y} used on %{x}: F1 %{customdata[2]:.2f}",
    )
    figure.update_xaxes(title="used on", automargin=True)
    figure.update_yaxes(title="threshold of", autorange="reversed", automargin=True)
    figure.update_layout(height=150 + 30 * n, margin=MARGIN)
    return figure


def add_cells(
    figure: go.Figure,
    names: Sequence[str],
    data: Sequence[Sequence[float]],
    said: str,
    colour: str = DIFFERENT,
) -> None:
    """Marks over the cells of a square heatmap, seen once they are chosen: cells take no click.

    Args:
        figure: with a heatmap of as many rows and columns as there are names.
        names: of both.
        data: custom data of each cell, row by row.
        said: on hover.
        colour: of the chosen cell's frame.
    """
    figure.add_scatter(
        x=[name for _ in names for name in names],
        y=[name for name in names for _ in names],
        mode="markers",
        marker={
            "size": 24,
            "opacity": 0,
            "symbol": "square-open",
            "color": colour,
            "line": {"width": 3},
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0}},
        customdata=data,
        hovertemplate=said + "<extra></extra>",
        showlegend=False,
    )
    figure.update_layout(hovermode="closest", hoverdistance=60)


def reliability_chart(sides: Sequence[tuple[str, Reliability]]) -> go.Figure:
    """Stated against observed chance of being the same; thin lines are quarters of the anchors.

    Custom data of a mark: the side's place, the quarter or -1, the bin, and its number of pairs.
    """
    figure = make_subplots(
        1, len(sides), shared_yaxes=True, subplot_titles=[title for title, _ in sides]
    )
    for j, (_, found) in enumerate(sides):
        figure.add_scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            line={"dash": "dot", "color": LINE},
            name="comes true exactly",
            showlegend=j == 0,
            hoverinfo="skip",
            row=1,
            col=j + 1,
        )
        for i, curve in enumerate(found.quarter_curves):
            name = "a quarter of the anchors"
            _add_curve(figure, curve, i, name, DIFFERENT, j, i == 0 and j == 0)
        _add_curve(figure, found.curve, -1, "all anchors", SAME, j, j == 0, width=3)
    reach = _reach([found for _, found in sides])
    title = {"text": "stated chance of being the same", "font": {"size": 12}}
    figure.update_xaxes(title=title, range=[-0.02 * reach, reach])
    figure.update_yaxes(range=[-0.02 * reach, reach])
    figure.update_yaxes(title="share that is the same", row=1, col=1)
    figure.update_layout(height=360, margin=TITLED, legend=legend_above())
    return figure


def _reach(found: Sequence[Reliability]) -> float:
    """How far the axes must go to show every point that is drawn."""
    top = 0.1
    for each in found:
        for curve in (each.curve, *each.quarter_curves):
            filled = curve.n_pairs >= MIN_IN_BIN
            top = max(top, *curve.stated[filled], *curve.observed[filled])
    return min(1.02, 1.1 * top)


def _add_curve(
    figure: go.Figure,
    curve: ReliabilityCurve,
    quarter: int,
    name: str,
    colour: str,
    column: int,
    shown: bool,
    width: float = 1.2,
) -> None:
    filled = curve.n_pairs >= MIN_IN_BIN
    figure.add_scatter(
        x=curve.stated[filled],
        y=curve.observed[filled],
        mode="lines+markers",
        line={"color": colour, "width": width},
        marker={"size": 6 + width},
        name=name,
        legendgroup=name,
        showlegend=shown,
        customdata=[
            [column, quarter, int(place), int(curve.n_pairs[place])]
            for place in np.flatnonzero(filled)
        ],
        hovertemplate="stated %{x:.2f}, came true %{y:.2f} (%{customdata[3]} pairs)<extra></extra>",
        row=1,
        col=column + 1,
    )


def occurrence_chart(counts: Rows, k: int) -> go.Figure:
    """How many texts are in how many lists of k neighbours; the dotted line is an even share.

    Custom data of a bar: the number of lists.
    """
    n_lists, n_texts = np.unique(counts, return_counts=True)
    figure = go.Figure(
        go.Bar(
            x=n_lists,
            y=n_texts,
            marker_color=SAME,
            customdata=[[each] for each in n_lists.tolist()],
            hovertemplate="%{y} texts are each in %{x} lists<extra></extra>",
        )
    )
    figure.add_vline(x=k, line_dash="dot", line_color=LINE)
    figure.update_xaxes(title=f"lists of {k} neighbours that a text is in (dotted: even share)")
    figure.update_yaxes(title="texts", type="log" if n_texts.max() > 60 else "linear")
    figure.update_layout(height=300, margin=MARGIN, bargap=0.1)
    return figure


def _bars(found: Sequence[Estimate]) -> dict[str, object]:
    values = np.array([each.value for each in found])
    return {
        "type": "data",
        "symmetric": False,
        "array": np.array([each.high for each in found]) - values,
        "arrayminus": values - np.array([each.low for each in found]),
        "thickness": 1.6,
    }


def named_rows(figure: go.Figure, names: Sequence[str], above: float = 0.6) -> None:
    """Whole numbers on the upright axis stand for names, from top to bottom."""
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(names))),
        ticktext=list(names),
        range=[len(names) - 0.4, -above],
        automargin=True,
        showgrid=True,
        zeroline=False,
    )


def legend_above() -> dict[str, object]:
    """A legend in one line, on the right above the chart."""
    return {
        "orientation": "h",
        "yref": "container",
        "yanchor": "top",
        "y": 0.995,
        "xanchor": "right",
        "x": 1,
    }
