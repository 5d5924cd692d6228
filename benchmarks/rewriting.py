"""How far rewriting goes on the samples; writes benchmarks/results/rewriting.json.

Run from the root of the repository: python -m benchmarks.rewriting
It measures (1) the rewrites that a strong language model wrote for six attributes, against the raw
embedding and TF-IDF of the texts: one-sided swap accuracy (asked for the attribute that has
rewrites), local and pooled AUC, precision at 10; (2) where both attributes of a pair have rewrites,
the mean over both directions, and the wrong attribute's rewrites as a control; (3) what the
packaged 135-million-parameter model writes on 60 texts, with its cost from an empty store.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from engine.corpus import Corpus, load_corpus
from engine.diagnostics.conditioning import (
    SwapTriplets,
    draw_swap_triplets,
    swap_accuracies,
    swap_accuracy,
)
from engine.diagnostics.discrimination import measure_discrimination
from engine.diagnostics.estimate import Estimate
from engine.diagnostics.retrieval import precision_at_k
from engine.errors import BadInput
from engine.methods.registry import create
from engine.resources import Meter, Resources
from engine.rewriting.shipped import shipped_rewrites
from engine.rewriting.writing import Choice, rewrites_of
from engine.samples import Sample, SuggestedAttribute, samples
from engine.types import Attribute, Rows, Similarity

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "rewriting.json"
N_TRIPLETS = 1000
N_LOCAL_TEXTS = 60
N_LOCAL_TRIPLETS = 600
SEED = 0
METHODS: list[tuple[str, dict[str, str]]] = [
    ("raw-embedding", {}),
    ("tfidf", {}),
    ("rewrite-bm25", {"weighting": "bm25"}),
    ("rewrite-bm25", {"weighting": "tfidf"}),
    ("rewrite-embedding", {}),
    ("multi-summary", {"compare": "tfidf"}),
    ("multi-summary", {"compare": "embedding"}),
    ("query-relevance", {"queries": "rewrites"}),
    ("distilled-rewrite", {}),
]
WITHOUT_REWRITES = ("raw-embedding", "tfidf")


def main() -> None:
    """Measure and write."""
    report = {
        "command": "python -m benchmarks.rewriting",
        "seed": SEED,
        "n_triplets": N_TRIPLETS,
        "machine": {"processor": platform.machine(), "n_cores": os.cpu_count()},
        "versions": {name: version(name) for name in ("numpy", "scipy", "torch", "transformers")},
        "shipped": [row for sample in samples() for row in shipped_rows(sample)],
        "both_directions": [row for sample in samples() for row in two_sided_rows(sample)],
        "local": local_rows(),
    }
    RESULTS.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"Wrote {RESULTS.relative_to(ROOT)}")


def shipped_rows(sample: Sample) -> list[dict[str, Any]]:
    """Every attribute with rewrites, against every attribute it is crossed with."""
    corpus = load_corpus(sample.name)
    rows = []
    for suggested in with_rewrites(sample, corpus):
        prepared = [(m, o, prepare(corpus, suggested, m, o)) for m, o in METHODS]
        for other in sample.attributes:
            triplets = crossed(corpus, suggested, other, N_TRIPLETS)
            if triplets is None:
                continue
            for name, values, similarity in prepared:
                found = swap_accuracy(similarity, triplets, asked="a", seed=SEED)
                row = {"corpus": sample.name, "attribute": suggested.column, "method": name}
                row |= {"against": other.column, **values, "swap_accuracy": found._asdict()}
                rows.append(row | quality(similarity, codes_of(corpus, suggested)))
                print(sample.name, suggested.column, other.column, name, values, shown(found))
    return rows


def two_sided_rows(sample: Sample) -> list[dict[str, Any]]:
    """Pairs of attributes that both have rewrites: the mean, and the wrong one's as a control."""
    corpus = load_corpus(sample.name)
    known = with_rewrites(sample, corpus)
    rows = []
    for a, b in [(a, b) for i, a in enumerate(known) for b in known[i + 1 :]]:
        triplets = crossed(corpus, a, b, N_TRIPLETS)
        if triplets is None:
            continue
        for name, values in METHODS:
            for_a, for_b = (prepare(corpus, each, name, values) for each in (a, b))
            right = swap_accuracies(for_a, for_b, triplets, seed=SEED)
            wrong = swap_accuracies(for_b, for_a, triplets, seed=SEED)
            row = {"corpus": sample.name, "attributes": [a.column, b.column], "method": name}
            row |= {**values, **estimates(right), "wrong_attribute": estimates(wrong)}
            rows.append(row)
            print(a.column, b.column, name, values, shown(right.mean), shown(wrong.mean))
    return rows


