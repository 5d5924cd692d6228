"""Rewrites that come with the samples, or from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.corpus import Corpus, LoadReport, load_corpus
from engine.errors import BadInput
from engine.rewriting.replies import Status, check_reply
from engine.rewriting.rewrites import Rewrites
from engine.rewriting.shipped import file_rewrites, rewritten_attributes, shipped_rewrites
from engine.rewriting.writing import Choice, rewrites_of
from engine.samples import sample
from engine.types import Attribute

STRUCTURE = Attribute("mathematical structure")


def corpus_of(**texts: str) -> Corpus:
    return Corpus("mine", tuple(texts), tuple(texts.values()), {}, LoadReport(len(texts)))


@pytest.fixture(scope="module")
def problems() -> Corpus:
    return load_corpus("math_problems")


def test_six_attributes_have_rewrites_and_every_text_of_them_does() -> None:
    pairs = rewritten_attributes()
    assert len(pairs) == 6
    for name, attribute in pairs:
        found = shipped_rewrites(load_corpus(name), Attribute(attribute))
        assert found is not None
        assert found.counts == {Status.WRITTEN: len(found.ids)}
        # What is shipped would pass as a model's reply, so replaying it is no special case.
        assert [check_reply(each, text="").rewrite for each in found.used] == list(found.used)


def test_matched_by_text_whatever_the_order_ids_and_name(problems: Corpus) -> None:
    part = problems.subset([7, 3, 5])
    renamed = Corpus("other", ("x", "y", "z"), part.texts, {}, LoadReport(3))
    whole = shipped_rewrites(problems, STRUCTURE)
    found = shipped_rewrites(renamed, STRUCTURE)
    assert whole is not None
    assert found is not None
    assert found.used == (whole.used[7], whole.used[3], whole.used[5])
    assert found.ids == ("x", "y", "z")


@pytest.mark.parametrize("typed", ["Mathematical STRUCTURE", "structure"])
def test_the_attribute_is_found_by_its_name_or_column_in_any_case(
    problems: Corpus, typed: str
) -> None:
    assert shipped_rewrites(problems, Attribute(typed)) is not None


def test_a_definition_of_ones_own_is_another_attribute(problems: Corpus) -> None:
    suggested = sample("math_problems").attributes[0]
    assert shipped_rewrites(problems, Attribute(suggested.name, suggested.definition)) is not None
    assert shipped_rewrites(problems, Attribute(suggested.name, "how many clauses")) is None


def test_texts_that_are_not_in_the_file_stand_for_themselves(problems: Corpus) -> None:
    texts = (*problems.texts[:2], "A text of my own.")
    found = shipped_rewrites(Corpus("c", ("a", "b", "c"), texts, {}, LoadReport(3)), STRUCTURE)
    assert found is not None
    assert found.statuses == (Status.WRITTEN, Status.WRITTEN, Status.MISSING)
    assert found.used[2] == "A text of my own."
    assert "2 of 3 texts rewritten" in found.summary()


def test_a_corpus_that_is_mostly_something_else_has_none(problems: Corpus) -> None:
    texts = (problems.texts[0], "One.", "Two.")
    assert (
        shipped_rewrites(Corpus("c", ("a", "b", "c"), texts, {}, LoadReport(3)), STRUCTURE) is None
    )


def test_shipped_where_there_is_nothing_says_what_there_is() -> None:
    with pytest.raises(BadInput, match=r"math_problems: mathematical structure.*paintings: mood"):
        rewrites_of(corpus_of(a="One."), STRUCTURE, Choice(source="shipped"))


def test_a_file_by_id_and_by_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(
        '{"id": "a", "rewrite": "Sad."}\n\n{"text": "Two!", "rewrite": "Glad."}\n'
        '{"id": "c", "rewrite": ""}\n'
    )
    found = file_rewrites(corpus_of(a="One.", b="Two!", c="Three.", d="Four."), path)
    assert found.used == ("Sad.", "Glad.", "Three.", "Four.")
    assert found.statuses == (Status.WRITTEN, Status.WRITTEN, Status.EMPTY, Status.MISSING)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"id": "a", "rewrite": "x"}\n{"id": ', "Line 2 of"),
        ('{"id": "a"}', "Line 1 of"),
        ('["a", "x"]', "Line 1 of"),
        ('{"id": "zz", "rewrite": "x"}', "'zz'"),
        ("", "no rewrite of any text"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(content)
    with pytest.raises(BadInput, match=message):
        file_rewrites(corpus_of(a="One."), path)


def test_no_such_file() -> None:
    with pytest.raises(BadInput, match="can't be read"):
        rewrites_of(corpus_of(a="One."), STRUCTURE, Choice(file="nowhere.jsonl"))


def test_a_file_and_a_model_at_once_are_refused() -> None:
    with pytest.raises(BadInput, match="both the file"):
        Choice(source="local", file="mine.jsonl")


def test_exported_rewrites_come_back_and_unwritten_ones_do_not(tmp_path: Path) -> None:
    corpus = corpus_of(a="One.", b="Two “quoted”.")
    made = Rewrites("m", corpus.ids, ("Erste.", corpus.texts[1]), (Status.WRITTEN, Status.REFUSED))
    path = tmp_path / "out.jsonl"
    assert made.export_jsonl(path) == 1
    assert path.read_text() == '{"id": "a", "rewrite": "Erste."}\n'
    back = file_rewrites(corpus, path)
    assert back.used == made.used
    assert back.statuses == (Status.WRITTEN, Status.MISSING)
