"""What could make written categories better; writes benchmarks/results/written_levers.json.

Run from the root of the repository: python -m benchmarks.written_levers
With a model's folder or hub id behind it, proposals and labels are measured with that sentence
encoder and kept under its name; with names of parts behind that, they alone. Same corpora, triplets
and intervals as benchmarks.written_projection.

The second proposals, in benchmarks/proposals, were written by a language model of the same kind, by
the product's own prompt but for three examples instead of six; it was shown 25 other texts and no
label. Nothing was chosen by these figures on the public corpora.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.written_projection import (
    GROUPS,
    LABEL_SEEDS,
    MODEL,
    SEED,
    Task,
    all_tasks,
    by_anchor,
    interval,
    machine,
    measured,
    over_seeds,
    probed,
)
from engine.corpus import load_corpus
from engine.diagnostics.conditioning import SwapTriplets, draw_swap_triplets
from engine.errors import BadInput
from engine.projection.bank import bank_entries, borrowed, nearest_entries
from engine.projection.categories import CategorySet, load
from engine.projection.profiles import (
    Proposal,
    Recipe,
    compared,
    evidence,
    project,
    soft_profiles,
)
from engine.projection.prototypes import Embed, EncodedCategories, encode
from engine.projection.sources import from_words
from engine.projection.words import word_index
from engine.resources import Resources
from engine.samples import many_view_samples, samples
from engine.similarity import VectorSimilarity
from engine.types import Attribute, Doubles, Floats, Similarity

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "written_levers.json"
PROPOSALS = ROOT / "benchmarks" / "proposals"
N_CATEGORIES, N_EXAMPLES, DRAWS = (2, 3, 4, 6, 8), (0, 1, 2, 3, 6), (0, 1, 2)
LABEL_COUNTS = (50, 100)
N_RIVALS, N_BANK_TRIPLETS = 6, 300
BORROWED = (1, 6)


def main() -> None:
    """Measure with one encoder and put the figures beside those that are kept."""
    model, parts = (sys.argv[1:] or [MODEL])[0], sys.argv[2:]
    resources = Resources()

    def embed(texts: Sequence[str]) -> Floats:
        return resources.embed(model, texts)

    tasks = list(all_tasks(resources, model))
    measures: dict[str, Callable[[], Any]] = {
        "proposals": lambda: proposals(tasks, embed),
        "labels on top": lambda: labels_on_top(tasks, embed),
    }
    if model == MODEL:
        measures |= {
            "categories kept": lambda: fewer_categories(tasks),
            "examples a category": lambda: fewer_examples(tasks),
            "borrowed": lambda: borrowing(tasks, embed),
        }
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    report = kept.get(Path(model).name, {}) | {"machine": machine("benchmarks.written_levers")}
    for name in parts or measures:
        report[name] = measures[name]()
    RESULTS.write_text(json.dumps(kept | {Path(model).name: report}, indent=1) + "\n")


def second_set(task: Task) -> CategorySet | None:
    """The second proposal for a task's attribute, or None where there is none."""
    path = PROPOSALS / task.corpus.name / f"{task.column}.json"
    return load(path) if path.is_file() else None


def proposal(task: Task, given: CategorySet, encoded: EncodedCategories) -> Proposal:
    """What one set says of a task's texts, by the default recipe."""
    words = word_index(task.corpus.texts).similarities(given)
    return Proposal(evidence(task.texts, encoded, Recipe(), words=words), given.kind)


def both(task: Task, embed: Embed) -> list[Proposal]:
    """What the shipped set says, and the second one where there is one."""
    found = [proposal(task, task.categories, task.encoded)]
    second = second_set(task)
    return found if second is None else [*found, proposal(task, second, encode(second, embed))]


def halves(task: Task) -> list[Proposal]:
    """The shipped set as two of half the examples each, with the same sentences."""
    found = []
    for part in (0, 1):
        place = np.arange(len(task.encoded.owner)) % 2 == part
        half = EncodedCategories(
            task.encoded.said, task.encoded.examples[place], task.encoded.owner[place]
        )
        found.append(
            Proposal(evidence(task.texts, half, Recipe(), words=task.words), task.categories.kind)
        )
    return found


