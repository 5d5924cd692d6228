"""File formats → table: round trips, and each way in which real files are broken."""

from __future__ import annotations

import datetime
import gzip
import io
import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import BadCorpus, BadInput
from engine.formats.delimited import MISSING
from engine.reading import guess_columns, read_table, suffixes

SURROGATES = ("Cs",)
UNICODE = st.text(
    st.characters(exclude_categories=SURROGATES, exclude_characters="\0"), max_size=30
)
CELLS = UNICODE.filter(lambda text: text not in MISSING)
ROWS = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8)
few = settings(max_examples=60, deadline=None)


def read(data: bytes | str, filename: str, limit: int | None = None):
    raw = data.encode("utf-8") if isinstance(data, str) else data
    return read_table(io.BytesIO(raw), filename=filename, limit=limit)


def column(table, name: str) -> list[str]:
    return table.frame[name].tolist()


def workbook(*sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for i, rows in enumerate(sheets):
        sheet = book.create_sheet(f"sheet {i + 1}")
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def parquet(frame: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    frame.to_parquet(stream)
    return stream.getvalue()


# --- round trips -------------------------------------------------------------------------------


@few
@given(ROWS, st.sampled_from(",;\t|"))
def test_delimited_text_round_trips(rows: list[tuple[str, str]], delimiter: str) -> None:
    frame = pd.DataFrame(rows, columns=["first", "second"])
    data = frame.to_csv(index=False, sep=delimiter, lineterminator="\n", quoting=1)
    table = read(data, "rows.csv")
    assert list(zip(column(table, "first"), column(table, "second"), strict=True)) == rows
    assert table.n_rows_read == len(rows)


@few
@given(ROWS)
def test_json_lines_round_trip(rows: list[tuple[str, str]]) -> None:
    data = "\n".join(json.dumps({"first": a, "second": b}, ensure_ascii=False) for a, b in rows)
    table = read(data, "rows.jsonl")
    assert list(zip(column(table, "first"), column(table, "second"), strict=True)) == rows


@few
@given(ROWS)
def test_parquet_round_trips(rows: list[tuple[str, str]]) -> None:
    table = read(parquet(pd.DataFrame(rows, columns=["first", "second"])), "rows.parquet")
    assert list(zip(column(table, "first"), column(table, "second"), strict=True)) == rows


# Excel's XML can't hold control characters or non-characters, and turns every line end into \n;
# a leading "=" is a formula, and "#N/A" and its kin are errors there.
EXCEL = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="=#_"), min_size=1
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(EXCEL, EXCEL), min_size=1, max_size=5))
def test_excel_round_trips(rows: list[tuple[str, str]]) -> None:
    table = read(workbook([["first", "second"], *map(list, rows)]), "rows.xlsx")
    assert list(zip(column(table, "first"), column(table, "second"), strict=True)) == rows


@few
@given(st.lists(UNICODE.filter(lambda t: not set(t) & set("\r\n")), min_size=1))
def test_plain_lines_round_trip(texts: list[str]) -> None:
    table = read("".join(text + "\n" for text in texts), "lines.txt")
    # A first character U+FEFF is the byte-order mark of UTF-8, not text.
    assert column(table, "text") == [texts[0].removeprefix("\ufeff"), *texts[1:]]


@few
@given(st.binary(max_size=300), st.sampled_from(suffixes()))
def test_arbitrary_bytes_are_read_or_refused_and_never_lost(data: bytes, suffix: str) -> None:
    try:
        table = read(data, f"bytes{suffix}")
    except BadCorpus:
        return
    assert table.n_rows_read == len(table.frame) + len(table.dropped)
    assert not table.frame.isna().to_numpy().any()


# --- delimited text ----------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_also_when_texts_hold_commas(delimiter: str) -> None:
    data = f'n{delimiter}text\n1{delimiter}"a, b; c | d"\n2{delimiter}"e, f"\n'
    assert column(read(data, "x.csv"), "text") == ["a, b; c | d", "e, f"]


