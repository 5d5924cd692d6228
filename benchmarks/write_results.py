"""Write docs/results.md from the kept figures.

python -m benchmarks.write_results
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"


def main() -> None:
    """Put the tables between the fixed sentences."""
    text = (ROOT / "benchmarks" / "results_page.md").read_text(encoding="utf-8")
    parts = {
        "SWAPS": _swaps(),
        "AUCS": _aucs(),
        "REWRITES": _rewrites(),
        "ONE_WORD": _one_word(),
        "DETAIL": _detail(),
        "WAITS": _waits(),
        "MAPS": _maps(),
    }
    for name, lines in parts.items():
        text = text.replace(f"<<{name}>>", "\n".join(lines))
    (ROOT / "docs" / "results.md").write_text(text, encoding="utf-8")


def _load(name: str) -> Any:  # noqa: ANN401 - any JSON
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def _swaps() -> list[str]:
    """Mean swap accuracy of each method on each corpus, and the wrong attribute's beside it."""
    return _by_corpus(_swap_cell)


def _aucs() -> list[str]:
    """Local AUC of each method on each corpus, and how much of it is lost when pooled."""
    return _by_corpus(_auc_cell)


def _by_corpus(cell: Callable[[list[dict[str, Any]]], str]) -> list[str]:
    corpora = _load("methods")["corpora"]
    runs = {
        name: [run for part in parts.values() for run in part["runs"]]
        for name, parts in corpora.items()
    }
    levels = {r["method"]: r["level"] for each in runs.values() for r in each}
    lines = ["| method | level | " + " | ".join(runs) + " |", "|---|---|" + "---|" * len(runs)]
    for method, level in levels.items():
        cells = [cell([r for r in each if r["method"] == method]) for each in runs.values()]
        lines.append(f"| `{method}` | {level} | " + " | ".join(cells) + " |")
    return lines


def _swap_cell(rows: list[dict[str, Any]]) -> str:
    """Mean over all ordered pairs of attributes: asked rightly / asked for the competing one."""
    right = _mean([r["swap_accuracy"] for r in rows])
    wrong = _mean([r["wrong_attribute"]["swap_accuracy"] for r in rows if r["wrong_attribute"]])
    return "–" if right is None or wrong is None else f"{right:.2f} / {wrong:.2f}"


def _auc_cell(rows: list[dict[str, Any]]) -> str:
    local, gap = (_mean([r[what] for r in rows]) for what in ("auc_local", "calibration_gap"))
    return "–" if local is None or gap is None else f"{local:.2f} ({gap:+.2f})"


def _mean(estimates: list[dict[str, Any]]) -> float | None:
    values = [each["value"] for each in estimates if each["value"] is not None]
    return sum(values) / len(values) if values else None


def _detail() -> list[str]:
    """Each question about the word problems, with intervals and costs."""
    parts = _load("methods")["corpora"]["math_problems"]
    lines = [
        "| method | asked for | swap accuracy | wrong attr. | AUC local | gap | p@10 | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for part in parts.values():
        for row in part["runs"]:
            swap, wrong = row["swap_accuracy"], row["wrong_attribute"]["swap_accuracy"]
            lines.append(
                f"| `{row['method']}` | {row['attribute']} "
                f"| {_interval(swap)} | {_figure(wrong)} | {_figure(row['auc_local'])} "
                f"| {_figure(row['calibration_gap'], 3)} | {_figure(row['precision_at_10'])} "
                f"| {row['seconds']:.1f} |"
            )
    return lines


def _rewrites() -> list[str]:
    """Each way to use rewrites: shipped ones asked rightly, both questions, and local ones."""
    found = _load("rewriting")
    lines = [
        "| method | one-sided | both questions | wrong attribute | packaged LM writes |",
        "|---|---|---|---|---|",
    ]

    def name_of(row: dict[str, Any]) -> str:
        options = [str(row[key]) for key in ("weighting", "compare", "queries") if key in row]
        return " ".join([f"`{row['method']}`", *options])

    for name in dict.fromkeys(name_of(row) for row in found["shipped"]):
        both = [row for row in found["both_directions"] if name_of(row) == name]
        cells = [
            _mean([row["swap_accuracy"] for row in found["shipped"] if name_of(row) == name]),
            _mean([row["mean"] for row in both]),
            _mean([row["wrong_attribute"]["mean"] for row in both]),
            _mean([row["mean"] for row in found["local"]["methods"] if name_of(row) == name]),
        ]
        told = ["–" if cell is None else f"{cell:.2f}" for cell in cells]
        lines.append(f"| {name} | " + " | ".join(told) + " |")
    return lines


def _one_word() -> list[str]:
    """Each variant: both questions together, and the first one asked for something unrelated."""
    lines = ["| variant | swap accuracy | asked for tone | asked for the weather instead |"]
    lines.append("|---|---|---|---|")
    for row in _load("one_word_cache")["swap"]["support_messages"]["variants"]:
        options = ", ".join(f"{name} {value}" for name, value in row["options"].items())
        unrelated = row.get("asked_a_with_unrelated_attribute")
        lines.append(
            f"| `{row['method']}` {options} | {_interval(row['mean'])} "
            f"| {_figure(row['asked_a'])} | {_figure(unrelated) if unrelated else '–'} |"
        )
    return lines


def _figure(estimate: dict[str, Any], digits: int = 2) -> str:
    return "–" if estimate["value"] is None else f"{estimate['value']:.{digits}f}"


def _interval(estimate: dict[str, Any]) -> str:
    if estimate["value"] is None:
        return "–"
    return f"{estimate['value']:.2f} [{estimate['low']:.2f}, {estimate['high']:.2f}]"


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
