"""Pairs to ask about: where methods disagree, from every region, and at random."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.choosing.drawing import Chosen, Why, draw
from engine.errors import BadInput
from engine.spot_checks.pairs import Pairs, both_ways, percentiles, random_pairs
from engine.types import Doubles, Rows, Similarity

N_CANDIDATES = 20_000
SHARES = {Why.DISAGREEMENT: 0.5, Why.COVERAGE: 0.2, Why.RANDOM: 0.3}


def choose_pairs(
    similarities: Mapping[str, Similarity],
    *,
    n: int,
    seed: int,
    regions: Rows | None = None,
    shares: Mapping[Why, float] | None = None,
    n_candidates: int = N_CANDIDATES,
) -> list[Chosen]:
    """Pairs whose chance of being asked follows the methods' disagreement and covers the regions.

    Candidates are random pairs of the corpus (all of a small one), so that a chance is known for
    every pair. Unlike the queue of spot checks, which takes the most disagreed-on pairs outright,
    all answers together speak for the corpus once weighted; see engine.choosing.estimating.

    Args:
        similarities: at least one method's, by name, over one corpus; one alone has no
            disagreement, and its share goes to random.
        n: how many.
        seed: the same seed chooses the same.
        regions: (n_texts,) clusters or labels; each pair of regions is as likely as any other
            within the share for coverage. None: that share goes to random.
        shares: of disagreement, coverage and random; see SHARES.
        n_candidates: pairs to choose from.

    Raises:
        BadInput: no method, different corpora, or shares that do not do.
    """
    sizes = {similarity.n_texts for similarity in similarities.values()}
    if len(sizes) != 1:
        raise BadInput(
            f"Pairs are chosen from one corpus; the methods given are over {sorted(sizes)} texts."
        )
    (n_texts,) = sizes
    drawn = random_pairs(n_texts, n=n_candidates, seed=seed)
    m = len(drawn.left)
    priorities = {
        Why.DISAGREEMENT: disagreement(similarities, drawn),
        Why.COVERAGE: np.ones(m) if regions is None else coverage(regions, drawn),
    }
    chosen = draw(m, priorities, shares or SHARES, n=n, seed=seed)
    # A pair is asked when it is a candidate and then drawn.
    share_in_pool = m / (n_texts * (n_texts - 1) / 2)
    return [
        Chosen((int(drawn.left[i]), int(drawn.right[i])), why, float(p * share_in_pool))
        for i, why, p in zip(*chosen, strict=True)
    ]


def disagreement(similarities: Mapping[str, Similarity], pairs: Pairs) -> Doubles:
    """(m,) range of the methods' percentiles of each pair, from 0 = all alike to 1.

    Each method is read as its percentile among its own similarities on these very pairs, for the
    scales differ. A pair that fewer than two methods scored has 0.
    """
    each = [both_ways(similarity, *pairs) for similarity in similarities.values()]
    ranks = np.stack([percentiles(values, values) for values in each])
    scored = ~np.isnan(ranks)
    largest = np.where(scored, ranks, -np.inf).max(axis=0)
    smallest = np.where(scored, ranks, np.inf).min(axis=0)
    return np.where(scored.sum(axis=0) >= 2, largest - smallest, 0.0)


def coverage(regions: Rows, pairs: Pairs) -> Doubles:
    """(m,) priorities under which each pair of regions that occurs is as likely as any other."""
    low = np.minimum(regions[pairs.left], regions[pairs.right])
    high = np.maximum(regions[pairs.left], regions[pairs.right])
    _, cell, n_in_cell = np.unique(
        np.stack([low, high]), axis=1, return_inverse=True, return_counts=True
    )
    return np.asarray(1 / n_in_cell[cell.ravel()], dtype=np.float64)
