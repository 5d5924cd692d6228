"""The neighbour lists as an analyst meets them: in a real browser, in a running app."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from engine.errors import BadInput
from pages.parts.neighbour_lists import ListedNeighbour, NeighbourList
from pages.parts.neighbour_lists.model import check_lists
from pages.parts.neighbour_lists.payload import describe_lists, similarity_texts

IMAGE = '<img src="https://example.org/x.png" onerror="window.wasRun = true">'
MARKDOWN = "**bold** [a](http://example.org) <b>b</b> &amp; `code`"

APP = f"""
import streamlit as st
from pages.parts.neighbour_lists import ListedNeighbour, NeighbourList, neighbour_lists

st.set_page_config(layout="wide")
TEXTS = ["zero", {IMAGE!r}, {MARKDOWN!r}, "three", "four " * 200, "five", "six", "seven"]

def listed(rows, scale):
    return tuple(
        ListedNeighbour(row, f"id-{{row}}", TEXTS[row], scale * (9 - rank) / 10,
                        None if row == 7 else row % 2 == 1, "" if row == 7 else f"kind {{row % 2}}")
        for rank, row in enumerate(rows))

lists = [
    NeighbourList("Raw embedding", "cosine", listed([1, 2, 3, 4], 1.0), ""),
    NeighbourList("One word", "cosine", listed([5, 1, 2, 7], 1.0), ""),
    NeighbourList("Reranker", "logit", listed([6, 1], 10.0), "not scored: 5 of 7 texts"),
    NeighbourList("Judge", "rank", (), "still running"),
]
picked = neighbour_lists(lists[:int(st.query_params.get("n", 3))], anchor_id="id-0",
                         anchor_text={IMAGE!r}, anchor_label="kind 1", label_column="kind",
                         key="lists")
picks = st.session_state.setdefault("picks", [])
if picked is not None:
    picks.append(picked)
st.text(f"picked: {{picks}}")
st.session_state.n_runs = st.session_state.get("n_runs", 0) + 1
st.button("Run again")
st.text(f"runs: {{st.session_state.n_runs}}")
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory, serve) -> Iterator[str]:
    script = tmp_path_factory.mktemp("lists") / "app.py"
    script.write_text(APP, encoding="utf-8")
    with serve(script) as url:
        yield url


@pytest.fixture
def open_lists(chromium, address):
    pages = []

    def opened(*, width=1440, n=3, scheme="light"):
        page = chromium.new_page(viewport={"width": width, "height": 1000}, color_scheme=scheme)
        pages.append(page)
        page.requested = []
        page.on("request", lambda request: page.requested.append(request.url))
        page.goto(f"{address}/?n={n}")
        page.locator(".neighbour").first.wait_for(timeout=60_000)
        page.get_by_text("runs: 1", exact=True).wait_for()
        return page

    yield opened
    for page in pages:
        page.close()


def column_boxes(page) -> list[list[dict[str, float]]]:
    columns = page.locator(".column").all()
    return [
        [card.bounding_box() for card in column.locator(".neighbour").all()] for column in columns
    ]


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 1024])
def test_each_rank_stands_at_one_height_in_all_lists(open_lists, width):
    columns = column_boxes(open_lists(width=width))
    assert [len(boxes) for boxes in columns] == [4, 4, 2]
    for rank in range(4):
        boxes = [column[rank] for column in columns if rank < len(column)]
        assert {round(box["y"], 1) for box in boxes} == {round(columns[0][rank]["y"], 1)}
        assert len({round(box["height"], 1) for box in boxes}) == 1
        assert [box["x"] for box in boxes] == sorted({box["x"] for box in boxes})
    tops = [box["y"] for box in columns[0]]
    assert tops == sorted(set(tops))


@pytest.mark.browser
def test_ranks_stay_aligned_when_one_text_is_unfolded(open_lists):
    page = open_lists()
    before = column_boxes(page)[0][3]["height"]
    page.locator(".more:visible").click()
    columns = column_boxes(page)
    assert columns[0][3]["height"] > before
    assert columns[0][3]["y"] == columns[1][3]["y"]
    assert columns[0][3]["height"] == columns[1][3]["height"]
    assert page.get_by_text("picked: []", exact=True).is_visible()


@pytest.mark.browser
def test_lists_are_stacked_on_a_narrow_page(open_lists):
    columns = column_boxes(open_lists(width=400))
    assert len({column[0]["x"] for column in columns}) == 1
    assert columns[0][-1]["y"] < columns[1][0]["y"] < columns[2][0]["y"]


@pytest.mark.browser
@pytest.mark.parametrize("n", [3, 4])
@pytest.mark.parametrize("width", [1440, 1024, 400])
def test_nothing_is_wider_than_the_page(open_lists, width, n):
    page = open_lists(width=width, n=n)
    scroller = page.locator(".scroller")
    assert scroller.evaluate("node => node.scrollWidth <= node.clientWidth")


@pytest.mark.browser
def test_a_shared_text_has_the_same_mark_in_each_list(open_lists):
    page = open_lists()
    letters, hues = {}, {}
    for card in page.locator(".neighbour").all():
        row = int(card.get_attribute("data-row"))
        letters.setdefault(row, []).append(card.locator(".letter").all_inner_texts())
        hues.setdefault(row, set()).add(
            card.evaluate("node => getComputedStyle(node).borderLeftColor")
        )
    assert letters[1] == [["A"]] * 3
    assert letters[2] == [["B"]] * 2
    assert all(letters[row] == [[]] for row in (3, 4, 5, 6, 7))
    assert len(hues[1]) == len(hues[2]) == 1
    assert len({*hues[1], *hues[2], *hues[3]}) == 3
    assert hues[3] == hues[5] == hues[6]


