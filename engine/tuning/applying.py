"""A fitted map applied to as many vectors as there are, block by block.

Memory is the result, texts · r · 4 bytes, and a block of inputs where they lie on disk.
"""

from __future__ import annotations

import numpy as np

from engine.errors import BadInput
from engine.tuning.projection import LinearMap
from engine.types import Floats

BLOCK_ROWS = 16_384


def apply_to(
    fitted: LinearMap,
    vectors: Floats,
    *,
    out: Floats | None = None,
    block_rows: int = BLOCK_ROWS,
) -> Floats:
    """(n, r) unit rows of vectors that are in memory, or on disk as a memory map.

    Args:
        fitted: the map.
        vectors: (n, d) float32.
        out: (n, r) float32 to write into; made when None.
        block_rows: rows mapped at once; small blocks wake the threads of the product too often.

    Raises:
        BadInput: the vectors have another length than the map reads.
    """
    if vectors.shape[1] != len(fitted.mean):
        raise BadInput(
            f"The map reads vectors of {len(fitted.mean)} numbers, not {vectors.shape[1]}. "
            "Use the encoder that it was fitted on."
        )
    matrix = np.ascontiguousarray(fitted.matrix, dtype=np.float32)
    offset = np.asarray(fitted.mean @ matrix, dtype=np.float32)
    made = np.empty((len(vectors), matrix.shape[1]), dtype=np.float32) if out is None else out
    for at in range(0, len(vectors), block_rows):
        mapped = made[at : at + block_rows]
        np.matmul(vectors[at : at + block_rows], matrix, out=mapped)
        mapped -= offset
        lengths = np.sqrt(np.einsum("ij,ij->i", mapped, mapped))
        lengths[lengths == 0] = 1
        mapped *= (1 / lengths)[:, None]
    return made
