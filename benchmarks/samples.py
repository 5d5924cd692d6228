"""The methods that take seconds, on the four samples, with the wrong-attribute control.

    python -m benchmarks.samples --json benchmarks/results/samples.json

Methods over rewrites stand in `benchmarks/rewriting.py`, one-word in `benchmarks/one_word_cache.py`
and the local judge in `benchmarks/local_judge.py`: they take minutes or hours an attribute here.
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


def main() -> None:
    """Measure, print the tables, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--samples", nargs="*", default=[each.name for each in samples()])
    options = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        models, vectors = ModelShelf(), VectorStore(Path(folder) / "vectors.sqlite")

        def resources() -> Resources:
            return Resources(models=models, vectors=vectors)

        for sample in (each for each in samples() if each.name in options.samples):
            corpus = load_corpus(sample.name)
            offers = sample.attributes[:2]
            asks = [Ask(o.column, Attribute(o.name, o.definition)) for o in offers]
            bench = Bench(corpus, asks, afresh(corpus, resources))
            report = bench.measure([create(name) for name in ENCODERS], _tell)
            print(as_table(report), flush=True)
            found[sample.name] = as_json(report)
    if options.json:
        text = json.dumps(found, indent=1, ensure_ascii=False)
        options.json.write_text(text + "\n", encoding="utf-8")


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
