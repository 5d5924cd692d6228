"""Repairs: what each does to the gap, and the way to use one as a method."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import pandas as pd
import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.discrimination import Discrimination, LabelledPairs, discrimination_of
from engine.diagnostics.effect import RepairEffect, repair_effect
from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput, LikewiseError
from engine.methods.registry import BuildsOn, Method, OptionValue, create, options_of
from engine.normalise import Ingredients, repair
from engine.normalise.cohort import N_COHORT
from engine.types import Floats
from pages.parts import cached, state
from pages.parts.calibration_charts import Dumbbell, dumbbell_chart
from pages.parts.calibration_closer import Closer, reliability_view, where_view
from pages.parts.calibration_further import interval
from pages.parts.calibration_inputs import ME, SHIPPED, Known, Regions
from pages.parts.calibration_measures import (
    Measured,
    after_repair,
    choose_method,
    fitting_repairs,
    halves,
    ingredients,
)
from pages.parts.calibration_pairs import Behind, clickable

MIN_ANCHORS = 8


class Tried(NamedTuple):
    """One repair on held-out pairs: their similarities after it, the AUCs, and the change."""

    name: str
    values: Floats
    after: Discrimination
    effect: RepairEffect


def repairs_view(
    corpus: Corpus, measured: Sequence[Measured], known: Known, regions: Regions | None
) -> None:
    """Every repair compared; then one of them in depth."""
    one = choose_method(measured, "repairs-method")
    given, held = ingredients(corpus, one, regions), halves(one)[1]
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
    clicked = clickable(
        dumbbell_chart(
            [Dumbbell(each.name, start.gap, each.after.gap) for each in tried],
            ("gap before", "gap after"),
            "calibration gap, with its 95% interval over anchors (0 = one threshold does for all)",
        ),
        f"repairs-gap:{one.title}",
    )
    st.caption("Click a mark to look closer at that repair, below the table.")
    st.dataframe(
        pd.DataFrame([_row(each) for each in tried]),
        hide_index=True,
        column_config={"repair": st.column_config.TextColumn(width=170)},
    )
    st.caption(
        f"Measured on {held.n_pairs:,} pairs of anchors that no repair was fitted on. A change of "
        "local AUC below 0: neighbours around a text get worse; of pooled AUC above 0: one "
        "threshold does better."
    )
    names = [each.name for each in tried]
    first = str(clicked[0]) if clicked and clicked[0] in names else names[0]
    chosen = st.selectbox(
        "Look closer at",
        names,
        index=names.index(first),
        key=f"repair:{first}:{'|'.join(names)}",
        width=320,
    )
    found = next(each for each in tried if each.name == chosen)
    st.text(f"{chosen}: {repair(chosen).fixes}. Costs {repair(chosen).cost}.{_cohort(chosen)}")
    _compare_link(one, chosen, known, regions)
    closer = Closer(one.key, chosen, Behind(corpus, held, before, regions), found.values)
    reliability_view(closer)
    if regions is not None:
        where_view(closer, regions)


def _cohort(name: str) -> str:
    if "cohort" not in repair(name).cost:
        return ""
    return f" The cohort is up to {N_COHORT} of the texts, which each text is set against."


def _compare_link(one: Measured, chosen: str, known: Known, regions: Regions | None) -> None:
    """A way to the repaired method beside the others, where it is offered as a method."""
    name = one.run.record.method
    try:
        made = create("repaired", {"of": name, "repair": chosen, **_fitted_on(chosen, known)})
        if regions is not None and repair(chosen).needs == "truth and groups":
            made = create("repaired", {**options_of(made), "regions": regions.column})
        spec = state.spec_of(made)
        state.parse_spec(spec)
    except BadInput:
        st.caption(f"{name} after {chosen} is not offered as a method of its own.")
        return
    kept = state.current().methods[: state.MAX_METHODS - 1]
    label = f"Compare {name} after {chosen} with the others"
    if st.button(label, icon=":material/compare:", key="compare-repaired"):
        state.change(methods=(*kept, spec))
        st.switch_page("pages/1_Compare.py")
    differs = _what_differs(made, one)
    if differs:
        st.caption(differs)


def _what_differs(made: Method, one: Measured) -> str:
    """What the method of its own starts from, where that is not the run that is shown here."""
    name = one.run.record.method
    basis = made.basis() if isinstance(made, BuildsOn) else one.panel.method
    if options_of(basis) == options_of(one.panel.method):
        return ""
    if options_of(basis) == options_of(create(name)):
        return f"As a method of its own it repairs {name} with its default options."
    return (
        f"As a method of its own, {name} learns from fewer texts than here: it leaves some to the "
        "repair, which must not be fitted on what the method was taught."
    )


def _fitted_on(chosen: str, known: Known) -> dict[str, OptionValue]:
    """The options that name the truth this page measures on, for repairs that are fitted."""
    if repair(chosen).needs not in ("truth", "truth and groups"):
        return {}
    if known.column:
        return {"truth": "labels", "column": known.column}
    return {
        "truth": {ME: "my answers", SHIPPED: "shipped verdicts"}.get(known.truth.source, "auto")
    }


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
            tried.append(cached.measured((*one.key, "tried", each.name), work))
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
        "numbers become": repair(each.name).numbers,
        "needs": repair(each.name).needs,
    }
