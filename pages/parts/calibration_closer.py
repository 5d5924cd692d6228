"""One repair looked at closely: reliability before and after, and where it helps or hurts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from engine.diagnostics.effect import repair_effect
from engine.diagnostics.pair_costs import pair_costs
from engine.diagnostics.reliability import Reliability, reliability
from engine.errors import LikewiseError
from engine.types import Floats
from pages.parts import cached
from pages.parts.calibration_charts import reliability_chart
from pages.parts.calibration_further import interval
from pages.parts.calibration_inputs import Regions
from pages.parts.calibration_pairs import Behind, clickable, in_region, one_a_text, pairs_list
from pages.parts.charts import Interval, interval_chart

MIN_ANCHORS = 8
N_BINS = 10


class Closer(NamedTuple):
    """A repair of one method on held-out pairs.

    key: names method, truth and regions. name: the repair's. before: the pairs as they were.
    after: (m,) their similarities after the repair.
    """

    key: tuple[str, ...]
    name: str
    before: Behind
    after: Floats


def reliability_view(one: Closer) -> None:
    """Stated chances against what came true, before and after; a clicked bin's pairs."""
    st.markdown("##### Does a stated chance come true?")
    truth = one.before.truth
    values = (one.before.values, one.after)
    try:
        found: list[Reliability] = [
            cached.measured(
                (*one.key, "reliability", name), lambda side=side: reliability(side, truth)
            )
            for name, side in zip(("before", one.name), values, strict=True)
        ]
    except LikewiseError as error:
        st.caption(str(error))
        return
    first, second = found
    sentence = _worst_quarter_sentence(first, second)
    if sentence:
        st.text(sentence)
    clicked = clickable(
        reliability_chart(
            [
                (f"before: error {first.ece.value:.3f}", first),
                (f"after {one.name}: error {second.ece.value:.3f}", second),
            ]
        ),
        f"reliability:{one.name}",
    )
    st.caption(
        "A rising curve turns each similarity into a chance, fitted on other anchors. Thin lines "
        "far from the dotted one: right on average, wrong for those texts. Bins of fewer than 20 "
        "pairs are left out. Error: mean distance of the stated chance from what came true (ECE). "
        "Click a mark to read the pairs of its bin."
    )
    if clicked:
        _pairs_of_bin(one, found, clicked)


def _worst_quarter_sentence(first: Reliability, second: Reliability) -> str:
    """How the error of the worst quarter changes; empty where that is not settled."""
    before, after = (max(e.by_quarter, key=lambda quarter: quarter.value) for e in (first, second))
    if after.high < before.low:
        return f"The worst quarter's error falls from {interval(before)} to {interval(after)}."
    if after.low > before.high:
        return f"The worst quarter's error grows from {interval(before)} to {interval(after)}."
    return ""


def _pairs_of_bin(one: Closer, found: list[Reliability], clicked: list[Any]) -> None:
    """A fixed random handful of the pairs of one bin, with their truth."""
    side, quarter, place = (int(each) for each in clicked[:3])
    values = one.after if side else one.before.values
    scored = np.flatnonzero(~np.isnan(values))
    inside = found[side].bins == place
    if quarter >= 0:
        inside &= found[side].quarters == quarter
    chosen = np.random.default_rng(0).permutation(scored[inside])
    n_same = int(one.before.truth.same[chosen].sum())
    said = (
        f"Pairs given a chance of {place / N_BINS:.0%} to {(place + 1) / N_BINS:.0%} "
        f"{'after ' + one.name if side else 'before any repair'}"
        f"{', of the clicked quarter of the texts' if quarter >= 0 else ''}; {n_same:,} of the "
        f"{len(chosen):,} are the same (pairs count by their weights in the chart), drawn at random"
    )
    pairs_list(one.before._replace(values=values), chosen, "bin-pairs", said=said)


def where_view(one: Closer, regions: Regions) -> None:
    """By region, whether neighbours get better or worse; a clicked region's pairs."""
    st.markdown("##### Where it helps, and where it hurts")
    rows: list[Interval] = cached.measured(
        (*one.key, "where", one.name), lambda: _by_region(one, regions)
    )
    if not rows:
        st.caption(f"No region has {MIN_ANCHORS} held-out anchors with pairs of both kinds.")
        return
    if all(row.low == row.high == 0 for row in rows):
        st.text(f"{one.name} leaves the order around every text as it is: no ranking gets worse.")
        return
    worse = [row.name for row in rows if row.high < 0]
    if worse:
        st.text(f"{one.name} makes neighbours worse in {', '.join(worse)}.")
    reach = max(0.01, *(max(abs(row.low), abs(row.high)) for row in rows)) * 1.1
    figure = interval_chart(
        rows,
        title="change of local AUC, 95% interval over the region's anchors; left: worse",
        chance=None,
        span=(-reach, reach),
    )
    figure.update_traces(customdata=[[row.name] for row in rows])
    clicked = clickable(
        figure.add_vline(x=0, line_dash="dot", opacity=0.6), f"repair-regions:{one.name}"
    )
    region = str(clicked[0]) if clicked else rows[0].name
    st.caption("Click a mark to read the pairs whose place around their text suffers most.")
    _worsened(one, region)


def _by_region(one: Closer, regions: Regions) -> list[Interval]:
    """Change of local AUC by region, the worst first."""
    truth, rows = one.before.truth, []
    for code, name in enumerate(regions.groups.names):
        here = regions.groups.codes[truth.left] == code
        if not here.any():
            continue
        change = repair_effect(one.before.values[here], one.after[here], truth.where(here)).local
        if change.n >= MIN_ANCHORS:
            remark = f"{change.value:+.3f}"
            rows.append(Interval(name, change.value, change.low, change.high, remark))
    return sorted(rows, key=lambda row: row.value)


def _worsened(one: Closer, region: str) -> None:
    """Pairs of a region that drop among their own text's pairs of the other kind."""
    truth = one.before.truth
    lost = pair_costs(one.before.values, truth).own - pair_costs(one.after, truth).own
    chosen = np.flatnonzero(in_region(one.before, region) & (np.nan_to_num(lost) > 0))
    chosen = one_a_text(truth, chosen[np.argsort(-lost[chosen], kind="stable")])
    said = f"Pairs of {region} that {one.name} moves to a worse place, one a text"
    pairs_list(one.before._replace(values=one.after), chosen, "worsened-pairs", said=said)
