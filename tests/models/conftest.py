from __future__ import annotations

import pytest

from engine.models.shelf import process_shelf


@pytest.fixture(scope="session")
def shelf(session_home):
    """Real models, loaded once; the converted language model lands in the session's folder."""
    return process_shelf()


@pytest.fixture(scope="session")
def minilm(shelf):
    return shelf.encoder("minilm")


@pytest.fixture(scope="session")
def smollm2(shelf):
    return shelf.language_model("smollm2")
