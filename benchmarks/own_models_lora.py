"""MiniLM that reads the attribute before the text, fine-tuned by LoRA on the many-view bank.

One run of at most N_CPU_SECONDS on one thread, on the twelve corpora of the first fold; measured on
two of the four set apart and on a part of the samples, since each text is read anew for each
attribute. The same losses as the frozen models'.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.own_models import figures
from benchmarks.own_models_data import Corpora, accuracies, bank, packaged_embed, sample_corpora
from benchmarks.own_models_nets import answer_loss, centred_rows, label_loss
from benchmarks.written_levers import over_attributes
from engine.models.catalogue import package_file
from engine.similarity import VectorSimilarity
from engine.types import Floats, Rows

N_CPU_SECONDS = 900
RANK, RATE, N_TOKENS = 8, 1e-3, 72
N_TEXTS, N_VIEWS, N_READ = 16, 3, 32
N_SAMPLE_TEXTS, N_APART = 120, 2


class Reader:
    """The packaged MiniLM with LoRA on its attention, reading "attribute: text"."""

    def __init__(self) -> None:
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModel, AutoTokenizer

        weights = package_file("minilm")
        if weights is None:
            raise SystemExit("minilm is not installed: likewise models get minilm")
        self.tokenizer = AutoTokenizer.from_pretrained(weights.parent)
        model = AutoModel.from_pretrained(weights.parent)
        wanted = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=["query", "key", "value"])
        self.model: Any = get_peft_model(model, wanted)

    def read(self, texts: Sequence[str]) -> Tensor:
        """(n, d) unit vectors: the mean over the tokens, as MiniLM was trained."""
        tokens = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=N_TOKENS, return_tensors="pt"
        )
        states = self.model(**tokens).last_hidden_state
        mask = tokens["attention_mask"][..., None].float()
        pooled = (states * mask).sum(dim=1) / mask.sum(dim=1)
        return torch.nn.functional.normalize(pooled, dim=-1)

    def vectors(self, texts: Sequence[str]) -> Floats:
        """(n, d) unit rows, without gradients."""
        with torch.no_grad():
            parts = [
                self.read(texts[at : at + N_READ]).numpy() for at in range(0, len(texts), N_READ)
            ]
        return np.concatenate(parts)


def measured_lora() -> dict[str, Any]:
    """Train for the time there is, and measure before and after."""
    torch.manual_seed(0)
    embed = packaged_embed()
    domains, four = bank(embed), sample_corpora(embed, N_SAMPLE_TEXTS)
    train = [corpus for place, corpus in enumerate(domains) if place % 4]
    apart = domains[::4][:N_APART]
    reader = Reader()

    def similarity(corpus: Corpora, place: int) -> VectorSimilarity:
        name = corpus.views[place].asked.name
        return VectorSimilarity(centred_rows(reader.vectors(prompts(name, corpus.written))))

    before = figures(accuracies(apart, similarity), accuracies(four, similarity))
    print("before", before, flush=True)
    started = time.process_time()
    n_steps = _train(reader, train, started + N_CPU_SECONDS)
    spent = time.process_time() - started
    reader.model.eval()
    found = figures(accuracies(apart, similarity), accuracies(four, similarity))
    seen = accuracies(train[:1], similarity)
    found["corpora trained on"] = over_attributes(list(seen.values()))
    return found | {"before": before, "n_steps": n_steps, "cpu_seconds": round(spent)}


def prompts(asked: str, texts: Sequence[str]) -> list[str]:
    """Each text after the attribute."""
    return [f"{asked}: {text}" for text in texts]


def _train(reader: Reader, corpora: Sequence[Corpora], until: float) -> int:
    rng = np.random.default_rng(0)
    spoken = sorted({answer for c in corpora for v in c.views for answer in v.answers})
    vectors = dict(zip(spoken, centred_rows(reader.vectors(spoken)), strict=True))
    parameters = [each for each in reader.model.parameters() if each.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=RATE)
    reader.model.train()
    n_steps = 0
    while time.process_time() < until:
        corpus = corpora[int(rng.integers(len(corpora)))]
        rows = rng.choice(len(corpus.texts), N_TEXTS, replace=False)
        loss = _loss(reader, corpus, rows, rng, vectors)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        n_steps += 1
        if n_steps % 20 == 0:
            print("step", n_steps, round(float(loss), 3), flush=True)
    return n_steps


def _loss(
    reader: Reader,
    corpus: Corpora,
    rows: Rows,
    rng: np.random.Generator,
    vectors: dict[str, Floats],
) -> Tensor:
    places = rng.choice(len(corpus.views), N_VIEWS, replace=False)
    views = [corpus.views[place] for place in places]
    texts = [corpus.written[row] for row in rows]
    made = reader.read([line for view in views for line in prompts(view.asked.name, texts)])
    spoken = [answer for view in views for answer in view.answers]
    every = torch.from_numpy(np.array([vectors[answer] for answer in spoken], dtype=np.float32))
    parts, at = [], 0
    for view, mine in zip(views, made.view(N_VIEWS, len(rows), -1), strict=True):
        codes = view.codes[rows]
        if len(np.unique(codes)) < len(codes):
            parts.append(label_loss(mine, torch.from_numpy(codes)))
        if view.answers:
            wanted = np.eye(len(view.answers), dtype=np.float32)[codes]
            parts.append(answer_loss(mine, torch.from_numpy(wanted), at, every))
            at += len(view.answers)
    return torch.stack(parts).mean()
