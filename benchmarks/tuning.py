"""What verdicts are worth: accuracy on texts never seen, against how many there were.

Run from the root of the repository: python -m benchmarks.tuning [samples|public|speed]
Writes benchmarks/results/tuning.json. A label column is the judge. Three seeds divide each corpus
by a hash of its texts: three in ten are for testing, and no text of a test triplet occurs in any
training triplet in any role. Test triplets are hard: the negative shares another label with the
anchor. Figures are means over attributes and seeds; intervals resample anchors within each.
Settings were chosen on the samples with seed 0; the public corpora only check them.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.written_projection import Task, all_tasks, machine
from engine.corpus import Corpus
from engine.diagnostics.estimate import anchor_counts
from engine.methods.probe import LabelProbe
from engine.methods.projection import Projection
from engine.projection.profiles import Recipe, evidence, soft_profiles
from engine.projection.words import word_index
from engine.resources import Resources
from engine.run import PeakMemory
from engine.similarity import VectorSimilarity, unit_rows
from engine.tuning.applying import apply_to
from engine.tuning.ensemble import (
    comparable,
    learnt_weights,
    member_margins,
    reciprocal_ranks,
    stored,
)
from engine.tuning.evaluate import triplet_wins
from engine.tuning.features import Features, written_map
from engine.tuning.pairs import fit_pairs, pair_columns
from engine.tuning.probe import linear_probe
from engine.tuning.projection import LinearMap, tuned
from engine.tuning.splits import held_out_rows
from engine.tuning.triplets import Triplets, deduplicated, label_triplets
from engine.tuning.truth import Labelled, canonical_order
from engine.types import Scale, Similarity

RESULTS = Path(__file__).resolve().parent / "results" / "tuning.json"
TEST_SHARE, N_TEST, SEEDS = 0.3, 1500, (0, 1, 2)
BUDGETS, LABELS, NOISES = (25, 64, 256, 1024), (25, 50, 100, 200), (0.1, 0.2)
N_DRAWS = 500
BLOCK_TIMED = 65_536

Found = dict[str, Any]


def main() -> None:
    """Measure what is asked for and put it beside what was measured before."""
    asked = sys.argv[1:] or ["samples", "public", "speed"]
    for group in asked:
        if group == "speed":
            write({"speed": speed()})
            continue
        won: list[tuple[str, int, Found]] = []
        tasks = [(task.name, canonical(task)) for task in tasks_of(group)]
        for seed in SEEDS:
            won += [(name, seed, measured(given, seed)) for name, given in tasks]
            write({group: summary(won)})
            print(group, "seed", seed, time.strftime("%X"), flush=True)
        write({group: summary(won), "machine": machine() | {"command": "benchmarks.tuning"}})


def write(part: dict[str, Any]) -> None:
    """Put figures beside those that were not measured again."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(kept | part, indent=1) + "\n", encoding="utf-8")


def tasks_of(group: str) -> Iterator[Task]:
    """The tasks of the samples or the public corpora; encoded once where a cache is named."""
    cache = os.environ.get("LIKEWISE_TASKS_CACHE")
    every = pickle.loads(Path(cache).read_bytes()) if cache else all_tasks(Resources())  # noqa: S301
    return (task for task in every if task.group == group)


def canonical(task: Task) -> tuple[Corpus, Features, str]:
    """The corpus in canonical order, what tuned methods read of it, and the label column."""
    order = canonical_order(task.corpus)
    ordered = task.corpus.subset(order)
    vectors, words = task.texts[order], task.words[order]
    mean = vectors.mean(axis=0, dtype=np.float64)
    centred = vectors.astype(np.float64) - mean
    profile = soft_profiles(evidence(vectors, task.encoded, Recipe(), words=words), 1.0)
    written = written_map(task.encoded, centred)
    return (
        ordered,
        Features(mean.astype(np.float32), centred, profile.astype(np.float64), written),
        task.column,
    )


