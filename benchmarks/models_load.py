"""How long the packaged models take to load, and how fast they read texts.

Run: python benchmarks/models_load.py [--n-texts 500] [--json benchmarks/results/models_load.json]
Plain SentenceTransformer.encode and Encoder.encode take turns on the same texts. They are compared
by CPU seconds on one thread, because wall-clock seconds on a busy machine compare nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
LOAD = """
import sys, time
start = time.perf_counter()
import torch, transformers, sentence_transformers
imported = time.perf_counter()
from engine.models.shelf import ModelShelf
getattr(ModelShelf(), sys.argv[1])(sys.argv[2])
print(imported - start, time.perf_counter() - imported)
"""


def sample_texts(n_texts: int) -> list[str]:
    """Texts of the shipped corpora, drawn with a fixed seed."""
    from engine.corpus import load_corpus

    names = ["math_problems", "model_responses", "paintings", "support_messages"]
    texts = [text for name in names for text in load_corpus(name).texts]
    rows = np.random.default_rng(0).permutation(len(texts))[:n_texts]
    return [texts[row] for row in rows]


def load_seconds(kind: str, name: str, home: str) -> dict[str, float]:
    """Seconds to import the libraries and to load one model, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD, kind, name],
        env={**os.environ, "LIKEWISE_HOME": home, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    imported, loaded = map(float, done.stdout.split())
    return {"import_seconds": round(imported, 2), "load_seconds": round(loaded, 2)}


def encoder_speed(texts: list[str], n_rounds: int) -> dict[str, object]:
    """Texts per CPU second of plain encode and of ours, on one thread, taking turns."""
    import torch
    from sentence_transformers import SentenceTransformer

    from engine.models.catalogue import package_file
    from engine.models.encoder import Encoder

    ours = Encoder("minilm")
    plain = SentenceTransformer(str(package_file("minilm").parent), local_files_only=True)
    texts_tokens = ours.encode(texts[:32]).n_tokens / 32
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    rounds = []
    for _ in range(n_rounds):
        plain_seconds = _cpu_seconds(lambda: plain.encode(texts, show_progress_bar=False))
        our_seconds = _cpu_seconds(lambda: ours.encode(texts))
        rounds.append((plain_seconds, our_seconds))
    torch.set_num_threads(n_threads)
    best_plain, best_ours = (min(column) for column in zip(*rounds, strict=True))
    return {
        "n_texts": len(texts),
        "mean_tokens": round(texts_tokens, 1),
        "plain_texts_per_cpu_second": round(len(texts) / best_plain, 1),
        "texts_per_cpu_second": round(len(texts) / best_ours, 1),
        "ratio_of_best": round(best_plain / best_ours, 2),
        "ratio_of_each_round": [round(plain / ours, 2) for plain, ours in rounds],
    }


def language_model_speed(texts: list[str]) -> dict[str, object]:
    """Tokens per second for hidden states, and what sharing a prefix saves."""
    from engine.models.language_model import LanguageModel

    model = LanguageModel("smollm2")
    prompts = [f'This text : "{text}" means in one word:"' for text in texts]
    model.hidden_states(prompts[:4], 25)
    started = time.perf_counter()
    hidden = model.hidden_states(prompts, 25)
    seconds = time.perf_counter() - started
    prefix = "Judge whether the statement fits the text. " + " ".join(texts[:3])
    suffixes = [f"\nStatement: {text[:60]}\nAnswer:" for text in texts[:24]]
    choices = [" Yes", " No"]
    shared = _seconds(lambda: model.choice_logits_after(prefix, suffixes, choices))
    whole = _seconds(lambda: model.choice_logits([prefix + s for s in suffixes], choices))
    return {
        "n_prompts": len(prompts),
        "layer": 25,
        "hidden_state_tokens_per_second": round(hidden.n_tokens / seconds, 1),
        "prefix_tokens": model.count_tokens([prefix])[0],
        "choices_whole_seconds": round(whole, 2),
        "choices_after_prefix_seconds": round(shared, 2),
        "prefix_speedup": round(whole / shared, 2),
    }


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    """Measure everything and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-texts", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    texts = sample_texts(options.n_texts)
    with tempfile.TemporaryDirectory() as home:
        os.environ["LIKEWISE_HOME"] = home
        loads = {
            "minilm first": load_seconds("encoder", "minilm", home),
            "minilm later": load_seconds("encoder", "minilm", home),
            "smollm2 first (converts)": load_seconds("language_model", "smollm2", home),
            "smollm2 later": load_seconds("language_model", "smollm2", home),
        }
        report = {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "load_average_before": [round(load, 1) for load in os.getloadavg()],
            "loads": loads,
            "encoder": encoder_speed(texts, options.rounds),
            "language_model": language_model_speed(texts[:48]),
            "load_average_after": [round(load, 1) for load in os.getloadavg()],
        }
    text = json.dumps(report, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
