"""The samples that come with the product load with the right columns, and only those."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from engine.corpus import load_corpus
from engine.errors import UnknownName
from engine.samples import Sample, many_view_samples, sample, sample_data_dir, samples

MAIN = {
    "math_problems": (500, {"structure": 10, "story": 10}),
    "model_responses": (380, {"meaning": 95, "style": 6, "question_id": 24}),
    "paintings": (300, {"mood": 5, "intensity": 5, "subject": 6, "medium": 4}),
    "support_messages": (320, {"issue": 8, "tone": 5, "wants": 4}),
}
EVERY = (*samples(), *many_view_samples())


def test_the_four_main_samples_and_sixteen_domains_are_listed() -> None:
    assert [each.name for each in samples()] == list(MAIN)
    assert len(many_view_samples()) == 16


@pytest.mark.parametrize("name", MAIN)
def test_a_sample_loads_with_its_labels_and_nothing_hidden(name: str) -> None:
    loaded = load_corpus(name)
    n, n_values = MAIN[name]
    assert (loaded.name, loaded.text_column, len(loaded)) == (name, "text", n)
    assert {column: len(set(values)) for column, values in loaded.labels.items()} == n_values
    assert not set(loaded.labels) & set(sample(name).hidden_columns)
    assert loaded.report.lines() == [f"{n} rows read, {n} texts kept."]


def test_the_story_and_structure_of_math_problems_are_crossed() -> None:
    labels = load_corpus("math_problems").labels
    cells = Counter(zip(labels["structure"], labels["story"], strict=True))
    assert set(cells.values()) == {5}
    assert len(cells) == 100


def test_a_sample_is_known_by_name_folder_and_file(monkeypatch: pytest.MonkeyPatch) -> None:
    known = sample("model_responses")
    by_name = load_corpus("model_responses")
    assert load_corpus(known.folder) == by_name
    assert load_corpus(str(known.path)) == by_name
    monkeypatch.chdir(known.folder)
    assert load_corpus(known.path.name) == by_name


@pytest.mark.parametrize("known", EVERY, ids=lambda known: known.name)
def test_suggested_attributes_are_labelled(known: Sample) -> None:
    loaded = load_corpus(known.name)
    assert len(known.attributes) >= 2
    assert set(known.label_columns) == set(loaded.labels)
    for attribute in known.attributes:
        assert attribute.name
        assert attribute.definition
        assert len(loaded.label_codes(attribute.column).names) >= 2
    assert known.readme.startswith("# ")


@pytest.mark.parametrize("known", samples(), ids=lambda known: known.name)
def test_shipped_verdicts_are_on_suggested_attributes_and_known_ids(known: Sample) -> None:
    assert known.verdicts is not None
    ids = set(load_corpus(known.name).ids)
    suggested = {(attribute.name, attribute.definition) for attribute in known.attributes}
    asked = set()
    for line in known.verdicts.read_text(encoding="utf-8").splitlines():
        verdict = json.loads(line)
        if verdict["kind"] != "point":  # points are asked with a definition that names 0 and 10
            asked.add((verdict["attribute"], verdict["definition"]))
        assert {verdict[k] for k in ("anchor", "left", "right", "id") if k in verdict} <= ids
    assert asked
    assert asked <= suggested


def test_many_view_domains_have_twenty_attributes_and_no_verdicts() -> None:
    ads = sample("many_view/ads")
    assert len(ads.attributes) == 20
    assert ads.attributes[0].name == "what kind of thing is being advertised"
    assert ads.verdicts is None
    assert len(load_corpus("many_view/ads")) == 90


def test_an_unknown_sample_gets_a_hint() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'paintings'"):
        sample("painting")


def test_the_samples_lie_in_the_checkout_beside_the_engine() -> None:
    assert sample_data_dir() == Path(__file__).resolve().parents[1] / "sample_data"
