"""Ordinal embedding: places for texts such that each decided triplet's nearer text is nearer.

Three losses over distances d, in squares D = d²:

    soft      max(0, 1 + d(a, near) − d(a, far))²          Terada & von Luxburg 2014
    logistic  log(1 + exp(D(a, near) − D(a, far)))
    t-ste     log(1 + (K(a, far) / K(a, near))),  K = (1 + D/α)^(−(α+1)/2)
                                                           van der Maaten & Weinberger 2012
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from engine.diagnostics.transitivity import Comparisons
from engine.errors import BadInput
from engine.scales.answers import check_rows
from engine.types import Doubles

Loss = Literal["soft", "logistic", "t-ste"]
N_STARTS = 3
MAX_STEPS = 300
RIDGE = 1e-3


class OrdinalEmbedding(NamedTuple):
    """Places and how well they fit.

    places: (n, d) Euclidean; scale and direction mean nothing. A text in no triplet is at 0.
    n_triplets: triplets that were fitted.
    violated: share of them that the places break.
    """

    places: Doubles
    n_triplets: int
    violated: float


def ordinal_embedding(
    n_texts: int,
    triplets: Comparisons,
    *,
    n_dimensions: int = 2,
    loss: Loss = "t-ste",
    seed: int = 0,
    n_starts: int = N_STARTS,
    start: Doubles | None = None,
) -> OrdinalEmbedding:
    """Place texts so that as many triplets as possible hold, by L-BFGS from several starts.

    About 2 · n · d · log₂ n triplets fix n texts in d dimensions; with fewer the places fit and
    mean little. Memory is linear in texts and triplets.

    Args:
        n_texts: corpus size.
        triplets: the winner is nearer to the anchor than the loser is.
        n_dimensions: of the places.
        loss: soft, logistic or t-ste; t-ste pulls clusters together and forgives outliers.
        seed: of the random starts.
        n_starts: the best of so many is kept.
        start: (n, d) one start in place of the random ones, such as an embedding's main directions.

    Raises:
        BadInput: no triplets, unknown rows, no such loss, or a count below 1.

    Reference: Terada & von Luxburg 2014, ICML, "Local ordinal embedding", eq. 3; van der Maaten &
    Weinberger 2012, MLSP, "Stochastic triplet embedding", eq. 5; the bound on triplets: Jain,
    Jamieson & Nowak 2016, arXiv:1606.07081.

    Example:
        >>> told = Comparisons(np.array([0, 2]), np.array([1, 1]), np.array([2, 0]))
        >>> ordinal_embedding(3, told, n_dimensions=1).violated
        0.0
    """
    if loss not in _LOSSES:
        raise BadInput(f"There is no loss {loss!r}. Known: {', '.join(_LOSSES)}.")
    if not len(triplets.anchor):
        raise BadInput("There is no decided triplet to place texts by. Ask some.")
    if n_dimensions < 1 or n_starts < 1:
        raise BadInput(f"{n_dimensions} dimensions from {n_starts} starts; at least 1 of each.")
    check_rows(n_texts, *triplets)
    rng = np.random.default_rng(seed)
    # Near 0 distances have no gradient; far apart the soft loss has none either.
    starts = [rng.normal(size=(n_texts, n_dimensions)) for _ in range(n_starts)]
    if start is not None:
        starts = [_checked_start(start, n_texts, n_dimensions)]
    found = [_solved(triplets, _LOSSES[loss], begin) for begin in starts]
    _, places = min(found, key=lambda one: one[0])
    unplaced = np.setdiff1d(np.arange(n_texts), np.concatenate(triplets))
    places[unplaced] = 0.0
    return OrdinalEmbedding(places, len(triplets.anchor), triplet_error(places, triplets))


def triplet_error(places: Doubles, triplets: Comparisons) -> float:
    """Share of triplets that places break, ties half; on triplets held back, the honest figure.

    Args:
        places: (n, d).
        triplets: at least one.

    Raises:
        BadInput: there is no triplet.

    Example:
        >>> places = np.array([[0.0], [1.0], [3.0]])
        >>> triplet_error(places, Comparisons(np.array([0]), np.array([2]), np.array([1])))
        1.0
    """
    if not len(triplets.anchor):
        raise BadInput("There is no triplet to measure on.")
    near, far = _squares(places, triplets)
    return float(((np.sign(near - far) + 1) / 2).mean())


_Slopes = tuple[float, Doubles, Doubles]
_LossOf = Callable[[Doubles, Doubles, int], _Slopes]


def _solved(triplets: Comparisons, loss_of: _LossOf, begin: Doubles) -> tuple[float, Doubles]:
    from scipy.optimize import minimize

    shape = begin.shape

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        return _loss(flat.reshape(shape), triplets, loss_of)

    found = minimize(
        loss, begin.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": MAX_STEPS}
    )
    return float(found.fun), found.x.reshape(shape)


def _loss(places: Doubles, triplets: Comparisons, loss_of: _LossOf) -> tuple[float, Doubles]:
    """Mean loss with a slight ridge, and its gradient as a flat vector."""
    near, far = _squares(places, triplets)
    value, by_near, by_far = loss_of(near, far, places.shape[1])
    n = len(near)
    anchor, winner, loser = triplets
    to_near = 2 * by_near[:, None] * (places[anchor] - places[winner]) / n
    to_far = 2 * by_far[:, None] * (places[anchor] - places[loser]) / n
    gradient = 2 * RIDGE * places / len(places)
    np.add.at(gradient, anchor, to_near + to_far)
    np.add.at(gradient, winner, -to_near)
    np.add.at(gradient, loser, -to_far)
    return value / n + RIDGE * float((places**2).sum()) / len(places), gradient.ravel()


def _squares(places: Doubles, triplets: Comparisons) -> tuple[Doubles, Doubles]:
    """(m,) squared distances from the anchor to the winner, and to the loser."""
    anchor = places[triplets.anchor]
    near = ((anchor - places[triplets.winner]) ** 2).sum(axis=1)
    far = ((anchor - places[triplets.loser]) ** 2).sum(axis=1)
    return np.asarray(near), np.asarray(far)


def _soft(near: Doubles, far: Doubles, _n_dimensions: int) -> _Slopes:
    d_near, d_far = np.sqrt(near + 1e-12), np.sqrt(far + 1e-12)
    missed = np.maximum(0, 1 + d_near - d_far)
    return float((missed**2).sum()), missed / d_near, -missed / d_far


def _logistic(near: Doubles, far: Doubles, _n_dimensions: int) -> _Slopes:
    slope = np.exp(-np.logaddexp(0, far - near))
    return float(np.logaddexp(0, near - far).sum()), slope, -slope


def _t_ste(near: Doubles, far: Doubles, n_dimensions: int) -> _Slopes:
    # Degrees of freedom as van der Maaten & Weinberger choose them, and at least 1.
    alpha = max(1.0, n_dimensions - 1.0)
    power = (alpha + 1) / 2
    lead = power * (np.log1p(near / alpha) - np.log1p(far / alpha))
    slope = np.exp(-np.logaddexp(0, -lead))
    value = float(np.logaddexp(0, lead).sum())
    return value, slope * power / (alpha + near), -slope * power / (alpha + far)


_LOSSES: dict[str, _LossOf] = {"soft": _soft, "logistic": _logistic, "t-ste": _t_ste}


def _checked_start(start: Doubles, n_texts: int, n_dimensions: int) -> Doubles:
    if start.shape != (n_texts, n_dimensions):
        raise BadInput(f"The start is {start.shape}; it must be {(n_texts, n_dimensions)}.")
    return np.array(start, dtype=np.float64)
