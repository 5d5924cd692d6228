"""How far a method's similarities agree with what a judge answered."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.judges.questions import Choice
from engine.spot_checks.answers import AnsweredPair, AnsweredTriplet
from engine.spot_checks.pairs import both_ways
from engine.types import Bools, Doubles, Similarity

Z_95 = 1.959964
N_RESAMPLES = 2000
RANDOM = "random"


@dataclass(frozen=True)
class Auc:
    """Probability that a "same" pair is more similar than a "different" pair, ties half.

    value, low and high (95%) are None while there is not at least one of each.
    """

    value: float | None
    low: float | None
    high: float | None
    n_same: int
    n_different: int


@dataclass(frozen=True)
class BestAccuracy:
    """Share of pairs judged rightly by calling those from `threshold` upwards the same.

    The threshold is the best for these very answers, so the share is optimistic; it is infinite
    where calling none of them the same is best.
    """

    value: float
    threshold: float


@dataclass(frozen=True)
class Agreement:
    """A method's agreement with the answers on pairs.

    Attributes:
        everything: on all answers. Pairs chosen because methods disagree on them are harder than
            most and are not a sample of anything: read this to compare methods on the same
            answers, not as a share of the corpus.
        random: on the random stratum alone, which does speak for the corpus.
        accuracy: at the best threshold on all answers; None where everything.value is.
        n_unsure: answers that say neither.
        n_not_scored: answers on pairs that the method has no similarity for; with any, the figures
            are over other pairs than another method's.
    """

    everything: Auc
    random: Auc
    accuracy: BestAccuracy | None
    n_unsure: int
    n_not_scored: int


def agreement(similarity: Similarity, answers: Sequence[AnsweredPair], *, seed: int) -> Agreement:
    """Compare a method's similarities with answers on pairs.

    Args:
        similarity: the method's.
        answers: what the judge said; one answer a pair.
        seed: of the bootstrap.
    """
    sure = [answer for answer in answers if answer.same is not None]
    left = np.array([answer.left_row for answer in sure], dtype=np.int64)
    right = np.array([answer.right_row for answer in sure], dtype=np.int64)
    values = both_ways(similarity, left, right)
    scored = ~np.isnan(values)
    same = np.array([bool(answer.same) for answer in sure], dtype=np.bool_)
    at_random = np.array([answer.stratum == RANDOM for answer in sure], dtype=np.bool_)
    return Agreement(
        everything=_auc_where(scored, values, same, seed),
        random=_auc_where(scored & at_random, values, same, seed),
        accuracy=_best_accuracy(values[scored & same], values[scored & ~same]),
        n_unsure=len(answers) - len(sure),
        n_not_scored=int((~scored).sum()),
    )


def _auc_where(counted: Bools, values: Doubles, same: Bools, seed: int) -> Auc:
    return auc(values[counted & same], values[counted & ~same], seed=seed)


def auc(same: Doubles, different: Doubles, *, seed: int) -> Auc:
    """AUC with a 95% interval.

    The interval spans a percentile bootstrap over pairs (2,000 resamples, within "same" and within
    "different") and Newcombe's score interval: the bootstrap alone has no width for a few answers
    that happen to be told apart perfectly.

    Args:
        same: (n_same,) similarities of pairs that the judge called the same.
        different: (n_different,) of pairs that the judge called different.
        seed: of the bootstrap.

    Reference: Newcombe 2006, Statistics in Medicine 25(4), method 5.

    Example:
        >>> auc(np.array([0.9, 0.4]), np.array([0.4, 0.1]), seed=0).value
        0.875
    """
    n_same, n_different = len(same), len(different)
    if n_same == 0 or n_different == 0:
        return Auc(None, None, None, n_same, n_different)
    wins = (np.sign(same[:, None] - different[None, :]) + 1) / 2
    value = float(wins.mean())
    rng = np.random.default_rng(seed)
    won = (_resample(rng, n_same) @ wins * _resample(rng, n_different)).sum(axis=1)
    low, high = np.quantile(won / (n_same * n_different), [0.025, 0.975])
    score_low, score_high = _score_interval(value, n_same, n_different)
    return Auc(value, min(float(low), score_low), max(float(high), score_high), n_same, n_different)


def _resample(rng: np.random.Generator, n: int) -> Doubles:
    """(N_RESAMPLES, n) how often each of n is drawn; whole numbers, so sums stay exact."""
    return rng.multinomial(n, np.full(n, 1 / n), size=N_RESAMPLES).astype(np.float64)


def _score_interval(value: float, n_same: int, n_different: int) -> tuple[float, float]:
    """Where the AUC stops being 1.96 of its own standard errors from the observed value."""
    n_mean = (n_same + n_different) / 2 - 1

    def excess(theta: float) -> float:
        spread = 1 + n_mean * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        variance = theta * (1 - theta) * spread / (n_same * n_different)
        return abs(value - theta) - Z_95 * math.sqrt(variance)

    return _boundary(excess, value, 0.0), _boundary(excess, value, 1.0)


def _boundary(excess: Callable[[float], float], inside: float, outside: float) -> float:
    """The point between, to within 2⁻⁵⁰, where excess turns positive."""
    for _ in range(50):
        middle = (inside + outside) / 2
        if excess(middle) > 0:
            outside = middle
        else:
            inside = middle
    return outside


def _best_accuracy(same: Doubles, different: Doubles) -> BestAccuracy | None:
    if len(same) == 0 or len(different) == 0:
        return None
    thresholds = np.append(np.unique(np.concatenate([same, different])), np.inf)
    n_hits = len(same) - np.searchsorted(np.sort(same), thresholds, side="left")
    n_rejections = np.searchsorted(np.sort(different), thresholds, side="left")
    shares = (n_hits + n_rejections) / (len(same) + len(different))
    best = int(np.argmax(shares))
    return BestAccuracy(float(shares[best]), float(thresholds[best]))


@dataclass(frozen=True)
class TripletAgreement:
    """Share of triplets that a method orders as the judge does, with a 95% Wilson interval.

    value, low and high are None while n is 0. A method's own tie counts half; the judge's ties
    (n_ties) and triplets not scored (n_not_scored) are not among the n.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_ties: int
    n_not_scored: int


