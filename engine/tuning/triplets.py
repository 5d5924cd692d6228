"""Triplets to learn from: anchor, a text that is more like it, a text that is less.

They come from a label column, from any judge, or from verdicts that were given before. What is kept
was decided the same way in both orders, occurs once, and is contradicted by no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.diagnostics.conditioning import draw_swap_triplets
from engine.errors import BadInput
from engine.judges.questions import Choice, Judge, TripletQuestion, Verdict
from engine.spot_checks.answers import AnsweredTriplet, answered_pairs, answered_triplets
from engine.types import Attribute, Bools, Floats, Rows

N_NEAR = 10


@dataclass(frozen=True, slots=True, eq=False)
class Triplets:
    """m triplets as rows of one corpus, and where they come from.

    Args:
        anchor: (m,) the texts compared to.
        positive: (m,) texts that are more like the anchor in the attribute.
        negative: (m,) texts that are less like it.
        source: who decided, in words.
        n_verdicts: verdicts that were needed for them; those that were dropped count too.
        truth: what kind of truth it was, such as "labels"; empty where unsaid.

    Raises:
        BadInput: lengths differ, or a triplet holds a text twice.

    Example:
        >>> made = Triplets(np.array([0]), np.array([1]), np.array([2]), "me", 1)
        >>> len(made), made.described
        (1, '1 triplet from 1 verdict of me')
    """

    anchor: Rows
    positive: Rows
    negative: Rows
    source: str
    n_verdicts: int
    truth: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no triplet."""
        sizes = {len(self.anchor), len(self.positive), len(self.negative)}
        if len(sizes) > 1:
            raise BadInput(f"Anchors, positives and negatives are {sorted(sizes)}; as many each.")
        a, p, n = self.anchor, self.positive, self.negative
        if ((a == p) | (a == n) | (p == n)).any():
            raise BadInput("A triplet holds a text twice; compare three different texts.")

    def __len__(self) -> int:
        """How many triplets there are."""
        return len(self.anchor)

    @property
    def described(self) -> str:
        """Number and source, in words."""
        triplets = "triplet" if len(self) == 1 else "triplets"
        verdicts = "verdict" if self.n_verdicts == 1 else "verdicts"
        return f"{len(self):,} {triplets} from {self.n_verdicts:,} {verdicts} of {self.source}"

    @property
    def rows(self) -> Rows:
        """(u,) every text that occurs, in any role, ascending."""
        return np.unique(np.concatenate([self.anchor, self.positive, self.negative]))

    def where(self, kept: Bools | Rows) -> Triplets:
        """Only some of them: a mask, or positions."""
        return replace(
            self, anchor=self.anchor[kept], positive=self.positive[kept],
            negative=self.negative[kept],
        )  # fmt: skip

    def touching(self, rows: Rows) -> Bools:
        """(m,) whether a triplet holds one of these rows in any role."""
        sides = np.stack([self.anchor, self.positive, self.negative])
        return np.asarray(np.isin(sides, rows).any(axis=0), dtype=np.bool_)


def no_triplets(source: str, n_verdicts: int = 0, truth: str = "") -> Triplets:
    """None at all, from a source that gave none."""
    nobody = np.zeros(0, dtype=np.int64)
    return Triplets(nobody, nobody, nobody, source, n_verdicts, truth)


