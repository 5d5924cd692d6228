"""Small conditioned models on frozen vectors, and how they are trained.

Each takes the vector of a text and of an attribute and gives the text's vector FOR that attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.own_models_data import Corpora, Embed, View
from engine.projection.profiles import softmax, standardised
from engine.similarity import VectorSimilarity
from engine.types import Floats, Rows, Similarity

N_HIDDEN, N_RANK = 512, 128
TEMPERATURE = 0.07
LEARNING_RATE, WEIGHT_DECAY, DROPOUT = 1e-3, 1e-2, 0.1
N_TEXTS, N_VIEWS, N_PAIRED = 64, 4, 24


@dataclass(frozen=True)
class Plan:
    """How a model is made and trained.

    net: late fusion, film, bilinear or pair (a scorer of pairs). answers: weight of predicting the
    vector of the answer's words, among the answers to ALL attributes of the batch, so that the same
    text under another attribute is a wrong answer. labels: weight of bringing texts of one label
    together. teacher: the answers are those that written-projection gives (value names as
    categories), softened, not the annotator's.
    """

    net: str = "late fusion"
    answers: float = 1.0
    labels: float = 1.0
    teacher: bool = False
    n_steps: int = 500
    n_texts: int = 0
    n_views: int = 0


def _two_layers(n_in: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(n_in, N_HIDDEN), nn.GELU(), nn.Dropout(DROPOUT), nn.Linear(N_HIDDEN, n_out)
    )


class LateFusion(nn.Module):
    """Reads the text, the attribute and their product, all at once."""

    def __init__(self, n_dims: int) -> None:
        super().__init__()
        self.root, self.layers = n_dims**0.5, _two_layers(3 * n_dims, n_dims)

    def forward(self, x: Tensor, q: Tensor) -> Tensor:
        """(b, d) vectors of texts x for attributes q."""
        made: Tensor = self.layers(torch.cat([x, q, x * q * self.root], dim=-1))
        return made


class Film(nn.Module):
    """The attribute scales and shifts the hidden layer (Perez et al. 2018, arXiv:1709.07871)."""

    def __init__(self, n_dims: int) -> None:
        super().__init__()
        self.into = nn.Linear(n_dims, N_HIDDEN)
        self.scale, self.shift = nn.Linear(n_dims, N_HIDDEN), nn.Linear(n_dims, N_HIDDEN)
        self.out = nn.Sequential(nn.GELU(), nn.Dropout(DROPOUT), nn.Linear(N_HIDDEN, n_dims))

    def forward(self, x: Tensor, q: Tensor) -> Tensor:
        """(b, d) vectors of texts x for attributes q."""
        made: Tensor = self.out(self.into(x) * (1 + self.scale(q)) + self.shift(q))
        return made


class Bilinear(nn.Module):
    """A matrix of the text that the attribute writes: low rank, nothing else."""

    def __init__(self, n_dims: int) -> None:
        super().__init__()
        self.text, self.asked = nn.Linear(n_dims, N_RANK), nn.Linear(n_dims, N_RANK)
        self.out = nn.Linear(N_RANK, n_dims)

    def forward(self, x: Tensor, q: Tensor) -> Tensor:
        """(b, d) vectors of texts x for attributes q."""
        made: Tensor = self.out(self.text(x) * self.asked(q))
        return made


class Pair(nn.Module):
    """Reads attribute, what two texts share and where they differ; gives one logit."""

    def __init__(self, n_dims: int) -> None:
        super().__init__()
        self.root, self.layers = n_dims**0.5, _two_layers(3 * n_dims, 1)
        self.gate = nn.Linear(n_dims, 2 * n_dims)

    def forward(self, left: Tensor, right: Tensor, q: Tensor) -> Tensor:
        """(b,) logits that left and right share the label of attributes q."""
        both = torch.cat([left * right * self.root, (left - right).abs()], dim=-1) * self.root
        gated = both * (1 + self.gate(q))
        logits: Tensor = self.layers(torch.cat([gated, q * self.root], dim=-1))[..., 0]
        return logits


NETS: dict[str, type[nn.Module]] = {
    "late fusion": LateFusion,
    "film": Film,
    "bilinear": Bilinear,
    "pair": Pair,
}


def trained(plan: Plan, corpora: Sequence[Corpora], embed: Embed, seed: int) -> nn.Module:
    """A network fitted on some corpora.

    Args:
        plan: what and how.
        corpora: to train on; with n_texts or n_views in the plan only the first of each.
        embed: encodes the answers' words.
        seed: of weights and batches.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = NETS[plan.net](corpora[0].texts.shape[1])
    optimiser = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, plan.n_steps)
    spoken = {answer: None for c in corpora for v in c.views for answer in v.answers}
    vectors = dict(zip(spoken, centred_rows(embed(list(spoken))), strict=True))
    net.train()
    for _ in range(plan.n_steps):
        corpus = corpora[int(rng.integers(len(corpora)))]
        loss = _loss(plan, net, corpus, vectors, rng)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return net.eval()


def centred_rows(vectors: Floats) -> Floats:
    """(n, d) unit rows after the mean is taken away."""
    offsets = vectors - vectors.mean(axis=0)
    return np.asarray(offsets / np.linalg.norm(offsets, axis=1, keepdims=True), dtype=np.float32)


