"""Pages by AppTest: no browser, the real engine, methods that need no weights."""

import sys
import threading
import time
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]
METHODS = "tfidf,bm25:strength=0.0,length"


@pytest.fixture(autouse=True)
def own_main(monkeypatch):
    """A page runs as __main__: put pytest's back, which new processes start from."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(autouse=True)
def fresh_caches():
    """Nothing of one test's queue, ledger or corpus reaches the next."""
    st.cache_resource.clear()
    yield
    from pages.parts import cached

    end_all(cached.job_queue())
    st.cache_resource.clear()


def end_all(queue):
    """Cancel what still runs, and wait for it: a model at work while Python exits aborts it."""
    keys = list(queue.keys())
    for key in keys:
        queue.cancel(key)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not all(queue.status(key).finished for key in keys):
        time.sleep(0.05)
    for thread in threading.enumerate():
        if thread.name == "likewise-warm-up":
            thread.join(timeout=120)


@pytest.fixture
def open_page():
    def opened(path: str, **query: str) -> AppTest:
        page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        if path != "app.py":
            page.switch_page(path)
        for key, value in query.items():
            page.query_params[key] = value
        return page.run()

    return opened


@pytest.fixture
def compare(open_page):
    """The Compare page of a sample, run until its three methods are done."""

    def compared(**query: str) -> AppTest:
        wanted = {"corpus": "math_problems", "methods": METHODS, "limit": "60", **query}
        page = open_page("pages/1_Compare.py", **wanted)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not has_lists(page):
            time.sleep(0.3)
            page.run()
        return page.run()

    return compared


def has_lists(page: AppTest) -> bool:
    from pages.parts import cached

    queue = cached.job_queue()
    keys = [key for key in queue.keys() if queue.status(key).finished]  # noqa: SIM118 - a method
    return len(keys) >= 3
