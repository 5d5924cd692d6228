"""The linked maps in a real Chromium with software WebGL, against a running app."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlparse

import pytest

ROOT = Path(__file__).resolve().parents[2]
N_TEXTS = 400
N_CLUSTERS = 4
SNIPPET = "<img src=x onerror=\"window.attacked='yes'\"> is text"

pytestmark = pytest.mark.browser

# Four tight clusters in the corners of each map, in another order in each of the maps.
APP = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import numpy as np
import streamlit as st
from pages.parts.linked_maps import MapColours, MapPanel, linked_maps

st.set_page_config(layout="wide")
n, n_panels = {N_TEXTS}, int(st.query_params.get("panels", 3))
codes = (np.arange(n) % {N_CLUSTERS}).astype(np.int16)
corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], dtype=np.float32)
noise = np.random.default_rng(0).uniform(-0.15, 0.15, (n, 2)).astype(np.float32)
panels = [
    MapPanel(f"Method {{i}}", f"{{i}} s", corners[(codes + i) % 4] + noise) for i in range(n_panels)
]
panels[0].positions[8] = np.nan
if "computing" in st.query_params:
    panels[-1] = MapPanel("Slow method", "computing… 41%", None)
state = st.session_state
state.setdefault("selected", None)
state.setdefault("group", ())
state.runs = state.get("runs", 0) + 1
if st.button("Pick 5"):
    state.selected = 5
neighbours = None if state.selected is None else [np.array([9, 13, -1])] * n_panels
event = linked_maps(
    panels, [f"id-{{i}}" for i in range(n)], [{SNIPPET!r} + " " * 200] * n,
    MapColours("category", codes, ("north", "south", "east", "west"), label="side"),
    selected_row=state.selected, group_rows=state.group, key="maps", neighbour_rows=neighbours,
)
if (event.selected_row, event.group_rows) != (state.selected, state.group):
    state.selected, state.group = event.selected_row, event.group_rows
    st.rerun()
st.text(f"selected={{state.selected}}; group={{list(state.group)}}; runs={{state.runs}};")
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory, serve) -> Iterator[str]:
    script = tmp_path_factory.mktemp("app") / "app.py"
    script.write_text(APP, encoding="utf-8")
    with serve(script) as url:
        yield url


class Maps:
    """A page with the maps on it."""

    def __init__(self, page, url: str, wait_drawn: Callable, count_coloured: Callable) -> None:
        self.page = page
        self.count_coloured = count_coloured
        self.wait_drawn = partial(wait_drawn, page)
        self.hosts: set[str] = set()
        self.errors: list[str] = []
        self.received_bytes = 0
        page.on("request", lambda request: self.hosts.add(urlparse(request.url).hostname or ""))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("websocket", lambda ws: ws.on("framereceived", self._count))
        page.goto(url)
        self.root = page.locator(".linked-maps[data-frame]")
        self.root.wait_for(timeout=60_000)
        self.python(lambda said: "selected=" in said)
        self.wait_drawn()

    def _count(self, frame: str | bytes) -> None:
        self.received_bytes += len(frame)

    def fact(self, name: str) -> str:
        return self.root.get_attribute(f"data-{name}") or ""

    def wait_fact(self, name: str, value: str) -> None:
        self.page.locator(f'.linked-maps[data-{name}="{value}"]').wait_for(timeout=60_000)

    def python(self, is_right: Callable[[str], bool]) -> str:
        """What Python says, once it says what is right."""
        said = ""
        for _ in range(400):
            found = self.page.locator('[data-testid="stText"]')
            said = found.first.inner_text() if found.count() else ""
            if is_right(said):
                return said
            self.page.wait_for_timeout(150)
        return pytest.fail(f"Python says {said!r}")

    def corner(self, panel: int, cluster: int) -> tuple[float, float]:
        """Where a cluster's centre is on the screen."""
        box = self.page.locator("canvas.overlay").nth(panel).bounding_box()
        x, y = [(-1, 1), (-1, -1), (1, 1), (1, -1)][(cluster + panel) % 4]
        reach = 0.93 * min(box["width"], box["height"]) / 2 / 1.15
        return box["x"] + box["width"] / 2 + x * reach, box["y"] + box["height"] / 2 + y * reach

    def lasso(self, panel: int, cluster: int) -> None:
        x, y = self.corner(panel, cluster)
        self.page.keyboard.down("Shift")
        self.page.mouse.move(x - 36, y - 36)
        self.page.mouse.down()
        for dx, dy in [(36, -36), (36, 36), (-36, 36)]:
            self.page.mouse.move(x + dx, y + dy, steps=4)
        self.page.mouse.up()
        self.page.keyboard.up("Shift")

    def coloured_pixels(self, panel: int) -> int:
        """How many pixels of a map's picture are neither white, grey nor black."""
        return self.count_coloured(self.page.locator(".plot").nth(panel).screenshot())

    def overlay_pixels(self) -> list[int]:
        """How many pixels of each overlay are drawn."""
        return self.page.locator("canvas.overlay").evaluate_all(
            """all => all.map(c => c.getContext("2d").getImageData(0, 0, c.width, c.height).data
                 .filter((v, i) => i % 4 === 3 && v > 0).length)"""
        )


