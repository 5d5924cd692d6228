"""One scale from scores and comparisons together, with each batch's drift taken out.

    score of text i in batch b  =  x_i + offset_b + noise
    P(i has more than j)        =  1 / (1 + exp(−sharpness · (x_i − x_j)))

Where texts stand (x), offsets and sharpness are those of the highest posterior. Comparisons alone
make it Bradley–Terry's model. Memory is linear in texts and verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.errors import BadInput
from engine.scales.answers import NO_SCORES, NO_WINS, Scores, Wins, check_rows
from engine.types import Doubles, Rows

SPREAD = 3.0
"""Standard deviation, in points or logits, that texts have before anything was judged."""
OFFSET_SPREAD = 2.0
"""Standard deviation of batches' offsets before anything was judged."""
NOISE = 1.0
"""Points by which a judge misses, where no text was scored twice to measure it."""
MIN_NOISE = 0.25
MIN_REPEATS = 5


@dataclass(frozen=True, eq=False)
class FittedScale:
    """Where each text stands.

    Attributes:
        values: (n,) in points where there were scores, else in logits about 0. A text that was
            never judged stands at the centre.
        information: (n,) curvature of the posterior at each text, the others held fixed: its
            inverse is the least variance that the text's place can have. A text that was never
            judged has only the prior's.
        offsets: how much higher each batch scored than the scale says; empty without scores.
        sharpness: logits by which one unit of the scale decides a comparison.
        noise: standard deviation of a score about its text's place.
    """

    values: Doubles
    information: Doubles
    offsets: Mapping[str, float]
    sharpness: float
    noise: float

    def chance(self, left: Rows, right: Rows) -> Doubles:
        """(m,) probability that a judge says of left that it has more than right."""
        lead = self.values[left] - self.values[right]
        return np.asarray(np.exp(-np.logaddexp(0, -self.sharpness * lead)), dtype=np.float64)


def consolidated(
    n_texts: int,
    *,
    wins: Wins = NO_WINS,
    scores: Scores = NO_SCORES,
    spread: float = SPREAD,
    start: Doubles | None = None,
) -> FittedScale:
    """Fit one scale to scores and comparisons by maximum a posteriori.

    The noise of scores is measured on texts that several batches scored; with fewer than 5 repeats
    it is taken to be 1 point. Offsets of batches that share no text with others are told from the
    texts' own places only by chance assignment: share anchors.

    Args:
        n_texts: corpus size.
        wins: comparisons; see engine.scales.answers.
        scores: scores; likewise.
        spread: of the texts before anything was judged; smaller pulls more to the centre.
        start: (n,) places to begin at, such as an earlier fit's.

    Raises:
        BadInput: neither scores nor comparisons, unknown rows, or spread is not positive.

    Reference: Bradley & Terry 1952, Biometrika 39, 324–345; the offsets as in Kolen & Brennan 2014,
    Test Equating, ch. 6 (anchor items).

    Example:
        >>> fitted = consolidated(3, wins=Wins(np.array([0, 1]), np.array([1, 2])))
        >>> np.argsort(-fitted.values).tolist()
        [0, 1, 2]
    """
    if not len(wins.winner) and not len(scores.rows):
        raise BadInput("There is neither a comparison nor a score. Ask some of either.")
    if not spread > 0:
        raise BadInput(f"spread is {spread}; it must be above 0.")
    check_rows(n_texts, wins.winner, wins.loser, scores.rows)
    noise = score_noise(scores)
    problem = _Problem(n_texts, wins, scores, spread, noise)
    places, offsets, sharpness = problem.solved(start)
    return FittedScale(
        places + problem.centre,
        problem.information(places, sharpness),
        dict(zip(scores.batch_names, offsets.tolist(), strict=True)),
        sharpness,
        noise,
    )