def measured(given: tuple[Corpus, Features, str], seed: int) -> Found:
    """Accuracy of each variant on test triplets, then the same on resampled anchors."""
    ordered, features, column = given
    codes = ordered.label_codes(column).codes
    competing = [ordered.label_codes(c).codes for c in ordered.labels if c != column]
    test = held_out_rows(ordered.texts, TEST_SHARE, seed)
    train = np.setdiff1d(np.arange(len(ordered)), test)
    tested = label_triplets(codes, competing, n=N_TEST, seed=1000 + seed, among=test)
    plain = label_triplets(codes, [], n=N_TEST, seed=1000 + seed, among=test)

    def drawn(n: int, *, noise: float = 0.0, hard: bool = True) -> Triplets:
        others = competing if hard else []
        found = label_triplets(codes, others, n=n, seed=seed, among=train, noise=noise)
        return deduplicated(found, ordered.texts)

    def project(triplets: Triplets, **options: Any) -> Similarity:  # noqa: ANN401 - passed on
        made = Projection(seed=seed, **options)
        columns, matrix, _ = made.fitted(features, triplets, ordered)
        return VectorSimilarity(unit_rows((columns @ matrix).astype(np.float32)))

    made = variants(features, drawn, project)
    for n in (256, 1024):
        made[f"classifier, {n}"] = lambda n=n: classify(ordered, features, drawn(n), seed)
    for n in LABELS:
        for start in ("nothing", "written"):
            made[f"probe, {start}, {n} labels"] = lambda n=n, s=start: probe(
                features, labelled(codes, train, n, seed), s
            )
    made |= ensembles(ordered, features, drawn(1024), project, seed)
    found: Found = {}
    for name, make in made.items():
        similarity = make()
        found[name] = resampled(tested.anchor, triplet_wins(similarity, tested))
        found[f"{name} | random test"] = resampled(plain.anchor, triplet_wins(similarity, plain))
    found["MTEB probe accuracy (8 texts a label)"] = mteb(features, codes, train, test)
    return found


def variants(
    features: Features, drawn: Callable[..., Triplets], project: Callable[..., Similarity]
) -> dict[str, Callable[[], Similarity]]:
    """Baselines, projections from each start by budget and noise, and the closed forms."""
    profile = np.zeros((1, 1)) if features.profile is None else features.profile
    made: dict[str, Callable[[], Similarity]] = {
        "raw embedding": lambda: VectorSimilarity(unit_rows(features.centred.astype(np.float32))),
        "written-projection": lambda: VectorSimilarity(profile.astype(np.float32)),
        "projection, profile start, 256 random": lambda: project(
            drawn(256, hard=False), start="profile"
        ),
    }
    for start, named in STARTS.items():
        for n in BUDGETS:
            made[f"projection, {named}, {n}"] = lambda s=start, n=n: project(drawn(n), start=s)
    for noise in NOISES:
        for start, named in (("nothing", "from nothing"), ("profile", "profile start")):
            name = f"projection, {named}, 1024, noise {noise}"
            made[name] = lambda s=start, e=noise: project(drawn(1024, noise=e), start=s)
    for form in ("diagonal", "whitening", "lda"):
        made[f"{form}, from nothing, 1024"] = lambda f=form: project(
            drawn(1024), start="nothing", form=f
        )
    return made


STARTS = {"nothing": "from nothing", "written": "written matrix", "profile": "profile start"}


def labelled(codes: Any, train: Any, n: int, seed: int) -> Labelled:  # noqa: ANN401 - rows
    """Some labelled texts of the training part."""
    usable = train[codes[train] >= 0]
    rows = np.random.default_rng([seed, n]).permutation(usable)[:n]
    return Labelled(rows, codes[rows], (), "labels")


def probe(features: Features, given: Labelled, start: Any) -> Similarity:  # noqa: ANN401
    """The label probe."""
    return VectorSimilarity(LabelProbe(start=start).vectors(features, given))


def classify(ordered: Corpus, features: Features, triplets: Triplets, seed: int) -> Similarity:
    """The pair classifier."""
    columns = pair_columns(features.centred, features.profile, 64)
    return fit_pairs(columns, triplets, ordered.texts, seed=seed).similarity(columns)


def mteb(features: Features, codes: Any, train: Any, test: Any) -> Any:  # noqa: ANN401
    """Accuracy of MTEB's procedure; without an interval."""
    vectors = unit_rows(features.centred.astype(np.float32))
    found = linear_probe(vectors, codes, train, test)
    return np.full(1 + N_DRAWS, found.accuracy)


