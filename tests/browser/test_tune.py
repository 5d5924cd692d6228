"""A walk through the Tune page in a real browser: the curve, what was mended, use on Compare."""

import re

import pytest

QUERY = "corpus=math_problems&attribute=mathematical+structure&limit=120&methods=tfidf,length"
MODEL_MS = 480_000
pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.timeout(900)]


def test_walk(visit, address):
    page = visit.page
    page.goto(f"{address}/Tune?{QUERY}")
    page.get_by_text("nothing is learnt from these texts").wait_for()
    # The first encoding loads a model: minutes on a busy machine.
    page.get_by_text("more than the raw embedding").wait_for(timeout=MODEL_MS)
    chart = page.locator(".js-plotly-plot")
    chart.get_by_text("projection from written categories", exact=True).wait_for()
    chart.get_by_text("projection from nothing", exact=True).wait_for()
    page.locator(".linked-maps[data-frame]").wait_for()
    assert page.locator(".plot").count() == 2
    assert page.get_by_role("button", name="Export").is_visible()

    visit.settle()
    page.get_by_text("Mended and broken", exact=True).click()
    page.get_by_text("held-out triplets, tuning mended").wait_for()
    page.get_by_text("More alike, says the truth").first.wait_for()

    visit.settle()
    page.get_by_role("button", name="Use it everywhere").click()
    page.wait_for_url(re.compile("/Compare"))
    page.wait_for_url(re.compile("methods=.*projection"))
    assert visit.refused == []
