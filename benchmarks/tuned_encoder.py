"""What a fine-tuned encoder and distilled rewrites are worth, beside what tuning.py measures.

Run from the root of the repository: python -m benchmarks.tuned_encoder [encoder|distilled|gsm8k]
Puts "tuned encoder", "distilled rewrite" and "gsm8k" into benchmarks/results/tuning.json, row by
row; a fit that was paid is kept in the data folder, so that an interrupted run goes on where it
was. Same division of texts and same test triplets as in tuning.py; ONE seed (0), since a fit
takes one to several minutes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from benchmarks.tuning import (
    N_TEST,
    TEST_SHARE,
    Found,
    canonical,
    interval,
    labelled,
    resampled,
    tasks_of,
    write,
)
from benchmarks.written_projection import LABELLED, machine
from engine.corpus import Corpus, load_corpus
from engine.methods.distilled_rewrite import DistilledRewrite
from engine.methods.probe import LabelProbe
from engine.methods.projection import Projection
from engine.methods.tuned_encoder import TunedEncoder
from engine.models.catalogue import DEFAULT_ENCODER
from engine.resources import Resources
from engine.samples import samples
from engine.similarity import VectorSimilarity, unit_rows
from engine.tuning.encoder_adapter import reading_with
from engine.tuning.evaluate import triplet_wins
from engine.tuning.features import Features
from engine.tuning.pairs import fit_pairs, pair_columns
from engine.tuning.splits import held_out_rows
from engine.tuning.triplets import Triplets, deduplicated, label_triplets
from engine.tuning.truth import canonical_order
from engine.types import Attribute, Rows, Similarity

SEED, N_GSM8K, LEAST_OF_A_LABEL = 0, 600, 8
ROUNDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("tuned-encoder, 256", {"n_verdicts": 256}),
    ("tuned-encoder, 1024", {"n_verdicts": 1024}),
    ("tuned-encoder, 64", {"n_verdicts": 64}),
    ("tuned-encoder, 200 labels", {"n_verdicts": 200, "learns_from": "labels"}),
)
REWRITTEN = (50, 100, 200)


class Case(NamedTuple):
    """One attribute of one corpus in canonical order, and what is measured on it."""

    group: str
    name: str
    corpus: Corpus
    column: str
    tested: Triplets
    plain: Triplets
    train: Rows

    @property
    def codes(self) -> Rows:
        """The labels as whole numbers."""
        return self.corpus.label_codes(self.column).codes

    @property
    def competing(self) -> list[Rows]:
        """The other columns' labels."""
        others = (column for column in self.corpus.labels if column != self.column)
        return [self.corpus.label_codes(column).codes for column in others]

    def drawn(self, n: int) -> Triplets:
        """Training triplets, those that the methods draw themselves."""
        found = label_triplets(self.codes, self.competing, n=n, seed=SEED, among=self.train)
        return deduplicated(found, self.corpus.texts)

    def wins(self, made: Similarity) -> Found:
        """Accuracy on hard and on random test triplets, with resampled anchors."""
        return {
            kind: resampled(triplets.anchor, triplet_wins(made, triplets))
            for kind, triplets in (("hard", self.tested), ("random", self.plain))
        }


def main() -> None:
    """Measure what is asked for and put it beside what was measured before."""
    asked = sys.argv[1:] or ["distilled", "gsm8k", "encoder"]
    run = {"encoder": encoders, "distilled": distilled, "gsm8k": gsm8k}
    for part in asked:
        run[part]()
    write({"machine of the tuned encoder": machine() | {"command": "benchmarks.tuned_encoder"}})


def encoders() -> None:
    """The encoder fine-tuned on each attribute, round by round."""
    cases = [
        case(group, task.name, *canonical(task)[::2])
        for group in ("samples", "public")
        for task in tasks_of(group)
    ]
    rows: list[tuple[Case, str, Found, Found]] = []
    for name, options in ROUNDS:
        for each in cases:
            rows.append((each, name, *encoder_row(each, options)))
            write({"tuned encoder": report(rows)})
            print(name, each.name, told(rows[-1][2]), rows[-1][3], time.strftime("%X"), flush=True)


def encoder_row(given: Case, options: dict[str, Any]) -> tuple[Found, Found]:
    """What a fine-tuned encoder wins, and what was chosen for it."""
    made = TunedEncoder(column=given.column, held_out=TEST_SHARE, seed=SEED, **options)
    resources = Resources()
    tuned = made.tuned(given.corpus, Attribute(given.column), resources)
    reading = reading_with(resources, DEFAULT_ENCODER, tuned.adapter)
    rows = np.union1d(given.tested.rows, given.plain.rows)
    read = reading.embed(DEFAULT_ENCODER, [given.corpus.texts[row] for row in rows])
    vectors = np.zeros((len(given.corpus), read.shape[1]), dtype=np.float32)
    vectors[rows] = read
    choice = tuned.choice
    kept = {"steps": choice.n_steps, "seconds": round(choice.seconds, 1)}
    return given.wins(VectorSimilarity(vectors)), kept


def distilled() -> None:
    """The map to a few rewrites, where a sample carries them."""
    rows: list[tuple[Case, str, Found, Found]] = []
    for task in tasks_of("samples"):
        each = case("samples", task.name, *canonical(task)[::2])
        attribute = rewritten(each)
        if attribute is None:
            continue
        for n in REWRITTEN:
            made = DistilledRewrite(
                source="shipped", n_texts=n, held_out=TEST_SHARE, seed=SEED
            ).prepare(each.corpus, attribute, Resources())
            rows.append((each, f"distilled-rewrite, {n} rewrites", each.wins(made), {}))
            print(rows[-1][1], each.name, told(rows[-1][2]), flush=True)
        write({"distilled rewrite": report(rows)})


