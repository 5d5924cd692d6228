"""A sentence encoder fine-tuned on triplets: low-rank additions to its layers, nothing else.

Each step reads the texts of some triplets once, whatever their roles, and counts every triplet
among them, so that a text is never encoded twice for one step. Only what a verdict says is learnt:
other texts of a step are not taken for negatives, since most of them share the anchor's label.
When to stop is chosen on triplets whose anchors were held back; where tuning does not beat the
encoder there by more than a standard error, the encoder stays as it was. Where there are too few of
them to tell, it takes a few steps, and says that nothing was checked.

Reference: Hu et al. 2022, LoRA, arXiv:2106.09685; Tunstall et al. 2022, SetFit, arXiv:2209.11055.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engine.errors import BadInput
from engine.models.encoder import Encoder
from engine.resources import Resources
from engine.tuning.encoder_adapter import Adapter, Choice, LowRank, Tuned
from engine.tuning.encoder_layers import LowerLayers, tuned_layers
from engine.tuning.projection import CALIBRATION_SHARE, MIN_CALIBRATION, SOFTNESS, margins
from engine.tuning.splits import Split, fold
from engine.tuning.triplets import Triplets
from engine.types import Doubles

if TYPE_CHECKING:
    import torch

TEXTS_PER_PASS = 16
"""Texts of similar length that are read at once: more only pad each other."""
N_CHECKS = 4
WEIGHT_DECAY = 0.01
CAUTIOUS_STEPS = 5
"""Steps where there are too few calibration triplets to choose by."""
NOTHING = Adapter({})


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an encoder is fine-tuned.

    rank: of what is added to a layer. n_steps: at most. texts_per_step: read before the weights
    move. learning_rate: at the start; it falls to nothing. window: tokens of a text that are read
    in training. seed: of the order of triplets and of the start.
    """

    rank: int = 8
    n_steps: int = 32
    texts_per_step: int = 48
    learning_rate: float = 5e-3
    window: int = 128
    seed: int = 0


def finetune(
    encoder: str,
    texts: Sequence[str],
    triplets: Triplets,
    recipe: Recipe,
    resources: Resources,
) -> Tuned:
    """Fine-tune an encoder on triplets.

    Args:
        encoder: its name; a copy of its own is loaded.
        texts: the corpus's texts.
        triplets: rows of them; a quarter of the anchors is held back to choose by.
        recipe: how.
        resources: told of progress, and asked between steps whether to stop.

    Raises:
        BadInput: there is no triplet, or the encoder has no layers that can be tuned.
        Cancelled: the user stopped the run; nothing of an unfinished fit is kept.
    """
    if not len(triplets):
        raise BadInput(f"There is no triplet to learn from ({triplets.described}). Judge more.")
    started = time.perf_counter()
    parts = fold(triplets, texts, seed=recipe.seed, share=CALIBRATION_SHARE)
    n = len(parts.calibration)
    unchecked = n < MIN_CALIBRATION or not len(parts.training)
    if unchecked:
        recipe = replace(recipe, n_steps=min(recipe.n_steps, CAUTIOUS_STEPS))
    learner = Learner(encoder, recipe)
    learnt = triplets if unchecked else parts.training
    if unchecked:
        for _ in _trained(learner, texts, learnt, resources):
            pass
        found = _Found(recipe.n_steps, learner.adapter(), np.nan, np.nan)
    else:
        found = _best(learner, texts, parts, resources)
    n_cut = learner.n_truncated([texts[row] for row in learnt.rows])
    seconds = time.perf_counter() - started
    return Tuned(found.adapter, Choice(found.n_steps, found.before, found.after, n, n_cut, seconds))


class _Found(NamedTuple):
    """Where training was stopped, what was learnt by then, and soft accuracy before and after."""

    n_steps: int
    adapter: Adapter
    before: float
    after: float


