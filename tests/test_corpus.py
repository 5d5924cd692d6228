"""Corpora: ids, labels, the report, and what real tables do to them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.corpus import Corpus, Dropped, LoadReport, corpus_from_table, load_corpus
from engine.errors import BadCorpus, BadInput, UnknownName
from engine.reading import read_table

WORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)


def pets(**more: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"text": ["one cat", "two dogs", "three hens"], **more})


def corpus(n: int = 5) -> Corpus:
    return Corpus(
        name="numbered",
        ids=tuple(f"t{i}" for i in range(n)),
        texts=tuple(f"text {i}" for i in range(n)),
        labels={"parity": tuple(("even", "odd")[i % 2] for i in range(n))},
        report=LoadReport.of(n, (), ()),
    )


# --- the corpus --------------------------------------------------------------------------------


def test_a_corpus_refuses_uneven_and_ambiguous_parts() -> None:
    report = LoadReport.of(2, (), ())
    with pytest.raises(BadCorpus, match="1 ids, 2 texts"):
        Corpus("c", ("a",), ("x", "y"), {}, report)
    with pytest.raises(BadCorpus, match="'tone' has 1 values for 2 texts"):
        Corpus("c", ("a", "b"), ("x", "y"), {"tone": ("calm",)}, report)
    with pytest.raises(BadCorpus, match="'a' occurs more than once"):
        Corpus("c", ("a", "a"), ("x", "y"), {}, report)
    with pytest.raises(BadCorpus, match="at least one text"):
        Corpus("c", (), (), {}, report)


def test_rows_are_found_by_id_and_a_wrong_id_gets_a_hint() -> None:
    assert corpus().row_of("t3") == 3
    with pytest.raises(UnknownName, match="Did you mean 't3'"):
        corpus().row_of("t33")


def test_the_fingerprint_covers_ids_texts_and_order_but_not_labels() -> None:
    base = corpus()
    same = Corpus("other", base.ids, base.texts, {}, base.report)
    assert base.fingerprint == same.fingerprint
    others = [
        base.subset([1, 0, 2, 3, 4]),
        base.subset([0, 1, 2, 3]),
        Corpus("c", base.ids, (*base.texts[:4], "text 5"), {}, base.report),
        Corpus("c", (*base.ids[:4], "t5"), base.texts, {}, base.report),
    ]
    assert len({base.fingerprint, *(each.fingerprint for each in others)}) == 5


def test_labels_can_not_be_changed_from_outside() -> None:
    with pytest.raises(TypeError):
        corpus().labels["parity"] = ()  # type: ignore[index]


def test_a_subset_carries_labels_along_in_the_order_given() -> None:
    part = corpus().subset(np.array([3, 0]))
    assert part.ids == ("t3", "t0")
    assert part.labels == {"parity": ("odd", "even")}
    assert part.report.n_rows_read == 2
    with pytest.raises(BadInput, match="Row 5 is not in 'numbered': rows are 0 to 4"):
        corpus().subset([0, 5])
    with pytest.raises(BadInput, match="occurs more than once"):
        corpus().subset([1, 1])


@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 99))
def test_a_sample_is_deterministic_distinct_and_in_order(n: int, size: int, seed: int) -> None:
    whole = corpus(n)
    drawn = whole.sample(size, seed)
    assert drawn.ids == whole.sample(size, seed).ids
    rows = [whole.row_of(each) for each in drawn.ids]
    assert rows == sorted(set(rows))
    assert len(rows) == min(n, size)


def test_samples_differ_by_seed_and_need_a_size() -> None:
    assert corpus(40).sample(10, 0).ids != corpus(40).sample(10, 1).ids
    with pytest.raises(BadInput, match="at least 1 text, not 0"):
        corpus().sample(0, 0)


def test_label_codes_mark_missing_and_order_numbers_by_size() -> None:
    table = pets(stars=["10", "", "9"], tone=["calm", "angry", ""])
    labelled = corpus_from_table(table, name="pets", label_columns=["stars", "tone"])
    stars, tone = labelled.label_codes("stars"), labelled.label_codes("tone")
    assert (stars.codes.tolist(), stars.names) == ([1, -1, 0], ("9", "10"))
    assert (tone.codes.tolist(), tone.names) == ([1, 0, -1], ("angry", "calm"))
    assert stars.codes.dtype == np.int64
    with pytest.raises(UnknownName, match="Did you mean 'tone'"):
        labelled.label_codes("tones")


# --- the report --------------------------------------------------------------------------------


def test_the_report_counts_all_and_lists_the_first_thousand() -> None:
    dropped = [Dropped(row, "the text is empty") for row in range(1500, 0, -1)]
    report = LoadReport.of(2000, dropped, ["A note."])
    assert report.n_dropped == 1500
    assert [item.row for item in report.dropped] == list(range(1, 1001))
    assert report.lines() == [
        "2,000 rows read, 500 texts kept.",
        "1,500 rows dropped because the text is empty: rows 1, 2, 3, 4, 5 and 1,495 more.",
        "A note.",
    ]


# --- from a table ------------------------------------------------------------------------------


def test_columns_are_guessed_and_can_be_chosen() -> None:
    table = pets(id=[7, 8, 9], summary=["a", "b", "c"])
    guessed = corpus_from_table(table, name="pets")
    assert (guessed.text_column, guessed.ids) == ("text", ("7", "8", "9"))
    chosen = corpus_from_table(
        table, name="pets", text_column="summary", id_column="text", label_columns=["id"]
    )
    assert chosen.texts == ("a", "b", "c")
    assert chosen.ids == ("one cat", "two dogs", "three hens")
    assert chosen.labels == {"id": ("7", "8", "9")}
    assert corpus_from_table(table, name="pets", label_columns=[]).labels == {}


@pytest.mark.parametrize("option", ["text_column", "id_column"])
def test_a_column_that_is_not_there_gets_a_hint(option: str) -> None:
    with pytest.raises(UnknownName, match=r"No column is called 'txt'\. Did you mean 'text'"):
        corpus_from_table(pets(), name="pets", **{option: "txt"})
    with pytest.raises(UnknownName, match="No column is called 'tone'"):
        corpus_from_table(pets(), name="pets", label_columns=["tone"])


def test_empty_texts_are_dropped_by_row_of_the_file() -> None:
    frame = pd.DataFrame({"id": list("abcd"), "text": ["one cat", " \n", None, "two dogs"]})
    made = corpus_from_table(frame, name="pets")
    assert made.ids == ("a", "d")
    assert made.report.dropped == (Dropped(2, "the text is empty"), Dropped(3, "the text is empty"))


def test_integers_with_holes_do_not_become_floats() -> None:
    frame = pets(stars=[1, None, 2])
    assert corpus_from_table(frame, name="p", label_columns=["stars"]).labels["stars"] == (
        "1",
        "",
        "2",
    )


def test_repeated_texts_are_kept_and_noted_or_dropped_on_demand() -> None:
    frame = pd.DataFrame({"text": ["one cat", "two dogs", "one cat"]})
    kept = corpus_from_table(frame, name="p")
    assert len(kept) == 3
    assert kept.ids[2] == f"{kept.ids[0]}-2"
    assert any("the same as an earlier one" in line for line in kept.report.lines())
    fewer = corpus_from_table(frame, name="p", deduplicate=True)
    assert fewer.texts == ("one cat", "two dogs")
    assert fewer.report.dropped == (Dropped(3, "the same text came before"),)


def test_repeated_ids_get_numbers_that_are_not_taken() -> None:
    frame = pd.DataFrame(
        {"id": ["a", "a", "a-2", "", "a"], "text": [f"some cat number {i}" for i in "vwxyz"]}
    )
    made = corpus_from_table(frame, name="p", id_column="id")
    assert made.ids[0] == "a"
    assert made.ids[2] == "a-2"
    assert re.fullmatch(r"t-[0-9a-f]{12}", made.ids[3])
    assert len(set(made.ids)) == 5
    assert any("rows 2, 5" in note for note in made.report.notes)
    assert any("No id in row 4" in note for note in made.report.notes)


def test_a_very_long_text_is_kept_and_noted() -> None:
    frame = pd.DataFrame({"text": ["word " * 200_000, "two dogs"]})
    made = corpus_from_table(frame, name="p")
    assert len(made.texts[0]) == 1_000_000
    assert "the longest has 1,000,000" in made.report.notes[0]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"price": ["1.5", "2"], "blank": ["", ""]}, "'price' holds numbers; 'blank' is empty"),
        ({"link": ["https://a.org/b", "http://c.de"]}, "'link' holds links"),
        ({"text": []}, "has no rows of text"),
        ({"tone": ["calm", "angry"] * 10, "n": ["1", "2"] * 10}, "'tone' has 2 short values"),
    ],
)
def test_a_table_without_usable_text_says_why(columns: dict[str, list[str]], message: str) -> None:
    with pytest.raises(BadCorpus, match=message):
        corpus_from_table(pd.DataFrame(columns), name="p")


def test_a_chosen_text_column_that_is_blank_is_refused() -> None:
    with pytest.raises(BadCorpus, match=r"Every text of column 'blank' .* \(3 rows\)"):
        corpus_from_table(pets(blank=["", " ", ""]), name="p", text_column="blank")


@settings(deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_ids_do_not_depend_on_the_order_of_rows(texts: list[str], random: object) -> None:
    texts.append("one cat")
    shuffled = list(texts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    makes = [
        corpus_from_table(pd.DataFrame({"text": order}), name="p", text_column="text")
        for order in (texts, shuffled)
    ]
    pairs = [sorted(zip(made.ids, made.texts, strict=True)) for made in makes]
    assert pairs[0] == pairs[1]


@settings(deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=12), st.booleans())
def test_no_row_is_lost(rows: list[tuple[str, str, str]], deduplicate: bool) -> None:
    rows.append(("x", "one cat", ""))
    frame = pd.DataFrame(rows, columns=["id", "text", "tone"])
    made = corpus_from_table(frame, name="p", text_column="text", deduplicate=deduplicate)
    assert made.report.n_rows_read == len(rows) == len(made) + made.report.n_dropped
    assert len(set(made.ids)) == len(made)


# --- from a file -------------------------------------------------------------------------------


def test_rows_lost_in_reading_and_later_are_both_reported(tmp_path: Path) -> None:
    path = tmp_path / "pets.csv"
    path.write_text("id,text\n1,one cat\n2\n3,two, dogs\n4,three hens\n")
    loaded = load_corpus(path)
    assert (loaded.name, loaded.ids) == ("pets", ("1", "4"))
    assert [(item.row, item.reason) for item in loaded.report.dropped] == [
        (2, "the text is empty"),
        (3, "it has 3 cells where the header has 2"),
    ]
    assert loaded.report.n_rows_read == 4
    table = read_table(path, filename=path.name)
    assert corpus_from_table(table, name="pets") == loaded


def test_a_file_whose_every_row_is_lost_names_the_first(tmp_path: Path) -> None:
    path = tmp_path / "pets.jsonl"
    path.write_text("{one\n{two\n")
    with pytest.raises(BadCorpus, match=r"2 rows could not be read; the first is row 1: it is not"):
        load_corpus(path)


def test_a_header_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pets.csv"
    path.write_text("id,text\n")
    with pytest.raises(BadCorpus, match=r"'pets\.csv' has no rows of text\. Add rows"):
        load_corpus(str(path))


def test_a_limit_is_obeyed_and_noted(tmp_path: Path) -> None:
    path = tmp_path / "pets.txt"
    path.write_text("one cat\ntwo dogs\nthree hens\n")
    loaded = load_corpus(path, limit=2)
    assert loaded.texts == ("one cat", "two dogs")
    assert "1 more are left out" in loaded.report.lines()[-1]


def test_a_bare_word_that_is_no_file_is_taken_for_a_sample() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'math_problems'"):
        load_corpus("math_problem")