def proposals(tasks: list[Task], embed: Embed) -> dict[str, Any]:
    """Each proposal by itself, and both averaged."""
    made: dict[str, Callable[[Task], Similarity]] = {
        "raw embedding": lambda t: VectorSimilarity(t.texts),
        "shipped": lambda t: compared(both(t, embed)[:1], 1.0),
        "second": lambda t: compared(both(t, embed)[-1:], 1.0),
        "averaged": lambda t: compared(both(t, embed), 1.0),
        "shipped, halves averaged": lambda t: compared(halves(t), 1.0),
    }
    return {name: told(name, measured(tasks, maker)) for name, maker in made.items()}


def labels_on_top(tasks: list[Task], embed: Embed) -> dict[str, Any]:
    """The probe on few labels: alone, on the shipped categories, on both proposals."""
    columns = [(task, _profiles(task, embed)) for task in tasks]
    return {str(n): _labelled(columns, n) for n in LABEL_COUNTS}


def _profiles(task: Task, embed: Embed) -> dict[str, Doubles | None]:
    profiles = [soft_profiles(each.evidence, 1.0).astype(np.float64) for each in both(task, embed)]
    averaged = np.concatenate(profiles, axis=1) / np.sqrt(len(profiles))
    return {"labels alone": None, "shipped": profiles[0], "averaged": averaged}


def _labelled(columns: list[tuple[Task, dict[str, Doubles | None]]], n: int) -> dict[str, Any]:
    found: dict[str, list[tuple[Task, Floats]]] = {}
    for task, profiles in columns:
        for name, profile in profiles.items():
            won = over_seeds([probed(task, profile, n, seed) for seed in LABEL_SEEDS])
            found.setdefault(name, []).append((task, won))
    return {name: told(f"{n} {name}", {"means": _means(won)}) for name, won in found.items()}


def fewer_categories(tasks: list[Task]) -> dict[str, Any]:
    """Random categories kept of those sets that have eight at least; the other tasks left out."""
    wide = [task for task in tasks if task.encoded.n_categories >= max(N_CATEGORIES)]
    found = {"attributes": [task.name for task in wide]}
    for n in (*N_CATEGORIES, None):
        won = [(task, over_seeds([_kept(task, n, draw) for draw in DRAWS])) for task in wide]
        found[str(n or "all")] = told(f"{n or 'all'} categories", {"means": _means(won)})
    return found


def _kept(task: Task, n: int | None, draw: int) -> Floats:
    every = np.arange(task.encoded.n_categories)
    kept = every if n is None else np.random.default_rng(draw).choice(every, n, replace=False)
    chosen = np.isin(task.encoded.owner, kept)
    place = np.full(len(every), -1)
    place[kept] = np.arange(len(kept))
    encoded = EncodedCategories(
        task.encoded.said[kept],
        task.encoded.examples[chosen],
        place[task.encoded.owner[chosen]],
    )
    made = project(task.texts, encoded, Recipe(), words=task.words[:, kept])
    return by_anchor(made, task.triplets, len(task.corpus))


def fewer_examples(tasks: list[Task]) -> dict[str, Any]:
    """The first examples of each category only, by embedding alone (words would tell the rest)."""
    found = {}
    for n in N_EXAMPLES:
        won = []
        for task in tasks:
            owner = task.encoded.owner
            rank = np.array([int((owner[:row] == owner[row]).sum()) for row in range(len(owner))])
            first = rank < n
            encoded = EncodedCategories(
                task.encoded.said, task.encoded.examples[first], owner[first]
            )
            made = project(task.texts, encoded, Recipe(words=0.0), kind=task.categories.kind)
            won.append((task, by_anchor(made, task.triplets, len(task.corpus))))
        found[str(n)] = told(f"{n} examples", {"means": _means(won)})
    return found