def score_noise(scores: Scores) -> float:
    """Standard deviation of scores about their text's mean once batches' means are taken out.

    Only texts that several batches scored count, each weighing as many degrees of freedom as it
    has scores beyond the first; 1.0 with fewer than 5 of them, and at least 0.25, for a judge of
    whole points who repeats himself is not without error.
    """
    text, times = np.unique(scores.rows, return_counts=True)
    shared = np.isin(scores.rows, text[times > 1])
    rows, batch, values = scores.rows[shared], scores.batch[shared], scores.values[shared]
    n_free = len(rows) - len(np.unique(rows)) - (len(np.unique(batch)) - 1)
    if n_free < MIN_REPEATS:
        return NOISE
    left = values - _means(batch, values)[batch]
    _, text_of = np.unique(rows, return_inverse=True)
    left = left - _means(text_of, left)[text_of]
    return max(MIN_NOISE, float(np.sqrt((left**2).sum() / n_free)))


def _means(groups: Rows, values: Doubles) -> Doubles:
    sums, n = np.bincount(groups, weights=values), np.bincount(groups)
    return np.asarray(sums / np.maximum(n, 1), dtype=np.float64)


class _Found(NamedTuple):
    places: Doubles
    offsets: Doubles
    sharpness: float


class _Problem:
    """Negative log-posterior and its gradient over (places, offsets, log sharpness)."""

    def __init__(
        self, n_texts: int, wins: Wins, scores: Scores, spread: float, noise: float
    ) -> None:
        self.n_texts, self.wins, self.scores = n_texts, wins, scores
        self.spread, self.noise = spread, noise
        self.n_batches = len(scores.batch_names)
        self.centre = float(scores.values.mean()) if len(scores.values) else 0.0
        self.points = scores.values - self.centre
        # Without scores the unit is a logit; without comparisons nothing tells what it would be.
        self.is_joint = bool(len(scores.rows)) and bool(len(wins.winner))

    def solved(self, start: Doubles | None) -> _Found:
        from scipy.optimize import minimize

        begin = np.zeros(self.n_texts + self.n_batches + 1)
        if start is not None:
            begin[: self.n_texts] = start - self.centre
        found = minimize(
            self.loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 2000, "gtol": 1e-6}
        )
        return _Found(
            found.x[: self.n_texts], found.x[self.n_texts : -1], float(np.exp(found.x[-1]))
        )

    def loss(self, x: Doubles) -> tuple[float, Doubles]:
        places, offsets, sharpness = x[: self.n_texts], x[self.n_texts : -1], np.exp(x[-1])
        gradient = np.zeros_like(x)
        won, lost = self.wins
        lead = places[won] - places[lost]
        value = np.logaddexp(0, -sharpness * lead).sum()
        slope = -np.exp(-np.logaddexp(0, sharpness * lead))
        gradient[: self.n_texts] += sharpness * self._onto(won, slope)
        gradient[: self.n_texts] -= sharpness * self._onto(lost, slope)
        if self.is_joint:
            gradient[-1] = sharpness * (slope * lead).sum() + x[-1]
            value += x[-1] ** 2 / 2
        missed = places[self.scores.rows] + offsets[self.scores.batch] - self.points
        value += (missed**2).sum() / (2 * self.noise**2)
        gradient[: self.n_texts] += self._onto(self.scores.rows, missed) / self.noise**2
        gradient[self.n_texts : -1] += (
            np.bincount(self.scores.batch, weights=missed, minlength=self.n_batches) / self.noise**2
        )
        value += (places**2).sum() / (2 * self.spread**2)
        value += (offsets**2).sum() / (2 * OFFSET_SPREAD**2)
        gradient[: self.n_texts] += places / self.spread**2
        gradient[self.n_texts : -1] += offsets / OFFSET_SPREAD**2
        return float(value), gradient

    def information(self, places: Doubles, sharpness: float) -> Doubles:
        won, lost = self.wins
        chance = np.exp(-np.logaddexp(0, -sharpness * (places[won] - places[lost])))
        each = sharpness**2 * chance * (1 - chance)
        found = 1 / self.spread**2 + self._onto(won, each) + self._onto(lost, each)
        once = np.ones(len(self.scores.rows)) / self.noise**2
        return np.asarray(found + self._onto(self.scores.rows, once), dtype=np.float64)

    def _onto(self, rows: Rows, values: Doubles) -> Doubles:
        return np.asarray(
            np.bincount(rows, weights=values, minlength=self.n_texts), dtype=np.float64
        )
