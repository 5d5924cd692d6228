"""Where thresholds differ: maps coloured by the locally fitted threshold, and their transfer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.anchors import by_anchor
from engine.diagnostics.findings import BEYOND_CHANCE
from engine.diagnostics.thresholds import best_threshold
from engine.diagnostics.transfer import Transfer
from engine.diagnostics.truth import PairTruth
from engine.types import Bools, Doubles, Floats, Rows
from pages.parts import cached, state
from pages.parts.calibration_charts import transfer_chart
from pages.parts.calibration_further import interval
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
from pages.parts.linked_maps import MapColours, MapPanel, linked_maps
from pages.parts.selection import selected_row

N_NEAR = 15
MIN_ANCHORS = 2 * N_NEAR
MAP_WIDTH = 410
"""Narrower, a map's buttons run over each other; on a narrow screen maps go below each other."""


class LocalThresholds(NamedTuple):
    """Thresholds fitted around each place of a map.

    of_text: (n,) the one of the anchor nearest to each text; NaN where nothing is placed.
    spread: standard deviation over the anchors.
    error: half the median difference between thresholds fitted on two random halves.
    """

    of_text: Floats
    spread: float
    error: float


def places_view(
    corpus: Corpus, measured: Sequence[Measured], known: Known, regions: Regions | None
) -> None:
    """The maps, the pairs of a clicked text, and the transfer of thresholds between regions."""
    st.markdown("##### The best threshold around each text")
    selected = selected_row(state.current(), corpus)
    clicked = selected
    with st.container(horizontal=True, gap="small"):
        for one in measured:
            with st.container(width=MAP_WIDTH):
                event = _map(one, corpus, known, selected)
            clicked = event if event is not None and event != selected else clicked
    if clicked != selected:
        state.change(text=corpus.ids[clicked])
        st.rerun(scope="fragment")
    st.caption(
        f"Around each text the pairs of the {N_NEAR} nearest anchors on the map are taken "
        "together, and the threshold that tells same from different best is fitted on them. The ± "
        "is from fitting on two random halves of those anchors. Click a point to read its pairs."
    )
    _selected_pairs(corpus, measured, known, regions, selected)
    if regions is not None:
        _transfer(corpus, measured, known, regions)


def local_thresholds(
    values: Floats, truth: PairTruth, positions: Floats, *, seed: int = 0
) -> LocalThresholds | None:
    """Fit a threshold around every anchor on a map; None with too few anchors placed on it.

    Args:
        values: (m,) similarities of the truth's pairs.
        truth: the pairs.
        positions: (n, 2) of the texts; NaN = not placed.
        seed: of the halves.
    """
    from scipy.spatial import cKDTree

    pairs = by_anchor(values, truth)
    placed = np.isfinite(positions.sum(axis=1))
    usable = np.flatnonzero(placed[pairs.rows]) if pairs.n_anchors else np.empty(0, np.int64)
    if len(usable) < MIN_ANCHORS:
        return None
    tree = cKDTree(positions[pairs.rows[usable]])
    near = np.asarray(tree.query(positions[pairs.rows[usable]], k=N_NEAR)[1])
    members = [np.flatnonzero(pairs.anchor == anchor) for anchor in usable]
    first = np.random.default_rng(seed).permutation(len(usable)) % 2 == 0

    def fitted(around: Rows) -> float:
        here = np.concatenate([members[i] for i in around])
        return best_threshold(pairs.similarities[here], pairs.same[here]).threshold

    cuts = np.array([fitted(around) for around in near])
    differences = [
        abs(fitted(a[first[a]]) - fitted(a[~first[a]])) for a in near if _split(first[a])
    ]
    _, nearest = tree.query(np.nan_to_num(positions), k=1)
    of_text = np.where(placed, cuts[nearest], np.nan).astype(np.float32)
    error = float(np.median(differences)) / 2 if differences else float("nan")
    return LocalThresholds(of_text, float(cuts.std()), error)


def _split(first: Bools) -> bool:
    return 3 <= int(first.sum()) <= len(first) - 3


def _map(one: Measured, corpus: Corpus, known: Known, selected: int) -> int | None:
    positions = one.panel.positions
    if positions is None:
        st.caption(f"{one.title}: its map is not drawn yet")
        return None
    found: LocalThresholds | None = cached.measured(
        (*one.key, "local thresholds"),
        lambda: local_thresholds(one.values, known.truth, positions),
    )
    if found is None:
        st.caption(f"{one.title}: fewer than {MIN_ANCHORS} texts have pairs of both kinds")
        return None
    low, high = np.nanquantile(found.of_text, [0.02, 0.98]).tolist()
    event = linked_maps(
        [
            MapPanel(
                one.title, f"between {low:.2f} and {high:.2f}, each ± {found.error:.2g}", positions
            )
        ],
        corpus.ids,
        cached.snippets(corpus.fingerprint, corpus),
        MapColours("value", found.of_text, label="threshold", low=low, high=high),
        selected_row=selected,
        group_rows=(),
        key=f"thresholds:{one.title}:{corpus.fingerprint}",
        height=320,
    )
    st.text(_map_sentence(one, found))
    return event.selected_row


