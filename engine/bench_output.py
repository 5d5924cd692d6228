"""The bench's report as plain data and as a table for a terminal."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.bench import BenchReport, BenchRow, Measured
from engine.diagnostics.estimate import Estimate


def as_json(report: BenchReport) -> dict[str, Any]:
    """The report as plain data; a figure that could not be measured is null."""
    return {
        "corpus": report.corpus,
        "n_texts": report.n_texts,
        "seed": report.seed,
        "runs": [_row_json(row) for row in report.rows],
        "means": [
            {
                "method": m.method,
                "columns": list(m.columns),
                "swap_accuracy": _estimate_json(m.swap),
            }
            for m in report.means
        ],
        "refused": report.refused,
    }


def _row_json(row: BenchRow) -> dict[str, Any]:
    return {
        "method": row.card.name,
        "family": row.card.family.value,
        "level": row.card.level.value,
        "attribute": row.column,
        "against": row.against,
        **_measured_json(row.right),
        "wrong_attribute": None if row.wrong is None else _measured_json(row.wrong),
        "hubness_skew": _number(row.hubness_skew),
        "seconds": row.cost.seconds,
        "passes": row.cost.passes,
        "n_cached": row.cost.n_cached,
        "lm_tokens": row.cost.lm_tokens,
        "verdicts": row.cost.verdicts,
        "dollars": row.cost.dollars,
        "peak_mb": row.cost.peak_mb,
    }


def _measured_json(measured: Measured) -> dict[str, Any]:
    return {
        "asked": measured.attribute.name,
        "swap_accuracy": _estimate_json(measured.swap),
        "auc_local": _estimate_json(measured.discrimination.local),
        "auc_pooled": _estimate_json(measured.discrimination.pooled),
        "calibration_gap": _estimate_json(measured.discrimination.gap),
        "precision_at_10": _estimate_json(measured.precision),
    }


def _estimate_json(estimate: Estimate) -> dict[str, float | int | None]:
    return {
        "value": _number(estimate.value),
        "low": _number(estimate.low),
        "high": _number(estimate.high),
        "n": int(estimate.n),
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def as_table(report: BenchReport) -> str:
    """The report for a terminal: each figure with its interval, the control beside it."""
    header = (
        f"{'method':22}{'level':>5}  {'attribute':14}{'against':14}"
        f"{'swap accuracy':>20}{'wrong attr.':>12}{'AUC local':>10}{'pooled':>8}"
        f"{'gap':>7}{'p@10':>7}{'seconds':>9}"
    )
    lines = [f"{report.corpus}: {report.n_texts} texts, seed {report.seed}", "", header]
    lines += [row_line(row) for row in report.rows]
    if report.means:
        lines += ["", "Mean swap accuracy over both directions (0.5 = blind to the attribute)"]
        lines += [
            f"{m.method:22}{' × '.join(m.columns):35}{_interval(m.swap):>20}" for m in report.means
        ]
    if report.refused:
        lines += ["", "Not run here"]
        lines += [f"{name}: {why}" for name, why in report.refused.items()]
    return "\n".join(lines)


def row_line(row: BenchRow) -> str:
    """One row of the table."""
    found = row.right.discrimination
    control = np.nan if row.wrong is None else row.wrong.swap.value
    return (
        f"{row.card.name:22}{row.card.level.value:>5}  {row.column[:13]:14}"
        f"{(row.against or '–')[:13]:14}{_interval(row.right.swap):>20}"
        f"{_short(control):>12}{_short(found.local.value):>10}"
        f"{_short(found.pooled.value):>8}{_short(found.gap.value):>7}"
        f"{_short(row.right.precision.value):>7}{row.cost.seconds:>9.1f}"
    )


def _short(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "–"


def _interval(estimate: Estimate) -> str:
    if not np.isfinite(estimate.value):
        return "–"
    return f"{estimate.value:.2f} [{_short(estimate.low)}, {_short(estimate.high)}]"
