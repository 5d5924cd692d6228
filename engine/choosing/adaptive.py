"""What to ask next, given what has been answered: the most informative questions, some at random.

Chosen questions are taken for certain (their probability is 1): they stand for themselves, and the
random ones for all others.
"""

from __future__ import annotations

import numpy as np

from engine.choosing.drawing import Chosen, Why, check_random
from engine.errors import BadInput
from engine.scales.consolidated import FittedScale
from engine.spot_checks.pairs import Pairs, random_pairs
from engine.types import Doubles, Rows

N_CANDIDATES = 20_000
SHARE_RANDOM = 0.1


def next_comparisons(
    scale: FittedScale,
    *,
    n: int,
    seed: int,
    share_random: float = SHARE_RANDOM,
    n_candidates: int = N_CANDIDATES,
) -> list[Chosen]:
    """The comparisons that tell most of where texts stand, none of a text much more often.

    What a comparison tells is the Fisher information of its verdict, p (1 − p), times the variance
    of the difference it measures, with each text's variance taken as 1 / information. So texts
    that were seldom judged meet texts that stand about where they do.

    Args:
        scale: fitted to the verdicts so far.
        n: how many; a round of up to half the corpus works well, for then the scale is fitted anew.
        seed: the same seed chooses the same.
        share_random: of all, from 0.05.
        n_candidates: random pairs to choose from; memory is linear in them.

    Raises:
        BadInput: n < 1, fewer than two texts, or share_random out of range.

    Reference: Chen et al. 2013, WSDM, "Pairwise ranking aggregation in a crowdsourced setting"
    (the idea); Pfeiffer et al. 2012, AAAI, "Adaptive polling for information aggregation".
    """
    check_random(share_random)
    n_texts = len(scale.values)
    drawn = random_pairs(n_texts, n=n_candidates, seed=2 * seed)
    n_random = _n_random(n, share_random)
    told = information_gain(scale, drawn)
    best = _best(drawn, told, n - n_random, n_texts)
    return _with_random(best, n_random, n_texts, seed)


def information_gain(scale: FittedScale, pairs: Pairs) -> Doubles:
    """(m,) information of each comparison's verdict times the variance of its difference."""
    chance = scale.chance(pairs.left, pairs.right)
    variance = 1 / scale.information
    spread = variance[pairs.left] + variance[pairs.right]
    return np.asarray(scale.sharpness**2 * chance * (1 - chance) * spread, dtype=np.float64)


def next_placements(
    membership: Doubles,
    *,
    n: int,
    seed: int,
    share_random: float = SHARE_RANDOM,
    done: float = 0.95,
) -> list[Chosen]:
    """Pairs that place texts into groups: an undecided text with a sure member of a group.

    The texts nearest to being decided come first, and each is asked about the group whose
    probability is nearest to a half: a yes or no then tells most.

    Args:
        membership: (n_texts, n_groups) beliefs, rows summing to 1; see engine.scales.groups.
        n: how many at most; fewer when fewer texts are undecided.
        seed: the same seed chooses the same.
        share_random: of all, from 0.05.
        done: a belief from which a text counts as placed, and may be asked about as a member.

    Raises:
        BadInput: n < 1, fewer than two texts, or share_random out of range.

    Reference: Basu, Banerjee & Mooney 2004, SDM, "Active semi-supervision for pairwise constrained
    clustering" (explore and consolidate).
    """
    check_random(share_random)
    n_texts = len(membership)
    rng = np.random.default_rng([seed, 2])
    n_random = _n_random(n, share_random)
    sure = membership.max(axis=1)
    open_rows = rng.permutation(np.flatnonzero(sure < done))
    open_rows = open_rows[np.argsort(-sure[open_rows], kind="stable")][: n - n_random]
    best: list[tuple[int, int]] = []
    for row in open_rows.tolist():
        half = np.abs(membership[row] - 0.5) + 1e-6 * rng.random(membership.shape[1])
        for group in np.argsort(half).tolist():
            members = np.flatnonzero(membership[:, group] >= done)
            if len(members):
                best.append((row, int(rng.choice(members))))
                break
    return _with_random(best, n_random, n_texts, seed)


def _n_random(n: int, share_random: float) -> int:
    if n < 1:
        raise BadInput(f"n is {n}; ask at least 1 question.")
    return max(1, round(n * share_random))


def _best(pairs: Pairs, told: Doubles, n: int, n_texts: int) -> list[tuple[int, int]]:
    """The n pairs that tell most, no text in more of them than it takes for all to have a turn."""
    most = max(1, -(-2 * n // n_texts))
    times = np.zeros(n_texts, dtype=np.int64)
    found: list[tuple[int, int]] = []
    for position in np.argsort(-told, kind="stable").tolist():
        if len(found) == n:
            break
        left, right = int(pairs.left[position]), int(pairs.right[position])
        if times[left] < most and times[right] < most:
            times[[left, right]] += 1
            found.append((left, right))
    return found


def _with_random(
    best: list[tuple[int, int]], n_random: int, n_texts: int, seed: int
) -> list[Chosen]:
    """The best for certain, and random pairs that are not among them."""
    taken = {(min(pair), max(pair)) for pair in best}
    # Drawn apart from the candidates: of those, the best are gone, and the rest are no fair sample.
    drawn = random_pairs(n_texts, n=n_random + len(taken), seed=2 * seed + 1)
    rest = [pair for pair in _pairs(drawn.left, drawn.right) if pair not in taken][:n_random]
    n_rest = n_texts * (n_texts - 1) // 2 - len(taken)
    chance = len(rest) / n_rest if n_rest else 1.0
    found = [(pair, Why.UNCERTAIN, 1.0) for pair in best]
    found += [(pair, Why.RANDOM, chance) for pair in rest]
    rng = np.random.default_rng([seed, 3])
    chosen = []
    for i in rng.permutation(len(found)).tolist():
        # Sides in random order, so that a liking for one of them does not become a place.
        pair, why, probability = found[i]
        chosen.append(Chosen(pair if rng.random() < 0.5 else pair[::-1], why, probability))
    return chosen


def _pairs(left: Rows, right: Rows) -> list[tuple[int, int]]:
    return list(zip(left.tolist(), right.tolist(), strict=True))