def borrowing(tasks: list[Task], embed: Embed) -> dict[str, Any]:
    """Categories of the nearest attributes of the bank: samples, public, and the bank itself.

    In the bank each attribute borrows from the fifteen other corpora.
    """
    named = {
        (s.name, a.column): Attribute(a.name, a.definition) for s in samples() for a in s.attributes
    }
    entries, known = bank_entries(), dict[str, tuple[CategorySet, EncodedCategories]]()

    def make(
        texts: Floats, words: tuple[str, ...], asked: Attribute, n: int, own: str
    ) -> Similarity:
        free = [entry for entry in entries if entry.corpus != own]
        read = []
        for entry in nearest_entries(asked, free, embed, n):
            key = f"{entry.corpus} {entry.column}"
            if key not in known:
                given = borrowed(entry)
                known[key] = (given, encode(given, embed))
            given, encoded = known[key]
            likeness = word_index(words).similarities(given)
            read.append(Proposal(evidence(texts, encoded, Recipe(), words=likeness), given.kind))
        return compared(read, 1.0)

    found: dict[str, Any] = {}
    for n in BORROWED:
        maker = lambda t, n=n: make(  # noqa: E731
            t.texts,
            t.corpus.texts,
            named.get((t.corpus.name, t.column), Attribute(t.categories.attribute)),
            n,
            "",
        )
        found[f"{n} nearest"] = told(f"borrowed {n}", measured(tasks, maker))
    found["the bank, other corpora"] = _in_the_bank(make, embed)
    return found


def _in_the_bank(make: Callable[..., Similarity], embed: Embed) -> dict[str, list[float]]:
    won: dict[str, list[float]] = {}
    for sample in many_view_samples():
        corpus = load_corpus(sample.name)
        texts = embed(corpus.texts)
        for each in sample.attributes:
            asked = Attribute(each.name, each.definition)
            triplets = rival_triplets(corpus.labels, each.column)
            poles = from_words(asked)
            tried = {
                f"{n} nearest": make(texts, corpus.texts, asked, n, sample.name) for n in BORROWED
            }
            tried["attribute's words"] = project(
                texts, encode(poles, embed), Recipe(words=0.0), kind="scale"
            )
            tried["raw embedding"] = VectorSimilarity(texts)
            for name, made in tried.items():
                accuracy = float(np.nanmean(by_anchor(made, triplets, len(corpus))))
                won.setdefault(name, []).append(accuracy)
    return {name: told(name, over_attributes(values)) for name, values in won.items()}


def rival_triplets(labels: Any, column: str) -> list[SwapTriplets]:  # noqa: ANN401 - a mapping
    """Swap triplets of one column of a bank's corpus against the six next to it by name, in a ring.

    Both columns of a pair meet in the same triplets, so what is blind to the attribute is at
    exactly 0.5 over a corpus.
    """
    codes = {name: np.unique(values, return_inverse=True)[1] for name, values in labels.items()}
    ring = sorted(codes)
    place = ring.index(column)
    steps = [step for step in range(-N_RIVALS // 2, N_RIVALS // 2 + 1) if step]
    drawn = []
    for other in (ring[(place + step) % len(ring)] for step in steps):
        first, second = sorted((column, other))
        try:
            found = draw_swap_triplets(codes[first], codes[second], n=N_BANK_TRIPLETS, seed=SEED)
        except BadInput:
            continue  # nested labels: nothing to swap
        if column != first:
            found = SwapTriplets(found.anchor, found.share_b, found.share_a)
        drawn.append(found)
    return drawn


def over_attributes(values: Sequence[float]) -> list[float]:
    """Mean over attributes, and a 95% interval by resampling attributes."""
    kept = np.asarray(values)
    draws = np.random.default_rng(SEED).choice(kept, (1000, len(kept))).mean(axis=1)
    low, high = np.quantile(draws, (0.025, 0.975))
    return [round(float(x), 4) for x in (kept.mean(), low, high)]


def _means(won: list[tuple[Task, Floats]]) -> dict[str, Any]:
    return {group: interval(won, group) for group in GROUPS}


def told(name: str, found: Any) -> Any:  # noqa: ANN401 - JSON
    """Print what was found and give it back."""
    print(name, found.get("means") if isinstance(found, dict) else found, flush=True)
    return found


if __name__ == "__main__":
    main()
