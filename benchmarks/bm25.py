"""BM25 of all pairs of 1,000 texts: the sparse product beside rank-bm25; writes results/bm25.json.

Run from the root of the repository: python -m benchmarks.bm25
The texts are those of the four samples, in order, cut at 1,000. Both sides start from the same
tokens and end with the same (n, n) float64 scores, whose largest difference is reported. Processor
seconds stand for the time on an idle machine; wall seconds and the load average show what else ran.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rank_bm25 import BM25Okapi

from engine.corpus import load_corpus
from engine.lexical import bm25_weights, term_counts, words
from engine.samples import samples
from engine.types import Doubles

RESULTS = Path(__file__).resolve().parent / "results" / "bm25.json"
N_TEXTS = 1000
ROUNDS = 3


class Timed(NamedTuple):
    """Scores, and the processor and wall seconds they took."""

    scores: Doubles
    cpu_seconds: float
    wall_seconds: float


def main() -> None:
    """Time both sides in alternation, check that they agree, write the figures."""
    texts = [text for each in samples() for text in load_corpus(each.name).texts][:N_TEXTS]
    rounds = [(timed(sparse_product, texts), timed(rank_bm25_loop, texts)) for _ in range(ROUNDS)]
    ours, theirs = (summary([pair[side] for pair in rounds]) for side in (0, 1))
    ratios = [loop.cpu_seconds / product.cpu_seconds for product, loop in rounds]
    difference = max(float(np.abs(a.scores - b.scores).max()) for a, b in rounds)
    report = {
        "n_texts": len(texts),
        "n_pairs": len(texts) ** 2,
        "n_tokens": sum(len(words(text)) for text in texts),
        "rounds": ROUNDS,
        "sparse_product": ours,
        "rank_bm25": theirs,
        "times_faster": {
            "median": round(statistics.median(ratios), 1),
            "low": round(min(ratios), 1),
            "high": round(max(ratios), 1),
        },
        "largest_difference": difference,
        "machine": {
            "python": platform.python_version(),
            "processor": platform.machine(),
            "n_cores": os.cpu_count(),
            "load_average": round(os.getloadavg()[0], 2),
            **{name: version(name) for name in ("numpy", "scipy", "rank-bm25")},
        },
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))


def sparse_product(texts: list[str]) -> Doubles:
    """Tokenise, weigh and multiply."""
    counts = term_counts(texts).counts
    scores: Doubles = (counts @ bm25_weights(counts).T).toarray()
    return scores


def rank_bm25_loop(texts: list[str]) -> Doubles:
    """Tokenise, index, and ask for the scores of one text after another."""
    tokens = [words(text) for text in texts]
    index = BM25Okapi(tokens)
    return np.array([index.get_scores(query) for query in tokens])


def timed(work: Callable[[list[str]], Doubles], texts: list[str]) -> Timed:
    """Run the work once."""
    cpu, wall = time.process_time(), time.perf_counter()
    scores = work(texts)
    return Timed(scores, time.process_time() - cpu, time.perf_counter() - wall)


def summary(runs: list[Timed]) -> dict[str, float]:
    """Median seconds of the rounds."""
    return {
        "cpu_seconds": round(statistics.median(run.cpu_seconds for run in runs), 4),
        "wall_seconds": round(statistics.median(run.wall_seconds for run in runs), 4),
    }


if __name__ == "__main__":
    main()