@pytest.fixture
def open_maps(chromium, address: str, wait_drawn, coloured_pixels) -> Iterator[Callable[..., Maps]]:
    contexts = []

    def open_one(query: str = "", *, width: int = 1440, before: str = "") -> Maps:
        context = chromium.new_context(viewport={"width": width, "height": 1100})
        contexts.append(context)
        page = context.new_page()
        if before:
            page.add_init_script(before)
        return Maps(page, f"{address}/?{query}", wait_drawn, coloured_pixels)

    yield open_one
    for context in contexts:
        context.close()


def test_three_maps_are_drawn_and_nothing_leaves_this_machine(open_maps) -> None:
    maps = open_maps()
    assert maps.page.locator(".panel .title").all_inner_texts() == [
        "Method 0",
        "Method 1",
        "Method 2",
    ]
    assert min(maps.coloured_pixels(panel) for panel in range(3)) > 2_000
    assert maps.page.locator(".subtitle").first.inner_text() == "0 s · 1 not placed"
    assert maps.hosts <= {"localhost", ""}
    assert maps.errors == []


def test_hover_marks_the_same_text_everywhere_and_shows_its_snippet_as_text(open_maps) -> None:
    maps = open_maps()
    assert maps.overlay_pixels() == [0, 0, 0]
    maps.page.mouse.move(*maps.corner(1, 2))
    maps.page.locator('.linked-maps[data-hover]:not([data-hover=""])').wait_for()
    assert int(maps.fact("hover")) % N_CLUSTERS == 2
    assert min(maps.overlay_pixels()) > 50
    tooltip = maps.page.locator(".tooltip")
    assert tooltip.locator(".tooltip-text").inner_text().strip() == SNIPPET
    assert tooltip.locator(".tooltip-id").inner_text() == f"id-{maps.fact('hover')}"
    assert tooltip.locator("img").count() == 0
    assert maps.page.evaluate("window.attacked") is None
    maps.page.mouse.move(5, 5)
    maps.wait_fact("hover", "")
    assert maps.overlay_pixels() == [0, 0, 0]


def test_click_selects_and_python_hears_it_once(open_maps) -> None:
    maps = open_maps()
    before = maps.received_bytes
    maps.page.mouse.click(*maps.corner(0, 3))
    row = int(re.search(r"\d+", maps.python(lambda said: "selected=None" not in said))[0])
    assert row % N_CLUSTERS == 3
    assert maps.fact("selected") == str(row)
    maps.page.wait_for_timeout(1_000)
    # The first run, the click's, and the page's own rerun with what it heard.
    assert "runs=3;" in maps.python(lambda said: True)
    assert maps.received_bytes - before < N_TEXTS * (len(SNIPPET) + 200), (
        "the texts were sent again"
    )
    maps.page.keyboard.press("Escape")
    maps.python(lambda said: "selected=None" in said)
    assert maps.fact("selected") == ""


