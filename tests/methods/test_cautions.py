"""What a method says of the model it was given, and where that is shown."""

import pytest

from engine.method_docs import methods_page
from engine.methods.registry import caution_of, create
from engine.models.instructions import CLOSED_SET


@pytest.mark.parametrize(
    ("name", "model", "caution"),
    [
        ("instructed-embedding", "minilm", CLOSED_SET),
        ("instructed-embedding", "google/embeddinggemma-300m", CLOSED_SET),
        ("instructed-embedding", "Qwen/Qwen3-Embedding-0.6B", ""),
        ("query-instruction", "nomic-ai/nomic-embed-text-v1.5", CLOSED_SET),
        ("query-instruction", "hkunlp/instructor-large", ""),
        ("reranker", "smollm2", ""),
        ("reranker", "Qwen/Qwen3-Reranker-0.6B", ""),
        ("reranker", "BAAI/bge-reranker-v2-gemma", CLOSED_SET),
        ("reranker", "cross-encoder/ms-marco-MiniLM-L6-v2", CLOSED_SET),
        ("raw-embedding", "google/embeddinggemma-300m", ""),
    ],
)
def test_a_model_trained_without_free_text_is_warned_of(name, model, caution):
    assert caution_of(create(name, {"model": model})) == caution
    assert caution_of(create(name), {"model": model}) == caution


def test_the_docs_name_the_models_to_beware_of():
    section = methods_page().split("\n## instructed-embedding\n")[1].split("\n## ")[0]
    (line,) = [each for each in section.splitlines() if CLOSED_SET in each]
    assert "`google/embeddinggemma-300m`" in line
    assert "Qwen" not in line
    raw = methods_page().split("\n## raw-embedding\n")[1].split("\n## ")[0]
    assert CLOSED_SET not in raw
