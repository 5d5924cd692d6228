"""What verdicts are worth: accuracy on held-out triplets against their number, and the next ones.

Every point of a curve is measured on the same triplets, whose anchors nothing is ever learnt from,
so that the difference between two points is known better than either of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np

from engine.corpus import Corpus
from engine.diagnostics.estimate import (
    N_DRAWS,
    Estimate,
    anchor_counts,
    bootstrap_mean,
    percentile_estimate,
)
from engine.errors import BadInput
from engine.resources import Resources
from engine.similarity import VectorSimilarity, unit_rows
from engine.tuning.evaluate import triplet_wins
from engine.tuning.features import features_of, in_canonical_order
from engine.tuning.splits import held_out_rows
from engine.tuning.triplets import Triplets, deduplicated, label_triplets
from engine.tuning.truth import Wanted, canonical_order, label_column, triplets_of
from engine.types import Attribute, Doubles, Floats, Rows, Similarity

BUDGETS = (0, 64, 256, 1024)
N_TESTED = 1500
MIN_ANCHORS = 10
MIN_FORETOLD = 50
"""Anchors it takes to say anything of further verdicts."""
WORTH = 0.02
"""The least gain in accuracy that is worth another round of verdicts."""
_TEST_SEED = 1000


class Prepares(Protocol):
    """Whatever makes a Similarity: a method with its options."""

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Do the work, and return the result."""
        ...


class Point(NamedTuple):
    """One point of a learning curve.

    budget: verdicts that were allowed. n_verdicts: those that there were. wins: (a,) the share of
    each held-out anchor's triplets that are ordered rightly. accuracy: their mean. learnt_from:
    what it learnt from, in words; empty where it learnt nothing.
    """

    budget: int
    n_verdicts: int
    wins: Doubles
    accuracy: Estimate
    learnt_from: str = ""

    @property
    def is_full(self) -> bool:
        """Whether there were as many verdicts as allowed."""
        return self.n_verdicts >= self.budget


class Outlook(NamedTuple):
    """What further verdicts would add, where the curve says so.

    n_more: how many further verdicts. gain: expected of them. helps: whether they are worth it.
    """

    n_more: int
    gain: Estimate
    helps: bool

    @property
    def described(self) -> str:
        """One hedged sentence."""
        low, high = (f"{end:.2f}" for end in (self.gain.low, self.gain.high))
        if self.helps:
            return (
                f"The next {self.n_more:,} verdicts are expected to add about "
                f"{self.gain.value:.2f} [{low}, {high}], if the curve goes on as it did."
            )
        return (
            f"Stop: more verdicts will hardly help. As the curve flattens, the next "
            f"{self.n_more:,} are expected to add less than {WORTH:.2f}."
        )


class Flips(NamedTuple):
    """Triplets that one similarity orders rightly and another one wrongly.

    mended, broken: positions of triplets, the clearest first, one an anchor. n_mended, n_broken:
    how many there are in all. n_compared: triplets that both have scored.
    """

    mended: Rows
    broken: Rows
    n_mended: int
    n_broken: int
    n_compared: int


def held_out_triplets(corpus: Corpus, attribute: Attribute, wanted: Wanted) -> Triplets:
    """Triplets to measure with: no method with this truth learns from their anchors in any role.

    Of labels, all three texts are held out, and the triplets are hard: the negative shares another
    label with the anchor. Of verdicts, those with a held-out anchor; there are too few others.

    Args:
        corpus: in any order; the rows are of this order.
        attribute: the respect.
        wanted: the truth, the share held out and the seed that a method is tuned with.

    Raises:
        BadInput: there is no such truth, or it is too small to measure with.
    """
    order = canonical_order(corpus)
    ordered = corpus.subset(order)
    held = held_out_rows(ordered.texts, wanted.held_out, wanted.seed)
    column = wanted.column or label_column(corpus, attribute)
    if wanted.truth in ("auto", "labels") and column:
        found = _of_labels(ordered, column, held, wanted.seed)
    else:
        given = triplets_of(ordered, attribute, replace(wanted, held_out=0.0, n_verdicts=0))
        found = given.where(np.isin(given.anchor, held))
    n_anchors = len(np.unique(found.anchor))
    if n_anchors < MIN_ANCHORS:
        raise BadInput(
            f"Only {n_anchors} texts of {found.source} can be held out as anchors to measure with; "
            f"it takes {MIN_ANCHORS}. Answer more spot checks, take more texts, or choose another "
            "truth."
        )
    return replace(
        found,
        anchor=order[found.anchor],
        positive=order[found.positive],
        negative=order[found.negative],
    )


