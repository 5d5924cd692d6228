from __future__ import annotations

import threading

import numpy as np
import pytest

from engine.errors import BadInput, Cancelled
from engine.models.batching import PassBatch
from engine.models.shelf import ModelShelf
from engine.resources import Meter, Resources
from engine.store import VectorStore


class CountingEncoder:
    """Stands in for an encoder, to count what it is asked: one text a batch, [length, 1]."""

    key, n_dims = "counting@1", 2

    def __init__(self):
        self.seen = []

    def batches(self, texts):
        for row, text in enumerate(texts):
            self.seen.append(text)
            vector = np.array([[len(text), 1]], dtype=np.float32)
            yield PassBatch([row], vector, int(len(text) > 3), len(text), (row + 1) / len(texts))


class Shelf(ModelShelf):
    def __init__(self):
        super().__init__()
        self.model = CountingEncoder()

    def encoder(self, name):
        return self.model


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def vectors(tmp_path):
    return VectorStore(tmp_path / "vectors.sqlite")


def test_duplicates_are_encoded_once_and_known_texts_not_at_all(shelf, vectors):
    resources = Resources(models=shelf, vectors=vectors)
    first = resources.embed("any", ["aa", "b", "aa"])
    assert first.tolist() == [[2, 1], [1, 1], [2, 1]]
    assert shelf.model.seen == ["aa", "b"]
    second = resources.embed("any", ["cccc", "b", "cccc"])
    assert second.tolist() == [[4, 1], [1, 1], [4, 1]]
    assert shelf.model.seen == ["aa", "b", "cccc"]
    meter = resources.meter
    assert (meter.passes, meter.n_cached, meter.n_truncated, meter.lm_tokens) == (3, 1, 1, 0)
    assert meter.prompts == {"any": ["aa", "b", "cccc"]}


def test_no_texts_give_an_empty_matrix(shelf, vectors):
    assert Resources(models=shelf, vectors=vectors).embed("any", []).shape == (0, 2)


def test_a_cancelled_run_keeps_the_batches_it_finished(shelf, vectors):
    resources = Resources(
        models=shelf, vectors=vectors, cancelled=lambda: len(shelf.model.seen) >= 2
    )
    with pytest.raises(Cancelled):
        resources.embed("any", ["a", "bb", "ccc"])
    again = Resources(models=shelf, vectors=vectors)
    again.embed("any", ["a", "bb", "ccc"])
    assert shelf.model.seen == ["a", "bb", "ccc"]
    assert again.meter.n_cached == 2


def test_nested_progress_maps_to_its_part_of_the_whole(shelf, vectors):
    told = []
    resources = Resources(models=shelf, vectors=vectors, progress=lambda *now: told.append(now))
    half = resources.with_progress(0.5, 1.0)
    half.with_progress(0.0, 0.5).embed("any", ["a", "b"])
    assert told == [(0.625, "Encoding texts: 1 of 2"), (0.75, "Encoding texts: 2 of 2")]
    assert half.meter is resources.meter
    assert half.vectors is vectors


@pytest.mark.parametrize(("low", "high"), [(0.6, 0.5), (-0.1, 1.0), (0.0, 1.1)])
def test_progress_that_runs_backwards_is_refused(shelf, vectors, low, high):
    with pytest.raises(BadInput, match="Progress runs from"):
        Resources(models=shelf, vectors=vectors).with_progress(low, high)


def test_a_meter_adds_up_across_threads_and_keeps_few_prompts():
    meter = Meter()

    def work():
        for _ in range(500):
            meter.add(passes=1, dollars=0.5)
        meter.note_prompts("model", map(str, range(100)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (meter.passes, meter.dollars) == (2000, 1000.0)
    assert meter.prompts == {"model": ["0", "1", "2", "3", "4"]}


def test_a_shelf_loads_a_model_once_for_all_threads(monkeypatch):
    import engine.models.encoder

    loads = []
    monkeypatch.setattr(engine.models.encoder, "Encoder", lambda name: loads.append(name) or name)
    shelf = ModelShelf()
    threads = [threading.Thread(target=shelf.encoder, args=("minilm",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == ["minilm"]


@pytest.mark.models
def test_language_model_passes_are_cached_by_layer_and_by_choices(vectors):
    resources = Resources(vectors=vectors)
    deep = resources.hidden_states("smollm2", ["Hello there"], layer=-1)
    assert np.array_equal(resources.hidden_states("smollm2", ["Hello there"], layer=30), deep)
    assert resources.meter.passes == 1
    early = resources.hidden_states("smollm2", ["Hello there"], layer=3)
    assert not np.allclose(early, deep)
    assert (resources.meter.passes, resources.meter.lm_tokens) == (2, 4)
    whole = resources.choice_logits("smollm2", ["Snow is white.", "Snow is"], [" Yes", " No"])
    after = resources.choice_logits_after("smollm2", "Snow is", [" white.", ""], [" Yes", " No"])
    assert np.array_equal(after, whole)
    assert resources.meter.passes == 4
    resources.choice_logits("smollm2", ["Snow is"], [" No", " Yes"])
    assert resources.meter.passes == 5
    written = resources.generate("smollm2", ["One, two, three,"] * 2, max_new_tokens=4)
    assert written[0] == written[1] != ""


@pytest.mark.models
def test_a_prompt_longer_than_the_window_leaves_is_cut_and_counted(monkeypatch):
    resources = Resources()
    model = resources.language_model("smollm2")
    monkeypatch.setattr(model, "max_tokens", 24)
    long = "One, two, three, " * 20
    written = resources.generate("smollm2", [long, "One, two, three,"], max_new_tokens=4)
    assert resources.meter.n_truncated == 1
    # The end of a prompt is kept, since the question stands there.
    assert resources.generate("smollm2", ["Nine, " + long], max_new_tokens=4) == written[:1]
    assert resources.meter.n_truncated == 2
