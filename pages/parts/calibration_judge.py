"""Is the judge himself consistent? Order flips, circles, and drift between batches."""

from __future__ import annotations

import numpy as np
import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.drift import BatchDrift, batch_drift, scores_by_batch, shared_scores
from engine.diagnostics.estimate import Estimate
from engine.diagnostics.transitivity import (
    CHANCE_OF_CIRCLE,
    Comparisons,
    broken_triangles,
    comparisons,
    grade_flips,
    intransitive_triads,
    order_flips,
)
from engine.types import Doubles
from pages.parts.calibration_charts import CONFIG
from pages.parts.calibration_inputs import Known
from pages.parts.calibration_judge_charts import drift_chart, triads_chart
from pages.parts.charts import Interval, interval_chart

MIN_COMPARED = 3


def judge_view(corpus: Corpus, known: Known) -> None:
    """What the ledger's verdicts on this attribute say about the judge."""
    _shares(known)
    _circles(comparisons(known.verdicts))
    _drift(known)


def _shares(known: Known) -> None:
    flips = order_flips(known.verdicts)
    compared = comparisons(known.verdicts)
    candidates = (
        ("triplets that flip when their sides are swapped", flips.flipped, "triplets"),
        ("pairs whose grade changes with their order", grade_flips(known.verdicts), "pairs"),
        ("decided for the side shown first (fair: 0.5)", flips.first_side, "verdicts"),
        (
            f"triads that go in a circle (a coin: {CHANCE_OF_CIRCLE})",
            intransitive_triads(compared),
            "triads",
        ),
        ("triangles of two same and one different", broken_triangles(known.truth), "triangles"),
    )
    rows = [
        Interval(name, each.value, each.low, each.high, f"{each.value:.2f} of {each.n} {what}")
        for name, each, what in candidates
        if each.n
    ]
    if not rows:
        st.info("Nothing was asked twice or in a ring, so consistency can't be told.")
        return
    side = side_sentence(flips.first_side)
    if side:
        st.text(side)
    st.plotly_chart(
        interval_chart(rows, title="share, 95% interval", chance=None, span=(-0.12, 1.05)),
        key="judge-shares",
        config=CONFIG,
    )
    st.caption(
        "Only what the ledger holds is shown: a triplet must have been asked both ways round to "
        "tell whether it flips."
    )


def side_sentence(first: Estimate) -> str:
    """Whether the judge leans to a side; empty where the interval holds one half."""
    if first.n and (first.low > 0.5 or first.high < 0.5):
        which = "first" if first.value > 0.5 else "second"
        return (
            f"The judge leans to the side shown {which}: {first.value:.0%} "
            f"[{first.low:.0%}, {first.high:.0%}] fall on the first."
        )
    return ""


def _circles(compared: Comparisons) -> None:
    """The matrix of one anchor's comparisons, strongest candidate first."""
    found = seriated(compared)
    if found is None:
        st.caption(
            f"No anchor has {MIN_COMPARED} candidates that were all compared with each other, so "
            "there are no circles to look for."
        )
        return
    wins, names = found
    st.markdown("##### Which candidate was chosen over which")
    st.plotly_chart(triads_chart(wins, names), key="triads", config=CONFIG)
    st.caption(
        "One anchor's candidates, strongest first; blue: the row was chosen over the column. A "
        "consistent judge has blue above the diagonal only; orange there is a circle."
    )


def seriated(compared: Comparisons) -> tuple[Doubles, list[str]] | None:
    """Wins (+1) and losses (-1) of the anchor with most compared candidates, by net wins.

    Returns:
        The matrix and the candidates' names; None unless three candidates were all compared.
    """
    if not intransitive_triads(compared).n:
        return None
    anchors, n_each = np.unique(compared.anchor, return_counts=True)
    here = compared.anchor == anchors[np.argmax(n_each)]
    winner, loser = compared.winner[here], compared.loser[here]
    texts = np.unique(np.concatenate([winner, loser]))
    wins = np.zeros((len(texts), len(texts)))
    i, j = np.searchsorted(texts, winner), np.searchsorted(texts, loser)
    wins[i, j], wins[j, i] = 1, -1
    order = np.argsort(-wins.sum(axis=1), kind="stable")
    return wins[np.ix_(order, order)], [f"candidate {place + 1}" for place in range(len(texts))]


def _drift(known: Known) -> None:
    scored = scores_by_batch(known.points)
    found = batch_drift(scored)
    if not found:
        return
    table, names = shared_scores(scored)
    st.markdown("##### Do the batches share one scale?")
    st.text(drift_sentence(found, len(table)))
    st.plotly_chart(drift_chart(table, names), key="drift", config=CONFIG)
    st.caption(
        f"The {len(table)} texts that every batch scored. Points above the dotted line: that batch "
        "scores higher than the others do. Scores under any definition of the attribute count."
    )


def drift_sentence(found: list[BatchDrift], n_items: int) -> str:
    """Which batches drift, with intervals; or that none is shown to."""
    drifted = [each for each in found if each.drifted]
    if not drifted:
        return f"On {n_items} shared texts no batch is shown to drift from the others."
    named = "; ".join(
        f"batch {each.batch} by {each.offset.value:+.2f} "
        f"[{each.offset.low:+.2f}, {each.offset.high:+.2f}], slope {each.slope.value:.2f} "
        f"[{each.slope.low:.2f}, {each.slope.high:.2f}]"
        for each in drifted
    )
    return f"Shift against the other batches: {named}."
