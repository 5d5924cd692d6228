"""What written categories are worth; writes benchmarks/results/written_projection.json.

Run from the root of the repository: python -m benchmarks.written_projection
With the word local behind it, it only asks the packaged language model for categories instead.
It measures swap accuracy, asked for one attribute against each other one and averaged, on the
samples' attributes that have shipped categories and, where the labelled public corpora lie beside
the repository, on their eleven (at most 600 texts each, those with every label). Settings were
chosen on the samples; the public corpora only check them. Intervals: bootstrap over anchors.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.corpus import Corpus, load_corpus
from engine.diagnostics.conditioning import SwapTriplets, draw_swap_triplets
from engine.diagnostics.estimate import anchor_counts, bootstrap_mean
from engine.diagnostics.retrieval import precision_at_k
from engine.errors import BadInput
from engine.methods.probe import LabelProbe
from engine.methods.registry import create
from engine.projection.categories import CategorySet, load
from engine.projection.profiles import Recipe, centred, evidence, project, soft_profiles
from engine.projection.prototypes import Embed, EncodedCategories, encode
from engine.projection.sources import from_words
from engine.projection.words import word_index
from engine.resources import Resources
from engine.samples import samples
from engine.similarity import VectorSimilarity
from engine.tuning.features import Features
from engine.tuning.truth import Labelled
from engine.types import Attribute, Doubles, Floats, Scale, Similarity

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "written_projection.json"
LABELLED = Path(os.environ.get("LIKEWISE_LABELLED_DATA", ROOT.parent / "shared" / "data"))
PUBLIC = ("slurp", "tate", "emobank", "svamp", "mams")
MODEL = "minilm"
N_TRIPLETS, N_PUBLIC, SEED = 1000, 600, 0
LABEL_SEEDS = (0, 1, 2)
PROTOTYPES = ("sentences", "examples", "both", "lda", "logistic")
Maker = Callable[["Task"], Similarity]


@dataclass(frozen=True)
class Task:
    """One attribute of one corpus, with the other attributes it competes with."""

    group: str
    corpus: Corpus
    column: str
    categories: CategorySet
    encoded: EncodedCategories
    texts: Floats
    words: Floats
    others: tuple[tuple[CategorySet, EncodedCategories], ...]
    triplets: tuple[SwapTriplets, ...]

    @property
    def name(self) -> str:
        """Corpus and label column."""
        return f"{self.corpus.name} {self.column}"

    def make(self, recipe: Recipe, **also: Any) -> Similarity:  # noqa: ANN401 - passed on
        """The written projection with a recipe."""
        kind = self.categories.kind
        return project(self.texts, self.encoded, recipe, words=self.words, **{"kind": kind, **also})

    @property
    def against(self) -> EncodedCategories | None:
        """All other written attributes of the corpus as one set to project out."""
        if not self.others:
            return None
        sets = [encoded for _, encoded in self.others]
        starts = np.cumsum([0, *(each.n_categories for each in sets)])
        owners = [each.owner + start for each, start in zip(sets, starts, strict=False)]
        return EncodedCategories(
            np.concatenate([each.said for each in sets]),
            np.concatenate([each.examples for each in sets]),
            np.concatenate(owners),
        )


def main() -> None:
    """Measure everything, or the local model alone; print the means, write the JSON."""
    resources = Resources()
    if sys.argv[1:] == ["local"]:
        write({"local": local_proposals(resources)})
        return
    tasks = list(all_tasks(resources))
    print(f"{len(tasks)} attributes, {len({t.corpus.name for t in tasks})} corpora")
    report: dict[str, Any] = {"machine": machine(), "model": MODEL, "variants": {}}
    for name, maker in variants().items():
        report["variants"][name] = measured(tasks, maker)
        print(name, short(report["variants"][name]), flush=True)
    report["settings"] = {
        name: measured(tasks, maker)["means"] for name, maker in settings().items()
    }
    report["neighbours"] = neighbour_check(tasks)
    report["seconds"] = timing(resources)
    write(report)


def write(report: dict[str, Any]) -> None:
    """Put the figures beside those that were not measured again."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(kept | report, indent=1) + "\n", encoding="utf-8")


