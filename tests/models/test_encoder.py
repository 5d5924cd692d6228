from __future__ import annotations

import socket

import numpy as np
import pytest

pytestmark = pytest.mark.models

TEXTS = ["A dog runs in the park.", "word " * 400, "Rain is expected.", "A dog runs in the park."]


def test_vectors_equal_those_of_sentence_transformers(minilm):
    plain = minilm._model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    encoded = minilm.encode(TEXTS)
    np.testing.assert_allclose(encoded.vectors, plain, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(encoded.vectors, axis=1), 1, atol=1e-5)
    assert encoded.vectors.dtype == np.float32
    assert encoded.vectors.shape == (4, minilm.n_dims) == (4, 384)


def test_texts_over_the_window_are_cut_and_counted(minilm):
    encoded = minilm.encode(TEXTS)
    longer = minilm.encode([TEXTS[1] + "and a different end"])
    assert (encoded.n_truncated, longer.n_truncated, minilm.max_tokens) == (1, 1, 256)
    np.testing.assert_allclose(encoded.vectors[1], longer.vectors[0], atol=1e-5)


def test_no_texts_give_no_vectors(minilm):
    assert minilm.encode([]).vectors.shape == (0, 384)


def test_a_local_model_loads_without_touching_the_network(monkeypatch):
    from engine.models.encoder import Encoder

    def refuse(*args):
        raise AssertionError(f"the network was asked for: {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert Encoder("minilm").key == "minilm@53aa51172d142c89"
