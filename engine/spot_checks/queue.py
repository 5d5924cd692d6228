"""Which pairs to ask about: those that the methods disagree on most, and some at random."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from engine.errors import BadInput
from engine.judges.questions import Kind, Status, Verdict
from engine.spot_checks.answers import rows_by_text_key
from engine.spot_checks.pairs import (
    Pairs,
    both_ways,
    decode,
    encode,
    percentiles,
    random_pairs,
)
from engine.types import Attribute, Bools, Doubles, Rows, Similarity

N_ANCHORS = 200
N_NEIGHBOURS = 10
N_REFERENCE = 2000


class Stratum(StrEnum):
    """Why a pair is asked about."""

    DISAGREEMENT = "disagreement"
    RANDOM = "random"


@dataclass(frozen=True)
class SpotCheck:
    """A pair of texts to be judged.

    ranks: for each method that scored the pair, the share in [0, 1] of random pairs that it holds
        to be less alike.
    """

    left_row: int
    right_row: int
    stratum: Stratum
    ranks: Mapping[str, float]


def spot_check_queue(
    similarities: Mapping[str, Similarity],
    *,
    n: int,
    seed: int,
    share_random: float = 0.3,
    n_candidates: int = 2 * N_REFERENCE,
    max_per_text: int = 3,
) -> list[SpotCheck]:
    """The pairs most worth asking about, and a random sample that keeps the measures honest.

    Each method's similarity is read as its percentile among the method's own similarities on random
    pairs, for the scales differ. Disagreement is the largest percentile less the smallest; a pair
    that fewer than two methods scored has none. A control such as `random` disagrees with all
    others: leave it out. A method that scores only shortlists has no random pairs to be read
    against and takes no part, unless it was first made to score
    `random_pairs(n_texts, n=100, seed=seed)`.

    Args:
        similarities: the methods compared, by name, over one corpus.
        n: length of the queue; shorter only where the corpus has no more pairs to give.
        seed: the same seed gives the same queue.
        share_random: share of the queue drawn at random, spread evenly over it. These pairs are
            chosen first, so that the others do not bias them. Where there are too few of one
            stratum, the other fills up.
        n_candidates: how many pairs disagreement is looked for in: half neighbours under some
            method of up to 200 anchors, half random.
        max_per_text: how often one text may occur.

    Raises:
        BadInput: no method, different corpora, or a number out of range.
    """
    n_texts = _n_texts(similarities)
    _check(n, share_random, max_per_text)
    if n_candidates < 2:
        raise BadInput(f"n_candidates must be at least 2, not {n_candidates}.")
    rng = np.random.default_rng([seed, 1])
    drawn = random_pairs(n_texts, n=n_candidates // 2, seed=seed)
    random_codes = encode(drawn.left, drawn.right, n_texts)
    near = _neighbour_codes(similarities, n_texts, rng)
    near = rng.permutation(near)[: n_candidates - len(random_codes)]
    pool = _pool(similarities, np.union1d(near, random_codes), drawn, n_texts)
    return _select(pool, random_codes, n, share_random, max_per_text, rng)


def replayable_queue(
    similarities: Mapping[str, Similarity],
    verdicts: Iterable[Verdict],
    texts: Sequence[str],
    attribute: Attribute,
    *,
    n: int,
    seed: int,
    share_random: float = 0.3,
    max_per_text: int = 3,
) -> list[SpotCheck]:
    """As spot_check_queue, of the pairs that already have a verdict, so that all can be replayed.

    Only pairs that were drawn at random when they were judged count as random here.

    Args:
        similarities: the methods compared, by name, over one corpus.
        verdicts: verdicts to be replayed; those that are no parsed pairs are passed over.
        texts: the corpus's texts, in the order of its rows.
        attribute: what the pairs were judged on.
        n: length of the queue; shorter where there are fewer verdicts.
        seed: the same seed gives the same queue.
        share_random: share of the queue from the random pairs.
        max_per_text: how often one text may occur.

    Raises:
        BadInput: no method, different corpora, or a number out of range.
    """
    n_texts = _n_texts(similarities)
    _check(n, share_random, max_per_text)
    if len(texts) != n_texts:
        raise BadInput(f"{len(texts)} texts can't go with similarities over {n_texts}.")
    rows = rows_by_text_key(texts)
    is_random: dict[int, bool] = {}
    for verdict in verdicts:
        if verdict.attribute == attribute and _is_parsed_pair(verdict, rows):
            left, right = sorted(rows[key] for key in verdict.text_keys)
            if left != right:
                code = left * n_texts + right
                is_random.setdefault(code, verdict.stratum == Stratum.RANDOM)
    codes = np.array(sorted(is_random), dtype=np.int64)
    random_codes = np.array(sorted(code for code in is_random if is_random[code]), dtype=np.int64)
    rng = np.random.default_rng([seed, 1])
    reference = random_pairs(n_texts, n=N_REFERENCE, seed=seed)
    pool = _pool(similarities, codes, reference, n_texts)
    return _select(pool, rng.permutation(random_codes), n, share_random, max_per_text, rng)


def _is_parsed_pair(verdict: Verdict, rows: Mapping[str, int]) -> bool:
    return (
        verdict.kind is Kind.PAIR
        and verdict.status is Status.PARSED
        and all(key in rows for key in verdict.text_keys)
    )


def _n_texts(similarities: Mapping[str, Similarity]) -> int:
    sizes = {name: similarity.n_texts for name, similarity in similarities.items()}
    if not sizes:
        raise BadInput("There is no method to check. Run at least one, better two.")
    if len(set(sizes.values())) > 1:
        raise BadInput(f"These similarities are over different corpora: {sizes}.")
    return next(iter(sizes.values()))


def _check(n: int, share_random: float, max_per_text: int) -> None:
    if n < 1 or max_per_text < 1:
        raise BadInput(f"n and max_per_text must be at least 1, not {n} and {max_per_text}.")
    if not 0 <= share_random <= 1:
        raise BadInput(f"share_random can't be {share_random!r}. Give a share from 0 to 1.")


def _neighbour_codes(
    similarities: Mapping[str, Similarity], n_texts: int, rng: np.random.Generator
) -> Rows:
    anchors = np.sort(rng.permutation(n_texts)[:N_ANCHORS]).astype(np.int64)
    found = []
    for similarity in similarities.values():
        neighbours = similarity.neighbours(anchors, N_NEIGHBOURS).rows
        left = np.repeat(anchors, neighbours.shape[1])
        right = neighbours.ravel()
        real = right >= 0
        found.append(encode(left[real], right[real], n_texts))
    return np.unique(np.concatenate(found))


@dataclass(frozen=True)
class _Pool:
    """Candidate pairs by ascending code, and each method's percentile of each pair (methods, m)."""

    names: tuple[str, ...]
    codes: Rows
    pairs: Pairs
    ranks: Doubles

    def check(self, position: int, stratum: Stratum) -> SpotCheck:
        """The spot check on one of the pairs."""
        ranks = dict(zip(self.names, self.ranks[:, position].tolist(), strict=True))
        known = {name: rank for name, rank in ranks.items() if not np.isnan(rank)}
        left, right = (int(rows[position]) for rows in self.pairs)
        return SpotCheck(left, right, stratum, known)