def _best(learner: Learner, texts: Sequence[str], parts: Split, resources: Resources) -> _Found:
    """Train to the end, and go back to where calibration triplets were won most clearly."""
    n_steps = learner.recipe.n_steps
    # The last step is one of them, and they lie evenly before it.
    checks = {-(-n_steps * part // N_CHECKS) for part in range(1, N_CHECKS + 1)}
    judged = _Judged(learner, texts, parts.calibration)
    before = judged.soft_wins()
    best, stopped, adapter = before, 0, NOTHING
    for step in _trained(learner, texts, parts.training, resources):
        if step not in checks:
            continue
        wins = judged.soft_wins()
        if wins.mean() > best.mean():
            best, stopped, adapter = wins, step, learner.adapter()
    gain = best - before
    if gain.mean() <= gain.std() / np.sqrt(len(gain)):
        best, stopped, adapter = before, 0, NOTHING
    return _Found(stopped, adapter, float(before.mean()), float(best.mean()))


def _trained(
    learner: Learner, texts: Sequence[str], training: Triplets, resources: Resources
) -> Iterator[int]:
    """Train to the end; the number of each step that was taken."""
    n_steps = learner.recipe.n_steps
    for step, within in enumerate(steps(training, learner.recipe), start=1):
        resources.check_cancelled()
        learner.step(texts, within, 1 - (step - 1) / n_steps)
        resources.report(step / n_steps, f"Tuning: step {step} of {n_steps}")
        yield step


def steps(triplets: Triplets, recipe: Recipe) -> Iterator[Triplets]:
    """The triplets of each step: some in turn, and all others among the same texts.

    Args:
        triplets: what is known; gone through in a new order each time.
        recipe: how many steps, and texts in each.
    """
    in_turn = _in_turn(len(triplets), np.random.default_rng([recipe.seed, 8]))
    place = next(in_turn)
    sides = np.stack([triplets.anchor, triplets.positive, triplets.negative])
    for _ in range(recipe.n_steps):
        rows: set[int] = set()
        for _ in range(len(triplets)):
            more = rows | set(sides[:, place].tolist())
            if rows and len(more) > recipe.texts_per_step:
                break
            rows, place = more, next(in_turn)
        yield triplets.where(np.flatnonzero(np.isin(sides, sorted(rows)).all(axis=0)))


def _in_turn(n: int, rng: np.random.Generator) -> Iterator[int]:
    """Each of n numbers once in a random order, then again in another."""
    while True:
        yield from rng.permutation(n).tolist()


class Learner(Encoder):
    """An encoder of one's own, in full precision, with low-rank additions that can be trained."""

    def __init__(self, name: str, recipe: Recipe) -> None:
        """Load the encoder and add what is to be trained, which changes nothing yet.

        Raises:
            BadInput: it has no layers that can be tuned.
            ModelUnavailable: the encoder isn't here.
        """
        import torch

        super().__init__(name)
        self._model.float()
        self.max_tokens = min(self.max_tokens, recipe.window)
        self._model.max_seq_length = self.max_tokens
        self.recipe = recipe
        self._added = dict(_with_additions(name, self._model, recipe))
        self._layers = LowerLayers(self._model)
        weights = [
            side.default.weight
            for layer in self._added.values()
            for side in (layer.lora_A, layer.lora_B)
        ]
        self._optimiser = torch.optim.AdamW(
            weights, lr=recipe.learning_rate, weight_decay=WEIGHT_DECAY
        )

    def step(self, texts: Sequence[str], triplets: Triplets, share_of_rate: float) -> float:
        """Move the weights once; returns the loss before that.

        mean log(1 + exp(−(s(a, p) − s(a, n)) / 0.1)), s the cosine, as projection's.
        """
        import torch

        rows = triplets.rows
        vectors = self.vectors([texts[row] for row in rows])
        anchor, positive, negative = (
            vectors[np.searchsorted(rows, side)]
            for side in (triplets.anchor, triplets.positive, triplets.negative)
        )
        margin = (anchor * (positive - negative)).sum(dim=1)
        loss = torch.nn.functional.softplus(-margin / SOFTNESS).mean()
        for group in self._optimiser.param_groups:
            group["lr"] = self.recipe.learning_rate * share_of_rate
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        return float(loss.detach())

    def adapter(self) -> Adapter:
        """What was learnt so far, as numbers of its own."""
        layers = {}
        for name, layer in self._added.items():
            down, up = (
                side.default.weight.detach().cpu().numpy().astype(np.float32).copy()
                for side in (layer.lora_A, layer.lora_B)
            )
            layers[name] = LowRank(down * np.float32(layer.scaling["default"]), up)
        return Adapter(layers)

    def n_truncated(self, texts: Sequence[str]) -> int:
        """How many texts are longer than what is read of them."""
        return sum(length > self.max_tokens for length in self._lengths(texts))

    def vectors(self, texts: Sequence[str]) -> torch.Tensor:
        """(n, d) unit vectors that gradients flow through."""
        import torch

        order = sorted(range(len(texts)), key=lambda row: (len(texts[row]), texts[row]))
        parts = []
        for at in range(0, len(order), TEXTS_PER_PASS):
            chosen = [texts[row] for row in order[at : at + TEXTS_PER_PASS]]
            features = {
                name: value.to(self._device.name) if isinstance(value, torch.Tensor) else value
                for name, value in self._model.preprocess(chosen).items()
            }
            parts.append(self._layers.vectors(chosen, features))
        unit = torch.nn.functional.normalize(torch.cat(parts), dim=1)
        return unit[torch.from_numpy(np.argsort(order))]


@dataclass(frozen=True, slots=True)
class _Judged:
    """Calibration triplets, and the encoder that is to order them."""

    learner: Learner
    texts: Sequence[str]
    triplets: Triplets

    def soft_wins(self) -> Doubles:
        """(m,) from 0 to 1, how clearly each triplet is won."""
        import torch

        rows = self.triplets.rows
        vectors = np.zeros((int(rows.max()) + 1, self.learner.n_dims), dtype=np.float32)
        with torch.no_grad():
            found = self.learner.vectors([self.texts[row] for row in rows])
        vectors[rows] = found.cpu().numpy()
        return np.asarray(np.exp(-np.logaddexp(0, -margins(vectors, self.triplets) / SOFTNESS)))


def _with_additions(name: str, model: Any, recipe: Recipe) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Put additions beside the layers that are tuned; each is given by its layer's name."""
    import torch
    from peft import LoraConfig, inject_adapter_in_model
    from peft.tuners.lora import Linear

    if not model.has_peft_compatible_model():
        raise BadInput(
            f"Encoder {name!r} is no transformer, so it has no layers to fine-tune. Choose another "
            "model, or use the method projection."
        )
    transformer = model.transformers_model
    config = LoraConfig(
        r=recipe.rank, lora_alpha=recipe.rank, target_modules=tuned_layers(transformer)
    )
    # The start of the additions is drawn from torch's own generator.
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        inject_adapter_in_model(config, transformer)
    for place, module in model.named_modules():
        if isinstance(module, Linear):
            yield place, module
