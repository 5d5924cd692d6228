"""The exact strings that reranking language models are sent, as their authors publish them."""

import json

import pytest

from engine.methods.registry import card, create
from engine.models.architecture import is_causal_language_model
from engine.models.reranker_formats import FORMATS, FORMATS_VERSION, named_format, reranker_format

INSTRUCT = "Find texts that are alike in terms of tone, whatever else they say"


@pytest.mark.parametrize(
    ("model", "sent", "choices"),
    [
        (
            "Qwen/Qwen3-Reranker-0.6B",
            "<|im_start|>system\nJudge whether the Document meets the requirements based on the "
            'Query and the Instruct provided. Note that the answer can only be "yes" or "no".'
            "<|im_end|>\n<|im_start|>user\n"
            f"<Instruct>: {INSTRUCT}\n<Query>: One {{x}}\n<Document>: Two<|im_end|>\n"
            "<|im_start|>assistant\n<think>\n\n</think>\n\n",
            ("yes", "no"),
        ),
        (
            "mixedbread-ai/mxbai-rerank-large-v2",
            "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful "
            "assistant.<|im_end|>\n<|im_start|>user\n"
            f"instruction: {INSTRUCT}\nquery: One {{x}}\ndocument: Two\n"
            "You are a search relevance expert who evaluates how well documents match search "
            "queries. For each query-document pair, carefully analyze the semantic relationship "
            "between them, then provide your binary relevance judgment (0 for not relevant, 1 for "
            "relevant).\nRelevance:<|im_end|>\n<|im_start|>assistant\n",
            ("1", "0"),
        ),
        (
            "BAAI/bge-reranker-v2-gemma",
            "A: tone: One {x}\nB: Two\n"
            "Given a query A and a passage B, determine whether the passage contains an answer to "
            "the query by providing a prediction of either 'Yes' or 'No'.",
            ("Yes",),
        ),
    ],
)
def test_the_exact_strings(model, sent, choices):
    form = reranker_format(model)
    assert form.filled("tone", "One {x}", "Two") == sent
    assert form.choices == choices
    assert named_format(form.name) is form


def test_only_a_model_without_instructions_is_flagged():
    assert {form.name for form in FORMATS if not form.free_text} == {"bge-reranker-v2-gemma"}
    assert all(form.source for form in FORMATS)
    assert card("reranker").version == FORMATS_VERSION


@pytest.mark.parametrize(
    ("model", "prompt", "wanted"),
    [
        ("smollm2", "auto", True),
        ("Qwen/Qwen3-Reranker-4B", "auto", True),
        ("BAAI/bge-reranker-v2-m3", "auto", False),
        ("somebody/unheard-of", "auto", False),
        ("somebody/unheard-of", "chat", True),
        ("somebody/unheard-of", "qwen3-reranker", True),
    ],
)
def test_what_is_read_as_a_language_model(model, prompt, wanted):
    made = create("reranker", {"model": model, "prompt": prompt})
    assert made._reads_like_a_language_model() is wanted


@pytest.mark.parametrize(
    ("architectures", "wanted"),
    [(["Qwen3ForCausalLM"], True), (["BertForSequenceClassification"], False), (None, False)],
)
def test_a_folder_is_what_its_configuration_says(tmp_path, architectures, wanted):
    (tmp_path / "config.json").write_text(json.dumps({"architectures": architectures}))
    assert is_causal_language_model(str(tmp_path)) is wanted
    assert create("reranker", {"model": str(tmp_path)})._reads_like_a_language_model() is wanted
