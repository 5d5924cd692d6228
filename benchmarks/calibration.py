"""Calibration of real methods, before and after each repair, and what the measures cost.

Run from the root of the repository: python -m benchmarks.calibration [FOLDER]
It writes benchmarks/results/calibration.json. FOLDER may hold gsm8k/problems.jsonl, which is not
shipped; without it that corpus is left out. Repairs that are fitted on verdicts are fitted on half
of the anchors, and everything is measured on the other half. Seconds are wall and processor time;
the load average shows what else was running.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from engine.corpus import Corpus, load_corpus
from engine.diagnostics.calibration_report import CalibrationReport, calibration_report
from engine.diagnostics.discrimination import Discrimination, LabelledPairs, discrimination_of
from engine.diagnostics.effect import repair_effect
from engine.diagnostics.estimate import Estimate
from engine.diagnostics.findings import findings
from engine.diagnostics.map_honesty import continuity, neighbourhood_hit, trustworthiness
from engine.diagnostics.opis import opis
from engine.diagnostics.truth import Groups, PairTruth, split_by_anchor, truth_from_labels
from engine.diagnostics.verdict_card import verdict_card
from engine.errors import BadInput, ModelUnavailable
from engine.methods.content_order import content_ranks
from engine.methods.registry import create
from engine.normalise import Ingredients, as_norm, repairs
from engine.resources import Resources
from engine.samples import sample
from engine.similarity import VectorSimilarity, unit_rows
from engine.store import VectorStore
from engine.types import Attribute, Rows, Similarity

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "calibration.json"
METHODS: tuple[tuple[str, dict[str, float | str]], ...] = (
    ("raw-embedding", {}),
    ("tfidf", {}),
    ("bm25", {"strength": 0.0}),
    ("written-projection", {"source": "shipped"}),
    ("rewrite-embedding", {"source": "shipped"}),
)
COMPETING = {
    ("math_problems", "structure"): "story",
    ("math_problems", "story"): "structure",
    ("model_responses", "meaning"): "style",
    ("paintings", "mood"): "subject",
    ("support_messages", "tone"): "issue",
}
N_PAIRS, N_ANCHORS = 16_000, 400
N_GSM8K, MIN_PER_LABEL = 500, 8


@dataclass(frozen=True)
class Case:
    """One attribute of one corpus; regions are the values of the competing column."""

    corpus: Corpus
    attribute: Attribute
    column: str
    regions: str
    codes: Rows
    region_codes: Rows
    region_names: tuple[str, ...]


class Timed(NamedTuple):
    """A result, and what it took."""

    result: Any
    wall_seconds: float
    processor_seconds: float


def timed(work: Callable[[], Any]) -> Timed:
    """Do the work once and clock it."""
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    return Timed(result, time.perf_counter() - wall, time.process_time() - processor)


def measure_speed() -> dict[str, Any]:
    """Report and map measures on 2,000 texts and 100,000 pairs; AS-norm on 100,000 vectors.

    A map needs positions alone here: two columns of the vectors stand for one.
    """
    rng = np.random.default_rng(0)
    codes, other = rng.integers(0, 20, 2000), rng.integers(0, 10, 2000)
    centres = rng.normal(size=(20, 384))
    vectors = unit_rows((centres[codes] + 2 * rng.normal(size=(2000, 384))).astype(np.float32))
    groups = Groups(other, tuple(f"region {number}" for number in range(10)), "made up")
    truth = truth_from_labels(codes, "made up", n_pairs=100_000, n_anchors=500)
    similarity = VectorSimilarity(vectors)
    calibration_report(similarity, truth.where(np.arange(2000)), groups)  # imports, first calls
    runs = [
        timed(lambda: calibration_report(similarity, truth, groups, other_codes=other))
        for _ in range(3)
    ]
    best = min(runs, key=lambda run: run.wall_seconds)
    drawn = vectors[:, :2]
    honesty = timed(
        lambda: (
            trustworthiness(similarity, drawn),
            continuity(similarity, drawn),
            neighbourhood_hit(drawn, codes),
        )
    )
    large = VectorSimilarity(unit_rows(rng.normal(size=(100_000, 384)).astype(np.float32)))
    norm = timed(lambda: as_norm(large))
    return {
        "n_texts": 2000,
        "n_pairs": truth.n_pairs,
        "n_anchors": len(np.unique(truth.left)),
        "report_wall_seconds": round(best.wall_seconds, 2),
        "report_processor_seconds": round(best.processor_seconds, 2),
        "report_wall_seconds_all": [round(run.wall_seconds, 2) for run in runs],
        "map_measures_wall_seconds": round(honesty.wall_seconds, 2),
        "map_measures_processor_seconds": round(honesty.processor_seconds, 2),
        "as_norm_100000_texts_wall_seconds": round(norm.wall_seconds, 2),
        "as_norm_100000_texts_processor_seconds": round(norm.processor_seconds, 2),
        "load_average": [round(load, 1) for load in os.getloadavg()],
    }


def cases(shared: Path | None) -> Iterator[Case]:
    """An attribute or two of each sample, and the operations of gsm8k where it is there."""
    for (name, column), regions in COMPETING.items():
        corpus = load_corpus(name)
        asked = next(each for each in sample(name).attributes if each.column == column)
        yield _case(corpus, Attribute(asked.name, asked.definition), column, regions)
    path = None if shared is None else shared / "gsm8k" / "problems.jsonl"
    if path is None or not path.exists():
        print("gsm8k/problems.jsonl is not there: left out")
        return
    corpus = load_corpus(
        path, text_column="text", label_columns=["operations", "steps"], limit=N_GSM8K
    )
    asked_for = Attribute("mathematical structure", "which operations, in which order")
    yield _case(corpus, asked_for, "operations", "steps")


def _case(corpus: Corpus, attribute: Attribute, column: str, regions: str) -> Case:
    codes = corpus.label_codes(column).codes
    often = Counter(codes.tolist())
    if column == "operations":
        codes = np.array([c if often[c] >= MIN_PER_LABEL else -1 for c in codes.tolist()])
    region_codes, names = corpus.label_codes(regions)
    return Case(corpus, attribute, column, regions, codes, region_codes, names)


def measure(case: Case, resources: Resources) -> Iterator[dict[str, Any]]:
    """Every method that has what it needs for this attribute."""
    groups = Groups(case.region_codes, case.region_names, f"the column {case.regions!r}")
    truth = truth_from_labels(case.codes, case.column, n_pairs=N_PAIRS, n_anchors=N_ANCHORS)
    fit, held_out = split_by_anchor(truth)
    for name, options in METHODS:
        try:
            similarity = create(name, options).prepare(case.corpus, case.attribute, resources)
        except (BadInput, ModelUnavailable) as error:
            print(f"  {name}: left out: {error}")
            continue
        before = calibration_report(similarity, held_out, groups, other_codes=case.region_codes)
        effects, reports = {}, {}
        for each in repairs():
            given = Ingredients(fit, groups, ranks=content_ranks(case.corpus))
            if each.fits(similarity, given):
                after = each.make(similarity, given)
                effects[each.name], found = _effect(similarity, after, held_out)
                # Of a repaired report the card reads only this.
                reports[each.name] = replace(before, discrimination=found)
        yield {
            "corpus": case.corpus.name,
            "n_texts": len(case.corpus),
            "attribute": case.column,
            "regions": case.regions,
            "method": name,
            "truth": before.truth,
            **_figures(before),
            "repairs": effects,
            "card": list(verdict_card(before, reports).sentences),
        }


def _effect(
    before: Similarity, after: Similarity, held_out: PairTruth
) -> tuple[dict[str, Any], Discrimination]:
    old, new = (each.pairs(held_out.left, held_out.right) for each in (before, after))
    change = repair_effect(old, new, held_out)
    inconsistency = opis(new, held_out)
    pairs = LabelledPairs(held_out.left, held_out.right, held_out.same)
    return {
        "local_change": _plain(change.local),
        "pooled_change": _plain(change.pooled),
        "gap_change": _plain(change.gap),
        "opis": _plain(inconsistency.score),
        "opis_by_chance": _number(inconsistency.by_chance),
        "narrows_gap": bool(change.gap.high < 0),
        "hurts_local": bool(change.local.high < 0),
        "hurts_pooled": bool(change.pooled.high < 0),
    }, discrimination_of(new, pairs)


def _figures(report: CalibrationReport) -> dict[str, Any]:
    found, hubs = report.discrimination, report.hubness
    return {
        "auc_local": _plain(found.local),
        "auc_pooled": _plain(found.pooled),
        "gap": _plain(found.gap),
        "threshold_spread": _plain(report.thresholds.spread),
        "threshold_spread_by_chance": _number(report.thresholds.by_chance),
        "opis": _plain(report.opis.score),
        "opis_by_chance": _number(report.opis.by_chance),
        "false_positives_outside": _plain(report.false_positives.outside),
        "variance_anchor": _plain(report.variance.anchor),
        "variance_candidate": _plain(report.variance.candidate),
        "ece": None if report.reliability is None else _plain(report.reliability.ece),
        "ece_by_quarter": []
        if report.reliability is None
        else [_number(quarter.value) for quarter in report.reliability.by_quarter],
        "hubness_skew": None if hubs is None else _number(hubs.skew),
        "leaked": None if report.leakage is None else _plain(report.leakage.leaked),
        "transfer_loss": None if report.transfer is None else _plain(report.transfer.loss),
        "fired": [finding.fault.name.lower() for finding in findings(report)],
    }


def _plain(estimate: Estimate) -> dict[str, float | int | None]:
    value, low, high = (_number(x) for x in estimate[:3])
    return {"value": value, "low": low, "high": high, "n": int(estimate.n)}


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float | int]]:
    """By repair: how often it narrows the gap, and how often it hurts."""
    found: dict[str, dict[str, float | int]] = {}
    for name in [each.name for each in repairs()]:
        effects = [row["repairs"][name] for row in rows if name in row["repairs"]]
        if effects:
            found[name] = {
                "n_tried": len(effects),
                "n_narrows_gap": sum(each["narrows_gap"] for each in effects),
                "n_hurts_local": sum(each["hurts_local"] for each in effects),
                "n_hurts_pooled": sum(each["hurts_pooled"] for each in effects),
                "mean_gap_change": _mean(effects, "gap_change"),
                "mean_local_change": _mean(effects, "local_change"),
                "mean_pooled_change": _mean(effects, "pooled_change"),
            }
    return found


def _mean(effects: Sequence[dict[str, Any]], figure: str) -> float:
    return round(float(np.mean([each[figure]["value"] for each in effects])), 4)


def main(shared: Path | None) -> None:
    """Measure everything and write it down."""
    speed = measure_speed()
    print(json.dumps(speed))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        resources = Resources(vectors=VectorStore(Path(folder) / "vectors.sqlite"))
        for case in cases(shared):
            print(case.corpus.name, case.column, flush=True)
            rows += list(measure(case, resources))
    head = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "speed": speed,
        "by_repair": summary(rows),
    }
    # One method a line: the file can be read, and compared line by line.
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    written = json.dumps(head, indent=1, ensure_ascii=False)[:-2]
    RESULTS.write_text(f'{written},\n "methods": [\n{lines}\n]\n}}\n', encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
