"""The rewriting methods: from shipped rewrites, and by the packaged language model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.corpus import Corpus, LoadReport, load_corpus
from engine.diagnostics.conditioning import draw_swap_triplets, swap_accuracy
from engine.methods.registry import create, options
from engine.methods.rewrite_bm25 import FromRewrites
from engine.resources import Meter, Resources
from engine.rewriting import shipped
from engine.rewriting.replies import Status
from engine.rewriting.writing import Choice
from engine.run import RunRequest
from engine.types import Attribute, Scale

STRUCTURE = Attribute("mathematical structure")
STORY = Attribute("what the story is about")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIKEWISE_HOME", str(tmp_path))


@pytest.fixture
def pets(tmp_path: Path) -> tuple[Corpus, str]:
    texts = ("A cat sat.", "A dog sat.", "A cat ran.", "Rain.", "Snow.")
    path = tmp_path / "pets.jsonl"
    path.write_text(
        '{"id": "0", "rewrite": "about a cat"}\n{"id": "1", "rewrite": "about a dog"}\n'
        '{"id": "2", "rewrite": "about a cat"}\n'
    )
    return Corpus("pets", ("0", "1", "2", "3", "4"), texts, {}, LoadReport(5)), str(path)


@pytest.mark.parametrize("weighting", ["bm25", "tfidf"])
def test_words_of_the_rewrites_are_compared_not_of_the_texts(
    pets: tuple[Corpus, str], weighting: str
) -> None:
    corpus, path = pets
    method = create("rewrite-bm25", {"file": path, "weighting": weighting})
    found = method.prepare(corpus, Attribute("animal"), Resources())
    same, other, itself = found.pairs(np.array([0, 0, 0]), np.array([2, 1, 3]))
    assert same > other > itself == 0
    if weighting == "tfidf":
        assert found.scale is Scale.COSINE
        assert same == pytest.approx(1)


def test_tfidf_by_hand(pets: tuple[Corpus, str]) -> None:
    """idf: about, a 1 + ln(6/4); cat 1 + ln(6/3); dog 1 + ln(6/2), of five texts."""
    corpus, path = pets
    found = create("rewrite-bm25", {"file": path, "weighting": "tfidf"}).prepare(
        corpus, Attribute("animal"), Resources()
    )
    shared, cat, dog = 1 + np.log(6 / 4), 1 + np.log(6 / 3), 1 + np.log(6 / 2)
    lengths = np.sqrt(2 * shared**2 + cat**2) * np.sqrt(2 * shared**2 + dog**2)
    expected = 2 * shared**2 / lengths
    assert found.pairs(np.array([0]), np.array([1]))[0] == pytest.approx(expected, rel=1e-6)


def test_every_field_of_a_choice_is_an_option() -> None:
    named = {option.name for option in options("rewrite-bm25")}
    fields = set(Choice.__dataclass_fields__) - {"prices"}
    assert named == fields | {"dollars_in", "dollars_out", "weighting"}
    assert all(option.help for option in options("rewrite-embedding"))


@pytest.mark.parametrize("name", ["rewrite-bm25", "rewrite-embedding"])
@pytest.mark.models
def test_shipped_rewrites_follow_the_structure_and_cost_no_generation(name: str) -> None:
    corpus = load_corpus("math_problems")
    meter = Meter()
    similarity = create(name).prepare(corpus, STRUCTURE, Resources(meter=meter))
    codes = [corpus.label_codes(column).codes for column in ("structure", "story")]
    triplets = draw_swap_triplets(*codes, n=500, seed=0)
    assert swap_accuracy(similarity, triplets, asked="a").low > 0.95
    assert (meter.lm_tokens, meter.dollars) == (0, 0)
    assert meter.n_cached >= len(corpus)


@pytest.mark.models
def test_a_small_model_writes_once_and_the_rewrites_can_be_shown() -> None:
    corpus = load_corpus("math_problems").sample(6, seed=1)
    method = create("rewrite-bm25")
    assert isinstance(method, FromRewrites)
    meter = Meter()
    first = method.prepare(corpus, STORY, Resources(meter=meter))
    assert meter.passes == 6
    assert meter.lm_tokens > 600
    shown = method.rewrites(corpus, STORY)
    assert shown.source == "smollm2"
    assert Status.MISSING not in shown.statuses
    assert all(
        (used != text) is (status is Status.WRITTEN)
        for used, text, status in zip(shown.used, corpus.texts, shown.statuses, strict=True)
    )
    again = Meter()
    order = np.array([3, 1, 5, 0, 2, 4])
    second = method.prepare(corpus.subset(order), STORY, Resources(meter=again))
    assert (again.passes, again.n_cached) == (0, 6)
    rows, columns = np.triu_indices(6, k=1)
    np.testing.assert_allclose(
        second.pairs(rows, columns), first.pairs(order[rows], order[columns]), atol=1e-6
    )


def test_the_key_of_a_run_follows_the_content_of_shipped_rewrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sample's file that is changed makes another run, in the same process too."""
    corpus = load_corpus("math_problems").sample(8, seed=0)
    request = RunRequest(corpus, STRUCTURE, create("rewrite-bm25"))
    first = request.key
    (sample, suggested) = next(
        pair for pair in shipped._with_rewrites() if pair[1].column == "structure"
    )
    edited = tmp_path / "structure.jsonl"
    edited.write_text(shipped._path(sample, suggested).read_text().replace("Multiply", "Times"))
    monkeypatch.setattr(shipped, "_path", lambda *_: edited)
    assert request.key != first
    local = RunRequest(corpus, STRUCTURE, create("rewrite-bm25", {"source": "local"})).key
    monkeypatch.undo()
    assert request.key == first
    assert RunRequest(corpus, STRUCTURE, create("rewrite-bm25", {"source": "local"})).key == local
