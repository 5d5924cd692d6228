"""One card a method, and local against pooled AUC: how bad it is, at a glance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.findings import GAP
from engine.diagnostics.pair_costs import PairCosts, pair_costs, regional_auc
from pages.parts import cached
from pages.parts.calibration_charts import Dumbbell, Mark, dumbbell_chart
from pages.parts.calibration_further import further_measures, interval
from pages.parts.calibration_inputs import Known, Regions
from pages.parts.calibration_measures import Measured, choose_method
from pages.parts.calibration_pairs import behind_the, clickable, in_region, one_a_text, pairs_list


def cards_view(measured: Sequence[Measured]) -> None:
    """The verdict on each method, the widest gap first."""
    for column, one in zip(st.columns(len(measured)), measured, strict=True):
        with column.container(border=True, height="stretch"):
            gap = one.report.discrimination.gap
            st.metric(
                f"{one.title} · calibration gap",
                _rounded(gap.value) if one.card.gap else "too few texts",
                help="Local AUC less pooled AUC: what one threshold for all texts costs, against "
                "each text's own.",
            )
            for sentence in one.card.sentences:
                if sentence != one.card.rests_on:
                    st.text(sentence)
            report = one.report
            if one.n_learnt:
                st.text(
                    f"It learnt from {one.n_learnt:,} of the texts; measured on pairs of the "
                    "others alone."
                )
            if report.n_not_scored:
                st.text(
                    f"This method scored {report.n_pairs:,} of the "
                    f"{report.n_pairs + report.n_not_scored:,} pairs; the others are left out."
                )


def gap_view(
    corpus: Corpus, measured: Sequence[Measured], known: Known, regions: Regions | None
) -> None:
    """Local against pooled AUC by method, the pairs that part the two, and every other measure."""
    kept = [one for one in measured if math.isfinite(one.report.discrimination.local.value)]
    if not kept:
        st.info("No text has both a same and a different pair yet, so nothing can be ranked.")
        return
    costs = {one.title: _costs(one, known) for one in kept}
    rows = [
        Dumbbell(
            one.title,
            one.report.discrimination.local,
            one.report.discrimination.pooled,
            _worst_mark(one, known, regions, costs[one.title]),
        )
        for one in kept
    ]
    _say(gap_sentence(kept))
    clicked = clickable(
        dumbbell_chart(
            rows,
            ("local: around each text", "pooled: one threshold for all"),
            "AUC, with its 95% interval over anchors (0.5 = chance)",
        ),
        "calibration-gap",
    )
    st.caption(
        "AUC: the chance that a same pair is more alike than a different one. Both dots rest on "
        "the same pairs; the intervals of the two move together, so read the gap from the cards. "
        + (
            "Hollow squares: pairs of the region that loses most, ranked among all. "
            if any(row.part for row in rows)
            else ""
        )
        + "Click a mark to read the pairs behind it."
    )
    _pairs_behind(corpus, kept, known, regions, costs, clicked)
    further_measures(corpus, kept, known)


def _costs(one: Measured, known: Known) -> PairCosts:
    found: PairCosts = cached.measured(
        (*one.key, "costs"), lambda: pair_costs(one.values, known.truth)
    )
    return found


def _worst_region(one: Measured) -> str:
    """The region that the card names; empty where none is shown to lose."""
    found = one.report.regions
    return found[0].name if found and found[0].loss.low > 0 else ""


def _worst_mark(
    one: Measured, known: Known, regions: Regions | None, costs: PairCosts
) -> Mark | None:
    worst = _worst_region(one)
    if not worst or regions is None:
        return None
    inside = regions.groups.codes[known.truth.left] == regions.groups.names.index(worst)
    return Mark(worst, regional_auc(costs, known.truth.same, inside))


def _pairs_behind(
    corpus: Corpus,
    kept: Sequence[Measured],
    known: Known,
    regions: Regions | None,
    costs: dict[str, PairCosts],
    clicked: list[str],
) -> None:
    """The pairs that are right around their own text and wrong among all: what the gap is made of.

    What was clicked is the method, and the region or nothing.
    """
    st.markdown("##### Pairs that one threshold gets wrong and each text's own gets right")
    title, place = (str(clicked[0]), str(clicked[1])) if clicked else ("", "")
    where, method = st.columns([1, 2], vertical_alignment="bottom")
    with method:
        one = choose_method(kept, "gap-pairs", title)
    region = ""
    if regions is not None:
        names = ["", *regions.groups.names]
        region = where.selectbox(
            "Region of the first text",
            names,
            index=names.index(place) if place in names else 0,
            format_func=lambda name: _called(name, _worst_region(one)),
            key=f"gap-region:{regions.key}:{title}:{place}",
        )
    behind = behind_the(one, corpus, known, regions)
    cost = costs[one.title].cost
    inside = in_region(behind, region) & (np.nan_to_num(cost) > 0)
    for is_same, said in (
        (False, "Different pairs that outrank same pairs of other texts, but not of their own"),
        (True, "Same pairs outranked by different pairs of other texts, but not of their own"),
    ):
        chosen = np.flatnonzero(inside & (known.truth.same == is_same))
        chosen = chosen[np.argsort(-cost[chosen], kind="stable")]
        chosen = one_a_text(known.truth, chosen)
        pairs_list(behind, chosen, f"gap-pairs:{is_same}", said=f"{said}, one a text")


def _called(region: str, worst: str) -> str:
    if not region:
        return "all regions"
    return f"{region} (loses most)" if region == worst else region


def gap_sentence(measured: Sequence[Measured]) -> str:
    """What to see in the dumbbell; empty where nothing is settled.

    A gap counts once its whole interval lies beyond the bound.
    """
    wide = [one for one in measured if one.report.discrimination.gap.low > GAP]
    if wide:
        named = "; ".join(f"{one.title} {interval(one.report.discrimination.gap)}" for one in wide)
        return f"One threshold for all costs AUC with {named}."
    if all(one.report.discrimination.gap.high <= GAP for one in measured):
        return f"With no method here does one threshold for all cost more than {GAP} of AUC."
    return ""


def _rounded(value: float) -> str:
    """Three digits; adding 0.0 takes the sign off a figure that rounds to nothing."""
    return f"{round(value, 3) + 0.0:.3f}" if math.isfinite(value) else "not measured"


def _say(sentence: str) -> None:
    if sentence:
        st.text(sentence)