def _pool(
    similarities: Mapping[str, Similarity], codes: Rows, reference: Pairs, n_texts: int
) -> _Pool:
    pairs = decode(codes, n_texts)
    ranks = [
        percentiles(both_ways(similarity, *pairs), both_ways(similarity, *reference))
        for similarity in similarities.values()
    ]
    return _Pool(tuple(similarities), codes, pairs, np.stack(ranks))


def _by_disagreement(ranks: Doubles, rng: np.random.Generator) -> Rows:
    """Positions of pairs that two or more methods scored, most disagreed on first."""
    scored: Bools = ~np.isnan(ranks)
    largest = np.where(scored, ranks, -np.inf).max(axis=0)
    smallest = np.where(scored, ranks, np.inf).min(axis=0)
    # Shuffled before a stable sort: ties fall at random rather than by row.
    shuffled = rng.permutation(ranks.shape[1])
    shuffled = shuffled[scored.sum(axis=0)[shuffled] >= 2]
    ordered: Rows = shuffled[np.argsort((smallest - largest)[shuffled], kind="stable")]
    return ordered


def _select(
    pool: _Pool,
    random_codes: Rows,
    n: int,
    share_random: float,
    max_per_text: int,
    rng: np.random.Generator,
) -> list[SpotCheck]:
    taker = _Taker(pool, max_per_text)
    at_random = iter(np.searchsorted(pool.codes, random_codes).tolist())
    chosen_at_random = taker.take(at_random, round(n * share_random))
    ordered = iter(_by_disagreement(pool.ranks, rng).tolist())
    disagreed = taker.take(ordered, n - len(chosen_at_random))
    chosen_at_random += taker.take(at_random, n - len(chosen_at_random) - len(disagreed))
    return _interleave(
        [pool.check(position, Stratum.DISAGREEMENT) for position in disagreed],
        [pool.check(position, Stratum.RANDOM) for position in chosen_at_random],
    )


class _Taker:
    """Takes pairs, none twice, as long as no text occurs too often."""

    def __init__(self, pool: _Pool, max_per_text: int) -> None:
        self._pool = pool
        self._max = max_per_text
        self._taken: set[int] = set()
        self._times: Counter[int] = Counter()

    def take(self, positions: Iterator[int], n: int) -> list[int]:
        """The first n of the positions that may be taken; the iterator stops behind them."""
        found: list[int] = []
        while len(found) < n and (position := next(positions, None)) is not None:
            texts = [int(rows[position]) for rows in self._pool.pairs]
            if position in self._taken or any(self._times[text] >= self._max for text in texts):
                continue
            self._taken.add(position)
            self._times.update(texts)
            found.append(position)
        return found


def _interleave(disagreed: list[SpotCheck], at_random: list[SpotCheck]) -> list[SpotCheck]:
    n, n_random = len(disagreed) + len(at_random), len(at_random)
    others, randoms = iter(disagreed), iter(at_random)
    turns = [(i + 1) * n_random // n > i * n_random // n for i in range(n)]
    return [next(randoms) if is_random else next(others) for is_random in turns]
