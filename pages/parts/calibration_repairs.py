"""Repairs: what each does to the gap, reliability before and after, and where it hurts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import pandas as pd
import streamlit as st

from engine.diagnostics.discrimination import Discrimination, LabelledPairs, discrimination_of
from engine.diagnostics.effect import RepairEffect, repair_effect
from engine.diagnostics.reliability import Reliability, reliability
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput, LikewiseError
from engine.methods.registry import create
from engine.normalise import Ingredients, repair
from engine.types import Floats
from pages.parts import cached, state
from pages.parts.calibration_charts import CONFIG, Dumbbell, dumbbell_chart, reliability_chart
from pages.parts.calibration_inputs import Known, Regions
from pages.parts.calibration_measures import (
    Measured,
    after_repair,
    choose_method,
    fitting_repairs,
    halves,
    ingredients,
)
from pages.parts.calibration_overview import interval
from pages.parts.charts import Interval, interval_chart

MIN_ANCHORS = 8


class Tried(NamedTuple):
    """One repair on held-out pairs: their similarities after it, the AUCs, and the change."""

    name: str
    values: Floats
    after: Discrimination
    effect: RepairEffect


def repairs_view(measured: Sequence[Measured], known: Known, regions: Regions | None) -> None:
    """Every repair compared; then one of them in depth."""
    one = choose_method(measured, "repairs-method")
    given, held = ingredients(known, regions), halves(known)[1]
    before = one.run.similarity.pairs(held.left, held.right)
    start = discrimination_of(before, LabelledPairs(held.left, held.right, held.same))
    if start.gap.n < MIN_ANCHORS:
        st.info(
            f"Repairs are measured on half of the anchors; of those {start.gap.n} have pairs of "
            f"both kinds, and {MIN_ANCHORS} are needed. Judge more pairs, or take a label column."
        )
        return
    tried = _try_all(one, given, held, before)
    if not tried:
        return
    tried.sort(key=lambda each: each.after.gap.value)
    for sentence in effect_sentences(tried):
        st.text(sentence)
    st.plotly_chart(
        dumbbell_chart(
            [Dumbbell(each.name, start.gap, each.after.gap) for each in tried],
            ("gap before", "gap after"),
            "calibration gap, with its 95% interval over anchors (0 = one threshold does for all)",
        ),
        key="repairs-gap",
        config=CONFIG,
    )
    st.dataframe(pd.DataFrame([_row(each) for each in tried]), hide_index=True)
    st.caption(
        f"Measured on {held.n_pairs:,} pairs of anchors that no repair was fitted on. Local AUC "
        "below 0: neighbours around a text get worse; pooled above 0: one threshold does better."
    )
    names = [each.name for each in tried]
    chosen = st.selectbox("Look closer at", names, key=f"repair:{'|'.join(names)}", width=320)
    found = next(each for each in tried if each.name == chosen)
    st.text(f"{chosen}: {repair(chosen).fixes}. Costs {repair(chosen).cost}.")
    _compare_link(one, chosen)
    _reliability(one, found, held, before)
    if regions is not None:
        _where(found, held, before, regions)


def _compare_link(one: Measured, chosen: str) -> None:
    """A way to the repaired method beside the others, where it is offered as a method."""
    try:
        made = create("repaired", {"of": one.run.record.method, "repair": chosen})
    except BadInput:
        return
    kept = state.current().methods[: state.MAX_METHODS - 1]
    methods = (*kept, state.spec_of(made))
    label = f"Compare {one.run.record.method} after {chosen} with the others"
    if st.button(label, icon=":material/compare:", key="compare-repaired"):
        state.change(methods=methods)
        st.switch_page("pages/1_Compare.py")


def effect_sentences(tried: Sequence[Tried]) -> list[str]:
    """Which repairs narrow the gap, and which make neighbours worse; only what is settled."""
    narrower = [f"{t.name} {interval(t.effect.gap)}" for t in tried if t.effect.gap.high < 0]
    worse = [f"{t.name} {interval(t.effect.local)}" for t in tried if t.effect.local.high < 0]
    wider = [f"{t.name} {interval(t.effect.gap)}" for t in tried if t.effect.gap.low > 0]
    return [
        *([f"Narrow the gap: {'; '.join(narrower)}."] if narrower else []),
        *([f"Widen the gap: {'; '.join(wider)}."] if wider else []),
        *([f"Hurt the ranking around each text: {'; '.join(worse)}."] if worse else []),
    ]


def _try_all(one: Measured, given: Ingredients, held: PairTruth, before: Floats) -> list[Tried]:
    tried = []
    for each in fitting_repairs(one, given):
        try:
            work = partial(_try, one, each.name, given, held, before)
            tried.append(cached.calibration((*one.key, "tried", each.name), work))
        except LikewiseError as error:
            st.caption(f"{each.name} could not be tried: {error}")
    return tried


def _try(one: Measured, name: str, given: Ingredients, held: PairTruth, before: Floats) -> Tried:
    values = after_repair(one, name, given).pairs(held.left, held.right)
    after = discrimination_of(values, LabelledPairs(held.left, held.right, held.same))
    return Tried(name, values, after, repair_effect(before, values, held))


def _row(each: Tried) -> dict[str, str]:
    return {
        "repair": each.name,
        "gap after": interval(each.after.gap),
        "change of gap": interval(each.effect.gap),
        "change of local AUC": interval(each.effect.local),
        "change of pooled AUC": interval(each.effect.pooled),
        "neighbours change": "yes" if repair(each.name).reorders else "no",
        "needs": repair(each.name).needs,
    }


def _reliability(one: Measured, found: Tried, held: PairTruth, before: Floats) -> None:
    st.markdown("##### Does a stated chance come true?")
    try:
        first: Reliability = cached.calibration(
            (*one.key, "reliability before"), lambda: reliability(before, held)
        )
        second: Reliability = cached.calibration(
            (*one.key, "reliability", found.name), lambda: reliability(found.values, held)
        )
    except LikewiseError as error:
        st.caption(str(error))
        return
    worst = [max(each.by_quarter, key=lambda quarter: quarter.value) for each in (first, second)]
    if worst[1].high < worst[0].low:
        st.text(
            f"The worst quarter's error falls from {interval(worst[0])} to {interval(worst[1])}."
        )
    elif worst[1].low > worst[0].high:
        st.text(
            f"The worst quarter's error grows from {interval(worst[0])} to {interval(worst[1])}."
        )
    st.plotly_chart(
        reliability_chart(
            [
                (f"before: error {first.ece.value:.3f}", first),
                (f"after {found.name}: error {second.ece.value:.3f}", second),
            ]
        ),
        key="reliability",
        config=CONFIG,
    )
    st.caption(
        "A rising curve turns each similarity into a chance, fitted on other anchors. Thin lines "
        "far from the dotted one: right on average, wrong for those texts. Bins of fewer than 20 "
        "pairs are left out. Error: mean distance "
        "of the stated chance from what came true (ECE)."
    )


def _where(found: Tried, held: PairTruth, before: Floats, regions: Regions) -> None:
    st.markdown("##### Where it helps, and where it hurts")
    rows = []
    for code, name in enumerate(regions.groups.names):
        here = regions.groups.codes[held.left] == code
        if not here.any():
            continue
        change = repair_effect(before[here], found.values[here], held.where(here)).local
        if change.n >= MIN_ANCHORS:
            rows.append(
                Interval(name, change.value, change.low, change.high, f"{change.value:+.3f}")
            )
    if not rows:
        st.caption(f"No region has {MIN_ANCHORS} held-out anchors with pairs of both kinds.")
        return
    if all(row.low == row.high == 0 for row in rows):
        st.text(f"{found.name} leaves the order around every text as it is: no ranking gets worse.")
        return
    rows.sort(key=lambda row: row.value)
    worse = [row.name for row in rows if row.high < 0]
    if worse:
        st.text(f"{found.name} makes neighbours worse in {', '.join(worse)}.")
    reach = max(0.01, *(max(abs(row.low), abs(row.high)) for row in rows)) * 1.1
    st.plotly_chart(
        interval_chart(
            rows,
            title="change of local AUC, 95% interval over the region's anchors; left: worse",
            chance=None,
            span=(-reach, reach),
        ).add_vline(x=0, line_dash="dot", opacity=0.6),
        key="repair-regions",
        config=CONFIG,
    )
