"""How long the linked maps take to answer, at 3 maps of 20,000 texts each.

Run: python benchmarks/linked_maps.py [--n-texts 20000] [--chromium /usr/bin/chromium]

A time runs from the browser's own stamp on the input event to the moment when every pixel of
every map is drawn: a pixel of each WebGL canvas is read back, which waits for the graphics.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "linked_maps.json"
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
N_MOVES = 120
N_LASSOS = 15
N_WHEELS = 30
N_CLICKS = 8

APP = """
import sys, time
sys.path.insert(0, {root!r})
import numpy as np
import streamlit as st
from pages.parts.linked_maps import MapColours, MapPanel, linked_maps

st.set_page_config(layout="wide")
n = {n_texts}

@st.cache_resource
def corpus():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 12, n).astype(np.int16)
    maps = [
        (rng.normal(size=(12, 2))[codes] * 3 + rng.normal(size=(n, 2)) * 0.5).astype(np.float32)
        for _ in range(3)
    ]
    ids = [f"text-{{i:05d}}" for i in range(n)]
    return codes, maps, ids, [f"{{i}} café " * 24 for i in range(n)]

codes, maps, ids, snippets = corpus()
state = st.session_state
state.setdefault("selected", None)
state.setdefault("group", ())
panels = [MapPanel(f"Method {{i}}", "benchmark", m) for i, m in enumerate(maps)]
start = time.perf_counter()
event = linked_maps(
    panels, ids, snippets, MapColours("category", codes, tuple("abcdefghijkl")),
    selected_row=state.selected, group_rows=state.group, key="maps",
)
st.text(f"{{1000 * (time.perf_counter() - start):.1f}}")
state.selected, state.group = event.selected_row, event.group_rows
"""

# Counts only frames that an input event caused; the event's time stamp is the browser's.
WATCH = """
root => {
  window.times = {};
  const contexts = [...root.querySelectorAll("canvas.points")].map((c) => c.getContext("webgl2"));
  const pens = [...root.querySelectorAll("canvas.overlay")].map((c) => c.getContext("2d"));
  const pixel = new Uint8Array(4);
  let since = null;
  let kind = null;
  // The same wait with nothing to draw: what the machine and the browser take by themselves.
  document.addEventListener("pointermove", (event) => {
    if (event.clientY > 40) return;
    requestAnimationFrame(() => {
      for (const gl of contexts) gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
      for (const pen of pens) pen.getImageData(0, 0, 1, 1);
      (window.times.nothing ??= []).push(performance.now() - event.timeStamp);
    });
  });
  for (const name of ["pointermove", "pointerup", "wheel"]) {
    root.addEventListener(name, (event) => {
      if (event.buttons && name === "pointermove") return;
      since ??= event.timeStamp;
      kind = name;
    }, { capture: true, passive: true });
  }
  new MutationObserver(() => {
    if (since === null) return;
    for (const gl of contexts) gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    for (const pen of pens) pen.getImageData(0, 0, 1, 1);
    (window.times[kind] ??= []).push(performance.now() - since);
    since = null;
  }).observe(root, { attributes: true, attributeFilter: ["data-frame"] });
}
"""

CENTRES = """
all => all.map((canvas) => canvas.getBoundingClientRect())
  .map((box) => [box.x + box.width / 2, box.y + box.height / 2])
"""


@contextmanager
def running_app(n_texts: int) -> Iterator[str]:
    """The address of an app that shows the maps."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "app.py"
        script.write_text(APP.format(root=str(ROOT), n_texts=n_texts), encoding="utf-8")
        options = ["--server.headless=true", "--server.fileWatcherType=none"]
        options += [f"--server.port={port}", "--browser.gatherUsageStats=false"]
        command = [sys.executable, "-m", "streamlit", "run", str(script), *options]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=folder) as server:
            try:
                wait_for(f"http://127.0.0.1:{port}/_stcore/health")
                yield f"http://127.0.0.1:{port}"
            finally:
                server.terminate()


