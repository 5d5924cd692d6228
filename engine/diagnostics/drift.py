"""Do batches of judging share one scale? Measured on the items that all of them scored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from engine.diagnostics.estimate import Estimate, anchor_counts, percentile_estimate
from engine.errors import BadInput
from engine.judges.questions import Kind, Verdict
from engine.types import Doubles

N_DRAWS = 1000
MIN_SHARED = 4


class BatchDrift(NamedTuple):
    """One batch against the mean of the others on the items they share.

    slope: 1 = the same spread. offset: how much higher this batch scores at the items' mean;
    0 = none, in units of the scores. `n` counts shared items in both.
    drifted: whether either interval leaves out what an honest batch would have.
    """

    batch: str
    slope: Estimate
    offset: Estimate

    @property
    def drifted(self) -> bool:
        """Whether the slope's interval leaves out 1, or the offset's leaves out 0."""
        off_slope = self.slope.low > 1 or self.slope.high < 1
        return off_slope or self.offset.low > 0 or self.offset.high < 0


class BatchScores(NamedTuple):
    """Scores of items in batches; the same item may occur once in each batch."""

    items: tuple[str, ...]
    batches: tuple[str, ...]
    scores: Doubles


def scores_by_batch(verdicts: Iterable[Verdict], kind: Kind = Kind.POINT) -> BatchScores:
    """The values of one judge's verdicts with the batches they came in; the last of repeats."""
    latest = {
        (verdict.unordered_key, verdict.batch): verdict.value
        for verdict in verdicts
        if verdict.kind is kind and verdict.value is not None
    }
    items, batches = tuple(key for key, _ in latest), tuple(batch for _, batch in latest)
    return BatchScores(items, batches, np.array(list(latest.values()), dtype=np.float64))


def batch_drift(scored: BatchScores, *, seed: int = 0) -> list[BatchDrift]:
    """Slope and offset of each batch against the mean of the other batches, on shared items.

    Shared items are those that every batch scored. The line is Deming's: the mean of the others is
    noisy too, with one over as many parts of a batch's noise, so a plain regression would find a
    slope below 1 where there is none. With few batches one that drifts pulls the others the other
    way a little; look at the largest first.

    Args:
        scored: items, batches and scores.
        seed: of the bootstrap over items.

    Returns:
        One a batch, by name; none when there are fewer than two batches or 4 shared items.

    Raises:
        BadInput: lengths differ, or an item occurs twice in a batch.

    Reference: Linnet 1990, Statistics in Medicine 9(12), 1463–1473.
    """
    table, names = shared_scores(scored)
    if len(names) < 2 or len(table) < MIN_SHARED:
        return []
    rng = np.random.default_rng(seed)
    counts = anchor_counts(len(table), n_draws=N_DRAWS, rng=rng) / len(table)
    everyone = np.full((1, len(table)), 1 / len(table))
    found = []
    for column, name in enumerate(names):
        others = np.delete(table, column, axis=1).mean(axis=1)
        value = _line(others, table[:, column], everyone, len(names) - 1)
        draws = _line(others, table[:, column], counts, len(names) - 1)
        slope, offset = (
            percentile_estimate(float(v[0]), d, n=len(table))
            for v, d in zip(value, draws, strict=True)
        )
        found.append(BatchDrift(name, slope, offset))
    return found


def shared_scores(scored: BatchScores) -> tuple[Doubles, list[str]]:
    """(items, batches) scores of the items that every batch has, and the batches' names."""
    names = sorted(set(scored.batches))
    full = _shared(scored, len(names)).values()
    return np.array([[row[name] for name in names] for row in full], dtype=np.float64), names


def shared_items(scored: BatchScores) -> list[str]:
    """The items that every batch has, in the order of the rows of `shared_scores`."""
    return list(_shared(scored, len(set(scored.batches))))


def _shared(scored: BatchScores, n_batches: int) -> dict[str, dict[str, float]]:
    """Scores by batch of each item that all batches have."""
    if not len(scored.items) == len(scored.batches) == len(scored.scores):
        raise BadInput("Items, batches and scores have different lengths; give one of each.")
    by_item: dict[str, dict[str, float]] = {}
    for item, batch, score in zip(*scored[:2], scored.scores.tolist(), strict=True):
        row = by_item.setdefault(item, {})
        if batch in row:
            raise BadInput(f"Item {item!r} occurs twice in batch {batch!r}; give one score each.")
        row[batch] = score
    return {item: row for item, row in by_item.items() if len(row) == n_batches}


def _line(x: Doubles, y: Doubles, shares: Doubles, ratio: float) -> tuple[Doubles, Doubles]:
    """Deming slope, and mean of y − x, under each resampling of the items.

    ratio: error variance of y over that of x.
    """
    mean_x, mean_y = shares @ x, shares @ y
    xx = shares @ x**2 - mean_x**2
    yy = shares @ y**2 - mean_y**2
    xy = shares @ (x * y) - mean_x * mean_y
    lead = yy - ratio * xx
    root = np.sqrt(lead**2 + 4 * ratio * xy**2)
    steep = np.abs(xy) > 1e-12
    slope = np.where(steep, (lead + root) / np.where(steep, 2 * xy, 1), np.nan)
    return slope, mean_y - mean_x
