"""The scoreboard's numbers: kept runs of one corpus held against its label columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from engine.bench import Ask, Bench, BenchReport, BenchRow
from engine.corpus import Corpus
from engine.diagnostics.estimate import Estimate
from engine.jobs import JobQueue
from engine.methods.registry import Method
from engine.projected_cost import projected_seconds
from engine.run import Run, RunRequest
from engine.types import Attribute
from pages.parts.panels import titles_of

FIGURES = ("swap accuracy", "AUC local", "AUC pooled", "gap", "precision@10")


@dataclass(frozen=True, slots=True)
class Missing:
    """A run that the scoreboard would need."""

    method: Method
    attribute: Attribute


def missing_runs(
    queue: JobQueue, corpus: Corpus, asks: Sequence[Ask], methods: Sequence[Method]
) -> list[Missing]:
    """The method × attribute runs that are not kept yet."""
    return [
        Missing(made, ask.attribute)
        for made in methods
        for ask in asks
        if not queue.store.has(RunRequest(corpus, ask.attribute, made).key)
    ]


def complete(missing: Sequence[Missing], methods: Sequence[Method]) -> list[Method]:
    """The methods whose runs are all kept."""
    lacking = [each.method for each in missing]
    return [made for made in methods if made not in lacking]


def kept_reports(
    queue: JobQueue, corpus: Corpus, asks: Sequence[Ask], methods: Sequence[Method]
) -> list[BenchReport]:
    """One report a method, from kept runs alone: no model is touched."""

    def run_of(made: Method, attribute: Attribute) -> Run:
        return queue.store.load(RunRequest(corpus, attribute, made).key)

    bench = Bench(corpus, asks, run_of)
    return [bench.measure([made]) for made in methods]


def table(
    reports: Sequence[BenchReport],
    methods: Sequence[Method],
    queue: JobQueue,
    corpus: Corpus,
    n_texts: int,
) -> pd.DataFrame:
    """One row a method × attribute × competing attribute; figures as numbers, intervals as text."""
    rows = []
    for title, made, report in zip(titles_of(list(methods)), methods, reports, strict=True):
        for row in report.rows:
            record = queue.store.record(RunRequest(corpus, row.right.attribute, made).key)
            projected = projected_seconds(record, row.card, n_texts)
            rows.append(_row(title, row) | {f"seconds at {n_texts:,}": projected.seconds})
    return pd.DataFrame(rows)


def _row(title: str, row: BenchRow) -> dict[str, object]:
    found = row.right.discrimination
    estimates = (row.right.swap, found.local, found.pooled, found.gap, row.right.precision)
    figures: dict[str, object] = {}
    for name, estimate in zip(FIGURES, estimates, strict=True):
        figures[name] = _number(estimate.value)
        if name == "swap accuracy":
            figures["interval"] = interval(estimate)
            figures["wrong attribute"] = row.wrong and _number(row.wrong.swap.value)
    return {
        "method": title,
        "level": row.card.level.value,
        "family": row.card.family.value,
        "attribute": row.column,
        "against": row.against or "",
        **figures,
        "hubness skew": _number(row.hubness_skew),
        "seconds": row.cost.seconds,
        "passes": row.cost.passes,
        "from the store": row.cost.n_cached,
        "LM tokens": row.cost.lm_tokens,
        "peak MB": row.cost.peak_mb,
        "a new attribute costs": row.card.level.cost,
        "reads again": row.card.rereads,
        "tunable": row.card.tunable,
    }


@dataclass(frozen=True, slots=True)
class MeanStanding:
    """A method's mean swap accuracy over all asked pairs of attributes."""

    title: str
    level: str
    swap: Estimate
    seconds: float | None
    is_best: bool = False


def mean_standings(
    reports: Sequence[BenchReport], methods: Sequence[Method], frame: pd.DataFrame, n_texts: int
) -> list[MeanStanding]:
    """Averages for the quality-against-cost plot; the best of a level only where it is clear."""
    found = []
    for title, report in zip(titles_of(list(methods)), reports, strict=True):
        if not report.means:
            continue
        values = np.array([[m.swap.value, m.swap.low, m.swap.high] for m in report.means])
        value, low, high = values.mean(axis=0)
        swap = Estimate(float(value), float(low), float(high), sum(m.swap.n for m in report.means))
        seconds = frame.loc[frame["method"] == title, f"seconds at {n_texts:,}"].mean()
        level = report.rows[0].card.level.value
        found.append(MeanStanding(title, level, swap, _number(seconds)))
    return mark_best(found)


def mark_best(standings: Sequence[MeanStanding]) -> list[MeanStanding]:
    """Mark the best of each level, where its interval lies wholly above every rival's."""
    return [replace(each, is_best=_is_best(each, standings)) for each in standings]


def _is_best(one: MeanStanding, everyone: Sequence[MeanStanding]) -> bool:
    rivals = [each for each in everyone if each.level == one.level and each is not one]
    return bool(rivals) and all(one.swap.low > each.swap.high for each in rivals)


def interval(estimate: Estimate) -> str:
    """The 95% interval as text; empty when it could not be measured."""
    if not np.isfinite(estimate.low):
        return ""
    return f"{estimate.low:.2f} – {estimate.high:.2f}"


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
