"""One threshold for all, dragged on every method at once, and what it does in each region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.estimate import Estimate, bootstrap_mean
from engine.diagnostics.regions import regions_at
from engine.diagnostics.truth import PairTruth
from engine.diagnostics.verdict_card import meaning_sentence
from engine.types import Bools, Doubles, Floats, Rows
from pages.parts.calibration_charts import regions_chart
from pages.parts.calibration_inputs import Known, Regions
from pages.parts.calibration_measures import Measured, choose_method
from pages.parts.calibration_pairs import (
    Behind,
    behind_the,
    clickable,
    in_region,
    judged_pairs,
    pairs_list,
)
from pages.parts.calibration_ridges import Ridge, Ridges, ridge_chart

N_ROWS = 12
N_PLACES = 60
BINS_OF_SMOOTHING = 8.0
"""Times n to the power of -1/5, as the best width of a kernel falls with the number of pairs."""
MIN_EACH = 5
MIN_PAIRS = 10
BY_REGION, BY_TEXT = "Regions", "Single texts"


@dataclass(frozen=True, slots=True)
class Rowwise:
    """The rows of the ridgeline: their names, and each pair's row (-1 = in none)."""

    names: tuple[str, ...]
    of_pair: Rows


def threshold_view(
    corpus: Corpus, measured: Sequence[Measured], known: Known, regions: Regions | None
) -> None:
    """Similarities of same and different pairs, one line through all methods, and the outcome."""
    dragged, shown = st.columns([5, 2], vertical_alignment="bottom")
    share = dragged.slider(
        "Call this share of pairs the same (the most alike first)",
        1,
        80,
        _base_rate(known.truth),
        format="%d%%",
        key=f"share:{known.key}",
        help="The line below stands where each method puts that share of pairs to its right, so "
        "it moves on all methods at once.",
    )
    by = shown.segmented_control(
        "Rows",
        [BY_REGION, BY_TEXT] if regions else [BY_TEXT],
        default=BY_REGION if regions else BY_TEXT,
        required=True,
        key="ridge-rows",
        label_visibility="collapsed",
    )
    rows = by_region(known, regions) if by == BY_REGION and regions else by_text(corpus, known)
    cuts = {one.title: quantile(one.values, known.truth, 1 - share / 100) for one in measured}
    for sentence in _sentences(measured, known, regions, cuts):
        st.text(sentence)
    clicked = clickable(
        ridge_chart([_ridges(one, known, rows, cuts[one.title]) for one in measured], rows.names),
        "ridges",
    )
    st.caption(
        "Upper edges are how often a similarity occurs among the same pairs (blue) and among the "
        "different ones (orange) of a row, each drawn to its own height and from "
        f"{MIN_PAIRS} pairs on. Rows whose humps stand elsewhere need another threshold than the "
        "line. Click a row to read its pairs next to the line."
    )
    if clicked and clicked[0] in rows.names:
        one = next((each for each in measured if each.title == clicked[1]), measured[0])
        here = rows.of_pair == rows.names.index(clicked[0])
        _at_the_line(behind_the(one, corpus, known, regions), here, cuts[one.title], clicked)
    if regions is not None:
        _outcome(corpus, measured, known, regions, cuts)


def _at_the_line(behind: Behind, here: Bools, cut: float, clicked: Sequence[str]) -> None:
    """The pairs of one row that lie nearest to the line, the nearest first."""
    row, title = clicked
    off = np.abs(behind.values - cut)
    near = np.flatnonzero(here & ~np.isnan(behind.values))
    near = near[np.argsort(off[near], kind="stable")]
    said = f"Pairs of {row} nearest to the line of {title} at {cut:.2f}"
    pairs_list(behind, near, "ridge-pairs", said=said)


def by_region(known: Known, regions: Regions) -> Rowwise:
    """The regions with most pairs."""
    codes = regions.groups.codes[known.truth.left]
    sizes = np.bincount(codes[codes >= 0], minlength=len(regions.groups.names))
    chosen = np.sort(np.argsort(-sizes, kind="stable")[:N_ROWS])
    chosen = chosen[sizes[chosen] > 0]
    return Rowwise(tuple(regions.groups.names[i] for i in chosen), _place_in(codes, chosen))


def by_text(corpus: Corpus, known: Known) -> Rowwise:
    """Some anchors, drawn at random among those with enough pairs of both kinds."""
    truth, n = known.truth, len(corpus)
    n_same = np.bincount(truth.left[truth.same], minlength=n)
    n_different = np.bincount(truth.left[~truth.same], minlength=n)
    usable = np.flatnonzero((n_same >= MIN_EACH) & (n_different >= MIN_EACH))
    chosen = np.sort(np.random.default_rng(0).permutation(usable)[:N_ROWS])
    return Rowwise(tuple(corpus.ids[row] for row in chosen), _place_in(truth.left, chosen))


def quantile(values: Floats, truth: PairTruth, level: float) -> float:
    """The similarity that a share `level` of the pairs lies below; NaN where none is known.

    Pairs count by the truth's weights, so a sample of half same pairs does not move it.
    """
    scored, known = truth.scored(values)
    if not len(scored):
        return float("nan")
    order = np.argsort(scored, kind="stable")
    below = np.cumsum(known.weights[order])
    place = int(np.searchsorted(below, level * below[-1]))
    return float(scored[order][min(place, len(order) - 1)])