def label_triplets(
    codes: Rows,
    competing: Sequence[Rows],
    *,
    n: int,
    seed: int,
    among: Rows | None = None,
    noise: float = 0.0,
    source: str = "a label column",
) -> Triplets:
    """Triplets that a label column decides, hard ones where another column is known.

    Hard: the negative shares what the attribute ignores with the anchor, the positive does not;
    they are drawn in turn against each competing column that crosses the labels. Where there is
    none, positives and negatives are drawn at random.

    Args:
        codes: (n_texts,) labels as whole numbers; -1 = missing.
        competing: other columns' labels, likewise.
        n: triplets wanted, each a verdict; fewer where repeats are dropped.
        seed: the same seed draws the same triplets.
        among: rows that may be used; all when None.
        noise: share of triplets decided the wrong way round.
        source: what to call the judge.

    Raises:
        BadInput: no triplet can be drawn, or noise is no share.
    """
    if not 0 <= noise <= 1:
        raise BadInput(f"noise is {noise}; give a share from 0 to 1.")
    allowed = np.full(len(codes), -1, dtype=np.int64)
    rows = np.arange(len(codes)) if among is None else among
    allowed[rows] = codes[rows]
    drawn = _hard(allowed, competing, n, seed) or [_random(allowed, n, seed)]
    sides = [np.concatenate(parts) for parts in zip(*drawn, strict=True)]
    mixed = np.random.default_rng([seed, 3]).permutation(len(sides[0]))[:n]
    anchor, positive, negative = (side[mixed] for side in sides)
    wrong = np.random.default_rng([seed, 4]).random(len(anchor)) < noise
    positive, negative = (
        np.where(wrong, negative, positive),
        np.where(wrong, positive, negative),
    )
    return Triplets(anchor, positive, negative, source, len(anchor), "labels")


def judged_triplets(
    judge: Judge,
    texts: Sequence[str],
    attribute: Attribute,
    candidates: Triplets,
    *,
    both_orders: bool = True,
) -> Triplets:
    """Have a judge decide triplets, each in both orders; what it decides either way is dropped.

    Args:
        judge: any; what it answered before is not asked again where it keeps a ledger.
        texts: the corpus's texts.
        attribute: the respect.
        candidates: what to ask; which of the two is called positive means nothing.
        both_orders: ask with the sides swapped too; half the verdicts are saved without.
    """
    asked = []
    for anchor, left, right in _numbers(candidates):
        asked.append(TripletQuestion(attribute, texts[anchor], texts[left], texts[right]))
        if both_orders:
            asked.append(TripletQuestion(attribute, texts[anchor], texts[right], texts[left]))
    verdicts = list(judge.answer(asked))
    found = _decided(answered_triplets(verdicts, texts))
    return _made(found, judge.name, len(verdicts))


def verdict_triplets(verdicts: Iterable[Verdict], texts: Sequence[str], source: str) -> Triplets:
    """Triplets from verdicts that were given before: on triplets, and on pairs that share a text.

    A triplet whose orders disagree is a tie and dropped. A text with one pair called the same and
    one called different is the anchor of a triplet.

    Args:
        verdicts: one judge's, on one attribute.
        texts: the corpus's texts.
        source: whose they are.
    """
    given = list(verdicts)
    found = _decided(answered_triplets(given, texts))
    same: dict[int, list[int]] = {}
    different: dict[int, list[int]] = {}
    for pair in answered_pairs(given, texts):
        side = same if pair.same else different
        if pair.same is not None:
            side.setdefault(pair.left_row, []).append(pair.right_row)
            side.setdefault(pair.right_row, []).append(pair.left_row)
    for anchor in sorted(same.keys() & different.keys()):
        found += [(anchor, p, n) for p in same[anchor] for n in different[anchor] if p != n]
    return _made(found, source, len(given))


def candidate_triplets(
    vectors: Floats,
    *,
    n: int,
    seed: int,
    among: Rows | None = None,
    n_near: int = N_NEAR,
) -> Triplets:
    """Triplets worth asking a judge about: one side near the anchor in an embedding, one random.

    What the embedding holds to be alike is what the attribute must be told apart from.

    Args:
        vectors: (n_texts, d) unit rows.
        n: triplets wanted.
        seed: the same seed draws the same triplets.
        among: rows that may be used; all when None.
        n_near: how many nearest texts the near side is drawn from.

    Raises:
        BadInput: fewer than three texts.
    """
    rows = np.arange(len(vectors), dtype=np.int64) if among is None else np.sort(among)
    if len(rows) < 3:
        raise BadInput(f"A triplet needs 3 texts and there are {len(rows)}. Add some.")
    rng = np.random.default_rng(seed)
    anchors = np.resize(rng.permutation(len(rows)), n)
    alike = vectors[rows[anchors]] @ vectors[rows].T
    alike[np.arange(n), anchors] = -np.inf
    k = min(n_near, len(rows) - 2)
    near = np.argsort(-alike, axis=1, kind="stable")[np.arange(n), rng.integers(0, k, n)]
    far = rng.integers(0, len(rows) - 2, n)
    for taken in np.sort(np.stack([anchors, near]), axis=0):
        far = far + (far >= taken)
    return Triplets(rows[anchors], rows[near], rows[far], "drawn to be asked", 0)


