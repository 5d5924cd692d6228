"""A low-rank linear map of a frozen embedding, fitted on triplets.

x (n, d) → (x − mean) M, and the cosine of that: one matrix an attribute, and no text is read again.
The map is fitted from a start that is already a similarity (nothing known: the embedding's own main
directions; or what written categories say), with a ridge that pulls it back there. How hard it
pulls and when to stop is chosen on triplets whose anchors were held back; where nothing beats the
start there by more than a standard error, the start stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from engine.errors import BadInput
from engine.tuning.splits import fold
from engine.tuning.triplets import Triplets
from engine.types import Doubles, Floats, Rows

SOFTNESS = 0.1
"""Difference of cosines at which a triplet counts as ordered with odds of e to 1."""
RIDGES = (0.01, 0.1)
MAX_STEPS = 30
CALIBRATION_SHARE = 0.25
MIN_CALIBRATION = 5


class Choice(NamedTuple):
    """What was chosen on the calibration triplets.

    ridge, n_steps: of the fit; n_steps 0 is the start itself. before, after: soft accuracy on the
    calibration triplets of the start and of the map. n_calibration: triplets it was chosen on.
    """

    ridge: float
    n_steps: int
    before: float
    after: float
    n_calibration: int


@dataclass(frozen=True, slots=True, eq=False)
class LinearMap:
    """(x − mean) matrix, then unit length.

    mean: (d,). matrix: (d, r).
    """

    mean: Floats
    matrix: Floats

    def apply(self, vectors: Floats) -> Floats:
        """(n, r) unit rows; see `engine.tuning.applying` for a million."""
        mapped = vectors @ self.matrix - self.mean @ self.matrix
        lengths = np.linalg.norm(mapped, axis=1, keepdims=True)
        return np.asarray(mapped / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def tuned(
    columns: Doubles, start: Doubles, triplets: Triplets, texts: Sequence[str], *, seed: int = 0
) -> tuple[Doubles, Choice]:
    """Fit a map on triplets; ridge and stopping are chosen on anchors that were held back.

    Args:
        columns: (n, k) centred features of the corpus.
        start: (k, r) the map that is started from and pulled back to.
        triplets: what is known.
        texts: the corpus's texts: calibration holds back texts, not rows.
        seed: of the division.

    Returns:
        (k, r) the map, fitted on all triplets, and what was chosen.

    Raises:
        BadInput: there are no triplets.
    """
    if not len(triplets):
        raise BadInput(
            f"There is no triplet to learn from ({triplets.described}). Judge some more texts, or "
            "hold fewer out."
        )
    parts = fold(triplets, texts, seed=seed, share=CALIBRATION_SHARE)
    if len(parts.calibration) < MIN_CALIBRATION or not len(parts.training):
        # Too few to choose by: the strongest pull and few steps.
        return fit(columns, start, triplets, ridge=max(RIDGES), n_steps=5), Choice(
            max(RIDGES), 5, np.nan, np.nan, len(parts.calibration)
        )
    choice = _chosen(columns, start, parts.training, parts.calibration)
    if choice.n_steps == 0:
        return start, choice
    return fit(columns, start, triplets, ridge=choice.ridge, n_steps=choice.n_steps), choice


def fit(
    columns: Doubles,
    start: Doubles,
    triplets: Triplets,
    *,
    ridge: float,
    n_steps: int = MAX_STEPS,
    watch: Callable[[Doubles], None] = lambda _: None,
) -> Doubles:
    """The map with the least logistic loss on triplets, pulled back to its start.

    mean log(1 + exp(−(s(a, p) − s(a, n)) / 0.1)) + ridge · ‖M − start‖² / ‖start‖², s the cosine.

    Args:
        columns: (n, k) centred features of the corpus.
        start: (k, r) where it begins.
        triplets: what is to be ordered.
        ridge: how hard it is pulled back.
        n_steps: steps of L-BFGS at most.
        watch: told the map after each step.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    problem, shape = _Problem.of(columns, start, triplets, ridge), start.shape
    # Products this small run slower on several threads than on one.
    with threadpool_limits(limits=1):
        found = minimize(
            problem.loss,
            start.ravel(),
            jac=True,
            method="L-BFGS-B",
            callback=lambda x: watch(x.reshape(shape)),
            options={"maxiter": n_steps},
        )
    fitted: Doubles = found.x.reshape(shape)
    return fitted


def margins(mapped: Doubles | Floats, triplets: Triplets) -> Doubles:
    """(m,) s(anchor, positive) − s(anchor, negative) of unit rows."""
    difference = mapped[triplets.positive] - mapped[triplets.negative]
    return np.asarray((mapped[triplets.anchor] * difference).sum(axis=1), dtype=np.float64)