def local_proposals(resources: Resources) -> dict[str, Any]:
    """What the packaged small language model lists for each suggested attribute of the samples."""
    method, found = create("written-projection", {"source": "local"}), {}
    for sample in samples():
        corpus = load_corpus(sample.name)
        for suggested in sample.attributes:
            attribute = Attribute(suggested.name, suggested.definition)
            try:
                listed = list(method.categories(corpus, attribute, resources).names)
            except BadInput as error:
                listed = str(error)
            found[f"{sample.name} {suggested.column}"] = listed
            print(sample.name, suggested.column, listed, flush=True)
    return found


def variants() -> dict[str, Maker]:
    """What is compared, by name."""
    made: dict[str, Maker] = {
        "raw embedding": lambda t: VectorSimilarity(t.texts),
        "attribute's words only": attribute_words,
    }
    for prototypes in PROTOTYPES:
        made[prototypes] = lambda t, p=prototypes: t.make(Recipe(p, words=0.0))
    made |= {
        "lda + words (default)": lambda t: t.make(Recipe()),
        "default, scales as kinds": lambda t: t.make(Recipe(), kind="kinds"),
        "default, the others projected out": lambda t: t.make(Recipe(), against=t.against),
        "lda, the others projected out": lambda t: t.make(Recipe(words=0.0), against=t.against),
        "default without words, top 4 raw components removed": without_top,
        "default minus raw similarity": residual,
        "control: another attribute's categories": wrong,
    }
    return made


def settings() -> dict[str, Maker]:
    """The settings among which the default was chosen, by the samples alone."""
    made: dict[str, Maker] = {}
    for temperature in (0.0, 0.5, 1.0, 2.0):
        made[f"temperature {temperature}"] = lambda t, v=temperature: t.make(Recipe(temperature=v))
    for weight in (0.0, 0.3, 0.6, 1.0, 1.5):
        made[f"words {weight}"] = lambda t, v=weight: t.make(Recipe(words=v))
    return made


def attribute_words(task: Task) -> Similarity:
    """Two poles made of the attribute's words: no category was written by anyone."""
    poles = from_words(Attribute(task.categories.attribute))
    encoded = encode(poles, lambda texts: Resources().embed(MODEL, texts))
    return project(task.texts, encoded, Recipe(words=0.0), kind="scale")


def wrong(task: Task) -> Similarity:
    """The categories of another attribute of the corpus."""
    categories, encoded = task.others[0]
    words = word_index(task.corpus.texts).similarities(categories)
    return project(task.texts, encoded, Recipe(), kind=categories.kind, words=words)


def without_top(task: Task, n: int = 4) -> Similarity:
    """The corpus's own main directions removed from texts and categories."""
    offsets = task.texts - task.texts.mean(axis=0)
    rows = np.linalg.svd(offsets, full_matrices=False)[2][:n]

    def less(vectors: Floats) -> Floats:
        return vectors - (vectors @ rows.T) @ rows

    e = task.encoded
    encoded = EncodedCategories(less(e.said), less(e.examples), e.owner)
    return project(less(task.texts), encoded, Recipe(words=0.0), kind=task.categories.kind)


def residual(task: Task) -> Similarity:
    """Likeness of profiles minus raw likeness: alike in this, though unlike otherwise."""
    profile = soft_profiles(evidence(task.texts, task.encoded, Recipe(), words=task.words), 1.0)
    raw = centred(task.texts)
    left, right = np.concatenate([profile, -raw], 1), np.concatenate([profile, raw], 1)
    return VectorSimilarity(right, left, Scale.COSINE)


