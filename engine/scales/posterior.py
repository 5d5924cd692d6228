"""Bradley–Terry and Thurstone with the whole posterior, by choix: for landmarks and small corpora.

The covariance of all texts is a matrix, so this is for up to 1,000 of them; more texts are put on
the scale by `engine.scales.consolidated`, whose highest posterior is the same model's.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from engine.errors import BadInput
from engine.scales.answers import Wins, check_rows
from engine.scales.consolidated import SPREAD
from engine.types import Doubles, Rows

MAX_TEXTS = 1000
Model = Literal["bradley-terry", "thurstone"]
_CHOIX: dict[str, Literal["logit", "probit"]] = {"bradley-terry": "logit", "thurstone": "probit"}


class Posterior(NamedTuple):
    """Where texts stand, and how surely.

    means: (n,) in logits, or in standard deviations of Thurstone's normal.
    covariance: (n, n).
    """

    means: Doubles
    covariance: Doubles

    def difference(self, left: Rows, right: Rows) -> tuple[Doubles, Doubles]:
        """(m,) means and standard deviations of left's place less right's."""
        variance = (
            self.covariance[left, left]
            + self.covariance[right, right]
            - 2 * self.covariance[left, right]
        )
        lead = self.means[left] - self.means[right]
        return lead, np.asarray(np.sqrt(np.maximum(variance, 0)), dtype=np.float64)


def posterior(
    n_texts: int, wins: Wins, *, model: Model = "bradley-terry", spread: float = SPREAD
) -> Posterior:
    """The posterior of texts' places from comparisons, by expectation propagation.

    Args:
        n_texts: how many texts, at most 1,000.
        wins: comparisons; see engine.scales.answers.
        model: bradley-terry (logistic) or thurstone (normal).
        spread: standard deviation of the texts before anything was judged.

    Raises:
        BadInput: no comparison, too many texts, unknown rows, or no such model.

    Reference: Chu & Ghahramani 2005, Extensions of Gaussian processes for ranking; Maystre, choix.

    Example:
        >>> found = posterior(2, Wins(np.array([0]), np.array([1])))
        >>> bool(found.means[0] > 0 > found.means[1])
        True
    """
    import choix

    if model not in _CHOIX:
        raise BadInput(f"There is no model {model!r}. Known: {', '.join(_CHOIX)}.")
    if not 2 <= n_texts <= MAX_TEXTS:
        raise BadInput(
            f"The posterior of {n_texts} texts is a matrix of their square; give 2 to {MAX_TEXTS}, "
            "such as landmarks, or use consolidated."
        )
    if not len(wins.winner):
        raise BadInput("There is no comparison to learn from. Ask some.")
    check_rows(n_texts, wins.winner, wins.loser)
    pairs = list(zip(wins.winner.tolist(), wins.loser.tolist(), strict=True))
    means, covariance = choix.ep_pairwise(n_texts, pairs, 1 / spread**2, model=_CHOIX[model])
    return Posterior(means, covariance)