def ensembles(
    ordered: Corpus,
    features: Features,
    triplets: Triplets,
    project: Callable[..., Similarity],
    seed: int,
) -> dict[str, Callable[[], Similarity]]:
    """The default ensemble by weights and by ranks, as the method makes it."""
    words = word_index(ordered.texts).rows
    spared = held_out_rows(ordered.texts, TEST_SHARE + (1 - TEST_SHARE) / 2, seed)

    def members(given: Triplets) -> Any:  # noqa: ANN401 - an array
        sides = [unit_rows(features.centred.astype(np.float32)), None, features.profile]
        grams = [(words @ words.T).toarray() if s is None else s @ s.T for s in sides]
        projected = project(given, start="profile").vectors
        grams.append(projected @ projected.T)
        return np.stack([comparable(np.asarray(gram, dtype=np.float32)) for gram in grams])

    def weighed() -> Similarity:
        half = triplets.where(~triplets.touching(spared))
        fresh = triplets.where(~np.isin(triplets.anchor, half.rows))
        anchors = [ordered.texts[row] for row in fresh.anchor]
        found = learnt_weights(member_margins(members(half), fresh), anchors, seed=seed)
        return stored(np.tensordot(found.weights, members(triplets), axes=1), Scale.LOGIT)

    def ranked() -> Similarity:
        ranks = np.sum([reciprocal_ranks(each) for each in members(triplets)], axis=0)
        return stored(ranks, Scale.RANK)

    return {"ensemble, weights, 1024": weighed, "ensemble, reciprocal rank": ranked}


def summary(won: list[tuple[str, int, Found]]) -> dict[str, Any]:
    """Means over attributes and seeds with intervals, and each attribute's mean over seeds."""
    variants = list(won[0][2])
    attributes = list(dict.fromkeys(name for name, _, _ in won))
    return {
        "n_attributes": len(attributes),
        "n_seeds": len({seed for _, seed, _ in won}),
        "means": {v: interval([found[v] for _, _, found in won]) for v in variants},
        "attributes": {
            name: {
                v: round(float(np.mean([f[v][0] for n, _, f in won if n == name])), 4)
                for v in variants
            }
            for name in attributes
        },
    }


def resampled(anchors: Any, wins: Any) -> Any:  # noqa: ANN401 - arrays
    """(1 + N_DRAWS,) the mean over anchors, then the same on resampled anchors."""
    _, group = np.unique(anchors, return_inverse=True)
    values = np.bincount(group, weights=wins) / np.bincount(group)
    counts = anchor_counts(len(values), n_draws=N_DRAWS, rng=np.random.default_rng(0))
    return np.concatenate([[values.mean()], counts @ values / len(values)])


def interval(cells: list[Any]) -> list[float]:
    """Mean over cells; the anchors of each were resampled by themselves."""
    mean, *draws = np.mean(cells, axis=0)
    low, high = np.quantile(draws, (0.025, 0.975))
    return [round(float(x), 4) for x in (mean, low, high)]


def speed(n_texts: int = 1_000_000, n_dims: int = 384, rank: int = 64) -> dict[str, Any]:
    """A map applied to random vectors against the bare product, each block timed both ways."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(n_dims, rank)).astype(np.float32)
    fitted = LinearMap(rng.normal(size=n_dims).astype(np.float32), matrix)
    kept = np.empty((n_texts, rank), dtype=np.float32)
    seconds = {"applied": 0.0, "product": 0.0}
    with PeakMemory() as memory:
        for turn, at in enumerate(range(0, n_texts, BLOCK_TIMED)):
            block = rng.random((min(BLOCK_TIMED, n_texts - at), n_dims), dtype=np.float32)
            out = kept[at : at + len(block)]
            for way in sorted(seconds, reverse=bool(turn % 2)):
                started = time.perf_counter()
                if way == "product":
                    np.matmul(block, matrix, out=out)
                else:
                    apply_to(fitted, block, out=out)
                seconds[way] += time.perf_counter() - started
    return {
        "n_texts": n_texts,
        "n_dims": n_dims,
        "rank": rank,
        "seconds_applied": round(seconds["applied"], 2),
        "seconds_plain_product": round(seconds["product"], 2),
        "ratio_to_plain_product": round(seconds["product"] / seconds["applied"], 3),
        "peak_mb_of_the_process": round(memory.peak_mb),
        "of_which_result_mb": round(kept.nbytes / 1e6),
        "fit_of_1024_triplets_seconds": fit_seconds(),
        "load_average": round(os.getloadavg()[0], 1),
    }


def fit_seconds() -> list[float]:
    """Wall seconds of choosing and fitting on 1,024 triplets of 600 random texts, five times."""
    rng = np.random.default_rng(0)
    columns, spent = rng.normal(size=(600, 128)), []
    sides = np.stack([rng.permutation(600)[:3] for _ in range(1024)], axis=1)
    triplets = Triplets(*sides, source="random", n_verdicts=1024)
    texts = [str(row) for row in range(600)]
    for _ in range(5):
        started = time.perf_counter()
        tuned(columns, np.eye(128)[:, :64], triplets, texts)
        spent.append(round(time.perf_counter() - started, 2))
    return spent


if __name__ == "__main__":
    main()
