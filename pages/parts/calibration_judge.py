"""Is a judge himself consistent? Order flips, circles, and drift between batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.drift import (
    BatchDrift,
    batch_drift,
    scores_by_batch,
    shared_items,
    shared_scores,
)
from engine.diagnostics.estimate import Estimate
from engine.diagnostics.transitivity import (
    CHANCE_OF_CIRCLE,
    Comparisons,
    both_ways,
    broken_triangles,
    comparisons,
    differ,
    grade_flips,
    intransitive_triads,
    order_flips,
)
from engine.diagnostics.truth import truth_from_verdicts
from engine.judges.questions import Kind, Verdict
from engine.spot_checks.answers import rows_by_text_key
from engine.types import Attribute, Doubles, Rows
from pages.parts import state
from pages.parts.calibration_inputs import Known, judges_of, verdicts_of
from pages.parts.calibration_judge_charts import drift_chart, triads_chart
from pages.parts.calibration_pairs import ROW_HEIGHT, clickable
from pages.parts.calibration_rings import ask_in_rings
from pages.parts.charts import Interval, interval_chart

N_SHOWN = 10
FLIPS, GRADES = "triplets that flip when their sides are swapped", "pairs whose grade changes"


def judge_view(view: state.View, corpus: Corpus, attribute: Attribute, known: Known) -> None:
    """What the ledger's verdicts on this attribute say about whoever gave them."""
    judges = judges_of(view, corpus, attribute)
    names = list(judges)
    first = names.index(known.truth.source) if known.truth.source in judges else 0
    source = st.selectbox(
        "Whose verdicts", names, index=first, key=f"judge-of:{len(names)}:{first}"
    )
    verdicts, points = verdicts_of(judges[source], corpus, attribute)
    if verdicts or points:
        rows = rows_by_text_key(corpus.texts)
        _shares(corpus, verdicts, rows)
        _circles(corpus, comparisons(verdicts, rows))
        _drift(corpus, points, rows)
    else:
        st.info(
            f"No verdict of this judge on {attribute.name!r} is in the ledger. Ask a judge under "
            "Judge, or answer spot checks under Compare."
        )
    ask_in_rings(corpus, attribute)


def _shares(corpus: Corpus, verdicts: Sequence[Verdict], places: dict[str, int]) -> None:
    flips = order_flips(verdicts)
    compared = comparisons(verdicts)
    candidates = (
        (FLIPS, flips.flipped, "triplets"),
        (f"{GRADES} with their order", grade_flips(verdicts), "pairs"),
        ("decided for the side shown first (fair: 0.5)", flips.first_side, "verdicts"),
        (
            f"triads that go in a circle (a coin: {CHANCE_OF_CIRCLE})",
            intransitive_triads(compared),
            "triads",
        ),
        (
            "triangles of two same and one different",
            broken_triangles(truth_from_verdicts(verdicts, corpus.texts)),
            "triangles",
        ),
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
    figure = interval_chart(rows, title="share, 95% interval", chance=None, span=(-0.12, 1.05))
    figure.update_traces(customdata=[[row.name] for row in rows])
    clicked = clickable(figure, "judge-shares")
    st.caption(
        "Only what the ledger holds is shown: a triplet must have been asked both ways round to "
        "tell whether it flips. Click the mark of the flips or of the grades to read which."
    )
    if clicked:
        _changed(corpus, verdicts, places, str(clicked[0]))


def _changed(
    corpus: Corpus, verdicts: Sequence[Verdict], places: dict[str, int], name: str
) -> None:
    """The questions whose verdict changed with the order of their sides."""
    kind = Kind.TRIPLET if name == FLIPS else Kind.PAIR
    if name != FLIPS and not name.startswith(GRADES):
        return
    changed = [twice for twice in both_ways(verdicts, kind) if differ(*twice)]
    columns = ("anchor", "first", "second") if kind is Kind.TRIPLET else ("first", "second")
    rows = [
        {
            "verdict": _said(one),
            "the other way round": _said(other),
            **{
                column: corpus.texts[places[key]]
                for column, key in zip(columns, one.text_keys, strict=True)
            },
        }
        for one, other in changed[:N_SHOWN]
    ]
    st.caption(f"{len(rows)} of {len(changed)} in all." if rows else "No verdict changed.")
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True, row_height=ROW_HEIGHT, key="changed")


def _said(verdict: Verdict) -> str:
    if verdict.choice is not None:
        return {"left": "the first", "right": "the second"}.get(verdict.choice, verdict.choice)
    return f"grade {verdict.value:g}"


def side_sentence(first: Estimate) -> str:
    """Whether the judge leans to a side; empty where the interval holds one half."""
    if first.n and (first.low > 0.5 or first.high < 0.5):
        which = "first" if first.value > 0.5 else "second"
        return (
            f"The judge leans to the side shown {which}: {first.value:.0%} "
            f"[{first.low:.0%}, {first.high:.0%}] fall on the first."
        )
    return ""


