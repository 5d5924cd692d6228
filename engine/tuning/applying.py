"""A fitted map applied to as many vectors as there are, block by block.

Memory is the result plus one block: texts · r · 4 bytes + BLOCK_ROWS · (d + r) · 4 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.errors import BadInput
from engine.tuning.projection import LinearMap
from engine.types import Floats

BLOCK_ROWS = 8192


def apply_to(fitted: LinearMap, vectors: Floats, *, block_rows: int = BLOCK_ROWS) -> Floats:
    """(n, r) unit rows of vectors that are in memory, or on disk as a memory map.

    Args:
        fitted: the map.
        vectors: (n, d) float32.
        block_rows: rows mapped at once: a block should stay in the processor's cache.

    Raises:
        BadInput: the vectors have another length than the map reads.
    """
    blocks = (vectors[at : at + block_rows] for at in range(0, len(vectors), block_rows))
    out = np.empty((len(vectors), fitted.matrix.shape[1]), dtype=np.float32)
    at = 0
    for mapped in applied(fitted, blocks):
        out[at : at + len(mapped)] = mapped
        at += len(mapped)
    return out


def applied(fitted: LinearMap, blocks: Iterable[Floats]) -> Iterator[Floats]:
    """Unit rows of each block, as it comes; nothing but the block is held.

    Raises:
        BadInput: a block's vectors have another length than the map reads.
    """
    matrix = np.ascontiguousarray(fitted.matrix)
    offset = fitted.mean @ matrix
    for block in blocks:
        if block.shape[1] != len(fitted.mean):
            raise BadInput(
                f"The map reads vectors of {len(fitted.mean)} numbers, not {block.shape[1]}. "
                "Use the encoder that it was fitted on."
            )
        mapped = block @ matrix
        mapped -= offset
        lengths = np.sqrt(np.einsum("ij,ij->i", mapped, mapped))
        mapped /= np.where(lengths > 0, lengths, 1)[:, None]
        yield mapped