def rewritten(given: Case) -> Attribute | None:
    """The attribute as its sample suggests it, or None where no rewrites are shipped for it."""
    sample = next(each for each in samples() if each.name == given.corpus.name)
    for each in sample.attributes:
        if each.column == given.column and (sample.folder / "rewrites").is_dir():
            listed = {path.stem for path in (sample.folder / "rewrites").iterdir()}
            return Attribute(each.name, each.definition) if given.column in listed else None
    return None


def gsm8k() -> None:
    """Which operations a problem takes, in which order; no other label crosses it."""
    given = gsm8k_case()
    if given is None:
        print("gsm8k is not here: left out")
        return
    features = plain_features(given.corpus)
    rows: list[tuple[Case, str, Found, Found]] = []
    for name, make in gsm8k_variants(given, features).items():
        rows.append((given, name, given.wins(make()), {}))
    for name, options in ROUNDS:
        rows.append((given, name, *encoder_row(given, options)))
        write({"gsm8k": report(rows)})
        print(name, told(rows[-1][2]), rows[-1][3], flush=True)


def gsm8k_case() -> Case | None:
    """At most 600 problems whose sequence of operations is not rare."""
    path = LABELLED / "gsm8k" / "problems.jsonl"
    if not path.is_file():
        return None
    corpus = load_corpus(path, text_column="text", label_columns=["operations"])
    codes = corpus.label_codes("operations").codes
    common = np.flatnonzero(
        (codes >= 0) & (np.bincount(codes[codes >= 0])[codes] >= LEAST_OF_A_LABEL)
    )
    corpus = corpus.subset(common).sample(N_GSM8K, SEED)
    return case("gsm8k", "gsm8k operations", corpus.subset(canonical_order(corpus)), "operations")


def gsm8k_variants(given: Case, features: Features) -> dict[str, Callable[[], Similarity]]:
    """What needs no written categories."""
    made: dict[str, Callable[[], Similarity]] = {
        "raw embedding": lambda: VectorSimilarity(unit_rows(features.centred.astype(np.float32)))
    }
    for n in (25, 64, 256, 1024):
        made[f"projection, from nothing, {n}"] = lambda n=n: projected(given, features, n)
    for n in (256, 1024):
        made[f"classifier, {n}"] = lambda n=n: classified(given, features, n)
    for n in (50, 100, 200):
        made[f"probe, nothing, {n} labels"] = lambda n=n: VectorSimilarity(
            LabelProbe(start="nothing").vectors(
                features, labelled(given.codes, given.train, n, SEED)
            )
        )
    return made


def projected(given: Case, features: Features, n: int) -> Similarity:
    """The projection from nothing."""
    made = Projection(seed=SEED, start="nothing")
    columns, matrix, _ = made.fitted(features, given.drawn(n), given.corpus)
    return VectorSimilarity(unit_rows((columns @ matrix).astype(np.float32)))


def classified(given: Case, features: Features, n: int) -> Similarity:
    """The pair classifier."""
    columns = pair_columns(features.centred, None, 64)
    return fit_pairs(columns, given.drawn(n), given.corpus.texts, seed=SEED).similarity(columns)


def plain_features(corpus: Corpus) -> Features:
    """The embedding alone."""
    vectors = Resources().embed(DEFAULT_ENCODER, corpus.texts)
    mean = vectors.mean(axis=0, dtype=np.float64)
    return Features(mean.astype(np.float32), vectors.astype(np.float64) - mean, None, None)


def case(group: str, name: str, ordered: Corpus, column: str) -> Case:
    """The test triplets of tuning.py for one attribute."""
    codes = ordered.label_codes(column).codes
    competing = [ordered.label_codes(c).codes for c in ordered.labels if c != column]
    test = held_out_rows(ordered.texts, TEST_SHARE, SEED)
    train = np.setdiff1d(np.arange(len(ordered)), test)
    tested, plain = (
        label_triplets(codes, others, n=N_TEST, seed=1000 + SEED, among=test)
        for others in (competing, [])
    )
    return Case(group, name, ordered, column, tested, plain, train)


def report(rows: Iterable[tuple[Case, str, Found, Found]]) -> dict[str, Any]:
    """Means over the attributes of each group with intervals, and each attribute's own."""
    listed = list(rows)
    found: dict[str, Any] = {"n_seeds": 1}
    for group in dict.fromkeys(each.group for each, *_ in listed):
        of_group = [row for row in listed if row[0].group == group]
        found[group] = {"means": dict(means(of_group)), "attributes": {}}
        for each, name, wins, chosen in of_group:
            own = found[group]["attributes"].setdefault(each.name, {})
            own[name] = {kind: interval([draws]) for kind, draws in wins.items()} | chosen
    return found


def means(rows: list[tuple[Case, str, Found, Found]]) -> Iterator[tuple[str, Any]]:
    """Each variant's mean over attributes, hard and random, and over how many."""
    for name in dict.fromkeys(name for _, name, *_ in rows):
        wins = [won for _, other, won, _ in rows if other == name]
        both = {kind: interval([won[kind] for won in wins]) for kind in ("hard", "random")}
        yield name, both | {"n_attributes": len(wins)}


def told(wins: Found) -> str:
    """Hard and random accuracy in a line."""
    return " ".join(f"{kind} {draws[0]:.3f}" for kind, draws in wins.items())


if __name__ == "__main__":
    main()
