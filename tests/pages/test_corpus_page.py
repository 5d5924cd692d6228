"""The corpus page: samples, uploads, columns, what was dropped."""

import json

from pages.parts import cached, state

CSV = "id,review,stars\n1,The soup was cold as we were.,2\n2,,4\n3,A lovely garden at dusk.,5\n"


def texts_of(page) -> list[str]:
    return [str(each.value) for each in page.text]


def test_opens_on_a_sample(open_page):
    page = open_page("app.py")
    assert not page.exception
    assert "500 rows read, 500 texts kept." in texts_of(page)


def test_another_sample_is_opened_by_its_button(open_page):
    page = open_page("app.py")
    next(b for b in page.button if b.key == "open:paintings").click().run()
    assert not page.exception
    assert "300 rows read, 300 texts kept." in texts_of(page)
    assert page.query_params["corpus"] in ("paintings", ["paintings"])


def test_upload_is_kept_and_its_dropped_rows_are_named(open_page):
    source = cached.keep_upload("my reviews.csv", CSV.encode())
    page = open_page("app.py", corpus=source)
    assert not page.exception
    lines = texts_of(page)
    assert any("3 rows read, 2 texts kept" in line for line in lines)
    assert any("row 2" in line for line in lines)


def test_columns_can_be_changed(open_page):
    table = "a,b\nfirst text of a,first text of b\nsecond text of a,second text of b\n"
    source = cached.keep_upload("two.csv", table.encode())
    page = open_page("app.py", corpus=source)
    next(box for box in page.selectbox if box.label == "Text").select("b")
    next(b for b in page.button if b.label == "Use these columns").click().run()
    assert not page.exception
    assert json.loads(page.session_state[state.VIEW].columns)["text_column"] == "b"
    assert cached.corpus(source, page.session_state[state.VIEW].columns, 0).text_column == "b"


def test_file_that_is_no_corpus_is_told(open_page):
    source = cached.keep_upload("empty.csv", b"")
    page = open_page("app.py", corpus=source)
    assert not page.exception
    assert len(page.error) == 1


def test_same_upload_has_the_same_link(likewise_home):
    assert cached.keep_upload("x.csv", b"a\nb\n") == cached.keep_upload("x.csv", b"a\nb\n")
    assert cached.keep_upload("x.csv", b"a\nc\n") != cached.keep_upload("x.csv", b"a\nb\n")
