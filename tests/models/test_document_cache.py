"""Documents read once: the same numbers as one plain pass, within a limit of memory."""

import numpy as np
import pytest

from engine.errors import BadInput
from engine.models.batching import collect
from engine.models.document_cache import (
    LIMIT_VARIABLE,
    DocumentCache,
    KeyValues,
    limit_from_environment,
)

DOCUMENTS = [
    'Express this text "The cat sat on the mat, and then it slept all afternoon."',
    'Express this text "Rain."',
    'Express this text "Two trains leave at noon, one twice as fast as the other."',
]
ABOUT = " in one word in terms of {}:"


def of_size(n_tokens, n_layers=2):
    """Keys and values of 1 head and 1 dimension: 2 · n_layers · n_tokens · 4 bytes."""
    torch = pytest.importorskip("torch")
    part = [torch.zeros(1, n_tokens, 1) for _ in range(n_layers)]
    return KeyValues(part, [each.clone() for each in part])


def test_its_size_is_counted_by_hand():
    assert (of_size(10).n_tokens, of_size(10).n_bytes) == (10, 2 * 2 * 10 * 4)


def test_what_the_pass_at_hand_did_not_ask_for_makes_room():
    cache = DocumentCache(limit_mb=400e-6)
    assert cache.put([1], of_size(10))
    assert cache.put([2], of_size(10))
    assert not cache.put([3], of_size(10))
    assert (len(cache), cache.megabytes) == (2, pytest.approx(320e-6))
    cache.begin_pass()
    assert cache.get([1], 2) is not None
    assert cache.put([3], of_size(10))
    assert cache.get([2], 2) is None
    assert cache.get([1], 2) is not None
    cache.clear()
    assert (len(cache), cache.megabytes) == (0, 0)


def test_a_shallower_reading_does_not_do_for_a_deeper_layer():
    cache = DocumentCache(limit_mb=1)
    cache.put([1], of_size(3, n_layers=2))
    assert cache.get([1], 3) is None
    assert len(cache.get([1], 1).keys) == 1
    cache.put([1], of_size(3, n_layers=3))
    assert len(cache.get([1], 3).keys) == 3
    assert cache.megabytes == pytest.approx(2 * 3 * 3 * 4 / 1e6)


def test_the_limit_can_be_set_and_nonsense_is_refused(monkeypatch):
    assert limit_from_environment() == 1024
    monkeypatch.setenv(LIMIT_VARIABLE, "0")
    assert not DocumentCache().put([1], of_size(1))
    for nonsense in ("much", "-1", "inf"):
        monkeypatch.setenv(LIMIT_VARIABLE, nonsense)
        with pytest.raises(BadInput, match="number of megabytes"):
            limit_from_environment()


def after(lm, attribute, layer=-5, **options):
    ends = [ABOUT.format(attribute)] * len(DOCUMENTS)
    batches = list(lm.hidden_batches_after(DOCUMENTS, ends, layer, **options))
    return collect(batches, len(DOCUMENTS), lm.n_dims)


@pytest.fixture
def empty(smollm2):
    smollm2.documents.clear()
    return smollm2


@pytest.mark.models
@pytest.mark.parametrize("layer", [0, 1, -5, -1])
def test_states_are_those_of_one_plain_pass(empty, layer):
    after(empty, "tone", layer)
    found = after(empty, "topic", layer).values
    whole = empty.hidden_states([each + ABOUT.format("topic") for each in DOCUMENTS], layer).states
    unit, plain = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (found, whole))
    np.testing.assert_allclose(unit, plain, atol=1e-3)


@pytest.mark.models
def test_a_further_attribute_reads_only_its_question(empty):
    first, second = after(empty, "tone"), after(empty, "topic")
    question = len(empty._prompts.after([ABOUT.format("topic")])[0])
    assert second.n_tokens == 3 * question
    assert first.n_tokens == second.n_tokens + sum(empty.count_tokens(DOCUMENTS))
    assert len(empty.documents) == 3
    unkept = after(empty, "topic", keep=False)
    assert unkept.n_tokens == first.n_tokens
    np.testing.assert_allclose(unkept.values, second.values, atol=1e-3)


@pytest.mark.models
def test_the_mean_is_taken_over_what_follows_alone(empty):
    """One token follows: its mean is its last state, whatever the document."""
    ends = [":", ":", ":"]
    both = [
        collect(empty.hidden_batches_after(DOCUMENTS, ends, 5, mean=mean), 3, empty.n_dims).values
        for mean in (True, False)
    ]
    np.testing.assert_allclose(*both, atol=1e-5)
    longer = [after(empty, "tone", 5, mean=mean).values for mean in (True, False)]
    assert not np.allclose(*longer, atol=1e-2)


@pytest.mark.models
def test_choices_after_documents_are_those_of_one_plain_pass(empty):
    ends = ["\nIs it about an animal? Answer:"] * 3
    found = collect(empty.choice_batches_after_documents(DOCUMENTS, ends, [" Yes", " No"]), 3, 2)
    whole = empty.choice_logits([each + ends[0] for each in DOCUMENTS], [" Yes", " No"])
    np.testing.assert_allclose(found.values, whole, atol=1e-3)


@pytest.mark.models
def test_a_document_over_the_window_keeps_its_end_and_is_counted(empty, monkeypatch):
    monkeypatch.setattr(empty, "max_tokens", 20)
    found = after(empty, "tone")
    assert found.n_truncated == 2
    assert np.isfinite(found.values).all()


@pytest.mark.models
def test_an_empty_ending_is_refused(empty):
    with pytest.raises(BadInput, match="must not be empty"):
        list(empty.hidden_batches_after(["Hello"], [""], 3))
