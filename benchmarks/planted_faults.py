"""The planted faults in figures and pictures: what fires, and what each repair leaves.

Run from the root of the repository: python -m benchmarks.planted_faults
It writes benchmarks/results/planted_faults.json and the pictures of docs/calibration.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.diagnostics.calibration_report import calibration_report
from engine.diagnostics.discrimination import LabelledPairs, discrimination_of
from engine.diagnostics.findings import findings
from engine.diagnostics.planted import (
    PlantedSimilarity,
    perfect,
    shards_of,
    shared_items,
    with_anchor_scales,
    with_flipped_verdicts,
    with_hubs,
    with_leak,
    with_shard_offsets,
)
from engine.diagnostics.truth import split_by_anchor, truth_from_labels
from engine.normalise import Ingredients, aligned_batches, repairs
from engine.types import Similarity

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "planted_faults.json"
PICTURES = ROOT / "docs" / "pictures"
N = 400
SAME, DIFFERENT, INK, RULE = "#0072b2", "#d55e00", "#555555", "#bbbbbb"
OFFSETS = np.array([-0.3, -0.15, 0, 0.15, 0.3])


def main() -> None:
    """Measure, draw, and write it all down."""
    rng = np.random.default_rng(0)
    codes, other = rng.integers(0, 4, N), rng.integers(0, 4, N)
    shards = shards_of(N)
    truth = truth_from_labels(codes, "topic", n_pairs=20_000, n_anchors=200)
    fit, held_out = split_by_anchor(truth)
    pairs = LabelledPairs(held_out.left, held_out.right, held_out.same)
    base = perfect(codes)
    planted: dict[str, PlantedSimilarity] = {
        "nothing": base,
        "anchor scales": with_anchor_scales(base),
        "hubs": with_hubs(base),
        "shard offsets": with_shard_offsets(base, shards, OFFSETS),
        "attribute leak": with_leak(base, other),
    }

    def aucs(similarity: Similarity) -> tuple[float, float]:
        found = discrimination_of(similarity.pairs(held_out.left, held_out.right), pairs)
        return round(found.local.value, 4), round(found.pooled.value, 4)

    given = Ingredients(fit, shards)
    after = {
        fault: {
            each.name: aucs(each.make(made, given)) for each in repairs() if each.fits(made, given)
        }
        for fault, made in planted.items()
    }
    after["shard offsets"]["shared items"] = aucs(
        aligned_batches(planted["shard offsets"], shared_items(base, shards, OFFSETS), shards)
    )
    fired: dict[str, Sequence[str]] = {
        fault: [
            each.fault.name.lower()
            for each in findings(calibration_report(made, truth, shards, other_codes=other))
        ]
        for fault, made in planted.items()
    }
    noisy = calibration_report(base, with_flipped_verdicts(truth), shards, other_codes=other)
    fired["judge noise"] = [each.fault.name.lower() for each in findings(noisy)]
    before = {fault: aucs(made) for fault, made in planted.items()}
    found: dict[str, Any] = {"fired": fired, "before": before, "after": after}
    RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PICTURES.mkdir(parents=True, exist_ok=True)
    rows = {f"{fault}": before[fault] for fault in planted}
    for repair in ("as-norm", "z-norm", "isotonic", "per-group-threshold", "shared items"):
        rows[f"shard offsets, {repair}"] = after["shard offsets"][repair]
    (PICTURES / "planted-gaps.svg").write_text(dumbbells(rows), encoding="utf-8")
    values = planted["shard offsets"].pairs(truth.left, truth.right)
    strips = {
        name: (values[here & truth.same], values[here & ~truth.same])
        for code, name in enumerate(shards.names)
        for here in [shards.codes[truth.left] == code]
    }
    (PICTURES / "planted-shards.svg").write_text(ridges(strips, 0.5), encoding="utf-8")


def dumbbells(rows: Mapping[str, tuple[float, float]]) -> str:
    """Local and pooled AUC of each row, joined by a line: its length is the gap."""
    low, left, width = 0.75, 250, 420
    parts = []

    def place(value: float) -> float:
        return left + width * (value - low) / (1 - low)

    for number, (name, (local, pooled)) in enumerate(rows.items()):
        y = 40 + 26 * number
        parts += [
            _text(left - 12, y + 4, name, "end"),
            _line(place(pooled), y, place(local), y, INK, 2),
            f'<circle cx="{place(local):.1f}" cy="{y}" r="5" fill="{SAME}"/>',
            f'<rect x="{place(pooled) - 4:.1f}" y="{y - 4}" width="8" height="8" '
            f'fill="{DIFFERENT}"/>',
        ]
    bottom = 40 + 26 * len(rows)
    for tick in (0.75, 0.8, 0.85, 0.9, 0.95, 1.0):
        parts.insert(0, _line(place(tick), 24, place(tick), bottom, RULE, 1))
        parts.append(_text(place(tick), bottom + 16, f"{tick:.2f}", "middle"))
    parts.append(
        _text(left, 14, "● local AUC   ■ pooled AUC   the line between is the gap", "start")
    )
    return _svg(left + width + 30, bottom + 26, parts)


def ridges(strips: Mapping[str, tuple[Any, Any]], threshold: float) -> str:
    """Similarities of same and different pairs by region, and one threshold through all."""
    low, high, left, width, step = -0.5, 1.5, 90, 480, 52
    parts = []
    for number, (name, kinds) in enumerate(strips.items()):
        y = 70 + step * number
        parts.append(_text(left - 10, y, name, "end"))
        for values, colour in zip(kinds, (SAME, DIFFERENT), strict=True):
            counts, edges = np.histogram(values, bins=60, range=(low, high))
            heights = y - 42 * counts / counts.max()
            xs = left + width * ((edges[:-1] + edges[1:]) / 2 - low) / (high - low)
            line = " ".join(f"{x:.1f},{h:.1f}" for x, h in zip(xs, heights, strict=True))
            parts.append(
                f'<polygon points="{left},{y} {line} {left + width},{y}" fill="{colour}" '
                f'fill-opacity="0.45" stroke="{colour}"/>'
            )
    x = left + width * (threshold - low) / (high - low)
    bottom = 70 + step * (len(strips) - 1) + 8
    parts += [
        _line(x, 22, x, bottom, INK, 2),
        _text(x + 6, 18, f"one threshold for all: {threshold:.2f}", "start"),
        _text(left, bottom + 16, f"{low}", "middle"),
        _text(left + width, bottom + 16, f"{high}", "middle"),
        _text(
            left + width / 2, bottom + 16, "similarity (blue: same, orange: different)", "middle"
        ),
    ]
    return _svg(left + width + 30, bottom + 26, parts)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width}"/>'
    )


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#222222">{words}</text>'


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


if __name__ == "__main__":
    main()