def test_a_line_naming_the_delimiter_is_obeyed() -> None:
    assert column(read("sep=;\na;b\n1,5;2\n", "x.csv"), "a") == ["1,5"]


def test_the_only_column_keeps_its_commas() -> None:
    table = read("text\nhello, world\nplain\n", "x.csv")
    assert column(table, "text") == ["hello, world", "plain"]
    assert "row 1" in table.notes[0]


def test_short_rows_are_filled_and_long_rows_dropped_by_number() -> None:
    table = read("id,text,tone\n1,one\n2,two,calm\n3,three, four,calm\n4,four,calm,\n", "x.csv")
    assert column(table, "text") == ["one", "two", "four"]
    assert column(table, "tone") == ["", "calm", "calm"]
    assert table.frame.index.tolist() == [1, 2, 4]
    assert [(d.row, d.reason) for d in table.dropped] == [
        (3, "it has 4 cells where the header has 3")
    ]
    assert any("filled up" in note and "row 1" in note for note in table.notes)


def test_a_quote_never_closed_is_refused_with_its_row() -> None:
    with pytest.raises(BadCorpus, match=r"row 2, opens a quote .* over 3 lines"):
        read('id,text\n1,"fine\nhere"\n2,"open\n3,c\n4,d\n', "x.csv")


def test_a_lone_quote_inside_a_text_is_text() -> None:
    assert column(read('id,text\n1,5" pipe\n2,b\n', "x.csv"), "text") == ['5" pipe', "b"]


def test_a_text_of_a_million_characters_is_kept() -> None:
    long = "word " * 200_000
    assert column(read(f"id,text\n1,{long}\n2,b\n", "x.csv"), "text") == [long, "b"]


def test_column_names_are_made_unique_and_filled() -> None:
    table = read("text,,text\na,b,c\n", "x.csv")
    assert list(table.frame.columns) == ["text", "column 2", "text (2)"]


def test_markers_of_missing_cells_are_noted() -> None:
    table = read("a,b\nNaN,x\nNone,null\n", "x.csv")
    assert column(table, "a") == ["", "None"]
    assert any(note.startswith("2 cells that say NaN or null") for note in table.notes)


def test_numbers_stay_as_written() -> None:
    assert column(read("n,text\n007,a\n1.0,b\n12345678901234567890,c\n", "x.csv"), "n") == [
        "007",
        "1.0",
        "12345678901234567890",
    ]


def test_a_first_line_that_reads_like_a_text_is_noted() -> None:
    line = "I bought this kettle in May and it has leaked from the first day, every day."
    assert "taken for column names" in read(f"{line}\nIt works.\n", "x.csv").notes[0]


def test_blank_lines_are_no_rows() -> None:
    table = read("a,b\n\n1,2\n\n3,4\n", "x.csv")
    assert (column(table, "a"), table.n_rows_read) == (["1", "3"], 2)


def test_rows_beyond_the_limit_are_counted() -> None:
    for data, name in [
        ("text\n" + "a b\n" * 10, "x.csv"),
        ("a b\n" * 10, "x.txt"),
        ('{"text": "a b"}\n' * 10, "x.jsonl"),
        (json.dumps(["a b"] * 10), "x.json"),
        (parquet(pd.DataFrame({"text": ["a b"] * 10})), "x.parquet"),
        (workbook([["text"], *[["a b"]] * 10]), "x.xlsx"),
    ]:
        table = read(data, name, limit=4)
        assert len(table.frame) == table.n_rows_read == 4
        assert "first 4 rows were read; 6 more" in table.notes[-1], name


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(BadInput, match="at least 1, not 0"):
        read("text\na\n", "x.csv", limit=0)


def test_chunks_join_without_a_seam() -> None:
    lines = [f"{i},text {i}" for i in range(45_000)]
    table = read("n,text\n" + "\n".join(lines), "x.csv")
    assert column(table, "n") == [str(i) for i in range(45_000)]
    assert table.frame.index[-1] == 45_000


# --- encodings ---------------------------------------------------------------------------------