def wait_for(url: str) -> None:
    """Return once the address answers; give up after a minute."""
    for _ in range(240):
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310
                return
        except OSError:
            time.sleep(0.25)
    raise SystemExit(f"The app did not answer at {url} within a minute.")


def summary(milliseconds: list[float]) -> dict[str, float]:
    """Count, median and 95th percentile.

    Example:
        >>> summary([1.0, 2.0, 3.0])["median_ms"]
        2.0
    """
    return {
        "n": len(milliseconds),
        "median_ms": round(float(np.median(milliseconds)), 1),
        "p95_ms": round(float(np.percentile(milliseconds, 95)), 1),
    }


def drive(page: Page) -> None:
    """Hover, then zoom, then lasso, on the three maps in turn."""
    centres = page.locator("canvas.overlay").evaluate_all(CENTRES)
    for i in range(N_MOVES):
        x, y = centres[i // 40 % 3]
        page.mouse.move(x + 120 * math.cos(i / 7), y + 120 * math.sin(i / 5))
        page.wait_for_timeout(40)
        if i % 4 == 0:
            page.mouse.move(400 + 2 * i, 20)
            page.wait_for_timeout(40)
    for i in range(N_WHEELS):
        page.mouse.move(*centres[0])
        page.wait_for_timeout(60)
        page.mouse.wheel(0, -100 if i % 20 < 10 else 100)
        page.wait_for_timeout(150)
    for i in range(N_LASSOS):
        x, y = centres[i % 3]
        radius = 40 + 5 * i
        page.keyboard.down("Shift")
        page.mouse.move(x + radius, y)
        page.mouse.down()
        for step in range(1, 16):
            angle = 2 * math.pi * step / 16
            page.mouse.move(x + radius * math.cos(angle), y + radius * math.sin(angle))
        page.wait_for_timeout(150)
        page.mouse.up()
        page.keyboard.up("Shift")
        page.wait_for_timeout(1_000)


def measure_rerun(page: Page, received: list[int]) -> dict[str, object]:
    """What a rerun costs that a click causes: Python time and bytes sent to the browser."""
    page.locator("canvas.overlay").first.press("Escape")
    page.wait_for_timeout(3_000)
    x, y = page.locator("canvas.overlay").evaluate_all(CENTRES)[0]
    python_ms, n_bytes = [], []
    for i in range(N_CLICKS):
        received.clear()
        page.mouse.click(x - 80 + 20 * i, y)
        page.wait_for_timeout(1_500)
        python_ms.append(float(page.locator('[data-testid="stText"]').inner_text()))
        n_bytes.append(sum(received))
    return {"python": summary(python_ms), "median_kilobytes_sent": int(np.median(n_bytes)) // 1000}


def main() -> None:
    """Measure and write the result."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-texts", type=int, default=20_000)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    received: list[int] = []
    with running_app(options.n_texts) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.on("websocket", lambda ws: ws.on("framereceived", lambda f: received.append(len(f))))
        page.goto(address)
        root = page.locator(".linked-maps[data-frame]")
        root.wait_for(timeout=60_000)
        page.wait_for_timeout(3_000)
        first_load = sum(received)
        root.evaluate(WATCH)
        drive(page)
        times = page.evaluate("window.times")
        rerun = measure_rerun(page, received)
        version = browser.version
        browser.close()
    result = {
        "what": "input event to all pixels drawn, three maps, milliseconds",
        "machine": f"software WebGL (SwiftShader), Chromium {version}, {os.cpu_count()} cores, "
        f"{platform.machine()}; load average {os.getloadavg()[0]:.1f} while measuring",
        "n_texts": options.n_texts,
        "n_maps": 3,
        "nothing_to_draw": summary(times["nothing"]),
        "hover": summary(times["pointermove"]),
        "zoom": summary(times["wheel"]),
        "lasso_end": summary(times["pointerup"][:N_LASSOS]),
        "first_load_kilobytes": first_load // 1000,
        "rerun_after_click": rerun,
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
