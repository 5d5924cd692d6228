"""The exact strings that embedding models are sent, as their authors publish them."""

import json

import pytest

from engine.methods.registry import card
from engine.models.catalogue import Kind, known_models
from engine.models.instructions import (
    CLOSED_SET,
    FORMATS,
    GENERIC,
    TASK_VERSION,
    from_own_prompts,
    instruction_format,
    own_prompts,
)

TASK = "Represent the text so that texts alike in terms of tone are close"
TOPIC = "Represent the text so that texts alike in terms of subject matter are close"
ICL_SHOTS = (
    f"<instruct>{TASK}\n<query>I've told you three times now. Send my money back TODAY.\n"
    "<response>Unbelievable! Nobody at your desk lifts a finger, and I am done waiting.\n\n"
    f"<instruct>{TOPIC}\n<query>The glacier has lost a third of its length since 1950.\n"
    "<response>A warm summer: we hiked up to where the ice used to begin.\n\n"
)


@pytest.mark.parametrize(
    ("model", "instructed", "plain"),
    [
        ("Qwen/Qwen3-Embedding-0.6B", f"Instruct: {TASK}\nQuery:Hi {{x}}", "Hi {x}"),
        ("Qwen/Qwen3-Embedding-8B", f"Instruct: {TASK}\nQuery:Hi {{x}}", "Hi {x}"),
        ("intfloat/e5-mistral-7b-instruct", f"Instruct: {TASK}\nQuery: Hi {{x}}", "Hi {x}"),
        ("intfloat/multilingual-e5-large-instruct", f"Instruct: {TASK}\nQuery: Hi {{x}}", "Hi {x}"),
        ("Alibaba-NLP/gte-Qwen2-1.5B-instruct", f"Instruct: {TASK}\nQuery: Hi {{x}}", "Hi {x}"),
        ("GritLM/GritLM-7B", f"<|user|>\n{TASK}\n<|embed|>\nHi {{x}}", "<|embed|>\nHi {x}"),
        ("BAAI/bge-en-icl", f"{ICL_SHOTS}<instruct>{TASK}\n<query>Hi {{x}}\n<response>", "Hi {x}"),
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
        (
            "Snowflake/snowflake-arctic-embed-m-v1.5",
            "Represent this sentence for searching relevant passages: tone: Hi {x}",
            "Hi {x}",
        ),
        ("Snowflake/snowflake-arctic-embed-l-v2.0", "query: tone: Hi {x}", "Hi {x}"),
        ("intfloat/e5-base-v2", "query: tone: Hi {x}", "passage: Hi {x}"),
        ("intfloat/multilingual-e5-small", "query: tone: Hi {x}", "passage: Hi {x}"),
        (
            "jinaai/jina-embeddings-v3",
            "Represent the query for retrieving evidence documents: tone: Hi {x}",
            "Represent the document for retrieval: Hi {x}",
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
    assert GENERIC not in FORMATS


def test_every_encoder_described_as_instruction_tuned_has_its_own_format():
    tuned = [e.name for e in known_models(Kind.ENCODER) if e.note.startswith("instruction-tuned")]
    assert tuned
    assert [name for name in tuned if instruction_format(name) is GENERIC] == []


@pytest.mark.parametrize("name", ["instructed-embedding", "query-instruction"])
def test_a_new_wording_makes_kept_runs_stale(name):
    assert card(name).version == TASK_VERSION


def test_without_shots_an_in_context_model_gets_the_published_zero_shot_form():
    form = instruction_format("BAAI/bge-en-icl")
    assert form.with_attribute("Hi", "tone", ()) == f"<instruct>{TASK}\n<query>Hi\n<response>"


@pytest.mark.parametrize(
    "model",
    ["google/embeddinggemma-300m", "nomic-ai/nomic-embed-text-v1.5", "jinaai/jina-embeddings-v3"],
)
def test_a_closed_set_of_prompts_says_so(model):
    assert instruction_format(model).caution == CLOSED_SET
    assert instruction_format("Qwen/Qwen3-Embedding-0.6B").caution == ""


def make_model(folder, prompts):
    (folder / "config.json").write_text("{}")
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    return str(folder)


def test_a_model_of_no_known_format_keeps_its_own_prompts(tmp_path):
    """Empty prompts are none; braces in a prompt are letters."""
    prompts = {"query": "{ask} ", "document": "", "clustering": "cluster {it}: "}
    model = make_model(tmp_path, prompts)
    form = instruction_format(model)
    assert form.with_attribute("Hi {x}", "tone") == "cluster {it}: tone: Hi {x}"
    assert form.without_attribute("Hi {x}") == "Hi {x}"
    assert form.caution == CLOSED_SET
    assert own_prompts(model) == {"query": "{ask} ", "clustering": "cluster {it}: "}


def test_prompts_that_are_not_for_comparing_are_left_alone(tmp_path):
    assert from_own_prompts("mine", {"bitext": "translate: "}) is None
    assert instruction_format(make_model(tmp_path, {"bitext": "translate: "})) is GENERIC
    assert own_prompts("somebody/unheard-of") == {}
