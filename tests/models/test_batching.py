from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ModelUnavailable
from engine.models.batching import collect, length_sorted_batches, run_batches


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 200), st.integers(1, 9))
def test_batches_hold_every_row_once_within_the_budget(lengths, budget, most):
    texts = [str(row) for row in range(len(lengths))]
    batches = length_sorted_batches(lengths, texts, token_budget=budget, max_texts=most)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        padded = len(batch) * max(lengths[row] for row in batch)
        assert len(batch) <= most
        assert padded <= budget or len(batch) == 1


@given(st.permutations(list(zip([3, 3, 1, 9, 9, 2], "abcdef", strict=True))))
def test_the_same_texts_in_another_order_make_the_same_batches(items):
    lengths, texts = zip(*items, strict=True)
    batches = length_sorted_batches(lengths, texts, token_budget=12, max_texts=3)
    assert [[texts[row] for row in batch] for batch in batches] == [
        ["d"],
        ["e"],
        ["a", "b", "f"],
        ["c"],
    ]


def fits(most, made):
    def run(rows):
        if len(rows) > most:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        made.append(list(rows))
        return np.array([[float(row)] for row in rows], dtype=np.float32)

    return run


def test_a_batch_that_does_not_fit_is_halved_until_it_does():
    made = []
    batches = list(run_batches([[0, 1, 2, 3, 4]], [1] * 5, 10, fits(2, made)))
    assert made == [[0, 1], [2], [3, 4]]
    assert collect(batches, 5, 1).values[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert [round(batch.done, 1) for batch in batches] == [0.4, 0.6, 1.0]


def test_a_single_text_that_does_not_fit_is_an_error_that_says_so():
    with pytest.raises(ModelUnavailable, match="A text of 7 tokens doesn't fit in memory"):
        list(run_batches([[0]], [7], 10, fits(0, [])))


def test_another_runtime_error_is_not_taken_for_lack_of_memory():
    def broken(rows):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1"):
        list(run_batches([[0, 1]], [1, 1], 10, broken))


def test_tokens_over_the_window_are_counted_as_truncated_and_not_as_read():
    done = collect(run_batches([[0, 1]], [4, 9], 5, fits(2, [])), 2, 1)
    assert (done.n_truncated, done.n_tokens) == (1, 9)
