"""Working through anchors a few at a time, so that memory never grows with texts squared."""

from __future__ import annotations

from collections.abc import Iterator

from engine.types import Rows

CELLS_AT_ONCE = 4_000_000


def row_chunks(rows: Rows, width: int) -> Iterator[Rows]:
    """Split rows so that a chunk times `width` stays within about 4 million cells.

    Example:
        >>> import numpy as np
        >>> [len(chunk) for chunk in row_chunks(np.arange(5), width=2_000_000)]
        [2, 2, 1]
    """
    step = max(1, CELLS_AT_ONCE // max(1, width))
    for start in range(0, len(rows), step):
        yield rows[start : start + step]
