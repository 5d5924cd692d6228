"""Write docs/results.md from the kept figures.

python -m benchmarks.write_results
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"


def main() -> None:
    """Put the tables between the fixed sentences."""
    text = (ROOT / "benchmarks" / "results_page.md").read_text(encoding="utf-8")
    parts = {"SAMPLES": _samples(), "REWRITES": _rewrites(), "WAITS": _waits(), "MAPS": _maps()}
    for name, lines in parts.items():
        text = text.replace(f"<<{name}>>", "\n".join(lines))
    (ROOT / "docs" / "results.md").write_text(text, encoding="utf-8")


def _load(name: str) -> Any:  # noqa: ANN401 - any JSON
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def _samples() -> list[str]:
    """Mean swap accuracy of each method on each sample, and the wrong attribute's beside it."""
    reports = _load("samples")
    methods = list(dict.fromkeys(r["method"] for each in reports.values() for r in each["runs"]))
    lines = [
        "| method | level | " + " | ".join(reports) + " |",
        "|---|---|" + "---|" * len(reports),
    ]
    for method in methods:
        rows = [[r for r in each["runs"] if r["method"] == method] for each in reports.values()]
        level = next(found[0]["level"] for found in rows if found)
        cells = [_cell(found) for found in rows]
        lines.append(f"| `{method}` | {level} | " + " | ".join(cells) + " |")
    return lines


def _cell(rows: list[dict[str, Any]]) -> str:
    """Mean over all ordered pairs of attributes: asked rightly / asked for the competing one."""
    if not rows:
        return "–"
    right = [r["swap_accuracy"]["value"] for r in rows]
    wrong = [r["wrong_attribute"]["swap_accuracy"]["value"] for r in rows]
    return f"{sum(right) / len(right):.2f} / {sum(wrong) / len(wrong):.2f}"


def _rewrites() -> list[str]:
    report = _load("samples")["math_problems"]
    lines = ["| method | asked for | swap accuracy | wrong attribute | AUC local | gap | p@10 |"]
    lines.append("|---|---|---|---|---|---|---|")
    for row in report["runs"]:
        swap, wrong = row["swap_accuracy"], row["wrong_attribute"]["swap_accuracy"]
        lines.append(
            f"| `{row['method']}` | {row['attribute']} "
            f"| {swap['value']:.2f} [{swap['low']:.2f}, {swap['high']:.2f}] | {wrong['value']:.2f} "
            f"| {row['auc_local']['value']:.2f} | {row['calibration_gap']['value']:.3f} "
            f"| {row['precision_at_10']['value']:.2f} |"
        )
    return lines


def _waits() -> list[str]:
    found = _load("first_comparison")
    lines = ["| seconds to | " + " | ".join(found["seconds_to"]) + " |"]
    lines.append("|---|" + "---|" * len(found["seconds_to"]))
    methods = next(iter(found["seconds_to"].values()))
    for method in methods:
        for what in ("neighbours", "map"):
            cells = [f"{waits[method][what]:.0f}" for waits in found["seconds_to"].values()]
            lines.append(f"| {what} of `{method}` | " + " | ".join(cells) + " |")
    return lines


def _maps() -> list[str]:
    found = _load("linked_maps")
    return [
        f"Three maps of {found['n_texts']:,} texts ({found['machine']}): from the input event to "
        f"all pixels of all maps, hover {found['hover']['median_ms']:.0f} ms at the median and "
        f"{found['hover']['p95_ms']:.0f} at the 95th percentile, end of a lasso "
        f"{found['lasso_end']['median_ms']:.0f} and {found['lasso_end']['p95_ms']:.0f}, zoom "
        f"{found['zoom']['median_ms']:.0f} and {found['zoom']['p95_ms']:.0f}; a frame with nothing "
        f"to draw takes {found['nothing_to_draw']['median_ms']:.0f} there by itself."
    ]


if __name__ == "__main__":
    main()