def all_tasks(resources: Resources, model: str = MODEL) -> Iterable[Task]:
    """Every attribute with written categories, of the samples and of the public corpora here."""

    def embed(texts: Iterable[str]) -> Floats:
        return resources.embed(model, list(texts))

    for sample in samples():
        corpus = load_corpus(sample.name)
        yield from tasks_of("samples", corpus, sample.folder, list(corpus.labels), embed)
    for name in PUBLIC:
        folder = LABELLED / name
        if not folder.is_dir():
            print(f"{name} is not here: left out")
            continue
        columns = sorted(path.stem for path in (folder / "categories").glob("*.json"))
        corpus = load_corpus(folder / "corpus.jsonl", text_column="text", label_columns=columns)
        complete = [all(corpus.labels[c][row] for c in columns) for row in range(len(corpus))]
        corpus = corpus.subset(np.flatnonzero(complete)).sample(N_PUBLIC, SEED)
        named = Corpus(name, corpus.ids, corpus.texts, corpus.labels, corpus.report)
        yield from tasks_of("public", named, folder, columns, embed)


def tasks_of(
    group: str, corpus: Corpus, folder: Path, columns: list[str], embed: Embed
) -> Iterable[Task]:
    """The tasks of one corpus."""
    texts = embed(corpus.texts)
    sets = {path.stem: load(path) for path in sorted((folder / "categories").glob("*.json"))}
    known = {column: (given, encode(given, embed)) for column, given in sets.items()}
    codes = {column: corpus.label_codes(column).codes for column in columns}
    for column, (categories, encoded) in known.items():
        triplets = []
        for other in columns:
            first, second = sorted((column, other))
            try:
                drawn = draw_swap_triplets(codes[first], codes[second], n=N_TRIPLETS, seed=SEED)
            except BadInput:
                continue  # the column itself, or one that is nested in it: nothing to swap
            if column != first:
                drawn = SwapTriplets(drawn.anchor, drawn.share_b, drawn.share_a)
            triplets.append(drawn)
        others = tuple(known[other] for other in known if other != column)
        words = word_index(corpus.texts).similarities(categories)
        yield Task(
            group, corpus, column, categories, encoded, texts, words, others, tuple(triplets)
        )


def by_anchor(similarity: Similarity, triplets: Iterable[SwapTriplets], n_texts: int) -> Floats:
    """(n_texts,) share of triplets won by each anchor over all competitors; NaN without any."""
    won, n = np.zeros(n_texts), np.zeros(n_texts)
    for drawn in triplets:
        high = similarity.pairs(drawn.anchor, drawn.share_a)
        low = similarity.pairs(drawn.anchor, drawn.share_b)
        np.add.at(won, drawn.anchor, (high > low) + 0.5 * (high == low))
        np.add.at(n, drawn.anchor, 1)
    return np.where(n > 0, won / np.maximum(n, 1), np.nan)


def measured(tasks: list[Task], maker: Maker) -> dict[str, Any]:
    """Swap accuracy of each attribute, and of each group's mean, with intervals."""
    anchors = [(t, by_anchor(maker(t), t.triplets, len(t.corpus))) for t in tasks]
    each = {
        task.name: [round(x, 4) for x in bootstrap_mean(values, seed=SEED)[:3]]
        for task, values in anchors
    }
    return {"means": {g: interval(anchors, g) for g in GROUPS}, "attributes": each}


GROUPS: dict[str, Callable[[Task], bool]] = {
    "samples, 11": lambda t: t.group == "samples",
    "samples, 10 (without meaning)": lambda t: t.group == "samples" and t.column != "meaning",
    "public, 11": lambda t: t.group == "public",
}


def interval(anchors: list[tuple[Task, Floats]], group: str) -> list[float] | None:
    """Mean over a group's attributes; the anchors of each are resampled by themselves."""
    rng = np.random.default_rng(SEED)
    values = [v[~np.isnan(v)] for task, v in anchors if GROUPS[group](task)]
    if not values:
        return None
    draws = [
        anchor_counts(len(v), n_draws=1000, rng=rng) @ v.astype(np.float64) / len(v) for v in values
    ]
    low, high = np.quantile(np.mean(draws, axis=0), (0.025, 0.975))
    mean = float(np.mean([v.mean() for v in values]))
    return [round(x, 4) for x in (mean, float(low), float(high))]


