"""The list of repairs, each with its card: what it fixes, what it needs, what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from engine.diagnostics.truth import Groups, PairTruth
from engine.errors import BadInput, UnknownName
from engine.normalise.cohort import as_norm, csls, t_norm, z_norm, zt_norm
from engine.normalise.group_thresholds import per_group_threshold
from engine.normalise.monotone import isotonic, platt
from engine.normalise.vectors import centred, without_components
from engine.similarity import VectorSimilarity
from engine.types import Rows, Similarity

Need = Literal["nothing", "vectors", "truth", "truth and groups"]


@dataclass(frozen=True, slots=True, eq=False)
class Ingredients:
    """What a repair may be made from.

    Attributes:
        truth: verdicts it may be fitted on; hold other anchors back to measure it on.
        groups: regions of the corpus.
        seed: of cohorts and of halves.
        ranks: (n,) each text's place in an order that its content decides, for what is drawn among
            the texts; without it the order of the rows decides.
    """

    truth: PairTruth | None = None
    groups: Groups | None = None
    seed: int = 0
    ranks: Rows | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """The card of a repair.

    Attributes:
        name: what users pick.
        fixes: one line: which fault it undoes, and what it leaves.
        needs: what must be there.
        cost: by formula, N texts, m verdicts, d dimensions.
        reorders: whether an anchor's neighbours change; if not, only thresholds do.
        numbers: what the similarities are afterwards.
    """

    name: str
    fixes: str
    needs: Need
    cost: str
    reorders: bool
    numbers: str
    make: Callable[[Similarity, Ingredients], Similarity]

    def fits(self, similarity: Similarity, given: Ingredients) -> bool:
        """Whether everything that it needs is there."""
        if self.needs == "vectors":
            return isinstance(similarity, VectorSimilarity)
        if self.needs == "truth and groups":
            return given.truth is not None and given.groups is not None
        return self.needs == "nothing" or given.truth is not None


def repairs() -> tuple[Repair, ...]:
    """All repairs, those that need nothing first."""
    return _REPAIRS


def repair(name: str) -> Repair:
    """A repair by name.

    Raises:
        UnknownName: there is none of that name.
    """
    for each in _REPAIRS:
        if each.name == name:
            return each
    raise UnknownName("repair", name, [each.name for each in _REPAIRS])


def repaired(name: str, similarity: Similarity, given: Ingredients | None = None) -> Similarity:
    """The similarity after a repair.

    Raises:
        UnknownName: no such repair.
        BadInput: something that it needs is missing.
    """
    return repair(name).make(similarity, given or Ingredients())


def _truth(given: Ingredients) -> PairTruth:
    if given.truth is None:
        raise BadInput("This repair is fitted on verdicts and there are none: judge some pairs.")
    return given.truth


def _groups(given: Ingredients) -> Groups:
    if given.groups is None:
        raise BadInput("This repair needs groups: choose a label column or clusters.")
    return given.groups


_COHORT_COST = "N · cohort similarities, once; then one multiply-add a pair"

_DEVIATIONS = "standard deviations above a text's usual similarity"

_REPAIRS = (
    Repair(
        "as-norm",
        "a scale and offset of each text, on either side; needs no verdicts",
        "nothing",
        f"2 × {_COHORT_COST}",
        True,
        _DEVIATIONS,
        lambda s, given: as_norm(s, seed=given.seed, ranks=given.ranks),
    ),
    Repair(
        "z-norm",
        "a scale and offset of each anchor; the order around an anchor stays",
        "nothing",
        _COHORT_COST,
        False,
        _DEVIATIONS,
        lambda s, given: z_norm(s, seed=given.seed, ranks=given.ranks),
    ),
    Repair(
        "t-norm",
        "candidates that are like everything (hubs); anchors stay as they were",
        "nothing",
        _COHORT_COST,
        True,
        _DEVIATIONS,
        lambda s, given: t_norm(s, seed=given.seed, ranks=given.ranks),
    ),
    Repair(
        "zt-norm",
        "offsets of both sides in full, one after the other (as-norm takes half of each)",
        "nothing",
        f"2 × {_COHORT_COST}",
        True,
        _DEVIATIONS,
        lambda s, given: zt_norm(s, seed=given.seed, ranks=given.ranks),
    ),
    Repair(
        "csls",
        "hubs and dense regions, by each text's nearest ones; scales stay",
        "nothing",
        f"2 × {_COHORT_COST}",
        True,
        "on the old scale, less the density around both texts",
        lambda s, given: csls(s, seed=given.seed, ranks=given.ranks),
    ),
    Repair(
        "centred",
        "vectors that all point the same way",
        "vectors",
        "N · d",
        True,
        "cosines",
        lambda s, _: centred(s),
    ),
    Repair(
        "without-top-component",
        "one direction that dominates all vectors",
        "vectors",
        "N · d²",
        True,
        "cosines",
        lambda s, _: without_components(s, 1),
    ),
    Repair(
        "isotonic",
        "numbers that are no probabilities; no ranking changes, regions differ as before",
        "truth",
        "m log m, once; then one look-up a pair",
        False,
        "probabilities of being the same",
        lambda s, given: isotonic(s, _truth(given)),
    ),
    Repair(
        "platt",
        "as isotonic, smooth, from few verdicts; no ranking changes",
        "truth",
        "m, once; then one exponential a pair",
        False,
        "probabilities of being the same",
        lambda s, given: platt(s, _truth(given)),
    ),
    Repair(
        "per-group-threshold",
        "regions whose thresholds differ; within a region nothing changes",
        "truth and groups",
        "m log m, once; then one addition a pair",
        False,
        "on the old scale, shifted by region",
        lambda s, given: per_group_threshold(
            s, _truth(given), _groups(given), seed=given.seed, ranks=given.ranks
        ),
    ),
)