def anchor_wins(similarity: Similarity, tested: Triplets) -> Doubles:
    """(a,) share of each anchor's triplets that are ordered rightly, by anchor row; NaN = unscored.

    Example:
        >>> vectors = unit_rows(np.array([[1, 0], [1, 1], [0, 1]], dtype=np.float32))
        >>> two = Triplets(np.array([0, 0]), np.array([1, 2]), np.array([2, 1]), "me", 2)
        >>> anchor_wins(VectorSimilarity(vectors), two).tolist()
        [0.5]
    """
    _, group = np.unique(tested.anchor, return_inverse=True)
    total = np.bincount(group, weights=triplet_wins(similarity, tested))
    return np.asarray(total / np.bincount(group))


def point(similarity: Similarity, tested: Triplets, budget: int = 0, n_verdicts: int = 0) -> Point:
    """Measure a similarity that is already there.

    Args:
        similarity: to be measured.
        tested: held-out triplets.
        budget: verdicts that it was allowed.
        n_verdicts: verdicts that there were.
    """
    wins = anchor_wins(similarity, tested)
    return Point(budget, n_verdicts, wins, bootstrap_mean(wins))


def gain(after: Point, before: Point) -> Estimate:
    """What one point is above another one of the same held-out triplets, anchor by anchor.

    Args:
        after: usually tuned.
        before: usually not.
    """
    return bootstrap_mean(after.wins - before.wins)


def tuned_point(
    made: Prepares,
    budget: int,
    corpus: Corpus,
    attribute: Attribute,
    tested: Triplets,
    resources: Resources,
) -> Point:
    """Tune a method and measure it.

    Args:
        made: the method, which is to learn from `budget` verdicts.
        budget: as said.
        corpus: of all texts.
        attribute: the respect.
        tested: held-out triplets of the corpus.
        resources: with a meter of its own, which counts the verdicts.

    Raises:
        LikewiseError: whatever the method raises.
    """
    similarity = made.prepare(corpus, attribute, resources)
    # An ensemble counts what each member learnt from; they are the same verdicts.
    n_verdicts = min(budget, resources.meter.verdicts)
    told = dict(resources.meter.prompts).get("truth", ())
    measured = point(similarity, tested, budget, n_verdicts)
    return measured._replace(learnt_from=list(told)[-1] if told else "")


def before_tuning(
    start: str, corpus: Corpus, attribute: Attribute, resources: Resources, model: str
) -> VectorSimilarity:
    """What a projection starts from, before any verdict.

    Args:
        start: "written" and "profile" are written categories as a matrix and with their words;
            anything else is the embedding itself.
        corpus: of all texts.
        attribute: the respect.
        resources: where the encoder is.
        model: which encoder.

    Raises:
        BadInput: nobody wrote categories for this attribute.
    """

    def made(ordered: Corpus) -> Floats:
        features = features_of(ordered, attribute, resources, model)
        if start not in ("written", "profile"):
            return unit_rows(features.centred.astype(np.float32))
        if features.profile is None or features.written is None:
            raise BadInput(
                f"Nobody wrote categories for {attribute.name!r}. Write some under "
                "written-projection, or start from nothing."
            )
        profile = features.profile if start == "profile" else features.centred @ features.written
        return unit_rows(profile.astype(np.float32))

    return VectorSimilarity(in_canonical_order(corpus, made))