def neighbour_check(tasks: list[Task]) -> dict[str, Any]:
    """Precision of the ten nearest: what a variant that wins swaps does to neighbour lists."""
    chosen = ("raw embedding", "lda", "lda + words (default)", "default minus raw similarity")
    report = {}
    for name in chosen:
        values: dict[str, list[float]] = {"samples": [], "public": []}
        for task in tasks:
            codes = task.corpus.label_codes(task.column).codes
            rows = np.arange(len(task.corpus), dtype=np.int64)
            found = precision_at_k(variants()[name](task), codes, 10, rows)
            values[task.group].append(found.value)
        report[name] = {g: round(float(np.mean(v)), 4) for g, v in values.items() if v}
        print("precision at 10:", name, report[name], flush=True)
    return report


def over_seeds(values: list[Floats]) -> Floats:
    """(n_texts,) mean over seeds of what each anchor won; NaN where it was never an anchor."""
    stacked = np.stack(values)
    n = (~np.isnan(stacked)).sum(axis=0)
    return np.where(n > 0, np.nansum(stacked, axis=0) / np.maximum(n, 1), np.nan)


def probed(task: Task, profile: Doubles | None, n: int, seed: int) -> Floats:
    """(n_texts,) by-anchor share of what a probe on n random texts wins, where none is in it."""
    codes, names = task.corpus.label_codes(task.column)
    rows = np.sort(np.random.default_rng(seed).choice(len(codes), n, replace=False))
    mean = task.texts.mean(axis=0, dtype=np.float64)
    features = Features(
        mean.astype(np.float32), task.texts.astype(np.float64) - mean, profile, None
    )
    made = LabelProbe().vectors(features, Labelled(rows, codes[rows], names, task.column))
    kept = [held_out(drawn, rows) for drawn in task.triplets]
    return by_anchor(VectorSimilarity(made), kept, len(codes))


def held_out(drawn: SwapTriplets, rows: np.ndarray) -> SwapTriplets:
    """The triplets none of whose texts is labelled."""
    free = ~np.isin(np.stack(drawn), rows).any(axis=0)
    return SwapTriplets(*(column[free] for column in drawn))


def timing(resources: Resources, n_repeats: int = 20) -> dict[str, Any]:
    """Seconds of a new attribute whose categories are written, on 1,000 embedded texts."""
    texts = tuple(text for sample in samples() for text in load_corpus(sample.name).texts)[:1000]
    vectors, index = resources.embed(MODEL, texts), word_index(texts)
    categories = load(samples()[0].folder / "categories" / "structure.json")
    encoder = resources.encoder(MODEL)
    started = time.perf_counter()
    encoded = encode(categories, lambda wanted: encoder.encode(wanted).vectors)
    encoding = time.perf_counter() - started
    spent = []
    for _ in range(n_repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        project(vectors, encoded, Recipe(), words=index.similarities(categories))
        spent.append((time.perf_counter() - wall, time.process_time() - cpu))
    wall, cpu = np.median(spent, axis=0)
    many = np.tile(vectors, (1000, 1))
    started = time.perf_counter()
    project(many, encoded, Recipe())
    million = time.perf_counter() - started
    return {
        "n_texts": len(texts),
        "projection_wall_seconds_median": round(float(wall), 5),
        "projection_cpu_seconds_median": round(float(cpu), 5),
        "projection_of_1000000_without_words_wall_seconds": round(million, 1),
        "n_category_texts": sum(len(each.texts) for each in categories.categories),
        "encoding_the_categories_once_wall_seconds": round(encoding, 2),
        "load_average": round(os.getloadavg()[0], 1),
    }


def short(found: dict[str, Any]) -> str:
    """The groups' means in a line."""
    return ", ".join(f"{group}: {value}" for group, value in found["means"].items())


def machine(module: str = "benchmarks.written_projection") -> dict[str, str]:
    """Where, with which code and by which script the figures were made."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {
        "python": platform.python_version(),
        "cpus": str(os.cpu_count()),
        "commit": commit.stdout.strip(),
        "command": f"python -m {module}",
    }


if __name__ == "__main__":
    main()
