"""The exact strings that embedding models are sent, as their authors publish them."""

import pytest

from engine.methods.registry import card
from engine.models.catalogue import Kind, known_models
from engine.models.instructions import FORMATS, GENERIC, TASK_VERSION, instruction_format

TASK = "Represent the text so that texts alike in terms of tone are close"


@pytest.mark.parametrize(
    ("model", "instructed", "plain"),
    [
        ("Qwen/Qwen3-Embedding-0.6B", f"Instruct: {TASK}\nQuery:Hi {{x}}", "Hi {x}"),
        ("Qwen/Qwen3-Embedding-8B", f"Instruct: {TASK}\nQuery:Hi {{x}}", "Hi {x}"),
        ("intfloat/e5-mistral-7b-instruct", f"Instruct: {TASK}\nQuery: Hi {{x}}", "Hi {x}"),
        ("intfloat/multilingual-e5-large-instruct", f"Instruct: {TASK}\nQuery: Hi {{x}}", "Hi {x}"),
        ("Alibaba-NLP/gte-Qwen2-1.5B-instruct", f"Instruct: {TASK}\nQuery: Hi {{x}}", "Hi {x}"),
        ("GritLM/GritLM-7B", f"<|user|>\n{TASK}\n<|embed|>\nHi {{x}}", "<|embed|>\nHi {x}"),
        ("BAAI/bge-en-icl", f"<instruct>{TASK}\n<query>Hi {{x}}", "Hi {x}"),
        (
            "hkunlp/instructor-large",
            "Represent the text for comparing its tone: Hi {x}",
            "Represent the text: Hi {x}",
        ),
        (
            "google/embeddinggemma-300m",
            "task: clustering | query: tone: Hi {x}",
            "title: none | text: Hi {x}",
        ),
        (
            "nomic-ai/nomic-embed-text-v1.5",
            "clustering: tone: Hi {x}",
            "search_document: Hi {x}",
        ),
        (
            "BAAI/bge-small-en-v1.5",
            "Represent this sentence for searching relevant passages: tone: Hi {x}",
            "Hi {x}",
        ),
        ("minilm", "tone: Hi {x}", "Hi {x}"),
        ("somebody/unheard-of", "tone: Hi {x}", "Hi {x}"),
    ],
)
def test_the_exact_strings(model, instructed, plain):
    """Braces in a text stay as they are: it is a value, never a template."""
    form = instruction_format(model)
    assert form.with_attribute("Hi {x}", "tone") == instructed
    assert form.without_attribute("Hi {x}") == plain


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.models[0])
def test_every_format_carries_text_and_attribute_and_a_source(form):
    sent = form.with_attribute("the-text", "the-attribute")
    assert sent.count("the-text") == sent.count("the-attribute") == 1
    assert "the-attribute" not in form.without_attribute("the-text")
    assert form.source


def test_models_that_take_free_text_say_so_and_the_prefix_does_not():
    assert instruction_format("Qwen/Qwen3-Embedding-4B").free_text
    assert not GENERIC.free_text
    assert FORMATS[-1] is GENERIC


def test_every_encoder_described_as_instruction_tuned_has_its_own_format():
    tuned = [e.name for e in known_models(Kind.ENCODER) if e.note.startswith("instruction-tuned")]
    assert tuned
    assert [name for name in tuned if instruction_format(name) is GENERIC] == []


@pytest.mark.parametrize("name", ["instructed-embedding", "query-instruction"])
def test_a_new_wording_makes_kept_runs_stale(name):
    assert card(name).version == TASK_VERSION