FRENCH = "id,text\n1,Les élèves étaient déçus par la façon dont on servait à l'hôtel.\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marked_encodings_are_read_without_a_note(encoding: str) -> None:
    table = read(FRENCH.encode(encoding), "x.csv")
    assert list(table.frame.columns) == ["id", "text"]
    assert column(table, "text")[0].startswith("Les élèves")
    assert table.notes == ()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_unmarked_utf16_is_read_and_noted(encoding: str) -> None:
    table = read(FRENCH.encode(encoding), "x.csv")
    assert column(table, "text")[0].startswith("Les élèves")
    assert encoding in table.notes[0]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "cp1252"),
        ("text\nShe said “it’s fine” — it cost £5.\n", "cp1252"),
        ("text\nDie Größe der Häuser überraschte die Gäste, es war schön.\n", "cp1252"),
        ("text\nProszę państwa, to jest bardzo świetny dzień na łąkę, żółw śpi.\n", "cp1250"),
        ("text\nCopiii se jucau în gradina si mama gatea.\n", "cp1252"),
        ("text\nIl a été déçu à l'hôtel.\n", "mac_roman"),
        ("text\nСъешь же ещё этих мягких французских булок, да выпей чаю.\n", "cp1251"),
        ("text\n私はその猫を昨日駅の近くで見ました。とても可愛かったです。\n", "cp932"),
        ("text\n私はその猫を昨日駅の近くで見ました。とても可愛かったです。\n", "euc_jp"),
    ],
)
def test_legacy_encodings_are_guessed_and_noted(text: str, encoding: str) -> None:
    table = read(text.encode(encoding), "x.csv")
    assert column(table, "text")[0] in text
    assert "which is a guess" in table.notes[0]


def test_utf8_with_one_broken_byte_stays_utf8() -> None:
    data = ("text\n" + "déjà vu\n" * 20).encode() + b"br\xe9ak\n"
    table = read(data, "x.csv")
    assert column(table, "text")[0] == "déjà vu"
    assert column(table, "text")[-1] == "br\ufffdak"
    assert "UTF-8 with broken bytes" in table.notes[0]


def test_nul_characters_are_taken_out_and_noted() -> None:
    table = read("id,text\n1,a\0b\n", "x.csv")
    assert column(table, "text") == ["ab"]
    assert "NUL" in table.notes[0]


# --- JSON --------------------------------------------------------------------------------------


def test_a_malformed_line_is_dropped_by_number() -> None:
    table = read('{"text": "a"}\n\n{"text": \n[1]\n"just a string"\n7\n', "x.jsonl")
    assert column(table, "text") == ["a", "just a string"]
    assert [d.row for d in table.dropped] == [3, 4, 6]
    assert "not valid JSON" in table.dropped[0].reason
    assert "a list" in table.dropped[1].reason
    assert table.n_rows_read == 5


def test_nested_objects_become_columns_and_lists_json() -> None:
    record = {"id": 1, "labels": {"tone": "calm", "id": "x"}, "user": {"name": "A", "tags": ["é"]}}
    table = read(json.dumps(record), "x.jsonl")
    assert table.frame.iloc[0].to_dict() == {
        "id": "1",
        "tone": "calm",
        "labels.id": "x",
        "user.name": "A",
        "user.tags": '["é"]',
    }
    assert len(table.notes) == 2


def test_a_flattened_name_that_is_taken_gets_its_own_column() -> None:
    table = read('{"a.b": "1", "a": {"b": "2"}}', "x.jsonl")
    assert table.frame.iloc[0].tolist() == ["1", "2"]


def test_values_of_any_type_become_text() -> None:
    line = (
        '{"i": 3, "f": 3.0, "g": 2.5, "t": true, "n": null, "nan": NaN, "big": 123456789012345678}'
    )
    assert read(line, "x.jsonl").frame.iloc[0].tolist() == [
        "3",
        "3",
        "2.5",
        "true",
        "",
        "",
        "123456789012345678",
    ]


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert column(read('{"text": "a\\ud800b"}', "x.jsonl"), "text") == ["a\ufffdb"]


