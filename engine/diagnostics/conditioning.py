"""Swap accuracy: does the ranking follow the attribute that was asked for?

Texts carry two crossed labellings a and b. Anchor x; p shares a with x but not b; q shares b but
not a. Asked for a, p should rank above q; asked for b, q above p. A similarity that ignores the
attribute wins exactly one of the two, or ties both, so it averages exactly 0.5: the excess is
conditioning and nothing else.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.diagnostics.estimate import N_DRAWS, Estimate, bootstrap_mean
from engine.errors import BadInput
from engine.types import Bools, Doubles, Rows, Similarity

Asked = Literal["a", "b"]


class SwapTriplets(NamedTuple):
    """m swap triplets, as rows of one corpus; the same ones serve both directions.

    anchor: (m,) the texts compared to.
    share_a: (m,) texts with the anchor's label a and another label b.
    share_b: (m,) texts with the anchor's label b and another label a.
    """

    anchor: Rows
    share_a: Rows
    share_b: Rows


class SwapAccuracies(NamedTuple):
    """Swap accuracy in each direction and averaged over both; `n` counts triplets in each."""

    asked_a: Estimate
    asked_b: Estimate
    mean: Estimate


def draw_swap_triplets(
    a_codes: npt.ArrayLike, b_codes: npt.ArrayLike, *, n: int, seed: int
) -> SwapTriplets:
    """Draw n swap triplets, with every possible anchor once before any twice.

    Texts of the anchor's label are drawn uniformly among those that qualify, with replacement
    between triplets. Memory is linear in the texts and in n.

    Args:
        a_codes: (n_texts,) whole-number labels; -1 = missing, never used.
        b_codes: (n_texts,) the other labelling, likewise.
        n: triplets, ≥ 1.
        seed: the same seed draws the same triplets.

    Raises:
        BadInput: no such triplet exists (the message says why), lengths differ, or n < 1.

    Example:
        >>> t = draw_swap_triplets([0, 0, 1], [0, 1, 0], n=1, seed=0)
        >>> (int(t.anchor[0]), int(t.share_a[0]), int(t.share_b[0]))
        (0, 1, 2)
    """
    a, b = _checked_codes(a_codes, b_codes)
    if n < 1:
        raise BadInput(f"n is {n}; ask for at least 1 triplet.")
    rows = np.flatnonzero((a >= 0) & (b >= 0)).astype(np.int64)
    a, b = a[rows], b[rows]
    by_a, by_b = _Blocks.of(a, b), _Blocks.of(b, a)
    anchors = np.flatnonzero((by_a.n_sharing > 0) & (by_b.n_sharing > 0))
    if not len(anchors):
        raise BadInput(_why_no_triplet(len(rows), by_a.n_sharing, by_b.n_sharing))
    rng = np.random.default_rng(seed)
    rounds = [rng.permutation(anchors) for _ in range(-(-n // len(anchors)))]
    picked = np.concatenate(rounds)[:n]
    return SwapTriplets(rows[picked], rows[by_a.draw(picked, rng)], rows[by_b.draw(picked, rng)])


def swap_accuracy(
    similarity: Similarity,
    triplets: SwapTriplets,
    *,
    asked: Asked,
    seed: int = 0,
    n_draws: int = N_DRAWS,
) -> Estimate:
    """Share of triplets ranked as the asked attribute wants; ties count half.

    Args:
        similarity: prepared for the attribute that `asked` names.
        triplets: from `draw_swap_triplets`.
        asked: "a" wants share_a above share_b; "b" the reverse.
        seed: of the bootstrap over anchors.
        n_draws: bootstrap draws.

    Returns:
        The accuracy; `n` is the number of triplets with both pairs scored, the only ones used.

    Raises:
        BadInput: `asked` is neither "a" nor "b".
    """
    wins = _wins(similarity, triplets, asked)
    return _over_anchors(wins, triplets.anchor, seed=seed, n_draws=n_draws)


def swap_accuracies(
    similarity_a: Similarity,
    similarity_b: Similarity,
    triplets: SwapTriplets,
    *,
    seed: int = 0,
    n_draws: int = N_DRAWS,
) -> SwapAccuracies:
    """Both directions and their mean, from one scoring of each; anchors are resampled jointly.

    The mean uses only triplets that both similarities scored in full, so that a similarity that
    ignores the attribute gets exactly 0.5.

    Args:
        similarity_a: prepared for attribute a.
        similarity_b: prepared for attribute b; the same object for an attribute-blind method.
        triplets: from `draw_swap_triplets`.
        seed: of the bootstrap over anchors.
        n_draws: bootstrap draws.
    """
    wins_a = _wins(similarity_a, triplets, "a")
    wins_b = _wins(similarity_b, triplets, "b")
    return SwapAccuracies(
        *(
            _over_anchors(wins, triplets.anchor, seed=seed, n_draws=n_draws)
            for wins in (wins_a, wins_b, (wins_a + wins_b) / 2)
        )
    )


def mean_swap_accuracy(
    similarity_a: Similarity,
    similarity_b: Similarity,
    triplets: SwapTriplets,
    *,
    seed: int = 0,
    n_draws: int = N_DRAWS,
) -> Estimate:
    """The headline: swap accuracy averaged over both directions; see `swap_accuracies`."""
    return swap_accuracies(similarity_a, similarity_b, triplets, seed=seed, n_draws=n_draws).mean


class _Blocks(NamedTuple):
    """Rows sorted by a label, then by the other: a label is a run, a cell is a run inside it."""

    order: Rows
    label_start: Rows
    cell_start: Rows
    cell_size: Rows
    n_sharing: Rows

    @classmethod
    def of(cls, label: Rows, other: Rows) -> _Blocks:
        order = np.lexsort((other, label)).astype(np.int64)
        sorted_label, sorted_other = label[order], other[order]
        new_label = np.diff(sorted_label, prepend=-1) != 0
        new_cell = new_label | (np.diff(sorted_other, prepend=-1) != 0)
        label_start, label_size = _runs(new_label)
        cell_start, cell_size = _runs(new_cell)
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        return cls(
            order,
            label_start[place],
            cell_start[place],
            cell_size[place],
            (label_size - cell_size)[place],
        )

    def draw(self, rows: Rows, rng: np.random.Generator) -> Rows:
        """For each row, one that shares its label and not its other label."""
        place = self.label_start[rows] + rng.integers(0, self.n_sharing[rows])
        past_cell = place >= self.cell_start[rows]
        drawn: Rows = self.order[place + past_cell * self.cell_size[rows]]
        return drawn


def _runs(is_start: Bools) -> tuple[Rows, Rows]:
    """Start and size of the run that each place belongs to."""
    starts = np.flatnonzero(is_start)
    sizes = np.diff(starts, append=len(is_start))
    run = np.cumsum(is_start) - 1
    return starts[run].astype(np.int64), sizes[run].astype(np.int64)


def _wins(similarity: Similarity, triplets: SwapTriplets, asked: Asked) -> Doubles:
    """(m,) 1, 0.5 (tie) or 0; NaN where a pair was not scored."""
    if asked not in ("a", "b"):
        raise BadInput(f"asked is {asked!r}; it must be 'a' or 'b'.")
    wanted, unwanted = triplets.share_a, triplets.share_b
    if asked == "b":
        wanted, unwanted = unwanted, wanted
    high = similarity.pairs(triplets.anchor, wanted)
    low = similarity.pairs(triplets.anchor, unwanted)
    wins = (high > low) + 0.5 * (high == low)
    return np.where(np.isnan(high) | np.isnan(low), np.nan, wins)


def _over_anchors(wins: Doubles, anchors: Rows, *, seed: int, n_draws: int) -> Estimate:
    scored = ~np.isnan(wins)
    _, group = np.unique(anchors[scored], return_inverse=True)
    n_triplets = np.bincount(group)
    per_anchor = np.bincount(group, weights=wins[scored]) / n_triplets
    mean = bootstrap_mean(per_anchor, weights=n_triplets, seed=seed, n_draws=n_draws)
    return mean._replace(n=int(scored.sum()))


def _checked_codes(a_codes: npt.ArrayLike, b_codes: npt.ArrayLike) -> tuple[Rows, Rows]:
    a, b = np.asarray(a_codes), np.asarray(b_codes)
    if a.ndim != 1 or a.shape != b.shape:
        raise BadInput(
            f"Labellings have shapes {a.shape} and {b.shape}; give one code per text in each."
        )
    return a.astype(np.int64), b.astype(np.int64)


def _why_no_triplet(n_labelled: int, n_share_a: Rows, n_share_b: Rows) -> str:
    if not n_labelled:
        reason = "no text carries both labels"
    elif not (n_share_a > 0).any():
        reason = "texts with the same first label always have the same second label"
    elif not (n_share_b > 0).any():
        reason = "texts with the same second label always have the same first label"
    else:
        reason = (
            "no text has both a partner that shares only its first label and one that shares "
            "only its second"
        )
    return (
        f"No swap triplet exists among the {n_labelled} texts that carry both labels: {reason}. "
        "The labellings must be crossed; choose two columns that vary independently."
    )
