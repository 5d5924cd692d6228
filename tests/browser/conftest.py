"""A real server and a real browser for tests that look at pages."""

import io
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

PATIENCE_MS = 180_000
ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
# WebGL in software: a test machine has no graphics card.
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@pytest.fixture(scope="session")
def serve():
    """`with serve(script) as address:` runs a Streamlit script on a free port."""
    return run_script


@contextmanager
def run_script(script: Path, environment: dict[str, str] | None = None) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    options = [
        "--server.headless=true",
        f"--server.port={port}",
        "--server.address=localhost",
        "--server.fileWatcherType=none",
        "--browser.gatherUsageStats=false",
    ]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(script), *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_healthy(server, f"http://localhost:{port}/_stcore/health")
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait()


def wait_until_healthy(server: subprocess.Popen, url: str) -> None:
    for _ in range(900):
        if server.poll() is not None:
            pytest.fail(f"the app's server ended with code {server.returncode}")
        try:
            with urllib.request.urlopen(url) as answer:  # noqa: S310 - a local http address
                if answer.status == 200:
                    return
        except urllib.error.URLError:
            time.sleep(0.2)
    pytest.fail("the app's server did not start")


@pytest.fixture(scope="session")
def chromium():
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """The data folder of a module's app."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def address(home, serve, chromium) -> Iterator[str]:
    """Where a module's app is served."""
    with serve(ROOT / "app.py", {"LIKEWISE_HOME": str(home)}) as url:
        yield url


def wait_for_frames(page) -> None:
    """Wait until the browser has drawn what it was asked for, however slowly frames come."""
    page.wait_for_timeout(100)
    page.evaluate(
        """async () => {
             for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
           }"""
    )


def count_coloured_pixels(png: bytes) -> int:
    import numpy as np
    from PIL import Image

    rgb = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    return int(((rgb.max(axis=2) - rgb.min(axis=2)) > 60).sum())


@pytest.fixture(scope="session")
def coloured_pixels():
    """`coloured_pixels(png)`: how many pixels are neither white, grey nor black."""
    return count_coloured_pixels


@pytest.fixture(scope="session")
def wait_drawn():
    """`wait_drawn(page)` for tests that open pages of their own."""
    return wait_for_frames


class Visit:
    """A page on which every request to another host is refused and noted."""

    def __init__(self, page) -> None:
        self.page = page
        # The first start in a fresh checkout compiles every module: minutes on a busy machine.
        page.set_default_timeout(PATIENCE_MS)
        self.refused: list[str] = []
        page.route("**/*", self._guard)

    def settle(self) -> None:
        """Wait until no script runs: what is clicked while a page is drawn again can be lost."""
        idle = self.page.locator('.stApp[data-test-script-state="notRunning"]')
        idle.wait_for()
        self.page.wait_for_timeout(300)
        idle.wait_for()

    def wait_drawn(self) -> None:
        wait_for_frames(self.page)

    def section(self, name: str) -> None:
        """Look at another section of the page, once its control stands there just once."""
        from playwright.sync_api import expect

        self.settle()
        chosen = self.page.get_by_role("radio", name=name)
        expect(chosen).to_have_count(1, timeout=PATIENCE_MS)
        chosen.click()

    def _guard(self, route) -> None:
        url = urlsplit(route.request.url)
        if url.scheme in ("data", "blob") or url.hostname == "localhost":
            route.continue_()
        else:
            self.refused.append(route.request.url)
            route.abort()


@pytest.fixture
def visit(chromium) -> Iterator[Visit]:
    context = chromium.new_context(viewport={"width": 1440, "height": 1000})
    yield Visit(context.new_page())
    context.close()
