"""Fine-tuning an encoder: what a step reads, what is kept, and when the encoder stays as it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadInput, Cancelled, StoreError
from engine.models.encoder import Encoder
from engine.resources import Resources
from engine.tuning import finetuning
from engine.tuning.encoder_adapter import (
    AdaptedEncoder,
    Adapter,
    AdapterStore,
    Choice,
    LowRank,
    Tuned,
    reading_with,
)
from engine.tuning.encoder_layers import LowerLayers, tuned_layers
from engine.tuning.finetuning import Learner, Recipe, finetune, steps
from engine.tuning.triplets import Triplets, no_triplets

ANIMALS = ("The cat sleeps.", "Our dog is tired.", "A horse in a field.", "Two cows graze.",
           "The sheep are out.", "My rabbit hides.", "A fox crossed.", "Ducks on the lake.",
           "The goat climbs.", "A hen with chicks.")  # fmt: skip
ASKS = tuple(text[:-1] + "?" for text in ANIMALS)
TEXTS = ANIMALS + ASKS


def made(*rows):
    anchor, positive, negative = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Triplets(anchor, positive, negative, "me", len(rows))


def by_mood(n, seed=0):
    """Triplets that are won by mood (statement or question) and lost by the animal."""
    rng = np.random.default_rng(seed)
    anchor = rng.integers(0, 20, n)
    other = (anchor + rng.integers(1, 10, n)) % 10 + 10 * (anchor // 10)
    return made(*np.stack([anchor, other, (anchor + 10) % 20], axis=1))


@given(
    st.lists(st.permutations(range(12)).map(lambda p: tuple(p[:3])), min_size=1, max_size=30),
    st.integers(3, 12),
)
def test_a_step_holds_few_texts_and_every_triplet_among_them(rows, n_texts):
    triplets = made(*rows)
    recipe = Recipe(n_steps=7, texts_per_step=n_texts)
    found = list(steps(triplets, recipe))
    assert len(found) == 7
    for each in found:
        assert len(each) > 0
        assert len(each.rows) <= n_texts
        within = [row for row in rows if set(row) <= set(each.rows.tolist())]
        assert len(each) == len(within)
    again = list(steps(triplets, recipe))
    assert [each.anchor.tolist() for each in found] == [each.anchor.tolist() for each in again]


def test_all_triplets_are_gone_through_before_any_leads_a_second_time():
    triplets = made(*((3 * place, 3 * place + 1, 3 * place + 2) for place in range(12)))
    found = list(steps(triplets, Recipe(n_steps=6, texts_per_step=6)))
    seen = np.concatenate([each.anchor for each in found])
    assert sorted(seen.tolist()) == triplets.anchor.tolist()


def test_without_a_triplet_it_says_so():
    with pytest.raises(BadInput, match="no triplet to learn from"):
        finetune("minilm", TEXTS, no_triplets("me"), Recipe(), Resources())


@pytest.mark.models
def test_with_too_few_triplets_to_choose_by_it_takes_few_steps_and_says_so():
    seen = []
    resources = Resources(progress=lambda share, what: seen.append(what))
    found = finetune("minilm", TEXTS, made((0, 1, 12), (4, 5, 16)), Recipe(), resources)
    assert found.adapter.layers
    assert seen[-1] == "Tuning: step 5 of 5"
    assert found.choice.described.startswith("5 steps, unchecked: ")
    assert "too few to tell" in found.choice.described


def tuned_example():
    rng = np.random.default_rng(0)
    down, up = (rng.normal(size=shape).astype(np.float32) for shape in ((2, 4), (4, 2)))
    return Tuned(Adapter({"0.layer": LowRank(down, up)}), Choice(16, 0.4, 0.7, 30, 2, 1.5))


def test_an_adapter_comes_back_from_disk_as_it_was(tmp_path):
    store, kept = AdapterStore(tmp_path / "adapters"), tuned_example()
    assert store.load("one") is None
    place = store.save("one", kept)
    found = store.load("one")
    assert found.choice == kept.choice
    assert found.adapter.key == kept.adapter.key
    assert found.adapter.n_bytes == 4 * 16
    assert [path.name for path in place.parent.iterdir()] == ["one.npz"]
    changed = Adapter({"0.layer": LowRank(2 * found.adapter.layers["0.layer"].down,
                                          found.adapter.layers["0.layer"].up)})  # fmt: skip
    assert changed.key != kept.adapter.key


def test_a_fit_killed_while_it_was_written_is_no_fit(tmp_path, monkeypatch):
    store = AdapterStore(tmp_path)

    def killed(file, **arrays):
        file.write_bytes(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", killed)
    with pytest.raises(KeyboardInterrupt):
        store.save("one", tuned_example())
    assert store.load("one") is None
    assert not list(tmp_path.iterdir())


def test_a_damaged_adapter_is_named(tmp_path):
    store = AdapterStore(tmp_path)
    place = store.save("one", tuned_example())
    place.write_bytes(place.read_bytes()[:100])
    with pytest.raises(StoreError, match=r"one\.npz can't be read"):
        store.load("one")


def test_what_was_chosen_is_said():
    kept, moved = Choice(0, 0.6, 0.6, 40, 0, 9.0), Choice(24, 0.45, 0.8, 40, 3, 9.0)
    assert kept.described.startswith("raw encoder kept: tuning did not beat it")
    assert moved.described == (
        "24 steps; on 40 calibration triplets 0.450 → 0.800; 3 training texts cut at the window"
    )


@pytest.mark.models
def test_only_the_upper_half_is_tuned():
    model = Encoder("minilm")._model
    named = tuned_layers(model.transformers_model)
    assert {name.split(".")[2] for name in named} == {"3", "4", "5"}
    assert len(named) == 3 * 6


@pytest.fixture(scope="module")
def fitted(session_home):
    """One fit for all tests: triplets by mood, against the animals that the encoder goes by."""
    return finetune("minilm", TEXTS, by_mood(120), Recipe(n_steps=8), Resources())


@pytest.mark.models
def test_tuning_beats_the_encoder_on_anchors_held_back(fitted):
    assert fitted.choice.n_steps > 0
    assert fitted.choice.after > fitted.choice.before + 0.2
    assert fitted.adapter.n_bytes < 1_000_000


@pytest.mark.models
def test_the_lower_layers_are_read_once_and_change_nothing(fitted):
    raw = Encoder("minilm").encode(TEXTS).vectors
    learner = Learner("minilm", Recipe())
    first = learner.vectors(TEXTS).detach().numpy()
    np.testing.assert_allclose(first, raw, atol=1e-5)
    np.testing.assert_allclose(learner.vectors(TEXTS).detach().numpy(), first, atol=1e-6)
    for each in steps(by_mood(30), Recipe(n_steps=2)):
        learner.step(TEXTS, each, 1.0)
    moved = learner.vectors(TEXTS).detach().numpy()
    assert np.abs(moved - raw).max() > 1e-3
    merged = AdaptedEncoder("minilm", learner.adapter()).encode(TEXTS).vectors
    np.testing.assert_allclose(merged, moved, atol=1e-5)


@pytest.mark.models
def test_a_model_that_can_not_be_read_in_halves_is_read_whole(monkeypatch):
    """A stand-in for kinds whose layers depend on their place: what lies below comes out wrong."""
    right = LowerLayers._read_below

    def wrong(self, texts, features):
        right(self, texts, features)
        for text in texts:
            self._states[text] += 1

    monkeypatch.setattr(LowerLayers, "_read_below", wrong)
    found = Learner("minilm", Recipe()).vectors(TEXTS).detach().numpy()
    np.testing.assert_allclose(found, Encoder("minilm").encode(TEXTS).vectors, atol=1e-5)


@pytest.mark.models
def test_the_same_fit_gives_the_same_numbers_and_another_seed_others(fitted):
    again = finetune("minilm", TEXTS, by_mood(120), Recipe(n_steps=8), Resources())
    assert again.adapter.key == fitted.adapter.key
    other = finetune("minilm", TEXTS, by_mood(120), Recipe(n_steps=8, seed=1), Resources())
    assert other.adapter.key != fitted.adapter.key


@pytest.mark.models
def test_noise_leaves_the_encoder_as_it_was():
    """Truth by the toss of a coin: nothing learnt from it can help on anchors held back."""
    triplets, rng = by_mood(120), np.random.default_rng(1)
    turned = rng.random(120) < 0.5
    noisy = Triplets(
        triplets.anchor,
        np.where(turned, triplets.negative, triplets.positive),
        np.where(turned, triplets.positive, triplets.negative),
        "a coin",
        120,
    )
    adapter, choice = finetune("minilm", TEXTS, noisy, Recipe(n_steps=4), Resources())
    assert not adapter.layers
    assert choice.described.startswith("raw encoder kept: tuning did not beat it")


@pytest.mark.models
def test_it_stops_between_steps_when_asked(monkeypatch):
    seen = []
    resources = Resources(
        progress=lambda share, what: seen.append((share, what)), cancelled=lambda: len(seen) == 2
    )
    with pytest.raises(Cancelled):
        finetune("minilm", TEXTS, by_mood(60), Recipe(n_steps=8), resources)
    assert seen == [(1 / 8, "Tuning: step 1 of 8"), (2 / 8, "Tuning: step 2 of 8")]


@pytest.mark.models
def test_texts_longer_than_the_window_are_counted():
    long = [f"{text} {'It rained all day long. ' * 20}" for text in TEXTS]
    _, choice = finetune("minilm", long, by_mood(60), Recipe(n_steps=1, window=16), Resources())
    assert choice.n_truncated == 20


@pytest.mark.models
def test_vectors_of_a_tuned_encoder_are_kept_apart_from_the_raw_ones(fitted):
    resources = Resources()
    raw = resources.embed("minilm", TEXTS)
    tuned = reading_with(resources, "minilm", fitted.adapter).embed("minilm", TEXTS)
    assert np.abs(raw - tuned).max() > 1e-2
    n_read = resources.meter.passes
    again = reading_with(resources, "minilm", fitted.adapter).embed("minilm", TEXTS)
    np.testing.assert_array_equal(again, tuned)
    assert resources.meter.passes == n_read
    untouched = reading_with(resources, "minilm", finetuning.NOTHING).embed("minilm", TEXTS)
    np.testing.assert_array_equal(untouched, raw)
