"""Every method measured once on the chosen truth and regions; the sections read from here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.calibration_report import CalibrationReport, calibration_report
from engine.diagnostics.findings import GAP
from engine.diagnostics.truth import PairTruth, split_by_anchor
from engine.diagnostics.verdict_card import Card, verdict_card
from engine.errors import LikewiseError
from engine.methods.content_order import content_ranks
from engine.normalise import Ingredients, Repair, repaired, repairs
from engine.run import Run
from engine.tuning.truth import TrainedOn
from engine.types import Floats, Rows, Similarity
from pages.parts import cached
from pages.parts.calibration_inputs import Known, Regions
from pages.parts.panels import Panel

N_QUICK = 8_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One method: its run, the similarities of the truth's pairs, its report and its card.

    values: of all pairs of the truth; NaN where it has none, or where it learnt from the anchor.
    truth: the pairs it may be measured on.
    n_learnt: texts of the corpus that it learnt from.
    key: names run, truth and regions; for what is measured further.
    """

    panel: Panel
    run: Run
    values: Floats
    truth: PairTruth
    report: CalibrationReport
    card: Card
    n_learnt: int
    key: tuple[str, ...]

    @property
    def title(self) -> str:
        """The method's name."""
        return self.panel.title


def measure_all(
    corpus: Corpus, panels: Sequence[Panel], known: Known, regions: Regions | None
) -> list[Measured]:
    """Measure the methods whose runs are there, the widest gap first; say which can't be."""
    found = []
    for panel in panels:
        if panel.run is None:
            continue
        try:
            found.append(_measured(corpus, panel, panel.run, known, regions))
        except LikewiseError as error:
            st.error(f"{panel.title}: {error}")
    return sorted(found, key=lambda each: -_or_least(each.report.discrimination.gap.value))


def choose_method(measured: Sequence[Measured], key: str, first: str = "") -> Measured:
    """Which method a section is about; at first the one named, or the one with the widest gap."""
    titles = [each.title for each in measured]
    first = first if first in titles else titles[0]
    chosen = st.segmented_control(
        "Method",
        titles,
        default=first,
        required=True,
        key=f"{key}:{first}:{'|'.join(titles)}",
        label_visibility="collapsed",
    )
    return next(each for each in measured if each.title == chosen)


def halves(one: Measured) -> tuple[PairTruth, PairTruth]:
    """Pairs that repairs are fitted on, and those of other anchors to measure them on."""
    return split_by_anchor(one.truth)


def fitting_repairs(one: Measured, given: Ingredients) -> list[Repair]:
    """The repairs whose ingredients are there."""
    return [each for each in repairs() if each.fits(one.run.similarity, given)]


def after_repair(one: Measured, name: str, given: Ingredients) -> Similarity:
    """The method's similarity after a repair."""
    return cached.measured(
        (*one.key, "repaired", name), lambda: repaired(name, one.run.similarity, given)
    )


def ingredients(corpus: Corpus, one: Measured, regions: Regions | None) -> Ingredients:
    """What repairs are made from: half of the anchors, the regions, and an order of the texts."""
    ranks = cached.measured((corpus.fingerprint, "ranks"), lambda: content_ranks(corpus))
    return Ingredients(halves(one)[0], regions.groups if regions else None, ranks=ranks)


def _measured(
    corpus: Corpus, panel: Panel, run: Run, known: Known, regions: Regions | None
) -> Measured:
    key = (panel.key, known.key, regions.key if regions else "")
    groups = regions.groups if regions else None
    learnt = cached.measured(
        (*key, known.attribute.key, "learnt"), lambda: _learnt(panel, corpus, known)
    )
    fresh = ~np.isin(known.truth.left, learnt)
    truth = known.truth.where(fresh) if len(learnt) else known.truth

    def scored() -> Floats:
        found = run.similarity.pairs(known.truth.left, known.truth.right)
        return np.where(fresh, found, np.float32(np.nan))

    values = cached.measured((*key, "values"), scored)
    report = cached.measured(
        (*key, "report"),
        lambda: calibration_report(
            run.similarity,
            truth,
            groups,
            other_codes=_competing(known, regions),
            neighbours=run.neighbours,
        ),
    )
    card = verdict_card(report)
    one = Measured(panel, run, values, truth, report, card, len(learnt), key)
    if not report.discrimination.gap.low > GAP:
        return one
    card = cached.measured((*key, "card"), lambda: _with_repairs(corpus, one, regions))
    return replace(one, card=card)


def _competing(known: Known, regions: Regions | None) -> Rows | None:
    """Labels of another attribute that may leak in: the regions, where they are a column's."""
    if regions is None or regions.column in ("", known.column):
        return None
    return regions.groups.codes


def _learnt(panel: Panel, corpus: Corpus, known: Known) -> Rows:
    """Rows that a tuned method learnt from: it is not measured on their pairs."""
    if isinstance(panel.method, TrainedOn):
        return panel.method.training_rows(corpus, known.attribute)
    return np.empty(0, dtype=np.int64)


def _with_repairs(corpus: Corpus, one: Measured, regions: Regions | None) -> Card:
    """The card of a method with a gap: repairs tried on anchors they were not fitted on."""
    given, held = ingredients(corpus, one, regions), _thinned(halves(one)[1])
    groups = regions.groups if regions else None

    def report_of(similarity: Similarity) -> CalibrationReport:
        return calibration_report(similarity, held, groups, neighbours=one.run.neighbours)

    after = {
        each.name: report_of(after_repair(one, each.name, given))
        for each in fitting_repairs(one, given)
    }
    tried = verdict_card(report_of(one.run.similarity), after)
    whole = verdict_card(one.report)
    return Card(
        whole.gap, whole.meaning, whole.worst_region, tried.repair, tried.advice, whole.rests_on
    )


def _thinned(truth: PairTruth) -> PairTruth:
    """At most some thousand of the pairs, drawn at random: trying every repair takes a while."""
    rng = np.random.default_rng(0)
    return truth.where(np.sort(rng.permutation(truth.n_pairs)[:N_QUICK]))


def _or_least(value: float) -> float:
    return value if math.isfinite(value) else -math.inf
