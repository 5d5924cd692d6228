"""The learning curve: tuned at each budget from each start, beside what learns nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.errors import LikewiseError
from engine.methods.registry import card, create
from engine.models.catalogue import DEFAULT_ENCODER
from engine.resources import Resources
from engine.run import RunRecord
from engine.tuning.learning_curve import (
    BUDGETS,
    Point,
    before_tuning,
    gain,
    outlook,
    point,
    tuned_point,
)
from engine.tuning.truth import TrainedOn
from engine.types import Family
from pages.parts import cached
from pages.parts.calibration_charts import CONFIG
from pages.parts.calibration_overview import interval
from pages.parts.panels import Panel
from pages.parts.tune_chart import Curve, Level, curve_chart
from pages.parts.tune_inputs import Tuning

NOT_SINGLE = (Family.JUDGE, Family.REPAIR)


class Tuned(NamedTuple):
    """A curve with what could not be had for it, in sentences."""

    start: str
    points: list[Point]
    lacking: list[str]


def learning_curve(tuning: Tuning, panels: Sequence[Panel]) -> None:
    """Draw the curves, and say what the chosen budget gives and what more would.

    Args:
        tuning: what is chosen.
        panels: the raw embedding, finished, and the method as chosen where it is.
    """
    made = _measured(tuning, panels)
    raw = run_point(tuning, panels[0].key)
    levels = [Level(f"{panels[0].title} {interval(raw.accuracy, 2)}", raw.accuracy, "dash")]
    best = _best_untuned(tuning, panels[0].key)
    if best is not None:
        levels.append(best)
    curves = [Curve(tuning.line(t.start), t.points, t.start == tuning.start) for t in made]
    st.plotly_chart(
        curve_chart(curves, levels, tuning.budget, tuning.unit), key="learning-curve", config=CONFIG
    )
    for sentence in _sentences(tuning, made, raw):
        st.text(sentence)
    hint = "" if best else "Run other methods under Compare to see the best of them as a line. "
    st.caption(
        f"{hint}Share of held-out triplets ordered rightly, with 95% intervals over their anchors; "
        "one draw of verdicts at each budget. Of labels, triplets are hard: the text that is less "
        "alike shares another label with the anchor, so that a method which follows what the "
        "attribute ignores falls below chance."
    )


def run_point(tuning: Tuning, key: str) -> Point:
    """A finished run measured on the held-out triplets."""
    store = cached.job_queue().store
    return cached.measured(
        ("run", key, tuning.key), lambda: point(store.load(key).similarity, tuning.tested)
    )


def kept_records(tuning: Tuning) -> list[RunRecord]:
    """Finished runs on this corpus and attribute; a control's count for every attribute."""
    asked = (tuning.attribute.name, tuning.attribute.definition)
    found = []
    for record in cached.job_queue().store.records():
        if record.fingerprint != tuning.corpus.fingerprint:
            continue
        if (record.attribute, record.definition) == asked or _family(record) is Family.CONTROL:
            found.append(record)
    return found


def _measured(tuning: Tuning, panels: Sequence[Panel]) -> list[Tuned]:
    """Every start at every budget; of a slow method, only the run that was asked for."""
    if not tuning.is_quick:
        points = [_slow_point(tuning, each) for each in panels[1:] if each.run is not None]
        return [Tuned(tuning.start, [_untuned(tuning, tuning.start), *points], [])]
    progress = st.empty()
    starts = tuning.starts or ("",)
    found = []
    for place, start in enumerate(starts):
        found.append(_at_each_budget(tuning, start, progress, place / len(starts)))
    progress.empty()
    return found


def _at_each_budget(tuning: Tuning, start: str, progress: DeltaGenerator, share: float) -> Tuned:
    """One curve; it ends where the truth does."""
    points, lacking = [_untuned(tuning, start)], []
    for budget in BUDGETS[1:]:
        progress.progress(share, f"Tuning {tuning.line(start)} on {budget:,} verdicts …")
        try:
            made = _tuned(tuning, budget, start)
        except LikewiseError as error:
            lacking.append(f"With {budget:,} verdicts: {error}")
            continue
        points.append(made)
        if not made.is_full:
            lacking.append(f"{budget:,} verdicts can't be had: only {made.learnt_from}.")
            break
    return Tuned(start, points, lacking)


