"""Write docs/calibration-repairs.md, every repair of every method, from the kept figures.

python -m benchmarks.calibration_tables
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "calibration.json"
PAGE = ROOT / "docs" / "calibration-repairs.md"
GSM8K = "problems"
"""The corpus as its file is called; not shipped with the samples."""

HEAD = """# What each repair does to each method

Written by `python -m benchmarks.calibration_tables` from the figures that
`python -m benchmarks.calibration FOLDER` measured; what they mean and what to take from them is in
[calibration.md](calibration.md). Repairs that need verdicts are fitted on half of the anchors;
everything is measured on the other half. In brackets: 95% intervals over those anchors.

Each cell: the change of the calibration gap (below 0: similarities mean more nearly the same
everywhere), then the change of pooled AUC where its interval lies above 0. **Hurts** stands where a
whole interval lies below 0: *local*, neighbours around a text get worse; *pooled*, one threshold
ranks worse. – : the repair needs vectors, and the method has none.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The page's text."""
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))["methods"]
    parts = groupby(rows, key=lambda row: (row["corpus"], row["attribute"]))
    lines = [HEAD]
    for (corpus, attribute), methods in parts:
        lines += _section(corpus, attribute, list(methods))
    return "\n".join(lines) + "\n"


def _section(corpus: str, attribute: str, methods: list[dict[str, Any]]) -> Iterator[str]:
    title = "gsm8k" if corpus == GSM8K else corpus
    yield f"\n## {title}, {attribute}\n"
    first = methods[0]
    yield f"{first['n_texts']} texts; {first['truth']}; regions: {first['regions']}.\n"
    yield "| | " + " | ".join(row["method"] for row in methods) + " |"
    yield "|---|" + "---|" * len(methods)
    yield "| gap before | " + " | ".join(_interval(row["gap"]) for row in methods) + " |"
    yield "| OPIS before (by chance) | " + " | ".join(_opis(row) for row in methods) + " |"
    for name in dict.fromkeys(name for row in methods for name in row["repairs"]):
        cells = [_cell(row["repairs"].get(name)) for row in methods]
        yield f"| {name} | " + " | ".join(cells) + " |"


def _cell(found: dict[str, Any] | None) -> str:
    if found is None:
        return "–"
    parts = [_interval(found["gap_change"])]
    if found["pooled_change"]["low"] > 0:
        parts.append(f"pooled {_interval(found['pooled_change'])}")
    parts += [
        f"**hurts {side}** {_interval(found[f'{side}_change'])}"
        for side in ("local", "pooled")
        if found[f"hurts_{side}"]
    ]
    return "; ".join(parts)


def _opis(row: dict[str, Any]) -> str:
    if row["opis"]["value"] is None:
        return "– (too few pairs a text)"
    return f"{_interval(row['opis'])} ({row['opis_by_chance']:.3f})"


def _interval(found: dict[str, Any]) -> str:
    value, low, high = (f"{found[end] + 0.0:.3f}" for end in ("value", "low", "high"))
    return f"{value} [{low}, {high}]".replace("-0.000", "0.000").replace("-", "−")


if __name__ == "__main__":
    main()
