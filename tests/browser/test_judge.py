"""A walk through the Judge page in a real browser: replay, answer by keys, undo, open a verdict."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

QUERY = (
    "corpus=math_problems&attribute=mathematical+structure"
    "&definition=which+computation+solves+the+problem,+whatever+the+story"
)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


def test_walk(visit, address, home):
    page = visit.page
    page.goto(f"{address}/Judge?{QUERY}")
    start = page.get_by_role("button", name="Ask 100 questions")
    start.wait_for()
    page.get_by_text("You judge texts for an analyst").first.wait_for()
    visit.settle()
    start.click()
    page.get_by_text("100 of 100 came in").wait_for()

    visit.section("Spot-check yourself")
    page.get_by_text("0 of 40 pairs answered").wait_for()
    for place, key in enumerate(("s", "u", "d"), start=1):
        visit.settle()
        page.keyboard.press(key)
        page.get_by_text(f"{place} of 40 pairs answered").wait_for()
    assert answers(home) == ["same", "unsure", "different"]
    visit.settle()
    page.keyboard.press("z")
    page.get_by_text("2 of 40 pairs answered").wait_for()
    assert answers(home) == ["same", "unsure"]

    visit.section("Ledger")
    page.get_by_text(re.compile("^332 verdicts")).wait_for()
    place = page.get_by_label("Verdict no.")
    place.wait_for()
    page.get_by_text(re.compile("^person says: unsure")).wait_for()
    visit.settle()
    page.get_by_role("button", name=re.compile("^Next")).click()
    page.get_by_text(re.compile("^person says: same")).wait_for()
    assert place.input_value() == "2"

    visit.section("Quality")
    page.get_by_text("Agreement with the column 'structure'").first.wait_for()
    page.get_by_text("Not to be told yet").wait_for()
    visit.section("Ask")
    page.get_by_text("100 of 100 came in").wait_for()
    assert visit.refused == []


def answers(home: Path) -> list[str]:
    with closing(sqlite3.connect(home / "ledger.sqlite")) as ledger:
        found = ledger.execute(
            "SELECT choice FROM verdicts WHERE judge = 'person' AND withdrawn = 0 ORDER BY id"
        )
        return [choice for (choice,) in found]
