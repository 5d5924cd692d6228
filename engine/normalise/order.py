"""The order in which repairs draw among texts: the content's where it is known, else the rows'."""

from __future__ import annotations

import numpy as np

from engine.errors import BadInput
from engine.types import Rows


def rows_in_order(n_texts: int, ranks: Rows | None) -> Rows:
    """(n,) the rows by rank; as they stand where no ranks are given.

    Args:
        n_texts: of the corpus.
        ranks: (n,) each text's place, from 0 to n − 1, each once.

    Raises:
        BadInput: ranks are no such order.

    Example:
        >>> rows_in_order(3, np.array([2, 0, 1])).tolist()
        [1, 2, 0]
    """
    everyone = np.arange(n_texts, dtype=np.int64)
    if ranks is None:
        return everyone
    if not np.array_equal(np.sort(ranks), everyone):
        raise BadInput(
            f"The {len(ranks)} ranks of {n_texts} texts are no order of them; each number from 0 "
            f"to {n_texts - 1} must stand there once."
        )
    rows: Rows = np.argsort(ranks).astype(np.int64)
    return rows
