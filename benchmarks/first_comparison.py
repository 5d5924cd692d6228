"""How long an analyst waits: 500 texts, three methods, nothing kept; then a second attribute.

    python -m benchmarks.first_comparison --json benchmarks/results/first_comparison.json

Seconds count from the press of the button to the neighbours and to the map of each method, in a
process that has loaded nothing, with an empty data folder.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path

METHODS = ("raw-embedding", "instructed-embedding", "one-word")
ATTRIBUTES = ("mathematical structure", "what the story is about")


def main() -> None:
    """Run both comparisons and write what they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--texts", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["LIKEWISE_HOME"] = home
        found = _measure(options.texts)
    print(json.dumps(found, indent=1))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _measure(n_texts: int) -> dict[str, object]:
    from engine.corpus import load_corpus
    from engine.jobs import JobQueue
    from engine.models.shelf import process_shelf
    from engine.run import RunStore
    from engine.store import VectorStore

    corpus = load_corpus("math_problems").sample(n_texts, seed=0)
    queue = JobQueue(RunStore(), VectorStore(), process_shelf())
    waits = {name: _compare(queue, corpus, name) for name in ATTRIBUTES}
    return {
        "texts": len(corpus),
        "cores": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "load_average": os.getloadavg()[0],
        "seconds_to": waits,
    }


def _compare(queue, corpus, attribute: str) -> dict[str, dict[str, float]]:  # noqa: ANN001
    from engine.jobs import State
    from engine.methods.registry import create
    from engine.run import RunRequest
    from engine.types import Attribute

    started = time.perf_counter()
    requests = [RunRequest(corpus, Attribute(attribute), create(name)) for name in METHODS]
    keys = dict(zip(METHODS, (queue.submit(request) for request in requests), strict=True))
    seconds: dict[str, dict[str, float]] = {name: {} for name in METHODS}
    while not all("map" in waited for waited in seconds.values()):
        for name, key in keys.items():
            now = time.perf_counter() - started
            status = queue.status(key)
            if status.state in (State.FAILED, State.CANCELLED):
                raise SystemExit(f"{name}: {status.note}")
            if queue.run(key) is not None:
                seconds[name].setdefault("neighbours", round(now, 1))
            if status.state is State.DONE:
                seconds[name].setdefault("map", round(now, 1))
        time.sleep(0.1)
    return seconds


if __name__ == "__main__":
    main()
