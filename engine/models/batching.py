"""Batches for a pass over texts: length-sorted, bounded by tokens, halved when memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from engine.errors import ModelUnavailable
from engine.types import Floats


class PassBatch(NamedTuple):
    """What one batch of a pass gave.

    rows: positions in the texts of the call. values: (b, d) float32.
    n_truncated: texts cut at the window. n_tokens: tokens read, padding not counted.
    done: share of the whole pass that is done after this batch, by tokens, in [0, 1].
    """

    rows: list[int]
    values: Floats
    n_truncated: int
    n_tokens: int
    done: float


def length_sorted_batches(
    n_tokens: Sequence[int], texts: Sequence[str], *, token_budget: int, max_texts: int
) -> list[list[int]]:
    """Rows in batches of similar length, longest first, each at most token_budget when padded.

    Ties are broken by the text, so the same texts in another order make the same batches, and
    with them the same numbers to the last bit.

    Args:
        n_tokens: (n,) length of each text, after truncation.
        texts: (n,) the texts.
        token_budget: tokens per batch, padding included; a longer text gets a batch of its own.
        max_texts: texts per batch.

    Example:
        >>> length_sorted_batches([1, 4, 4, 2], list("abcd"), token_budget=8, max_texts=9)
        [[1, 2], [3, 0]]
    """
    order = sorted(range(len(texts)), key=lambda row: (-n_tokens[row], texts[row]))
    batches: list[list[int]] = []
    for row in order:
        last = batches[-1] if batches else []
        full = not last or len(last) >= max_texts
        if full or (len(last) + 1) * n_tokens[last[0]] > token_budget:
            batches.append([row])
        else:
            last.append(row)
    return batches


def run_batches(
    batches: Iterable[list[int]],
    lengths: Sequence[int],
    limit: int,
    run: Callable[[list[int]], Floats],
) -> Iterator[PassBatch]:
    """Run each batch; one that doesn't fit in memory is halved and tried again.

    Args:
        batches: rows of each batch.
        lengths: (n,) tokens of each text before truncation.
        limit: the window, in tokens.
        run: rows → (b, d) float32.

    Raises:
        ModelUnavailable: a single text doesn't fit in memory.
    """
    total = max(1, sum(min(length, limit) for length in lengths))
    n_done = 0
    waiting = [list(batch) for batch in reversed(list(batches))]
    while waiting:
        rows = waiting.pop()
        try:
            values = run(rows)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            waiting.extend(_halves(rows, lengths, error))
            continue
        n_tokens = sum(min(lengths[row], limit) for row in rows)
        n_done += n_tokens
        n_truncated = sum(lengths[row] > limit for row in rows)
        yield PassBatch(rows, values, n_truncated, n_tokens, n_done / total)


class Pass(NamedTuple):
    """All batches of a pass put together: (n, d) values, and the counts."""

    values: Floats
    n_truncated: int
    n_tokens: int


def collect(batches: Iterable[PassBatch], n_texts: int, n_dims: int) -> Pass:
    """Put the batches of a pass back in the order of its texts."""
    values = np.full((n_texts, n_dims), np.nan, dtype=np.float32)
    n_truncated = n_tokens = 0
    for batch in batches:
        values[batch.rows] = batch.values
        n_truncated += batch.n_truncated
        n_tokens += batch.n_tokens
    return Pass(values, n_truncated, n_tokens)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on whichever device.

    Example:
        >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("bad shape"))
        (True, False)
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    said = str(error).lower()
    return any(words in said for words in ("out of memory", "not enough memory", "can't allocate"))


def _halves(rows: list[int], lengths: Sequence[int], error: BaseException) -> list[list[int]]:
    if len(rows) == 1:
        raise ModelUnavailable(
            f"A text of {lengths[rows[0]]} tokens doesn't fit in memory by itself ({error}). "
            "Split it, or choose a smaller model."
        ) from error
    middle = len(rows) // 2
    return [rows[middle:], rows[:middle]]
