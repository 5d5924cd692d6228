"""Can a small model of our own read any attribute? Research with a stop rule.

Run from the root of the repository: python -m benchmarks.own_models
(the frozen models, about 15 minutes on two cores; with a name of PLANS behind it that one alone),
and python -m benchmarks.own_models lora (MiniLM with the attribute in its input, fine-tuned). What
benchmarks/results/own_models.json holds is not measured again: delete an entry to repeat it.

Zero-shot swap accuracy on corpora of the many-view bank that were not trained on (two folds: twelve
train, four test) and on the four samples; 0.5 is blind. Stop rule: a model ships only where it
beats the frozen encoder by 0.05 on both. Intervals: bootstrap over attributes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.own_models_data import (
    Corpora,
    Embed,
    accuracies,
    bank,
    packaged_embed,
    sample_corpora,
)
from benchmarks.own_models_nets import Plan, applied, trained
from benchmarks.written_levers import over_attributes
from benchmarks.written_projection import machine
from engine.similarity import VectorSimilarity
from engine.types import Similarity

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "own_models.json"
FOLDS = (0, 1)
BEST = "bilinear"

PLANS = {
    "late fusion": Plan(),
    "late fusion, answers only": Plan(labels=0.0),
    "late fusion, labels only": Plan(answers=0.0),
    "late fusion, taught by written-projection": Plan(labels=0.0, teacher=True),
    "film": Plan("film"),
    "bilinear": Plan("bilinear", n_steps=1000),
    "bilinear, answers only": Plan("bilinear", labels=0.0, n_steps=1000),
    "bilinear, labels only": Plan("bilinear", answers=0.0, n_steps=1000),
    "pair scorer": Plan("pair", n_steps=400),
}
N_CORPORA, N_VIEWS, N_TEXTS = (1, 3, 6), (3, 7), (15, 45)


@dataclass(frozen=True)
class Bench:
    """The corpora, and what is measured on them."""

    embed: Embed
    domains: list[Corpora]
    four: list[Corpora]

    def fold(self, plan: Plan, test: int, n_corpora: int) -> tuple[dict[str, float], ...]:
        """Accuracies on the corpora trained on, on those set apart and on the samples."""
        apart = [c for place, c in enumerate(self.domains) if place % 4 == test]
        train = [c for place, c in enumerate(self.domains) if place % 4 != test][:n_corpora]
        make = applied(trained(plan, train, self.embed, seed=test), plan)
        return tuple(accuracies(part, make) for part in (train, apart, self.four))

    def run(self, plan: Plan, n_corpora: int = 12) -> dict[str, Any]:
        """A plan's figures over the folds."""
        started = time.process_time()
        seen, unseen, samples = zip(*(self.fold(plan, t, n_corpora) for t in FOLDS), strict=True)
        found = figures(mean_over(unseen), mean_over(samples))
        blind = {**accuracies(self.domains, raw), **accuracies(self.four, raw)}
        for part, values in (
            ("unseen corpora", mean_over(unseen)),
            ("samples", mean_over(samples)),
        ):
            gains = [value - blind[name] for name, value in values.items()]
            found[f"gain over the frozen encoder, {part}"] = over_attributes(gains)
        found["corpora trained on"] = over_attributes(list(mean_over(seen).values()))
        found["names never trained on"] = over_attributes(unfamiliar(self.domains, unseen))
        return found | {"plan": asdict(plan), "cpu_seconds": round(time.process_time() - started)}


def main() -> None:
    """Measure what is not in the results yet."""
    torch.set_num_threads(1)
    if sys.argv[1:] == ["lora"]:
        from benchmarks.own_models_lora import measured_lora

        done("lora", measured_lora)
        return
    embed = packaged_embed()
    bench = Bench(embed, bank(embed), sample_corpora(embed))
    done("frozen encoder", lambda: frozen(bench))
    for name, (plan, n_corpora) in settings().items():
        if not sys.argv[1:] or name in sys.argv[1:]:
            done(name, partial(bench.run, plan, n_corpora))


def raw(corpus: Corpora, _: int) -> Similarity:
    """The frozen encoder itself, whatever the attribute."""
    return VectorSimilarity(corpus.texts)


def frozen(bench: Bench) -> dict[str, Any]:
    """The raw embedding: what a model has to beat."""
    return figures(accuracies(bench.domains, raw), accuracies(bench.four, raw))


def settings() -> dict[str, tuple[Plan, int]]:
    """All plans by name, and how many corpora each is trained on."""
    best = PLANS[BEST]
    found = {name: (plan, 12) for name, plan in PLANS.items()}
    found |= {f"curve: {n} corpora": (best, n) for n in N_CORPORA}
    found |= {f"curve: {n} attributes a corpus": (replace(best, n_views=n), 12) for n in N_VIEWS}
    return found | {f"curve: {n} texts a corpus": (replace(best, n_texts=n), 12) for n in N_TEXTS}


def figures(unseen: Mapping[str, float], four: Mapping[str, float]) -> dict[str, Any]:
    """Means over attributes, with intervals."""
    without = [value for name, value in four.items() if not name.endswith(" meaning")]
    return {
        "unseen corpora": over_attributes(list(unseen.values())),
        "samples, 11": over_attributes(list(four.values())),
        "samples, 10 (without meaning)": over_attributes(without),
    }


def unfamiliar(domains: list[Corpora], unseen: Iterable[Mapping[str, float]]) -> list[float]:
    """Accuracies of attributes whose column's name no corpus of the training part has."""
    found = []
    for each in unseen:
        tested = {name.rsplit(" ", 1)[0] for name in each}
        trained_on = {v.column for c in domains if c.name not in tested for v in c.views}
        found += [value for name, value in each.items() if name.split(" ")[-1] not in trained_on]
    return found


def mean_over(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Each attribute's mean over the folds that measured it."""
    gathered: dict[str, list[float]] = {}
    for part in parts:
        for name, value in part.items():
            gathered.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in gathered.items()}


def done(name: str, work: Callable[[], dict[str, Any]]) -> None:
    """Do and keep what is not kept yet."""
    if name not in kept():
        keep(name, work())


def kept() -> dict[str, Any]:
    """What was measured already."""
    found: dict[str, Any] = (
        json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    )
    return found


def keep(name: str, found: dict[str, Any]) -> None:
    """Put one result beside the others."""
    print(name, found, flush=True)
    body = {"machine": machine("benchmarks.own_models")} | kept() | {name: found}
    RESULTS.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
