"""What similarities are held against: pairs known to be the same or different, and from whom.

Truth comes from a label column, from the verdicts of a judge, or from a person. It always says
which, and how many pairs it rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.errors import BadInput
from engine.judges.questions import Verdict
from engine.spot_checks.answers import answered_pairs
from engine.types import Bools, Doubles, Floats, Rows

N_ANCHORS = 400


@dataclass(frozen=True, slots=True, eq=False)
class PairTruth:
    """Pairs of texts that are known to be the same or different in the attribute.

    Args:
        left: (m,) rows; the anchors.
        right: (m,) rows; the candidates.
        same: (m,) whether each pair is the same in the attribute.
        source: where this is known from, in words.
        weights: (m,) how many pairs of the corpus each one stands for; all 1 when left out.

    Raises:
        BadInput: lengths differ, a pair is a text with itself, or a weight is not positive.

    Example:
        >>> truth = PairTruth(np.array([0, 1]), np.array([2, 3]), np.array([True, False]), "me")
        >>> truth.described
        '2 pairs (1 same, 1 different) from me'
    """

    left: Rows
    right: Rows
    same: Bools
    source: str
    weights: Doubles = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        """Fill in the weights; refuse what doesn't fit together."""
        if not len(self.weights):
            object.__setattr__(self, "weights", np.ones(len(self.left)))
        sizes = {len(self.left), len(self.right), len(self.same), len(self.weights)}
        if len(sizes) > 1:
            raise BadInput(f"left, right, same and weights have lengths {sorted(sizes)}; as many.")
        if (self.left == self.right).any():
            raise BadInput("A pair names the same row twice; compare different texts.")
        if not (np.isfinite(self.weights).all() and (self.weights > 0).all()):
            raise BadInput("A weight is not a positive number; leave such pairs out.")

    @property
    def n_pairs(self) -> int:
        """How many pairs are known."""
        return len(self.left)

    @property
    def n_same(self) -> int:
        """How many of them are the same."""
        return int(self.same.sum())

    @property
    def described(self) -> str:
        """Source and numbers, as every page that uses the truth must say."""
        return (
            f"{self.n_pairs:,} pairs ({self.n_same:,} same, {self.n_pairs - self.n_same:,} "
            f"different) from {self.source}"
        )

    def where(self, kept: Bools | Rows) -> PairTruth:
        """Only some of the pairs: a mask, or positions."""
        return PairTruth(
            self.left[kept], self.right[kept], self.same[kept], self.source, self.weights[kept]
        )

    def scored(self, similarities: Floats | Doubles) -> tuple[Doubles, PairTruth]:
        """The similarities that are not NaN, and their pairs.

        Raises:
            BadInput: there is not one similarity a pair.
        """
        if similarities.shape != (self.n_pairs,):
            raise BadInput(
                f"{similarities.shape} similarities for {self.n_pairs} pairs; give one each."
            )
        known = ~np.isnan(similarities)
        return similarities[known].astype(np.float64), self.where(known)


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Regions of a corpus: the values of a label column, or clusters.

    Args:
        codes: (n_texts,) whole-number regions; -1 = in none.
        names: name of each code.
        source: what they are, in words, such as "the column 'story'".

    Raises:
        BadInput: a code has no name.
    """

    codes: Rows
    names: tuple[str, ...]
    source: str

    def __post_init__(self) -> None:
        """Refuse a code without a name."""
        if len(self.codes) and not -1 <= self.codes.min() <= self.codes.max() < len(self.names):
            raise BadInput(
                f"Codes run from {self.codes.min()} to {self.codes.max()} for {len(self.names)} "
                "names; they must run from 0 to the last name, and -1 means none."
            )


def truth_from_labels(
    codes: npt.ArrayLike,
    column: str,
    *,
    n_pairs: int = 100_000,
    n_anchors: int = N_ANCHORS,
    seed: int = 0,
) -> PairTruth:
    """Sampled pairs of a label column: half of each anchor's are the same, where there are enough.

    A pair's weight is how many pairs of its anchor and kind it stands for, so weighted shares speak
    for all pairs of the anchors and not for the sample's half and half.

    Args:
        codes: (n_texts,) whole-number labels; -1 = missing, never used.
        column: the column's name.
        n_pairs: at most this many pairs.
        n_anchors: at most this many anchors, drawn among texts with a partner of each kind.
        seed: the same seed draws the same pairs.

    Raises:
        BadInput: no text has both a text of its own label and one of another; a count below 1.
    """
    labels = np.asarray(codes, dtype=np.int64)
    if n_pairs < 2 or n_anchors < 1:
        raise BadInput(f"{n_pairs} pairs of {n_anchors} anchors; at least 2 pairs of 1 anchor.")
    rows = np.flatnonzero(labels >= 0)
    sizes = np.bincount(labels[rows], minlength=1)
    own = sizes[labels[rows]]
    usable = rows[(own > 1) & (own < len(rows))]
    if not len(usable):
        raise BadInput(
            f"Column {column!r} gives no text both a text of its own label and one of another; "
            "choose a column with at least two labels, one of them on two texts."
        )
    rng = np.random.default_rng(seed)
    anchors = rng.permutation(usable)[: min(n_anchors, max(1, n_pairs // 2))]
    n_each = max(1, n_pairs // (2 * len(anchors)))
    drawn = [_pairs_of(anchor, labels, rows, n_each, rng) for anchor in anchors.tolist()]
    left, right, weights = (np.concatenate(part) for part in zip(*drawn, strict=True))
    return PairTruth(
        left, right, labels[left] == labels[right], f"the label column {column!r}", weights
    )


def truth_from_verdicts(
    verdicts: Iterable[Verdict], texts: Sequence[str], source: str = ""
) -> PairTruth:
    """The pairs that a judge, or a person, called the same or different; unsure ones are left out.

    Args:
        verdicts: one judge's verdicts on one attribute; those that are no pairs are passed over.
        texts: the corpus's texts, in the order of its rows.
        source: who judged, in words; the judges' names when left out.
    """
    given = list(verdicts)
    sure = [answer for answer in answered_pairs(given, texts) if answer.same is not None]
    names = ", ".join(sorted({verdict.judge for verdict in given})) or "no judge"
    return PairTruth(
        np.array([answer.left_row for answer in sure], dtype=np.int64),
        np.array([answer.right_row for answer in sure], dtype=np.int64),
        np.array([answer.same for answer in sure], dtype=np.bool_),
        source or f"the verdicts of {names}",
    )


def split_by_anchor(truth: PairTruth, *, seed: int = 0) -> tuple[PairTruth, PairTruth]:
    """The pairs of a random half of the anchors, and those of the other half.

    A repair that is fitted on verdicts is fitted on one and measured on the other.
    """
    anchors, anchor = np.unique(truth.left, return_inverse=True)
    first = (np.random.default_rng(seed).permutation(len(anchors)) % 2 == 0)[anchor]
    return truth.where(first), truth.where(~first)


def both_orders(truth: PairTruth) -> PairTruth:
    """Each pair both ways round, so that every judged text is an anchor; weights are halved."""
    return PairTruth(
        np.concatenate([truth.left, truth.right]),
        np.concatenate([truth.right, truth.left]),
        np.concatenate([truth.same, truth.same]),
        truth.source,
        np.concatenate([truth.weights, truth.weights]) / 2,
    )


def _pairs_of(
    anchor: int, labels: Rows, rows: Rows, n_each: int, rng: np.random.Generator
) -> tuple[Rows, Rows, Doubles]:
    is_same = labels[rows] == labels[anchor]
    right, weights = [], []
    for pool in (rows[is_same & (rows != anchor)], rows[~is_same]):
        n_drawn = min(n_each, len(pool))
        right.append(rng.choice(pool, size=n_drawn, replace=False))
        weights.append(np.full(n_drawn, len(pool) / n_drawn))
    partners = np.concatenate(right).astype(np.int64)
    return np.full(len(partners), anchor, dtype=np.int64), partners, np.concatenate(weights)