def test_lasso_marks_exactly_the_texts_inside(open_maps) -> None:
    maps = open_maps()
    plain = [maps.coloured_pixels(panel) for panel in range(3)]
    maps.lasso(2, 1)
    maps.wait_fact("group-count", str(N_TEXTS // N_CLUSTERS))
    said = maps.python(lambda said: "group=[]" not in said)
    assert f"group={list(range(1, N_TEXTS, N_CLUSTERS))};" in said
    assert maps.page.locator(".status-text").inner_text() == "100 texts marked"
    maps.page.mouse.move(5, 5)
    for panel in range(3):
        assert maps.coloured_pixels(panel) < 0.5 * plain[panel]
    maps.page.get_by_role("button", name="Clear").click()
    maps.wait_fact("group-count", "0")
    maps.python(lambda said: "group=[]" in said)


def test_python_selects_without_a_loop_and_its_neighbours_are_joined(open_maps) -> None:
    maps = open_maps()
    maps.page.get_by_role("button", name="Pick 5").click()
    maps.wait_fact("selected", "5")
    maps.page.wait_for_timeout(1_000)
    assert "selected=5;" in maps.python(lambda said: "runs=2;" in said)
    with_lines = maps.overlay_pixels()
    maps.page.mouse.click(*maps.corner(1, 3))
    maps.python(lambda said: "selected=5;" not in said)
    assert min(with_lines) > 100
    maps.page.get_by_role("button", name="Pick 5").click()
    maps.wait_fact("selected", "5")
    assert "selected=5;" in maps.python(lambda said: "runs=5;" in said)


def test_zoom_moves_one_map_or_all(open_maps) -> None:
    maps = open_maps()

    def picture(panel: int) -> bytes:
        return maps.page.locator(".plot").nth(panel).screenshot()

    x, y = maps.corner(0, 0)
    start = [picture(panel) for panel in range(3)]
    maps.page.mouse.move(x + 90, y - 90)
    maps.page.mouse.wheel(0, -300)
    maps.wait_drawn()
    assert [picture(panel) == start[panel] for panel in range(3)] == [False, True, True]
    maps.page.get_by_role("button", name="Reset view").click()
    maps.page.get_by_role("button", name="Move together").click()
    maps.page.mouse.move(x + 90, y - 90)
    maps.page.mouse.wheel(0, -300)
    maps.wait_drawn()
    assert [picture(panel) == start[panel] for panel in range(3)] == [False, False, False]
    maps.page.mouse.dblclick(x + 90, y - 90)
    maps.page.mouse.move(5, 5)
    maps.wait_drawn()
    assert [picture(panel) == start[panel] for panel in range(3)] == [True, True, True]


def test_legend_highlights_a_category_in_all_maps(open_maps) -> None:
    maps = open_maps()
    plain = [maps.coloured_pixels(panel) for panel in range(3)]
    entry = maps.page.get_by_role("button", name="south")
    entry.click()
    maps.wait_drawn()
    assert entry.get_attribute("aria-pressed") == "true"
    assert all(0 < maps.coloured_pixels(panel) < 0.5 * plain[panel] for panel in range(3))
    entry.click()
    maps.wait_drawn()
    assert [maps.coloured_pixels(panel) for panel in range(3)] == plain


def test_a_map_not_yet_computed_says_so_and_four_maps_wrap(open_maps) -> None:
    maps = open_maps("panels=4&computing=1", width=1000)
    assert maps.page.locator(".message:visible").all_inner_texts() == ["computing… 41%"]
    tops = [plot.bounding_box()["y"] for plot in maps.page.locator(".plot").all()]
    assert tops[0] == tops[1] < tops[2] == tops[3]
    maps.page.set_viewport_size({"width": 1440, "height": 1100})
    maps.wait_drawn()
    assert len({plot.bounding_box()["y"] for plot in maps.page.locator(".plot").all()}) == 1
    assert maps.coloured_pixels(2) > 1_000


def test_without_webgl_the_maps_say_what_is_missing(open_maps) -> None:
    maps = open_maps(
        before="""const real = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
          return kind === "webgl2" ? null : real.call(this, kind, ...rest);
        };"""
    )
    said = maps.page.locator(".message:visible").all_inner_texts()
    assert len(said) == 3
    assert all("WebGL 2" in message for message in said)
    assert maps.errors == []


def test_a_lost_graphics_context_comes_back(open_maps) -> None:
    maps = open_maps()
    plain = maps.coloured_pixels(0)
    canvas = maps.page.locator("canvas.points").first
    canvas.evaluate(
        """c => { window.lost = c.getContext("webgl2").getExtension("WEBGL_lose_context");
                  window.lost.loseContext(); }"""
    )
    maps.wait_drawn()
    assert "graphics device" in maps.page.locator(".message:visible").inner_text()
    maps.page.evaluate("window.lost.restoreContext()")
    maps.wait_drawn()
    assert maps.page.locator(".message:visible").count() == 0
    assert maps.coloured_pixels(0) == plain