def local_rows() -> dict[str, Any]:
    """The packaged model's own rewrites of a few math problems, written from an empty store."""
    sample = samples()[0]
    corpus = load_corpus(sample.name).sample(N_LOCAL_TEXTS, seed=SEED)
    structure, story = sample.attributes
    triplets = crossed(corpus, structure, story, N_LOCAL_TRIPLETS)
    if triplets is None:
        raise BadInput(
            f"The sample {sample.name!r} has no swap triplets among {len(corpus)} texts."
        )
    with tempfile.TemporaryDirectory() as home:
        os.environ["LIKEWISE_HOME"] = home
        costs = [written(corpus, each) for each in (structure, story)]
        rows = []
        for name, values in METHODS:
            local = values if name in WITHOUT_REWRITES else {**values, "source": "local"}
            pair = [prepare(corpus, each, name, local) for each in (structure, story)]
            found = swap_accuracies(pair[0], pair[1], triplets, seed=SEED)
            rows.append({"method": name, **values, **estimates(found)})
            print("local", name, values, shown(found.mean))
    return {"corpus": sample.name, "n_texts": len(corpus), "rewriting": costs, "methods": rows}


def written(corpus: Corpus, suggested: SuggestedAttribute) -> dict[str, Any]:
    """Rewrite with the packaged model: what it cost, and what became of the texts."""
    meter, started, busy = Meter(), time.perf_counter(), time.process_time()
    found = rewrites_of(corpus, attribute_of(suggested), Choice("local"), Resources(meter=meter))
    return {
        "attribute": suggested.column,
        "model": found.source,
        "statuses": {status.value: n for status, n in found.counts.items()},
        "n_different": len(set(found.used)),
        "examples": list(found.used[:5]),
        "generations": meter.passes,
        "lm_tokens": meter.lm_tokens,
        "wall_seconds": round(time.perf_counter() - started, 1),
        "processor_seconds": round(time.process_time() - busy, 1),
        "load_average": os.getloadavg()[0],
    }


def with_rewrites(sample: Sample, corpus: Corpus) -> list[SuggestedAttribute]:
    """The attributes of a sample that rewrites are shipped for."""
    return [s for s in sample.attributes if shipped_rewrites(corpus, attribute_of(s)) is not None]


def attribute_of(suggested: SuggestedAttribute) -> Attribute:
    """A suggested attribute as the analyst would type it."""
    return Attribute(suggested.name, suggested.definition)


def codes_of(corpus: Corpus, suggested: SuggestedAttribute) -> Rows:
    """The labels of an attribute as numbers."""
    return corpus.label_codes(suggested.column).codes


def crossed(
    corpus: Corpus, a: SuggestedAttribute, b: SuggestedAttribute, n: int
) -> SwapTriplets | None:
    """Swap triplets of two attributes; None where they are the same or not crossed."""
    try:
        return draw_swap_triplets(codes_of(corpus, a), codes_of(corpus, b), n=n, seed=SEED)
    except BadInput as error:
        print(f"{corpus.name}: {a.column} × {b.column} left out. {error}")
        return None


def prepare(
    corpus: Corpus, suggested: SuggestedAttribute, name: str, values: dict[str, str]
) -> Similarity:
    """One method's similarity."""
    return create(name, values).prepare(corpus, attribute_of(suggested), Resources())


def quality(similarity: Similarity, codes: Rows) -> dict[str, Any]:
    """AUCs and precision against the attribute's own labels."""
    found = measure_discrimination(similarity, codes, seed=SEED)
    everyone = (codes >= 0).nonzero()[0]
    return {
        "auc_local": found.local._asdict(),
        "auc_pooled": found.pooled._asdict(),
        "calibration_gap": found.gap._asdict(),
        "precision_at_10": precision_at_k(similarity, codes, 10, everyone, seed=SEED)._asdict(),
    }


def estimates(found: Any) -> dict[str, Any]:  # noqa: ANN401 - a named tuple of estimates
    """Named estimates as plain data."""
    return {name: estimate._asdict() for name, estimate in found._asdict().items()}


def shown(estimate: Estimate) -> str:
    """An estimate with its interval."""
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


if __name__ == "__main__":
    main()