def outlook(points: Sequence[Point]) -> Outlook | None:
    """What as large a step again would add, from how much the last two steps added.

    Gains a doubling shrink evenly from step to step, as they do where the error falls with a power
    of the number of verdicts; never do they grow. Anchors are resampled together at all points.
    None with fewer than three points, each of at least twice the verdicts of the one before, or
    with too few anchors, or where the data do not tell: a step is worth taking when the last one
    helped for certain and the next is expected to add half of `WORTH` or more; it is not when the
    interval of the next lies below `WORTH`.

    Args:
        points: of one curve, measured on the same triplets.

    Reference: Cortes et al. 1994, Learning curves: asymptotic values and rate of convergence, NIPS.
    """
    last = _far_apart(points)[-3:]
    if len(last) < 3:
        return None
    wins = np.stack([each.wins for each in last], axis=1)
    wins = wins[~np.isnan(wins).any(axis=1)]
    if len(wins) < MIN_FORETOLD:
        return None
    counts = anchor_counts(len(wins), n_draws=N_DRAWS, rng=np.random.default_rng(0))
    steps = np.log([each.n_verdicts for each in last])
    drawn = counts @ wins / len(wins)
    expected = float(next_gain(steps, wins.mean(axis=0)[None])[0])
    added = percentile_estimate(expected, next_gain(steps, drawn), n=len(wins))
    n_before, n_now = last[1].n_verdicts, last[2].n_verdicts
    n_more = round(n_now * n_now / n_before) - n_now
    if added.high < WORTH:
        return Outlook(n_more, added, helps=False)
    helped = np.quantile(drawn[:, 2] - drawn[:, 1], 0.025) > 0
    return Outlook(n_more, added, helps=True) if helped and expected >= WORTH / 2 else None


def _far_apart(points: Sequence[Point]) -> list[Point]:
    """The last point and those before it that halve the verdicts at least; by number of them."""
    found: list[Point] = []
    for each in sorted(points, key=lambda one: -one.n_verdicts):
        if each.n_verdicts and (not found or 2 * each.n_verdicts <= found[0].n_verdicts):
            found.insert(0, each)
    return found


def next_gain(steps: Doubles, accuracies: Doubles) -> Doubles:
    """(d,) what a third step as wide as the second would add; never less than nothing.

    Args:
        steps: (3,) logarithms of the numbers of verdicts.
        accuracies: (d, 3) accuracy at each.

    Example:
        >>> found = next_gain(np.log([64, 256, 1024]), np.array([[0.60, 0.70, 0.75]]))
        >>> found.round(3).tolist()
        [0.025]
    """
    width = np.diff(steps)
    rate = np.diff(accuracies, axis=1) / width
    rising = rate[:, 0] > 0
    shrunk = np.clip(np.where(rising, rate[:, 1] / np.where(rising, rate[:, 0], 1), 1), 0, 1)
    last = np.maximum(0.0, accuracies[:, 2] - accuracies[:, 1])
    return np.asarray(last * shrunk ** (width[1] / width.mean()))


def flips(before: Similarity, after: Similarity, tested: Triplets) -> Flips:
    """Which triplets tuning mended and which it broke; a tie is neither.

    Args:
        before: without tuning.
        after: with it.
        tested: held-out triplets.
    """
    first, second = triplet_wins(before, tested), triplet_wins(after, tested)
    margin = after.pairs(tested.anchor, tested.positive) - after.pairs(
        tested.anchor, tested.negative
    )
    order = np.argsort(-np.abs(np.nan_to_num(margin)), kind="stable")
    mended = order[((first == 0) & (second == 1))[order]]
    broken = order[((first == 1) & (second == 0))[order]]
    return Flips(
        _one_an_anchor(mended, tested),
        _one_an_anchor(broken, tested),
        len(mended),
        len(broken),
        int((~np.isnan(first + second)).sum()),
    )


def _one_an_anchor(positions: Rows, tested: Triplets) -> Rows:
    """The first triplet of each anchor, in the given order."""
    _, first = np.unique(tested.anchor[positions], return_index=True)
    return np.asarray(positions[np.sort(first)], dtype=np.int64)


def _of_labels(ordered: Corpus, column: str, held: Rows, seed: int) -> Triplets:
    codes = ordered.label_codes(column).codes
    competing = [ordered.label_codes(each).codes for each in ordered.labels if each != column]
    drawn = label_triplets(
        codes,
        competing,
        n=N_TESTED,
        seed=_TEST_SEED + seed,
        among=held,
        source=f"label column {column!r}",
    )
    return deduplicated(drawn, ordered.texts)