def extremes(
    one: Measured, known: Known, regions: Regions, threshold: float
) -> tuple[tuple[str, Estimate], tuple[str, Estimate]] | None:
    """Regions with the highest and lowest false-positive rate, if their intervals are apart.

    The intervals allow for as many regions as are compared.
    """
    truth = known.truth
    kept = ~truth.same & ~np.isnan(one.values)
    called = one.values[kept] >= threshold
    anchors, anchor = np.unique(truth.left[kept], return_inverse=True)
    n_pairs = np.bincount(anchor)
    rates = np.bincount(anchor, weights=called) / n_pairs
    codes = regions.groups.codes[anchors]
    big = [g for g in range(len(regions.groups.names)) if (codes == g).sum() >= 8]
    if len(big) < 2:
        return None
    level = 1 - 0.05 / len(big)
    found = [(regions.groups.names[g], bootstrap_mean(rates[codes == g], level=level)) for g in big]
    high = max(found, key=lambda each: each[1].low)
    low = min(found, key=lambda each: each[1].high)
    return (high, low) if high[1].low > low[1].high else None


def _sentences(
    measured: Sequence[Measured], known: Known, regions: Regions | None, cuts: dict[str, float]
) -> list[str]:
    if regions is None:
        return []
    said = []
    for one in measured:
        meaning = meaning_sentence(one.report.contrast)
        if meaning:
            said.append(f"{one.title}: {meaning}")
            continue
        found = extremes(one, known, regions, cuts[one.title])
        if found is not None:
            (high, most), (low, least) = found
            said.append(
                f"{one.title}: the line calls {most.value:.0%} [{most.low:.0%}, {most.high:.0%}] "
                f"of the different pairs of {high} the same, and {least.value:.0%} "
                f"[{least.low:.0%}, {least.high:.0%}] of those of {low}."
            )
    return said


def _outcome(
    corpus: Corpus,
    measured: Sequence[Measured],
    known: Known,
    regions: Regions,
    cuts: dict[str, float],
) -> None:
    names = by_region(known, regions).names
    found = [
        (one.title, regions_at(one.values, known.truth, regions.groups, cuts[one.title]))
        for one in measured
    ]
    found = [
        (title, [row for row in rows if min(row.n_same, row.n_different) >= MIN_PAIRS])
        for title, rows in found
    ]
    names = tuple(n for n in names if any(row.name == n for _, rows in found for row in rows))
    st.markdown("##### What the line does in each region")
    if not names:
        st.caption(f"No region has {MIN_PAIRS} known pairs of each kind.")
        return
    clicked = clickable(regions_chart(found, names), f"regions-at:{regions.key}")
    st.caption(
        "Marks of one method far apart: the same line is strict in one region and lax in another. "
        "Precision depends on how many pairs of a region are the same at all; recall and false "
        "positives don't. Click a mark to read its pairs."
    )
    region_column, method_column = st.columns([1, 2], vertical_alignment="bottom")
    choices = list(regions.groups.names)
    region = region_column.selectbox(
        "Pairs behind",
        choices,
        index=choices.index(clicked[0]) if clicked else choices.index(names[0]),
        key=f"behind:{regions.key}:{clicked}",
    )
    with method_column:
        one = choose_method(measured, "behind", clicked[1] if clicked else "")
    behind = behind_the(one, corpus, known, regions)
    judged_pairs(behind, np.flatnonzero(in_region(behind, region)), cuts[one.title], "behind-pairs")


def _ridges(one: Measured, known: Known, rows: Rowwise, threshold: float) -> Ridges:
    scored = one.values[~np.isnan(one.values)]
    if not len(scored):
        return Ridges(one.title, np.empty(0), [], threshold)
    low, high = np.quantile(scored, [0.002, 0.998]).tolist()
    edges = np.linspace(low, high if high > low else low + 1, N_PLACES + 1)
    ridges = []
    for row in range(len(rows.names)):
        here = (rows.of_pair == row) & ~np.isnan(one.values)
        ridges.append(_ridge(one.values, known.truth, here, edges) if here.any() else None)
    return Ridges(one.title, (edges[:-1] + edges[1:]) / 2, ridges, threshold)


def _ridge(values: Floats, truth: PairTruth, here: Bools, edges: Doubles) -> Ridge:
    from scipy.ndimage import gaussian_filter1d

    heights = []
    for kind in (here & truth.same, here & ~truth.same):
        counts, _ = np.histogram(values[kind], bins=edges, weights=truth.weights[kind])
        n_pairs = int(kind.sum())
        if n_pairs < MIN_PAIRS:
            heights.append(np.zeros(N_PLACES))
            continue
        width = BINS_OF_SMOOTHING * n_pairs**-0.2
        smooth = gaussian_filter1d(counts.astype(np.float64), width, mode="constant")
        heights.append(smooth / smooth.max() if smooth.max() > 0 else smooth)
    return Ridge(heights[0], heights[1])


def _place_in(codes: Rows, chosen: Rows) -> Rows:
    places = np.full(int(max(codes.max(initial=0), chosen.max(initial=0))) + 2, -1)
    places[chosen] = np.arange(len(chosen))
    return places[codes]


def _base_rate(truth: PairTruth) -> int:
    share = truth.weights[truth.same].sum() / truth.weights.sum()
    return int(np.clip(round(100 * share), 1, 80))