def test_keys_that_come_late_are_filled_for_earlier_rows() -> None:
    lines = ['{"text": "a"}'] * 20_001 + ['{"text": "b", "tone": "calm"}']
    table = read("\n".join(lines), "x.jsonl")
    assert column(table, "tone") == [""] * 20_001 + ["calm"]


@pytest.mark.parametrize(
    "value",
    [
        [{"text": "one"}, {"text": "two"}],
        ["one", "two"],
        {"text": ["one", "two"]},
        {"text": {"0": "one", "1": "two"}},
        {"version": 1, "data": [{"text": "one"}, {"text": "two"}]},
        {"data": [{"text": "one"}, {"text": "two"}]},
    ],
)
def test_json_of_every_shape(value: object) -> None:
    for name in ("x.json", "x.JSON"):
        assert column(read(json.dumps(value, indent=1), name), "text") == ["one", "two"]


def test_json_and_json_lines_are_told_apart_by_content() -> None:
    assert column(read('{"text": "a"}\n{"text": "b"}\n', "x.json"), "text") == ["a", "b"]
    assert column(read('[{"text": "a"},\n{"text": "b"}]', "x.jsonl"), "text") == ["a", "b"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("[1, 2", "not valid JSON: .*line 1"),
        ("7", "holds int"),
        ('{"a": 1, "b": 2}', "keys 'a', 'b'"),
        ('{"a": [1], "b": [1, 2]}', "different lengths: 'a' has 1, 'b' has 2"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_json_that_cannot_be_read_says_why(data: str, message: str) -> None:
    with pytest.raises(BadCorpus, match=message):
        read(data, "x.json")


# --- Parquet and Excel -------------------------------------------------------------------------


def test_parquet_types_become_text() -> None:
    frame = pd.DataFrame(
        {
            "n": [1, None],
            "ok": [True, False],
            "day": [datetime.date(2026, 1, 2), None],
            "when": pd.to_datetime(["2026-01-02 03:04:05", None]),
            "info": [{"tone": "calm"}, {"tone": None}],
        },
        index=["r", "s"],
    )
    table = read(parquet(frame), "x.parquet")
    assert table.frame.iloc[0].to_dict() == {
        "n": "1",
        "ok": "true",
        "day": "2026-01-02",
        "when": "2026-01-02 03:04:05",
        "info.tone": "calm",
    }
    assert table.frame.iloc[1].tolist() == ["", "false", "", "", ""]


def test_damaged_parquet_and_excel_are_refused() -> None:
    for data, name in [
        (parquet(pd.DataFrame({"a": [1]}))[:-20], "x.parquet"),
        (workbook([["text"], ["a"]])[:-200], "x.xlsx"),
    ]:
        with pytest.raises(BadCorpus, match="is damaged"):
            read(data, name)


def test_the_first_filled_sheet_is_read_and_the_others_named() -> None:
    table = read(workbook([], [["text", "n"], ["a", 1], [], ["b", 2.0]], [["z"]]), "x.xlsx")
    assert column(table, "n") == ["1", "2"]
    assert table.frame.index.tolist() == [1, 3]
    assert "'sheet 2' was read; the others: 'sheet 1', 'sheet 3'" in table.notes[0]


def test_excel_dates_booleans_and_wide_rows() -> None:
    rows = [["text", "day"], ["a", datetime.datetime(2026, 1, 2)], [True, None, "extra"]]  # noqa: DTZ001
    table = read(workbook(rows), "x.xlsx")
    assert column(table, "day") == ["2026-01-02", ""]
    assert column(table, "text") == ["a", "true"]
    assert column(table, "column 3") == ["", "extra"]


def test_formulas_never_calculated_are_named() -> None:
    table = read(workbook([["text", "sum"], ["a", "=1+1"], ["b", 3]]), "x.xlsx")
    assert column(table, "sum") == ["", "3"]
    assert any("never calculated" in note and "row 1" in note for note in table.notes)


def test_a_workbook_without_cells_is_refused() -> None:
    with pytest.raises(BadCorpus, match="no cells in any of its sheets"):
        read(workbook([], []), "x.xlsx")


# --- which file it is --------------------------------------------------------------------------


def test_gzip_is_read_through() -> None:
    data = gzip.compress(b"id,text\n1,a b\n")
    assert column(read(data, "x.csv.gz"), "text") == ["a b"]
    assert column(read(data, "x.csv"), "text") == ["a b"]
    with pytest.raises(BadCorpus, match="can't be read"):
        read(data[:-12], "x.csv.gz")


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"", "x.csv", "is empty: it has 0 bytes"),
        (b"\n\n", "x.csv", "needs a header"),
        (b"a,b\n", "x.docx", r"'\.docx' is none of \.csv"),
        (b"a,b\n", "x", "without an ending"),
        (b"a,b\n", "x.parquet", r"holds text, not what its name says \(\.parquet\)"),
        (b"PAR1....", "x.csv", r"holds Parquet data.*Rename it to end in \.parquet"),
        (b"<!DOCTYPE html><html>", "x.csv", "holds a web page"),
        (b"\xd0\xcf\x11\xe0....", "x.xls", "Save it as .xlsx"),
        (b"\xd0\xcf\x11\xe0....", "x.xlsx", "with a password"),
        (b"%PDF-1.7", "x.txt", "holds a PDF"),
    ],
)
def test_a_file_of_another_kind_is_refused(data: bytes, name: str, message: str) -> None:
    with pytest.raises(BadCorpus, match=message):
        read(data, name)


