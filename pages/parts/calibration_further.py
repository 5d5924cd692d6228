"""Every further measure of the methods in one table, with what it is and which of them fired."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.estimate import Estimate
from engine.diagnostics.findings import Fault, findings
from engine.diagnostics.map_honesty import continuity, neighbourhood_hit, trustworthiness
from engine.diagnostics.reliability import Reliability
from engine.errors import LikewiseError
from pages.parts import cached
from pages.parts.calibration_inputs import Known
from pages.parts.calibration_measures import Measured

N_MAP_ANCHORS = 200
NAMES = {
    Fault.THRESHOLDS: "threshold spread",
    Fault.OPIS: "OPIS",
    Fault.FALSE_POSITIVES: "off the common 5%",
    Fault.ANCHOR: "variance by anchor",
    Fault.CANDIDATE: "variance by candidate",
    Fault.RELIABILITY: "worst quarter's error",
    Fault.TRANSFER: "loss by transfer",
    Fault.LEAK: "leak of the regions",
    Fault.HUBS: "hubness skew",
    Fault.ASYMMETRY: "asymmetry",
    Fault.ANISOTROPY: "mean random cosine",
    Fault.TRIANGLES: "broken triangles",
}
HONESTY = ("map: trustworthiness", "map: continuity", "map: neighbourhood hit")
MEANINGS = {
    "threshold spread": "how far the texts' own best thresholds lie apart, in standard deviations",
    "OPIS": "how unequally one threshold serves the texts, over the thresholds that matter",
    "off the common 5%": "share of texts whose false positives are not the 5% they should be",
    "variance by anchor": "share of the different pairs' variance that the first text explains",
    "variance by candidate": "share of it that the second text explains",
    "worst quarter's error": "of stated chances, in the quarter of texts where it is largest",
    "loss by transfer": "F1 that a region loses under another region's threshold, on average",
    "leak of the regions": "correlation with being of one region, given the truth: 0 = none leaks",
    "hubness skew": "0: all texts are in about as many lists; above 1.4: some are in far too many",
    "asymmetry": "how much a to b differs from b to a, as a share of the spread",
    "mean random cosine": "of two random texts' vectors: near 1, all point the same way",
    "broken triangles": "of the truth: two same sides and a different one; labels have none",
    HONESTY[0]: "whether neighbours on the map are neighbours in the similarity: 1 = all",
    HONESTY[1]: "whether neighbours in the similarity are neighbours on the map: 1 = all",
    HONESTY[2]: "share of a text's 15 nearest on the map that have its label",
}


def further_measures(corpus: Corpus, kept: Sequence[Measured], known: Known) -> None:
    """The table, and why what is missing in it is missing."""
    st.markdown("##### Further measures")
    st.caption(
        "● where a whole interval lies beyond the bound for trouble, – where it could not be "
        "measured; in brackets the 95% interval"
    )
    table = pd.DataFrame({one.title: _measures(one) | _honesty(one, corpus, known) for one in kept})
    table = table[(table != "–").any(axis=1)]
    st.dataframe(table, height="content")
    with st.expander("What each of them is"):
        for name in table.index:
            st.text(f"{name}: {MEANINGS[name]}")
    notes = dict.fromkeys(note for one in kept for note in one.report.notes)
    if notes:
        st.caption(" ".join(notes))


def interval(estimate: Estimate, digits: int = 3) -> str:
    """A figure with its interval."""
    parts = (estimate.value, estimate.low, estimate.high)
    if not math.isfinite(estimate.value):
        return "–"
    value, low, high = (f"{round(part, digits) + 0.0:.{digits}f}" for part in parts)
    return f"{value} [{low}, {high}]" if math.isfinite(estimate.low) else value


def _measures(one: Measured) -> dict[str, str]:
    """Figures by the names of MEANINGS; "●" marks those that fired."""
    report = one.report
    fired = {finding.fault for finding in findings(report)}
    hubs, ece = report.hubness, report.reliability
    spread, chance = report.thresholds.spread, report.thresholds.by_chance
    opis = report.opis
    figures = {
        Fault.THRESHOLDS: f"{interval(spread, 2)}, by chance {chance:.2f}",
        Fault.OPIS: f"{interval(opis.score)}, by chance {opis.by_chance:.3f}",
        Fault.FALSE_POSITIVES: interval(report.false_positives.outside, 2),
        Fault.ANCHOR: interval(report.variance.anchor, 2),
        Fault.CANDIDATE: interval(report.variance.candidate, 2),
        Fault.RELIABILITY: "–" if ece is None else interval(_worst_quarter(ece)),
        Fault.TRANSFER: "–" if report.transfer is None else interval(report.transfer.loss),
        Fault.LEAK: "–" if report.leakage is None else interval(report.leakage.leaked, 2),
    }
    if not one.card.gap:
        # Too few anchors: what little there is would mark faults that are none.
        fired -= figures.keys()
        figures = dict.fromkeys(figures, "–")
    anisotropy = report.anisotropy
    figures |= {
        Fault.HUBS: "–" if hubs is None else f"{hubs.skew:.1f}",
        Fault.ASYMMETRY: interval(report.asymmetry, 2),
        Fault.ANISOTROPY: "–" if anisotropy is None else interval(anisotropy.mean_cosine, 2),
        Fault.TRIANGLES: "–" if report.triangles is None else interval(report.triangles, 2),
    }
    return {
        NAMES[fault]: f"● {text}" if fault in fired else text for fault, text in figures.items()
    }


def _honesty(one: Measured, corpus: Corpus, known: Known) -> dict[str, str]:
    """How far the method's map can be believed; "–" where it is not drawn."""
    positions = one.panel.positions
    if positions is None:
        return dict.fromkeys(HONESTY, "–")
    similarity, n = one.run.similarity, N_MAP_ANCHORS
    work: list[Callable[[], Estimate]] = [
        lambda: trustworthiness(similarity, positions, n_anchors=n),
        lambda: continuity(similarity, positions, n_anchors=n),
    ]
    if known.column:
        codes = corpus.label_codes(known.column).codes
        work.append(lambda: neighbourhood_hit(positions, codes, n_anchors=n))
    figures = [_drawn((*one.key, name), each) for name, each in zip(HONESTY, work, strict=False)]
    return dict.fromkeys(HONESTY, "–") | dict(zip(HONESTY, figures, strict=False))


def _drawn(key: tuple[str, ...], measure: Callable[[], Estimate]) -> str:
    try:
        found: Estimate = cached.measured(key, measure)
    except LikewiseError:
        # A text without a place on the map: there is no honest figure, and the dash says so.
        return "–"
    return interval(found, 2)


def _worst_quarter(found: Reliability) -> Estimate:
    return max(found.by_quarter, key=lambda quarter: quarter.value)