def triplet_agreement(
    similarity: Similarity, answers: Sequence[AnsweredTriplet]
) -> TripletAgreement:
    """Compare a method's order with answers on triplets.

    Args:
        similarity: the method's; the triplet's anchor is its anchor.
        answers: what the judge said; one answer a triplet.
    """
    decided = [answer for answer in answers if answer.choice is not Choice.TIE]
    anchors, left, right = (
        np.array([getattr(answer, name) for answer in decided], dtype=np.int64)
        for name in ("anchor_row", "left_row", "right_row")
    )
    lead = similarity.pairs(anchors, left).astype(np.float64) - similarity.pairs(anchors, right)
    sides = np.array([1 if answer.choice is Choice.LEFT else -1 for answer in decided])
    agrees = (np.sign(lead) * sides + 1) / 2
    agrees = agrees[~np.isnan(agrees)]
    n_ties, n_not_scored = len(answers) - len(decided), len(decided) - len(agrees)
    if len(agrees) == 0:
        return TripletAgreement(None, None, None, 0, n_ties, n_not_scored)
    value = float(agrees.mean())
    low, high = wilson(value, len(agrees))
    return TripletAgreement(value, low, high, len(agrees), n_ties, n_not_scored)


def wilson(share: float, n: int) -> tuple[float, float]:
    """95% interval of a share of n.

    Reference: Wilson 1927, JASA 22(158).

    Example:
        >>> [round(end, 3) for end in wilson(0.5, 10)]
        [0.237, 0.763]
    """
    z2 = Z_95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)
