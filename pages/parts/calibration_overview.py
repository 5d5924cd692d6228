"""One card a method, and local against pooled AUC: how bad it is, at a glance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.diagnostics.estimate import Estimate
from engine.diagnostics.findings import GAP, findings
from pages.parts.calibration_charts import CONFIG, Dumbbell, dumbbell_chart
from pages.parts.calibration_measures import Measured


def cards_view(measured: Sequence[Measured]) -> None:
    """The verdict on each method, the widest gap first."""
    for column, one in zip(st.columns(len(measured)), measured, strict=True):
        with column.container(border=True, height="stretch"):
            gap = one.report.discrimination.gap
            st.metric(
                f"{one.title} · calibration gap",
                f"{gap.value:.3f}" if math.isfinite(gap.value) else "not measured",
                help="Local AUC less pooled AUC: what one threshold for all texts costs, against "
                "each text's own.",
            )
            for sentence in one.card.sentences:
                st.text(sentence)
            if one.report.n_not_scored:
                st.text(
                    f"{one.report.n_not_scored:,} further pairs have no similarity and are left "
                    "out."
                )


def gap_view(measured: Sequence[Measured]) -> None:
    """Local against pooled AUC by method, and every other measure."""
    kept = [one for one in measured if math.isfinite(one.report.discrimination.local.value)]
    if not kept:
        st.info("No text has both a same and a different pair yet, so nothing can be ranked.")
        return
    rows = [
        Dumbbell(one.title, one.report.discrimination.local, one.report.discrimination.pooled)
        for one in kept
    ]
    _say(gap_sentence(kept))
    st.plotly_chart(
        dumbbell_chart(
            rows,
            ("local: around each text", "pooled: one threshold for all"),
            "AUC, with its 95% interval over anchors (0.5 = chance)",
        ),
        key="calibration-gap",
        config=CONFIG,
    )
    st.caption(
        "AUC: the chance that a same pair is more alike than a different one. Both dots rest on "
        "the same pairs; the intervals of the two move together, so read the gap from the cards."
    )
    st.caption("Further measures; ● where a whole interval lies beyond the bound for trouble")
    st.dataframe(pd.DataFrame([_measures(one) for one in kept]), hide_index=True)


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


def interval(estimate: Estimate, digits: int = 3) -> str:
    """A figure with its interval."""
    parts = (estimate.value, estimate.low, estimate.high)
    if not math.isfinite(estimate.value):
        return "–"
    value, low, high = (f"{part:.{digits}f}" for part in parts)
    return f"{value} [{low}, {high}]" if math.isfinite(estimate.low) else value


def _say(sentence: str) -> None:
    if sentence:
        st.text(sentence)


def _measures(one: Measured) -> dict[str, str]:
    report = one.report
    fired = {finding.fault.name for finding in findings(report)}

    def marked(fault: str, text: str) -> str:
        return f"● {text}" if fault in fired else text

    hubs, ece = report.hubness, report.reliability
    spread, chance = report.thresholds.spread, report.thresholds.by_chance
    return {
        "method": one.title,
        "threshold spread (by chance)": marked(
            "THRESHOLDS", f"{interval(spread, 2)} ({chance:.2f})"
        ),
        "OPIS (by chance)": marked(
            "OPIS", f"{interval(report.opis.score)} ({report.opis.by_chance:.3f})"
        ),
        "texts off a pooled 5% of false positives": marked(
            "FALSE_POSITIVES", interval(report.false_positives.outside, 2)
        ),
        "variance by anchor": marked("ANCHOR", interval(report.variance.anchor, 2)),
        "variance by candidate": marked("CANDIDATE", interval(report.variance.candidate, 2)),
        "ECE": "–" if ece is None else marked("RELIABILITY", interval(ece.ece)),
        "hubness skew": "–" if hubs is None else marked("HUBS", f"{hubs.skew:.1f}"),
        "asymmetry": marked("ASYMMETRY", interval(report.asymmetry, 2)),
    }
