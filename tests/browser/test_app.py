"""The main job in a real browser: sample, attribute, maps, selection, neighbours, an answer."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Methods that need no weights, so that the walk takes seconds; models have tests of their own.
METHODS = "tfidf,bm25:strength=0.0,length"
# The layout is compiled in the first minute of a server's life, and on a busy machine far longer.
MAPS_PATIENCE_MS = 600_000
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


def test_main_job(visit, address, home, coloured_pixels):
    from playwright.sync_api import expect

    page = visit.page
    page.goto(address)
    page.get_by_text("500 rows read, 500 texts kept.").wait_for()
    page.get_by_role("button", name="Compare methods").click()
    page.get_by_text("Type an attribute, or take one of those offered").wait_for()

    page.goto(f"{address}/Compare?corpus=math_problems&methods={METHODS}")
    typed = page.get_by_label("These texts are alike — insofar as what?")
    typed.fill("mathematical structure")
    typed.press("Enter")
    plots = page.locator(".plot")
    plots.nth(2).wait_for()
    page.get_by_text("1 of 10 same structure").first.wait_for()
    assert "attribute=mathematical" in page.url

    for title in ("tfidf", "bm25", "length"):
        assert page.get_by_text(title, exact=True).first.is_visible()
    assert plots.count() == 3
    # A map stands empty, with a message, until its layout is computed.
    expect(page.locator(".message:visible")).to_have_count(0, timeout=MAPS_PATIENCE_MS)
    visit.settle()
    visit.wait_drawn()
    for place in range(3):
        assert coloured_pixels(plots.nth(place).screenshot()) > 200, "the map is blank"

    select_some_point(visit, plots.first)
    page.wait_for_url(re.compile("text=math-"))
    selected = re.search("text=(math-[0-9]+)", page.url).group(1)
    page.locator(".neighbour-lists").get_by_text(selected).first.wait_for()

    visit.settle()
    page.get_by_text("Spot checks", exact=True).click()
    page.get_by_text("0 of 40 pairs answered").wait_for()
    visit.settle()
    page.keyboard.press("s")
    page.get_by_text("1 of 40 pairs answered").wait_for()
    visit.settle()
    page.keyboard.press("d")
    page.get_by_text("2 of 40 pairs answered").wait_for()
    with closing(sqlite3.connect(home / "ledger.sqlite")) as ledger:
        found = ledger.execute("SELECT count(*) FROM verdicts WHERE judge = 'person'").fetchone()
    assert found == (2,)
    page.get_by_text("1 same, 1 different").wait_for()
    visit.settle()
    page.keyboard.press("z")
    page.get_by_text("1 of 40 pairs answered").wait_for()
    assert visit.refused == []


def test_shared_link_opens_the_same_view(visit, address):
    query = f"corpus=math_problems&attribute=mathematical+structure&methods={METHODS}&text=math-137"
    visit.page.goto(f"{address}/Compare?{query}")
    lists = visit.page.locator(".neighbour-lists")
    lists.get_by_text("math-137").first.wait_for()
    assert visit.refused == []


@pytest.mark.parametrize("path", ["", *(p.stem.split("_", 1)[1] for p in ROOT.glob("pages/*.py"))])
def test_no_page_loads_anything_from_another_host(visit, address, path):
    visit.page.goto(f"{address}/{path}?corpus=paintings")
    visit.page.get_by_text("Likewise", exact=True).first.wait_for()
    visit.page.wait_for_timeout(1500)
    assert visit.refused == []


def select_some_point(visit, plot) -> None:
    """Move over the map until it says that another text is under the pointer, then click there.

    An untried click could miss, and a miss undoes a selection that is not yet sent: on a slow
    machine a map takes longer to draw than any wait that would be set here.
    """
    page = visit.page
    maps = page.locator(".linked-maps[data-frame]")
    for step in range(49):
        box = plot.bounding_box()
        x, y = 3 + step % 7, 3 + step // 7
        page.mouse.move(box["x"] + box["width"] * x / 12, box["y"] + box["height"] * y / 12)
        visit.wait_drawn()
        row = maps.get_attribute("data-hover")
        if row and row != maps.get_attribute("data-selected"):
            page.mouse.down()
            page.mouse.up()
            page.locator(f'.linked-maps[data-selected="{row}"]').wait_for()
            return
    pytest.fail("no text lies where the map was looked at")
