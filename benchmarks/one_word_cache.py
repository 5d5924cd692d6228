"""One-word: what a further attribute costs with the kept documents, and what templates reach.

Run: OMP_NUM_THREADS=1 python benchmarks/one_word_cache.py [--texts 50] [--only cache|swap]
One thread, because on a busy machine threads that wait for each other are all one measures.
Writes benchmarks/results/one_word_cache.json after each figure; variants that have figures for the
same texts are left alone, so a stopped run goes on where it was. Seconds are wall time and
processor time of this process, in three rounds that take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.corpus import Corpus, load_corpus
from engine.diagnostics.conditioning import (
    SwapTriplets,
    draw_swap_triplets,
    swap_accuracies,
    swap_accuracy,
)
from engine.diagnostics.estimate import Estimate
from engine.methods.registry import create
from engine.models.batching import collect
from engine.models.language_model import LanguageModel
from engine.models.one_word_prompts import PROMPTS
from engine.models.shelf import process_shelf
from engine.resources import Resources
from engine.samples import sample
from engine.similarity import unit_rows
from engine.store import VectorStore
from engine.types import Attribute, Floats

RESULTS = Path(__file__).parent / "results" / "one_word_cache.json"
MODEL = "smollm2"
LAYER = -5
N_LONG = 32
ROUNDS = 3
MIN_TOKENS = 60
UNRELATED = Attribute("the weather")
ONE_WORD: tuple[dict[str, Any], ...] = (
    {"template": "ponte"},
    {"template": "ponte", "subtract": "no attribute"},
    {"template": "ponte", "subtract": "empty text", "centring": False},
    {"template": "ponte", "removed_components": 4},
    {"template": "ponte", "subtract": "no attribute", "removed_components": 4},
    {"template": "chat"},
    {"template": "chat", "subtract": "no attribute"},
    {"template": "answer-first"},
    {"template": "prompteol"},
    {"template": "metaeol"},
    {"template": "echo"},
)
VARIANTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("raw-embedding", {}),
    *(("one-word", options) for options in ONE_WORD),
    ("one-word-categories", {}),
    ("one-word-categories", {"temperature": 0.0}),
)


def main() -> None:
    """Measure, writing as it goes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=int, default=50)
    parser.add_argument("--only", choices=["cache", "swap"])
    parser.add_argument("--samples", nargs="*", default=["support_messages", "math_problems"])
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args()
    results = asked.results
    found = json.loads(results.read_text()) if results.exists() else {}
    found["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, shared"
    found["model"], found["layer"] = MODEL, LAYER
    found["threads"] = os.environ.get("OMP_NUM_THREADS", "as many as cores")
    if asked.only != "swap":
        found["cache"] = cache_figures()
        _write(results, found)
    if asked.only != "cache":
        for name in asked.samples:
            swap_figures(name, asked.texts, found, results)


def cache_figures() -> dict[str, Any]:
    """A second attribute with and without the kept documents, in one process."""
    lm = process_shelf().language_model(MODEL)
    texts = _long_texts(lm)
    documents = [PROMPTS["ponte"].document.format(text=text) for text in texts]
    first, second = "mathematical structure", "what the story is about"
    once, again, without = [], [], []
    for _ in range(ROUNDS):
        lm.documents.clear()
        once.append(_timed(lambda: _states(lm, documents, first, keep=True)))
        again.append(_timed(lambda: _states(lm, documents, second, keep=True)))
        without.append(_timed(lambda: _states(lm, documents, second, keep=False)))
    question = PROMPTS["ponte"].questions[0].format(attribute=second)
    whole = lm.hidden_states([each + question for each in documents], LAYER).states
    kept = _states(lm, documents, second, keep=True)
    return {
        "n_texts": len(texts),
        "mean_tokens": float(np.mean(lm.count_tokens(documents))),
        "load_average": os.getloadavg()[0],
        "first_attribute": once,
        "second_with_cache": again,
        "second_without": without,
        "ratio_wall": _ratio(without, again, "wall_seconds"),
        "ratio_processor": _ratio(without, again, "processor_seconds"),
        "kept_megabytes": lm.documents.megabytes,
        "limit_megabytes": lm.documents.limit_mb,
        "largest_difference_of_unit_vectors_to_one_plain_pass": float(
            np.abs(unit_rows(whole) - unit_rows(kept)).max()
        ),
    }


def swap_figures(name: str, n_texts: int, found: dict[str, Any], results: Path) -> None:
    """Swap accuracy of each variant on one sample, with an unrelated attribute as control."""
    corpus = load_corpus(name).sample(n_texts, seed=0)
    first, second = sample(name).attributes[:2]
    codes = [corpus.label_codes(each.column).codes for each in (first, second)]
    triplets = draw_swap_triplets(*codes, n=1000, seed=0)
    attributes = [Attribute(each.name, each.definition) for each in (first, second)]
    work = Resources(vectors=VectorStore(Path(tempfile.mkdtemp()) / "vectors.sqlite"))
    asked = {"n_texts": n_texts, "attributes": [each.name for each in attributes]}
    rows = found.setdefault("swap", {})
    kept = rows.get(name, {})
    variants = kept.get("variants", []) if asked.items() <= kept.items() else []
    rows[name] = {**asked, "variants": variants}
    measured = [(row["method"], row["options"]) for row in variants]
    for method, options in VARIANTS:
        if (method, options) in measured:
            continue
        variants.append(_variant(method, options, corpus, attributes, triplets, work))
        _write(results, found)


def _variant(
    method: str,
    options: dict[str, Any],
    corpus: Corpus,
    attributes: list[Attribute],
    triplets: SwapTriplets,
    work: Resources,
) -> dict[str, Any]:
    made = create(method, options)
    one, other = (made.prepare(corpus, attribute, work) for attribute in attributes)
    right = swap_accuracies(one, other, triplets)
    row = {
        "method": method,
        "options": options,
        "asked_a": _row(right.asked_a),
        "asked_b": _row(right.asked_b),
        "mean": _row(right.mean),
    }
    if method == "one-word":
        blind = made.prepare(corpus, UNRELATED, work)
        row["asked_a_with_unrelated_attribute"] = _row(swap_accuracy(blind, triplets, asked="a"))
    return row


def _row(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _states(lm: LanguageModel, documents: list[str], attribute: str, *, keep: bool) -> Floats:
    question = PROMPTS["ponte"].questions[0].format(attribute=attribute)
    batches = lm.hidden_batches_after(documents, [question] * len(documents), LAYER, keep=keep)
    return collect(batches, len(documents), lm.n_dims).values


def _timed(run: Callable[[], Floats]) -> dict[str, float]:
    wall, processor = time.perf_counter(), time.process_time()
    run()
    return {
        "wall_seconds": time.perf_counter() - wall,
        "processor_seconds": time.process_time() - processor,
    }


def _ratio(slow: list[dict[str, float]], fast: list[dict[str, float]], what: str) -> float:
    """Of the quickest rounds: what else the machine does only ever adds."""
    return min(each[what] for each in slow) / min(each[what] for each in fast)


def _long_texts(lm: LanguageModel) -> list[str]:
    texts = load_corpus("math_problems").texts
    counts = lm.count_tokens(texts)
    return [text for text, n in zip(texts, counts, strict=True) if n >= MIN_TOKENS][:N_LONG]


def _write(results: Path, found: dict[str, Any]) -> None:
    results.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