def _slow_point(tuning: Tuning, panel: Panel) -> Point:
    """The run that was asked for, at the number of verdicts, else of texts, it learnt from."""
    n = panel.run.record.cost.verdicts
    if not n and isinstance(panel.method, TrainedOn):
        n = len(panel.method.training_rows(tuning.corpus, tuning.attribute))
    measured = run_point(tuning, panel.key)
    return measured._replace(budget=tuning.budget, n_verdicts=min(tuning.budget, n))


def _untuned(tuning: Tuning, start: str) -> Point:
    """Without any verdict: the embedding, or what the written categories say of a text."""
    read = "profile" if start == "written" and "profile" not in tuning.starts else start

    def made() -> Point:
        args = (read, tuning.corpus, tuning.attribute, Resources(), DEFAULT_ENCODER)
        return point(before_tuning(*args), tuning.tested)

    key = ("untuned", tuning.corpus.fingerprint, tuning.attribute.key, tuning.key, read)
    return cached.measured(key, made)


def _tuned(tuning: Tuning, budget: int, start: str) -> Point:
    method = tuning.method(budget, start)
    args = (tuning.corpus, tuning.attribute, tuning.tested)
    return cached.measured(
        tuning.content_of(method), lambda: tuned_point(method, budget, *args, Resources())
    )


def _best_untuned(tuning: Tuning, raw_key: str) -> Level | None:
    """The best single method that learns from no verdict and scores every pair, of those run."""
    records = [record for record in kept_records(tuning) if _is_single(record)]
    found = [(record.method, run_point(tuning, record.key))
             for record in records if record.key != raw_key]  # fmt: skip
    scored = [(name, each) for name, each in found if each.accuracy.n == len(each.wins)]
    if not scored:
        return None
    name, best = max(scored, key=lambda each: each[1].accuracy.value)
    of_how_many = f" (best of {len(scored)} runs)" if len(scored) > 1 else ""
    return Level(f"{name}{of_how_many} {interval(best.accuracy, 2)}", best.accuracy, "dashdot")


def _is_single(record: RunRecord) -> bool:
    """Whether a run learnt nothing from a truth: no verdict, no label, no example."""
    if _family(record) in (None, *NOT_SINGLE) or record.options.get("source") == "labels":
        return False
    try:
        return not isinstance(create(record.method, record.options), TrainedOn)
    except LikewiseError:
        return False


def _family(record: RunRecord) -> Family | None:
    """The family of a run's method; None for a method that is no longer there."""
    try:
        return card(record.method).family
    except LikewiseError:
        return None


def _sentences(tuning: Tuning, made: Sequence[Tuned], raw: Point) -> list[str]:
    """What the chosen budget gives, what another start would, what more would, what is lacking."""
    chosen = next(each for each in made if each.start == tuning.start)
    told = []
    last = _at(chosen, tuning.budget)
    if last.n_verdicts:
        more = gain(last, raw)
        told.append(
            f"{tuning.line(tuning.start)}, {last.n_verdicts:,} {tuning.unit}: "
            f"{interval(last.accuracy, 2)} of held-out triplets; that is {interval(more, 2)} "
            "more than the raw embedding."
        )
    best = max(made, key=lambda each: _at(each, tuning.budget).accuracy.value)
    ahead = gain(_at(best, tuning.budget), last)
    if ahead.low > 0:
        told.append(
            f"On as many {tuning.unit}, {tuning.line(best.start)} is {interval(ahead, 2)} better."
        )
    further = outlook(chosen.points)
    if further is not None:
        told.append(further.described)
    return [*told, *chosen.lacking]


def _at(curve: Tuned, budget: int) -> Point:
    """The point of a budget, or the last one before it where the truth ended."""
    return [each for each in curve.points if each.budget <= budget][-1]
