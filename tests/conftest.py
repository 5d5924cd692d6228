"""What all tests share: a data folder of their own, small real corpora, untimed properties."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from engine.corpus import Corpus, LoadReport, load_corpus
from engine.types import Attribute

# How long an example takes says nothing about a formula, least of all on a busy machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

N_PROBLEMS = 24


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory):
    """The data folder of fixtures that outlive a test; the user's own is never touched."""
    home = tmp_path_factory.mktemp("session-home")
    (home / "models").mkdir()
    before = os.environ.get("LIKEWISE_HOME")
    os.environ["LIKEWISE_HOME"] = str(home)
    yield home
    if before is None:
        del os.environ["LIKEWISE_HOME"]
    else:
        os.environ["LIKEWISE_HOME"] = before


@pytest.fixture(autouse=True)
def likewise_home(session_home, tmp_path_factory, monkeypatch):
    """An empty data folder for each test; only converted models are shared, made once a session."""
    home = tmp_path_factory.mktemp("home")
    (home / "models").symlink_to(session_home / "models", target_is_directory=True)
    monkeypatch.setenv("LIKEWISE_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def problems() -> Corpus:
    """The first math problems by id: crossed labels, numbers, quotes, short and long."""
    corpus = load_corpus("math_problems")
    return corpus.subset([corpus.row_of(each) for each in sorted(corpus.ids)[:N_PROBLEMS]])


@pytest.fixture(scope="session")
def structure() -> Attribute:
    """The first attribute suggested for the math problems, as a pick in the app gives it."""
    return _suggested(0)


@pytest.fixture(scope="session")
def story() -> Attribute:
    """The second attribute suggested for the math problems."""
    return _suggested(1)


@pytest.fixture
def small_corpus():
    """Make a corpus from texts, and label columns if any."""

    def make(*texts: str, name: str = "small", **labels: list[str]) -> Corpus:
        ids = tuple(f"t{number}" for number in range(len(texts)))
        columns = {column: tuple(values) for column, values in labels.items()}
        return Corpus(name, ids, texts, columns, LoadReport.of(len(texts), (), ()))

    return make


def _suggested(place: int) -> Attribute:
    from engine.samples import sample

    found = sample("math_problems").attributes[place]
    return Attribute(found.name, found.definition)


def pytest_collection_modifyitems(items):
    """Browser tests come last: by then a fresh checkout's modules have been read once."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
