"""Learning curves → figure; names and numbers only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from engine.diagnostics.estimate import Estimate
from engine.tuning.learning_curve import BUDGETS, Point
from pages.parts.calibration_charts import LINE, METHOD_COLOURS, SYMBOLS

APART = 0.06
ROOM = 0.04


class Curve(NamedTuple):
    """One learning curve, its points by number of verdicts."""

    name: str
    points: Sequence[Point]
    is_chosen: bool


class Level(NamedTuple):
    """A method that learns nothing: the same however many verdicts there are."""

    name: str
    accuracy: Estimate
    dash: str


def curve_chart(
    curves: Sequence[Curve], levels: Sequence[Level], budget: int, unit: str
) -> go.Figure:
    """Accuracy on held-out triplets with 95% intervals against verdicts; a line at chance.

    Args:
        curves: to be drawn as lines.
        levels: to be drawn across.
        budget: the one that is chosen.
        unit: what it counts.
    """
    figure = go.Figure()
    right = _place(max(BUDGETS)) + 4 * APART
    for level in levels:
        figure.add_scatter(
            x=[-4 * APART, right],
            y=[level.accuracy.value] * 2,
            mode="lines",
            line={"color": LINE, "width": 2, "dash": level.dash},
            name=level.name,
            hovertemplate=_told(level.accuracy) + f"<extra>{level.name}</extra>",
        )
    for i, curve in enumerate(curves):
        figure.add_scatter(**_line(curve, i, len(curves)))
    figure.add_vline(x=_place(budget), line_width=16, line_color=LINE, opacity=0.12)
    figure.add_hline(
        y=0.5, line_dash="dot", line_width=1, opacity=0.7, annotation_text="chance",
        annotation_position="bottom left",
    )  # fmt: skip
    known = _ticks(curves)
    figure.update_xaxes(
        tickvals=[_place(n) for n in known],
        ticktext=[f"{n:,}" for n in known],
        range=[-5 * APART, right + APART],
        title=f"{unit} learnt from",
        tickangle=0,
        zeroline=False,
    )
    figure.update_yaxes(title="held-out triplets ordered rightly", range=_span(curves, levels))
    figure.update_layout(
        height=380,
        margin={"l": 8, "r": 8, "t": 16, "b": 8},
        legend={"orientation": "v", "x": 1.01, "y": 1, "font": {"size": 12}},
        hovermode="closest",
    )
    return figure


def _line(curve: Curve, place: int, n_curves: int) -> dict[str, object]:
    """One curve, set a little aside so that intervals don't cover each other."""
    shift = APART * (place - (n_curves - 1) / 2)
    found = [each.accuracy for each in curve.points]
    values = np.array([each.value for each in found])
    colour = METHOD_COLOURS[place % len(METHOD_COLOURS)]
    return {
        "x": [_place(each.n_verdicts) + shift for each in curve.points],
        "y": values,
        "mode": "lines+markers",
        "name": f"<b>{curve.name}</b>" if curve.is_chosen else curve.name,
        "line": {"color": colour, "width": 3 if curve.is_chosen else 1.5},
        "marker": {"size": 10 if curve.is_chosen else 7, "symbol": SYMBOLS[place % len(SYMBOLS)]},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": np.array([each.high for each in found]) - values,
            "arrayminus": values - np.array([each.low for each in found]),
            "thickness": 1.5,
        },
        "customdata": [f"{each.n_verdicts:,} verdicts: {_told(each.accuracy)}"
                       for each in curve.points],
        "hovertemplate": "%{customdata}<extra>" + curve.name + "</extra>",
    }  # fmt: skip


def _ticks(curves: Sequence[Curve]) -> list[int]:
    """Budgets and the numbers that there were; of two that would overlap, the real one."""
    real = {point.n_verdicts for curve in curves for point in curve.points}
    free = [n for n in BUDGETS if all(abs(_place(n) - _place(each)) > 4 * APART for each in real)]
    return sorted(real | set(free))


def _place(n_verdicts: int) -> float:
    """Where a number of verdicts stands: as logarithms do, with a place for none."""
    return float(np.log2(1 + n_verdicts / 16))


def _told(accuracy: Estimate) -> str:
    return f"{accuracy.value:.3f} [{accuracy.low:.3f}, {accuracy.high:.3f}]"


def _span(curves: Sequence[Curve], levels: Sequence[Level]) -> tuple[float, float]:
    found = [point.accuracy for curve in curves for point in curve.points]
    found += [level.accuracy for level in levels]
    ends = np.array([0.45, 0.55, *(end for each in found for end in each[:3])])
    return max(0.0, float(np.nanmin(ends)) - ROOM), min(1.02, float(np.nanmax(ends)) + ROOM)