def _map_sentence(one: Measured, found: LocalThresholds) -> str:
    spread, chance = one.report.thresholds.spread, one.report.thresholds.by_chance
    if spread.low > BEYOND_CHANCE * chance and found.spread > 2 * found.error:
        return (
            f"Where a text lies decides what counts as the same: thresholds vary by "
            f"{found.spread:.2f} over the map, of which fitting accounts for about "
            f"{found.error:.2g}."
        )
    if spread.high <= BEYOND_CHANCE * chance:
        return "The texts' thresholds differ hardly more than by chance: take the colours as noise."
    return ""


def _selected_pairs(
    corpus: Corpus,
    measured: Sequence[Measured],
    known: Known,
    regions: Regions | None,
    selected: int,
) -> None:
    with st.expander(f"Pairs of the selected text, {corpus.ids[selected]}"):
        one = choose_method(measured, "places-method")
        mine = (known.truth.left == selected) & ~np.isnan(one.values)
        st.text(corpus.texts[selected])
        if not mine.any():
            st.caption("It is no anchor of the known pairs: its colour is its neighbour's.")
            return
        behind = behind_the(one, corpus, known, regions)
        judged_pairs(behind, np.flatnonzero(mine), one.report.pooled_threshold, "places-pairs")


def _transfer(corpus: Corpus, measured: Sequence[Measured], known: Known, regions: Regions) -> None:
    st.markdown("##### Is one region's threshold good in another?")
    one = choose_method(measured, "transfer-method")
    found = one.report.transfer
    if found is None or len(found.names) < 2:
        st.info("Fewer than two regions have 20 pairs of each kind in both halves of their texts.")
        return
    if found.loss.low > 0:
        st.text(
            f"A threshold from another region costs {interval(found.loss)} of F1 on average. "
            + _worst_cell(found.f1, found.names)
        )
    elif found.loss.high < 0.01:
        st.text(
            f"A threshold from another region costs next to nothing: {interval(found.loss)} of F1."
        )
    clicked = clickable(transfer_chart(found), f"transfer:{regions.key}:{one.title}")
    left_out = f" {found.n_left_out} regions have too few pairs." if found.n_left_out else ""
    st.caption(
        "Read a column from top to bottom: the same region under every region's threshold. Rows "
        "that are dark throughout give bad thresholds. Each threshold is measured on texts it was "
        f"not chosen on; the diagonal is a region's own.{left_out} Click a cell to read the pairs "
        "that it costs."
    )
    source, target = _cell(clicked) or _dearest(found.f1)
    _wrongly_judged(behind_the(one, corpus, known, regions), found, source, target)


def _cell(clicked: list[Any]) -> tuple[int, int] | None:
    return (int(clicked[0]), int(clicked[1])) if clicked else None


def _wrongly_judged(behind: Behind, found: Transfer, source: int, target: int) -> None:
    """Pairs of one region that another region's threshold judges wrongly."""
    own, other = found.thresholds[[target, source]].tolist()
    here = np.flatnonzero(in_region(behind, found.names[target]))
    values, same = behind.values[here], behind.truth.same[here]
    wrong = (values >= other) != same
    lost = wrong & ((values >= own) == same)
    # What its own threshold would have judged rightly is what the transfer costs.
    order = np.lexsort((np.abs(values - other), ~lost))
    chosen = here[order][wrong[order]]
    said = (
        f"Pairs of {found.names[target]} that the threshold of {found.names[source]} "
        f"({other:.2f}) judges wrongly"
    )
    if source != target:
        said += f"; {int(lost.sum()):,} that its own ({own:.2f}) judges rightly come first"
    pairs_list(behind, chosen, "transfer-pairs", said=said)


def _dearest(f1: Doubles) -> tuple[int, int]:
    """The cell (threshold of, used on) that loses most against the region's own threshold."""
    lost = np.diagonal(f1)[None, :] - f1
    i, j = (int(place) for place in np.unravel_index(int(lost.argmax()), lost.shape))
    return i, j


def _worst_cell(f1: Doubles, names: tuple[str, ...]) -> str:
    i, j = _dearest(f1)
    return (
        f"Largest single loss: the threshold of {names[i]} gives F1 {f1[i, j]:.2f} on {names[j]}, "
        f"whose own gives {f1[j, j]:.2f}."
    )