def test_missing_files_and_folders_name_what_is_near(tmp_path: Path) -> None:
    (tmp_path / "reviews.csv").write_text("text\na\n")
    with pytest.raises(BadCorpus, match=r"Did you mean 'reviews\.csv'"):
        read_table(tmp_path / "review.csv", filename="review.csv")
    with pytest.raises(BadCorpus, match=r"is a folder\. Give one of its files: reviews\.csv"):
        read_table(tmp_path, filename=tmp_path.name)
    with pytest.raises(BadCorpus, match="Nor is there a folder"):
        read_table(tmp_path / "no" / "x.csv", filename="x.csv")


def test_an_uploaded_stream_stays_open() -> None:
    stream = io.BytesIO(b"text\na\n")
    read_table(stream, filename="x.csv")
    assert stream.getvalue() == b"text\na\n"


# --- what the columns are for ------------------------------------------------------------------


def frame_of(n: int = 40) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "url": [f"https://example.org/some/long/address/{i}/of/a/page" for i in range(n)],
            "review_id": [f"r{i}" for i in range(n)],
            "stars": [str(i % 5 + 1) for i in range(n)],
            "title": [f"Title {chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(n)],
            "review": [f"The kettle number {i} leaks all over the table." for i in range(n)],
            "brand": [("Acme", "Best")[i % 2] for i in range(n)],
            "constant": ["x"] * n,
            "price": [str(i * 1.25) for i in range(n)],
        }
    )


def test_columns_are_guessed_by_what_they_hold() -> None:
    assert guess_columns(frame_of()) == ("review", "review_id", ("stars", "brand"))


def test_a_long_question_that_repeats_is_not_the_text() -> None:
    frame = pd.DataFrame(
        {
            "asked": ["Why does a metal spoon feel colder than a wooden one in a drawer?"] * 20,
            "said": [f"Because it conducts heat, reason {chr(97 + i)}." for i in range(20)],
        }
    )
    assert guess_columns(frame).text == "said"


def test_no_text_column_is_found_among_numbers() -> None:
    assert guess_columns(frame_of()[["stars", "price", "url"]]).text is None


def test_two_hundred_columns_are_guessed() -> None:
    frame = pd.DataFrame({f"c{i}": [str(j % 7) for j in range(50)] for i in range(199)})
    frame["words"] = [f"some words on the topic {chr(97 + i % 26)}" for i in range(50)]
    guess = guess_columns(frame)
    assert guess.text == "words"
    assert len(guess.labels) == 199
