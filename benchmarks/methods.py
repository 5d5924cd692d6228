"""Every method on every labelled corpus, with the wrong-attribute control and what it cost.

    python -m benchmarks.methods [--corpora NAME …] [--parts NAME …]

The four samples, and the public corpora where a folder of them is at hand ($LIKEWISE_LABELLED_DATA;
their licences are in its READMEs). Written categories are saved as an analyst would save them.
Figures are kept after each part, and a part that has figures is left alone: delete it from the
file to measure it again. Methods over rewrites stand in `benchmarks/rewriting.py`, since their
texts exist for six attributes only, and verdict counts in `benchmarks/tuning.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.bench import Ask, Bench, afresh
from engine.bench_output import as_json, as_table
from engine.corpus import Corpus, load_corpus
from engine.errors import LikewiseError
from engine.methods.registry import OptionValue, create
from engine.models.shelf import ModelShelf
from engine.projection.categories import load
from engine.projection.library import CategoryLibrary
from engine.resources import Resources
from engine.samples import samples
from engine.store import VectorStore
from engine.types import Attribute

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "methods.json"
LABELLED = Path(os.environ.get("LIKEWISE_LABELLED_DATA", ROOT.parent / "shared" / "data"))
N_TEXTS, SEED = 500, 0


@dataclass(frozen=True, slots=True)
class Part:
    """Methods that take about equally long, and how many texts and attributes they can afford."""

    methods: Mapping[str, Mapping[str, OptionValue]]
    n_texts: int = N_TEXTS
    n_attributes: int = 4


PARTS = {
    "no language model": Part(
        {
            name: {}
            for name in (
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
        }
    ),
    "from labels": Part(
        {name: {"held_out": 0.4} for name in ("probe", "projection", "classifier", "ensemble")}
    ),
    "from categories": Part({"query-relevance": {}}),
    "in one word": Part({"one-word": {}, "one-word-categories": {}}, n_texts=120, n_attributes=2),
    # Every pair is read in the end, for the measures ask for pairs outside of the shortlists.
    "pair by pair": Part(
        {
            "reranker": {"shortlist": 4},
            "judge": {"shortlist": 4, "max_anchors": 16},
            "all-pairs": {},
        },
        n_texts=16,
        n_attributes=2,
    ),
}

PUBLIC: dict[str, dict[str, Attribute]] = {
    "svamp": {
        "structure_class": Attribute(
            "mathematical structure", "which computation solves the problem, whatever the story"
        ),
        "story": Attribute("story", "the setting of the problem, whatever the computation"),
    },
    "slurp": {
        "domain": Attribute("topic", "the area of life that the request is about"),
        "request_type": Attribute("what the speaker wants done", "the kind of request"),
    },
    "tate": {
        "mood": Attribute("mood", "the emotion of the work"),
        "medium": Attribute("medium", "the technique of the work"),
    },
    "emobank": {
        "sentiment": Attribute("sentiment", "whether the sentence is positive or negative"),
        "intensity": Attribute("emotional intensity", "how aroused or calm the sentence is"),
        "genre": Attribute("genre", "the kind of text that the sentence is from"),
    },
    "mams": {
        "sentiment_food": Attribute("opinion of the food"),
        "sentiment_service": Attribute("opinion of the service"),
    },
    "gsm8k": {
        "operations": Attribute(
            "mathematical structure", "which operations solve the problem, in which order"
        ),
    },
}
FILES = {"gsm8k": "problems.jsonl"}


def main() -> None:
    """Measure what has no figures yet, print the tables, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", nargs="*")
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    wanted = parser.parse_args()
    found = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LIKEWISE_HOME"] = folder
        models, vectors = ModelShelf(), VectorStore(Path(folder) / "vectors.sqlite")
        for corpus, asks in corpora():
            if wanted.corpora and corpus.name not in wanted.corpora:
                continue
            for name in wanted.parts:
                here = found.setdefault("corpora", {}).setdefault(corpus.name, {})
                if name in here:
                    continue
                resources = Resources(models=models, vectors=vectors)
                here[name] = measured(PARTS[name], corpus, asks, resources)
                found["machine"] = {"processor": platform.machine(), "cores": os.cpu_count()}
                text = json.dumps(found, indent=1, ensure_ascii=False)
                RESULTS.write_text(text + "\n", encoding="utf-8")


def measured(part: Part, corpus: Corpus, asks: list[Ask], resources: Resources) -> dict[str, Any]:
    """One part on one corpus; a method that refuses is named with its reason."""
    few = corpus.sample(part.n_texts, SEED) if len(corpus) > part.n_texts else corpus
    named = Corpus(corpus.name, few.ids, few.texts, few.labels, few.report)

    def fresh() -> Resources:
        return Resources(models=resources.models, vectors=resources.vectors)

    try:
        bench = Bench(named, asks[: part.n_attributes], afresh(named, fresh), seed=SEED)
    except LikewiseError as error:
        _tell(f"{named.name} can't be measured on {len(named)} texts: {error}")
        return {"runs": [], "means": [], "refused": dict.fromkeys(part.methods, str(error))}
    made = [create(name, options) for name, options in part.methods.items()]
    report = bench.measure(made, _tell, go_on=True)
    print(as_table(report), flush=True)
    return as_json(report)


def corpora() -> Iterator[tuple[Corpus, list[Ask]]]:
    """The samples, then the public corpora that are here; with what is asked of each."""
    for sample in samples():
        offers = [Ask(o.column, Attribute(o.name, o.definition)) for o in sample.attributes]
        yield load_corpus(sample.name), offers
    for name, attributes in PUBLIC.items():
        path = LABELLED / name / FILES.get(name, "corpus.jsonl")
        if path.is_file():
            yield _public(name, path, attributes)
        else:
            _tell(f"{path} is not here: left out")


def _public(name: str, path: Path, attributes: Mapping[str, Attribute]) -> tuple[Corpus, list[Ask]]:
    """Texts that have all labels, each label column called as the attribute is."""
    corpus = load_corpus(path, text_column="text", label_columns=list(attributes))
    complete = [all(corpus.labels[c][row] for c in attributes) for row in range(len(corpus))]
    corpus = corpus.subset(np.flatnonzero(complete))
    labels = {each.name: corpus.labels[column] for column, each in attributes.items()}
    for column, attribute in attributes.items():
        written = path.parent / "categories" / f"{column}.json"
        if written.is_file():
            CategoryLibrary().save(attribute, load(written, attribute=attribute.name))
    asks = [Ask(each.name, each) for each in attributes.values()]
    return Corpus(name, corpus.ids, corpus.texts, labels, corpus.report), asks


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
