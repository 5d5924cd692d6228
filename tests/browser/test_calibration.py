"""A walk through the Calibration page in a real browser."""

import re

import pytest

METHODS = "tfidf,bm25:strength=0.0,length"
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


def test_walk(visit, address):
    page = visit.page
    query = "corpus=math_problems&attribute=mathematical+structure&limit=200"
    page.goto(f"{address}/Calibration?{query}&methods={METHODS}")
    page.get_by_text("from the label column 'structure'.").first.wait_for()
    page.get_by_text("tfidf · calibration gap").first.wait_for()
    page.get_by_text("bm25 · calibration gap").first.wait_for()
    page.get_by_text("length · calibration gap").first.wait_for()
    page.locator(".js-plotly-plot .scatterlayer").first.wait_for()

    visit.section("One threshold")
    page.get_by_text("What the line does in each region").wait_for()
    ridges = page.locator(".js-plotly-plot").first
    ridges.locator(".shapelayer path").nth(2).wait_for(state="attached")
    lines = lines_of(ridges)
    slider = page.get_by_role("slider", name=re.compile("Call this share of pairs"))
    slider.focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "before => [...document.querySelectorAll('.js-plotly-plot')[0]"
        ".querySelectorAll('.shapelayer path')].every((p, i) => p.getAttribute('d') !== before[i])",
        arg=lines,
        timeout=60_000,
    )
    assert len(lines_of(ridges)) == 3, "one line a method, and all have moved"
    click_mark(page, ridges.locator(".points path").nth(20))
    page.get_by_text(re.compile("nearest to the line of .*10 of [0-9,]+ in all")).wait_for()

    visit.section("Where it differs")
    page.get_by_text("Is one region's threshold good in another?").wait_for()
    cells = page.locator(".js-plotly-plot").last.locator(".points path")
    cells.nth(1).wait_for(state="attached")
    click_mark(page, cells.nth(1))
    page.get_by_text(re.compile("that the threshold of .* judges wrongly; ")).wait_for()

    visit.section("Same score, opposite verdict")
    page.get_by_text("Both pairs score about").wait_for()
    place = page.get_by_label(re.compile("^Example of"))
    assert place.input_value() == "1"
    page.keyboard.press("n")
    page.wait_for_function(
        "[...document.querySelectorAll('input')].some("
        "input => (input.ariaLabel || '').startsWith('Example of') && input.value === '2')",
        timeout=60_000,
    )

    visit.section("Hubs")
    page.get_by_text("In nobody's list").wait_for()
    page.get_by_text(re.compile("is in [0-9]+ of 200 lists")).wait_for()
    assert visit.refused == []


def click_mark(page, mark) -> None:
    """Marks over areas and cells are not seen, so the pointer goes where they are.

    What is clicked while a page is drawn again can be lost, so it waits until no script runs.
    """
    for _ in range(2):
        page.locator('.stApp[data-test-script-state="notRunning"]').wait_for()
        page.wait_for_timeout(300)
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
    page.wait_for_timeout(300)
    page.mouse.click(x, y)


def lines_of(plot) -> list[str]:
    return plot.locator(".shapelayer path").evaluate_all(
        "paths => paths.map(path => path.getAttribute('d'))"
    )
