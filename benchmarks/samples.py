"""Every method on the four samples, with the wrong-attribute control.

    python -m benchmarks.samples --json benchmarks/results/samples.json

Methods over rewrites stand in `benchmarks/rewriting.py`: not every attribute here has shipped
rewrites, and the packaged language model would write them for an hour.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from engine.bench import Ask, Bench, afresh
from engine.bench_output import as_json, as_table
from engine.corpus import load_corpus
from engine.methods.registry import create
from engine.models.shelf import ModelShelf
from engine.resources import Resources
from engine.samples import samples
from engine.store import VectorStore
from engine.types import Attribute

ENCODERS = (
    "random",
    "length",
    "numbers",
    "tfidf",
    "raw-embedding",
    "bm25",
    "query-instruction",
    "written-projection",
    "instructed-embedding",
)
SLOW = ("one-word", "reranker")
"""Run on math_problems alone: minutes for each attribute on two cores."""


def main() -> None:
    """Measure, print the tables, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        models, vectors = ModelShelf(), VectorStore(Path(folder) / "vectors.sqlite")

        def resources() -> Resources:
            return Resources(models=models, vectors=vectors)

        for sample in samples():
            corpus = load_corpus(sample.name)
            offers = sample.attributes
            asks = [Ask(o.column, Attribute(o.name, o.definition)) for o in offers]
            names = ENCODERS + (SLOW if sample.name == "math_problems" else ())
            bench = Bench(corpus, asks, afresh(corpus, resources))
            report = bench.measure([create(name) for name in names], _tell)
            print(as_table(report), flush=True)
            found[sample.name] = as_json(report)
    if options.json:
        text = json.dumps(found, indent=1, ensure_ascii=False)
        options.json.write_text(text + "\n", encoding="utf-8")


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