class Seriated(NamedTuple):
    """One anchor's comparisons as a matrix.

    anchor: its row. rows: (n,) the candidates', strongest first.
    wins: (n, n) 1 = the row was chosen over the column, −1 = the column over the row, 0 = neither.
    circles: share of its triads that go in a circle.
    """

    anchor: int
    rows: Rows
    wins: Doubles
    circles: Estimate


def seriated(compared: Comparisons) -> Seriated | None:
    """The anchor with most circles, then with most triads; its candidates by net wins.

    None unless three candidates of one anchor were all compared with each other.
    """
    by_anchor = [
        (anchor, intransitive_triads(_of(compared, anchor)))
        for anchor in np.unique(compared.anchor).tolist()
    ]
    usable = [(anchor, triads) for anchor, triads in by_anchor if triads.n]
    if not usable:
        return None
    anchor, triads = max(usable, key=lambda each: (round(each[1].value * each[1].n), each[1].n))
    here = _of(compared, anchor)
    texts = np.unique(np.concatenate([here.winner, here.loser]))
    wins = np.zeros((len(texts), len(texts)))
    i, j = np.searchsorted(texts, here.winner), np.searchsorted(texts, here.loser)
    wins[i, j], wins[j, i] = 1, -1
    order = np.argsort(-wins.sum(axis=1), kind="stable")
    return Seriated(anchor, texts[order], wins[np.ix_(order, order)], triads)


def _of(compared: Comparisons, anchor: int) -> Comparisons:
    here = compared.anchor == anchor
    return Comparisons(compared.anchor[here], compared.winner[here], compared.loser[here])


def why_no_circles(compared: Comparisons) -> str:
    """What the verdicts lack for a circle to be seen in them."""
    n = len(compared.anchor)
    if not n:
        return "No triplet was decided, so no circle can be seen; ask some in rings, below."
    most = int(np.unique(compared.anchor, return_counts=True)[1].max())
    return (
        f"No circle can be seen: of {n} decided triplets at most {most} share an anchor, and "
        "nowhere were three candidates of one text all compared with each other. Triplets drawn at "
        "random hardly ever are; ask some in rings, below."
    )


def _circles(corpus: Corpus, compared: Comparisons) -> None:
    """The matrix of one anchor's comparisons, strongest candidate first, and a cell's texts."""
    st.markdown("##### Which candidate was chosen over which")
    found = seriated(compared)
    if found is None:
        st.text(why_no_circles(compared))
        return
    n_circles = round(found.circles.value * found.circles.n)
    st.text(
        f"Around {corpus.ids[found.anchor]}, {n_circles} of {found.circles.n} triads go in a "
        f"circle; a coin gives {CHANCE_OF_CIRCLE:.0%} of them."
    )
    names = [corpus.ids[row] for row in found.rows.tolist()]
    clicked = clickable(triads_chart(found.wins, names), f"triads:{found.anchor}")
    st.caption(
        "The text with most circles; its candidates, strongest first. Blue: the row was chosen "
        "over the column. A consistent judge has blue above the diagonal only; orange there is a "
        "circle. Click a cell to read the texts."
    )
    if clicked:
        _cell_texts(corpus, found, clicked)


def _cell_texts(corpus: Corpus, found: Seriated, clicked: list[Any]) -> None:
    i, j, won = (int(each) for each in clicked)
    texts = (
        ("anchor", found.anchor),
        ("chosen" if won > 0 else "passed over" if won < 0 else "not compared", int(found.rows[i])),
        ("passed over" if won > 0 else "chosen" if won < 0 else "not compared", int(found.rows[j])),
    )
    for column, (what, row) in zip(st.columns(3), texts, strict=True):
        with column.container(border=True):
            st.caption(f"{what} · {corpus.ids[row]}")
            st.text(corpus.texts[row])


def _drift(corpus: Corpus, points: Sequence[Verdict], places: dict[str, int]) -> None:
    scored = scores_by_batch(points)
    found = batch_drift(scored)
    if not found:
        return
    table, names = shared_scores(scored)
    st.markdown("##### Do the batches share one scale?")
    st.text(drift_sentence(found, len(table)))
    clicked = clickable(drift_chart(table, names), "drift")
    st.caption(
        f"The {len(table)} texts that every batch scored. Points above the dotted line: that batch "
        "scores higher than the others do. Scores under any definition of the attribute count. "
        "Click a point to read its text."
    )
    if clicked:
        of_item = {point.unordered_key: point.text_keys[0] for point in points}
        row = places[of_item[shared_items(scored)[int(clicked[0])]]]
        scores = zip(names, table[int(clicked[0])].tolist(), strict=True)
        with st.container(border=True):
            said = ", ".join(f"batch {name}: {score:g}" for name, score in scores)
            st.caption(f"{corpus.ids[row]} · {said}")
            st.text(corpus.texts[row])


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
