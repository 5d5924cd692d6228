"""An order of texts in which like stands beside like: for a matrix of judgements."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.diagnostics.truth import PairTruth
from engine.errors import BadInput
from engine.types import Doubles, Rows

MAX_TEXTS = 400


class JudgedMatrix(NamedTuple):
    """Judgements as a matrix.

    rows: (n,) the texts, in order.
    verdicts: (n, n) 1 = same, −1 = different, 0 = not judged, or judged both ways.
    """

    rows: Rows
    verdicts: Doubles


def judged_matrix(truth: PairTruth, *, max_texts: int = MAX_TEXTS) -> JudgedMatrix:
    """The judgements on the texts most often judged, in seriated order.

    The order is that of the Fiedler vector: of all ways to place texts on a line, it keeps those
    judged the same nearest and those judged different farthest apart, in squares. Blocks on the
    diagonal are kinds; specks off it are where the judge contradicts himself.

    Args:
        truth: pairs, in either order.
        max_texts: at most so many texts; the matrix has their square.

    Raises:
        BadInput: no pair was judged, or max_texts is below 2.

    Reference: Atkins, Boman & Hendrickson 1998, SIAM J. Comput. 28(1), 297–310.
    """
    if not truth.n_pairs or max_texts < 2:
        raise BadInput(f"{truth.n_pairs} pairs for at most {max_texts} texts; at least 1 and 2.")
    everyone, times = np.unique(np.concatenate([truth.left, truth.right]), return_counts=True)
    chosen = np.sort(everyone[np.argsort(-times, kind="stable")[:max_texts]])
    inside = np.isin(truth.left, chosen) & np.isin(truth.right, chosen)
    left = np.searchsorted(chosen, truth.left[inside])
    right = np.searchsorted(chosen, truth.right[inside])
    votes = np.zeros((len(chosen), len(chosen)))
    np.add.at(votes, (left, right), np.where(truth.same[inside], 1.0, -1.0))
    verdicts = np.sign(votes + votes.T)
    order = _seriated(verdicts)
    return JudgedMatrix(chosen[order].astype(np.int64), verdicts[np.ix_(order, order)])


def _seriated(verdicts: Doubles) -> Rows:
    # Above 0 everywhere, so that the graph hangs together: different 0.01, unknown ½, same 1.
    likeness = np.where(verdicts > 0, 1.0, np.where(verdicts < 0, 0.01, 0.5))
    np.fill_diagonal(likeness, 0)
    laplacian = np.diag(likeness.sum(axis=1)) - likeness
    fiedler = np.linalg.eigh(laplacian)[1][:, 1]
    return np.argsort(fiedler, kind="stable").astype(np.int64)