def _loss(
    plan: Plan,
    net: nn.Module,
    corpus: Corpora,
    vectors: dict[str, Floats],
    rng: np.random.Generator,
) -> Tensor:
    """The same texts under several attributes of their corpus, in one batch."""
    n_texts = plan.n_texts or len(corpus.texts)
    n_views = plan.n_views or len(corpus.views)
    rows = rng.choice(n_texts, min(N_TEXTS, n_texts), replace=False)
    chosen = rng.choice(n_views, min(N_VIEWS, n_views), replace=False)
    x = torch.from_numpy(centred_rows(corpus.texts)[rows])
    parts, spoken, told = [], [], []
    for place in chosen:
        view = corpus.views[place]
        q = torch.from_numpy(corpus.asked[place]).expand(len(rows), -1)
        codes = torch.from_numpy(view.codes[rows])
        if plan.net == "pair":
            parts.append(_pair_loss(net, x, q, codes))
            continue
        made = torch.nn.functional.normalize(net(x, q), dim=-1)
        if plan.labels:
            parts.append(plan.labels * label_loss(made, codes))
        if plan.answers and view.answers:
            told.append((made, _targets(plan, corpus, view, rows, vectors), len(spoken)))
            spoken += [vectors[answer] for answer in view.answers]
    if told:
        every = torch.from_numpy(np.stack(spoken))
        parts += [plan.answers * answer_loss(made, wanted, at, every) for made, wanted, at in told]
    return torch.stack(parts).mean()


def _pair_loss(net: nn.Module, x: Tensor, q: Tensor, codes: Tensor) -> Tensor:
    n_paired = min(N_PAIRED, len(x))
    left, right = torch.triu_indices(n_paired, n_paired, 1)
    same = (codes[left] == codes[right]).float()
    logits = net(x[left], x[right], q[: len(left)][:1].expand(len(left), -1))
    weight = (same.numel() - same.sum()) / same.sum().clamp(min=1)
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, same, pos_weight=weight)


def label_loss(made: Tensor, codes: Tensor) -> Tensor:
    """Supervised contrast (Khosla et al. 2020, arXiv:2004.11362, eq. 2) under one attribute."""
    logits = made @ made.T / TEMPERATURE
    logits = logits - 1e9 * torch.eye(len(made))
    same = (codes[:, None] == codes[None, :]).float() * (1 - torch.eye(len(made)))
    logs = torch.log_softmax(logits, dim=-1)
    n_same = same.sum(dim=-1)
    kept = n_same > 0
    return -((same * logs).sum(dim=-1)[kept] / n_same[kept]).mean()


def answer_loss(made: Tensor, wanted: Tensor, at: int, every: Tensor) -> Tensor:
    """Cross-entropy of the right answer among the answers to all attributes of the batch.

    Args:
        made: (b, d) unit vectors.
        wanted: (b, a) share of each of this attribute's answers.
        at: where this attribute's answers begin among all.
        every: (all, d) unit vectors of all answers.
    """
    logs = torch.log_softmax(made @ every.T / TEMPERATURE, dim=-1)
    return -(wanted * logs[:, at : at + wanted.shape[1]]).sum(dim=-1).mean()


def _targets(
    plan: Plan, corpus: Corpora, view: View, rows: Rows, vectors: dict[str, Floats]
) -> Tensor:
    """(b, answers) the right answer of each text, or the teacher's opinion of it."""
    if not plan.teacher:
        wanted = np.eye(len(view.answers), dtype=np.float32)[view.codes[rows]]
        return torch.from_numpy(wanted)
    said = np.stack([vectors[answer] for answer in view.answers])
    likeness = standardised(centred_rows(corpus.texts) @ centred_rows(said).T)
    return torch.from_numpy(softmax(likeness, 1.0)[rows].astype(np.float32))


def applied(net: nn.Module, plan: Plan) -> Callable[[Corpora, int], Similarity]:
    """What makes a similarity of a corpus and one of its attributes."""

    def vectors(corpus: Corpora, place: int) -> VectorSimilarity:
        x = torch.from_numpy(centred_rows(corpus.texts))
        q = torch.from_numpy(corpus.asked[place]).expand(len(x), -1)
        with torch.no_grad():
            made = net(x, q).numpy()
        return VectorSimilarity(centred_rows(made))

    def pairs(corpus: Corpora, place: int) -> Similarity:
        x = torch.from_numpy(centred_rows(corpus.texts))
        # Only its pairs are ever asked for here.
        return cast("Similarity", Scored(net, x, torch.from_numpy(corpus.asked[place])))

    return pairs if plan.net == "pair" else vectors


@dataclass(frozen=True)
class Scored:
    """A scorer of pairs, as far as triplets need a similarity.

    texts: (n, d). asked: (d,).
    """

    net: nn.Module
    texts: Tensor
    asked: Tensor

    def pairs(self, left: Rows, right: Rows) -> Floats:
        """(m,) logits that both texts share the label."""
        with torch.no_grad():
            asked = self.asked.expand(len(left), -1)
            made = self.net(self.texts[left], self.texts[right], asked)
        return np.asarray(made.numpy(), dtype=np.float32)
