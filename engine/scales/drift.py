"""Batches' drift taken out of scores, and what is left of it on anchors that were held back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.diagnostics.drift import (
    MIN_SHARED,
    BatchDrift,
    BatchScores,
    batch_drift,
    shared_items,
    shared_scores,
)
from engine.errors import BadInput
from engine.types import Doubles


class DriftChange(NamedTuple):
    """Drift of each batch on held-back anchors, before and after it was taken out.

    before, after: one a batch, by name; see engine.diagnostics.drift.
    n_fitted: shared items that the correction was read from; the others measured it.
    """

    before: tuple[BatchDrift, ...]
    after: tuple[BatchDrift, ...]
    n_fitted: int


def without_drift(scored: BatchScores, *, fitted_on: BatchScores | None = None) -> BatchScores:
    """The scores with each batch's offset on the shared items taken out.

    Only the offset: with a dozen anchors a slope is mostly noise, and stretching by noise does
    harm. Where slopes differ clearly, see engine.normalise.batches.

    Args:
        scored: items, batches and scores.
        fitted_on: where the offsets are read from; `scored` itself when None.

    Raises:
        BadInput: no item was scored in every batch, or a batch has no offset.

    Example:
        >>> two = BatchScores(("a", "a"), ("1", "2"), np.array([4.0, 6.0]))
        >>> without_drift(two).scores.tolist()
        [5.0, 5.0]
    """
    offsets = _offsets(scored if fitted_on is None else fitted_on)
    unknown = sorted(set(scored.batches) - offsets.keys())
    if unknown:
        raise BadInput(f"Batch {unknown[0]!r} shares no item with the others; score anchors in it.")
    taken = np.array([offsets[batch] for batch in scored.batches])
    return BatchScores(scored.items, scored.batches, scored.scores - taken)


def drift_change(scored: BatchScores, *, seed: int = 0) -> DriftChange:
    """Take drift out by half of the shared items, and measure it before and after on the others.

    On the items it was read from it would vanish whatever they are.

    Args:
        scored: items, batches and scores.
        seed: of the halves, and of the bootstrap.

    Raises:
        BadInput: fewer than 8 items were scored in every batch.
    """
    items = shared_items(scored)
    if len(items) < 2 * MIN_SHARED:
        raise BadInput(
            f"{len(items)} items were scored in every batch; at least {2 * MIN_SHARED} are needed "
            "to read drift from one half and measure it on the other."
        )
    mixed = np.random.default_rng(seed).permutation(len(items))
    fitted = {items[i] for i in mixed[: len(items) // 2].tolist()}
    held = set(items) - fitted
    left_out = _only(scored, held)
    corrected = without_drift(left_out, fitted_on=_only(scored, fitted))
    return DriftChange(
        tuple(batch_drift(left_out, seed=seed)),
        tuple(batch_drift(corrected, seed=seed)),
        len(fitted),
    )


def _offsets(scored: BatchScores) -> dict[str, float]:
    table, names = shared_scores(scored)
    if not len(table):
        raise BadInput("No item was scored in every batch; score some anchors in each.")
    means: Doubles = table.mean(axis=0)
    return dict(zip(names, (means - means.mean()).tolist(), strict=True))


def _only(scored: BatchScores, items: set[str]) -> BatchScores:
    kept = np.array([item in items for item in scored.items])
    places = np.flatnonzero(kept).tolist()
    return BatchScores(
        tuple(scored.items[i] for i in places),
        tuple(scored.batches[i] for i in places),
        scored.scores[kept],
    )