def soft_wins(columns: Doubles, matrix: Doubles, triplets: Triplets) -> Doubles:
    """(m,) from 0 to 1, how clearly each triplet is won: smooth, and no miss costs more than 1."""
    margin = margins(_unit(columns @ matrix), triplets)
    return np.asarray(np.exp(-np.logaddexp(0, -margin / SOFTNESS)))


def main_directions(centred: Doubles, rank: int, *, evenness: float = 0.5) -> Doubles:
    """(d, r) the corpus's own main directions: the start when nothing is known.

    Args:
        centred: (n, d) vectors with their mean taken away.
        rank: directions at most.
        evenness: 0 leaves each as spread as it is (the embedding itself), 1 makes all alike.

    Raises:
        BadInput: all texts have the same vector.
    """
    _, values, rows = np.linalg.svd(centred, full_matrices=False)
    kept = int((values > 1e-6 * max(1e-12, values[0])).sum())
    if not kept or values[0] < 1e-9:
        raise BadInput("All texts have the same vector: there is nothing to tell them apart by.")
    kept = min(kept, rank)
    signs = np.sign(rows[:kept][np.arange(kept), np.abs(rows[:kept]).argmax(axis=1)])
    spread = values[:kept] / np.sqrt(len(centred))
    scaled = (signs[:, None] * rows[:kept]).T / spread**evenness
    return np.asarray(scaled / np.sqrt((spread ** (2 - 2 * evenness)).sum()))


def _chosen(columns: Doubles, start: Doubles, training: Triplets, calibration: Triplets) -> Choice:
    rows = calibration.rows
    few, seen = _renumbered(calibration, rows), columns[rows]
    before = soft_wins(seen, start, few)
    best, ridge_of_best, step_of_best = before, 0.0, 0
    for ridge in RIDGES:
        steps: list[Doubles] = []

        def watch(matrix: Doubles, kept: list[Doubles] = steps) -> None:
            kept.append(soft_wins(seen, matrix, few))

        fit(columns, start, training, ridge=ridge, watch=watch)
        for step, wins in enumerate(steps, start=1):
            if wins.mean() > best.mean():
                best, ridge_of_best, step_of_best = wins, ridge, step
    gain, n = best - before, len(before)
    if gain.mean() <= gain.std() / np.sqrt(n):
        return Choice(0.0, 0, float(before.mean()), float(before.mean()), n)
    return Choice(ridge_of_best, step_of_best, float(before.mean()), float(best.mean()), n)


def _renumbered(triplets: Triplets, rows: Rows) -> Triplets:
    anchor, positive, negative = (
        np.searchsorted(rows, side).astype(np.int64)
        for side in (triplets.anchor, triplets.positive, triplets.negative)
    )
    return Triplets(anchor, positive, negative, triplets.source, 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """Loss and gradient over the texts that occur in triplets.

    columns: (u, k). anchor, positive, negative: (m,) rows of it. left, right: (4m,) the places of
    the symmetric matrix that carries the gradient from margins to mapped texts.
    """

    columns: Doubles
    anchor: Rows
    positive: Rows
    negative: Rows
    start: Doubles
    pull: float

    @classmethod
    def of(cls, columns: Doubles, start: Doubles, triplets: Triplets, ridge: float) -> _Problem:
        rows = triplets.rows
        few = _renumbered(triplets, rows)
        return cls(
            columns[rows],
            few.anchor,
            few.positive,
            few.negative,
            start,
            ridge / float((start**2).sum()),
        )

    def loss(self, flat: Doubles) -> tuple[float, Doubles]:
        matrix = flat.reshape(self.start.shape)
        mapped = self.columns @ matrix
        lengths = np.linalg.norm(mapped, axis=1, keepdims=True) + 1e-9
        unit = mapped / lengths
        sides = unit[self.positive] - unit[self.negative]
        margin = np.einsum("ij,ij->i", unit[self.anchor], sides) / SOFTNESS
        slope = -np.exp(-np.logaddexp(0, margin)) / (SOFTNESS * len(margin))
        toward = self._carrier(slope) @ unit
        along = (toward * unit).sum(axis=1, keepdims=True)
        offset = matrix - self.start
        gradient = self.columns.T @ ((toward - along * unit) / lengths) + 2 * self.pull * offset
        value = np.logaddexp(0, -margin).mean() + self.pull * (offset**2).sum()
        return float(value), gradient.ravel()

    def _carrier(self, slope: Doubles) -> sp.csr_array:
        left = np.concatenate([self.anchor, self.positive, self.anchor, self.negative])
        right = np.concatenate([self.positive, self.anchor, self.negative, self.anchor])
        values = np.concatenate([slope, slope, -slope, -slope])
        n_texts = len(self.columns)
        return sp.csr_array((values, (left, right)), shape=(n_texts, n_texts))


def _unit(mapped: Doubles) -> Doubles:
    return np.asarray(mapped / (np.linalg.norm(mapped, axis=1, keepdims=True) + 1e-9))