@pytest.mark.browser
def test_hover_lights_a_shared_text_everywhere_and_joins_its_places(open_lists):
    page = open_lists()
    page.locator('[data-row="1"]').nth(1).hover()
    assert page.locator(".lit").count() == 3
    assert page.locator(".links path").count() == 2
    page.locator('[data-row="3"]').hover()
    assert page.locator(".lit").count() == 0
    assert page.locator(".links path").count() == 0


@pytest.mark.browser
def test_a_click_returns_the_row_once(open_lists):
    page = open_lists()
    page.locator('[data-row="5"]').click()
    page.get_by_text("picked: [5]", exact=True).wait_for()
    page.get_by_text("runs: 2", exact=True).wait_for()
    page.get_by_role("button", name="Run again").click()
    page.get_by_text("runs: 3", exact=True).wait_for()
    assert page.get_by_text("picked: [5]", exact=True).is_visible()


@pytest.mark.browser
def test_the_keyboard_reaches_a_text_and_enter_picks_it(open_lists):
    page = open_lists()
    page.locator('[data-row="1"] .body').first.focus()
    assert page.locator(".lit").count() == 3
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("picked: [2]", exact=True).wait_for()


@pytest.mark.browser
def test_markup_in_texts_is_shown_literally_and_asks_for_nothing(open_lists):
    page = open_lists()
    assert page.locator('[data-row="1"] .text').all_inner_texts() == [IMAGE] * 3
    assert page.locator('[data-row="2"] .text').all_inner_texts() == [MARKDOWN] * 2
    assert page.locator(".anchor .text").inner_text() == IMAGE
    for tag in ("img", "b", "strong", "a", "code"):
        assert page.locator(f".neighbour-lists {tag}").count() == 0
    assert page.evaluate("window.wasRun") is None
    page.locator('[data-row="1"]').first.hover()
    asked = {urlsplit(url.removeprefix("blob:")).hostname for url in page.requested}
    assert "localhost" in asked
    assert asked <= {"localhost", None}
    assert {urlsplit(url).scheme for url in page.requested} <= {"http", "ws", "blob", "data"}


@pytest.mark.browser
def test_short_empty_and_unfinished_lists_say_so_in_words(open_lists):
    page = open_lists(n=4)
    assert page.locator(".column").nth(2).locator(".ending").inner_text() == (
        "not scored: 5 of 7 texts"
    )
    assert page.locator(".column").nth(3).locator(".ending").inner_text() == "still running"
    assert page.locator(".share").all_inner_texts() == [
        "2 of 4 same kind",
        "2 of 3 same kind · 1 unlabelled",
        "1 of 2 same kind",
    ]
    chips = page.locator(".column").nth(1).locator(".chip").all_inner_texts()
    assert [chip.replace("\n", " ") for chip in chips] == [
        "✓ kind 1",
        "✓ kind 1",
        "✗ kind 0",
        "no label",
    ]


@pytest.mark.browser
def test_a_change_of_theme_keeps_what_is_unfolded(open_lists):
    page = open_lists(scheme="light")
    page.locator(".more:visible").click()
    page.emulate_media(color_scheme="dark")
    page.locator(".neighbour-lists.dark").wait_for()
    assert page.locator(".text.open").count() == 1


@pytest.mark.browser
def test_marks_are_lighter_on_a_dark_page(open_lists):
    def brightness(scheme):
        card = open_lists(scheme=scheme).locator(".shared").first
        colour = card.evaluate("node => getComputedStyle(node).borderLeftColor")
        return sum(int(part) for part in colour[4:-1].split(","))

    assert brightness("dark") > brightness("light")


def neighbour(row: int, similarity: float = 0.5) -> ListedNeighbour:
    return ListedNeighbour(row, str(row), "text", similarity, None, "")


def test_a_row_twice_in_one_list_is_refused():
    twice = NeighbourList("Raw", "cosine", (neighbour(3), neighbour(3)), "")
    with pytest.raises(BadInput, match="'Raw' holds row 3 twice"):
        check_lists([twice])


@pytest.mark.parametrize("n", [0, 5])
def test_too_few_and_too_many_lists_are_refused(n):
    with pytest.raises(BadInput, match=rf"{n} neighbour lists .* Allowed: 1 to 4"):
        check_lists([NeighbourList("Raw", "cosine", (), "")] * n)


def test_a_short_list_without_a_note_says_how_many_it_has():
    full = NeighbourList("Raw", "cosine", (neighbour(1), neighbour(2)), "")
    short = NeighbourList("Short", "cosine", (neighbour(1),), "")
    none = NeighbourList("None", "cosine", (), "")
    assert [shown["ending"] for shown in describe_lists([full, short, none], None)] == [
        "",
        "Only 1 neighbour: this method lists no more.",
        "This method lists no neighbours.",
    ]


def test_close_similarities_get_more_decimals():
    assert similarity_texts([0.99912, 0.99908, 0.99903]) == ["0.9991", "0.9991", "0.9990"]
    assert similarity_texts([0.5, -0.0004, 0.0]) == ["0.500", "−0.0004", "0.000"]
    assert similarity_texts([0.00000012]) == ["1e−07"]
    assert similarity_texts([]) == []


def test_a_long_text_is_cut_and_says_how_much_is_missing():
    long = ListedNeighbour(1, "1", "x" * 4100, 0.5, None, "")
    [shown] = describe_lists([NeighbourList("Raw", "cosine", (long,), "")], None)
    [listed] = shown["neighbours"]
    assert len(listed["text"]) == 4000
    assert listed["n_cut"] == 100
    assert listed["chip"] is None