def deduplicated(triplets: Triplets, texts: Sequence[str]) -> Triplets:
    """Each triplet of texts once; two that contradict each other are both dropped.

    Rows with the same text are one text: a triplet of a text with itself is dropped.
    """
    wins: dict[tuple[str, str, str], int] = {}
    first: dict[tuple[str, str, str], int] = {}
    for place, rows in enumerate(_numbers(triplets)):
        anchor, positive, negative = (texts[row] for row in rows)
        if len({anchor, positive, negative}) < 3:
            continue
        turned = positive > negative
        key = (anchor, *((negative, positive) if turned else (positive, negative)))
        said = -1 if turned else 1
        if wins.setdefault(key, said) != said:
            wins[key] = 0
        first.setdefault(key, place)
    kept = [place for key, place in first.items() if wins[key] != 0]
    return triplets.where(np.array(kept, dtype=np.int64))


def _hard(
    codes: Rows, competing: Sequence[Rows], n: int, seed: int
) -> list[tuple[Rows, Rows, Rows]]:
    drawn = []
    for place, other in enumerate(competing):
        each = -(-n // len(competing))
        try:
            found = draw_swap_triplets(codes, other, n=each, seed=seed + 1000 * place)
        except BadInput:
            continue  # nested in the labels or nowhere crossed: it gives no hard triplet
        drawn.append((found.anchor, found.share_a, found.share_b))
    return drawn


def _random(codes: Rows, n: int, seed: int) -> tuple[Rows, Rows, Rows]:
    """Anchor, a text of the same label, and one of another, all drawn at random."""
    rng = np.random.default_rng([seed, 5])
    known = np.flatnonzero(codes >= 0)
    sizes = np.bincount(codes[known]) if len(known) else np.zeros(1, dtype=np.int64)
    usable = known[(sizes[codes[known]] > 1) & (sizes[codes[known]] < len(known))]
    if not len(usable):
        raise BadInput(
            f"No triplet can be drawn from the labels of {len(known)} texts: a label must be on "
            "two texts and another on a third. Label more texts, or choose another column."
        )
    anchors = rng.choice(usable, n)
    positive, negative = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    for place, anchor in enumerate(anchors):
        same = known[(codes[known] == codes[anchor]) & (known != anchor)]
        positive[place] = rng.choice(same)
        negative[place] = rng.choice(known[codes[known] != codes[anchor]])
    return anchors.astype(np.int64), positive, negative


def _decided(answers: Iterable[AnsweredTriplet]) -> list[tuple[int, int, int]]:
    found = []
    for answer in answers:
        if answer.choice is Choice.TIE:
            continue
        left, right = answer.left_row, answer.right_row
        sides = (left, right) if answer.choice is Choice.LEFT else (right, left)
        found.append((answer.anchor_row, *sides))
    return [each for each in found if len(set(each)) == 3]


def _made(found: list[tuple[int, int, int]], source: str, n_verdicts: int) -> Triplets:
    rows = np.array(found, dtype=np.int64).reshape(-1, 3)
    return Triplets(rows[:, 0], rows[:, 1], rows[:, 2], source, n_verdicts, "verdicts")


def _numbers(triplets: Triplets) -> Iterable[tuple[int, int, int]]:
    return zip(
        triplets.anchor.tolist(),
        triplets.positive.tolist(),
        triplets.negative.tolist(),
        strict=True,
    )
