"""How each language model that reranks wants its pair: the published prompts, as data.

A prompt has three holes: {instruct} a sentence about the attribute, {anchor} and {candidate} the
two texts. {attribute} is its bare phrase, for models that take no instruction.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

from engine.models.instructions import CLOSED_SET

FORMATS_VERSION = 3
INSTRUCT = "Find texts that are alike in terms of {attribute}, whatever else they say"
SYSTEM = (
    "Judge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".'
)
BODY = "<Instruct>: {instruct}\n<Query>: {anchor}\n<Document>: {candidate}"


@dataclass(frozen=True, slots=True)
class RerankerFormat:
    """One family of rerankers, its prompt, and which logits are its answer.

    Args:
        name: what the option `prompt` calls it.
        models: patterns of hub ids.
        prompt: the whole prompt, up to where the answer begins.
        yes: the answer whose logit counts.
        no: the answer whose logit is subtracted; "" where the authors use the first alone.
        free_text: whether the model was trained on free-text instructions.
        source: where the format is published.
    """

    name: str
    models: tuple[str, ...]
    prompt: str
    yes: str
    no: str
    free_text: bool
    source: str

    @property
    def choices(self) -> tuple[str, ...]:
        """The answers whose logits are read."""
        return (self.yes, self.no) if self.no else (self.yes,)

    @property
    def caution(self) -> str:
        """What to warn of where the model is chosen; "" where it was trained on free text."""
        return "" if self.free_text else CLOSED_SET

    def filled(self, attribute: str, anchor: str, candidate: str) -> str:
        """The exact string sent for one pair."""
        instruct = INSTRUCT.format(attribute=attribute)
        return self.prompt.format(
            instruct=instruct, attribute=attribute, anchor=anchor, candidate=candidate
        )


QWEN3 = RerankerFormat(
    name="qwen3-reranker",
    models=("Qwen/Qwen3-Reranker-*",),
    prompt=(
        f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{BODY}<|im_end|>\n"
        "<|im_start|>assistant\n<think>\n\n</think>\n\n"
    ),
    yes="yes",
    no="no",
    free_text=True,
    source="model card of Qwen/Qwen3-Reranker-0.6B",
)
MXBAI_V2 = RerankerFormat(
    name="mxbai-rerank-v2",
    models=("mixedbread-ai/mxbai-rerank-*-v2",),
    prompt=(
        "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant."
        "<|im_end|>\n<|im_start|>user\ninstruction: {instruct}\nquery: {anchor}\n"
        "document: {candidate}\nYou are a search relevance expert who evaluates how well documents "
        "match search queries. For each query-document pair, carefully analyze the semantic "
        "relationship between them, then provide your binary relevance judgment (0 for not "
        "relevant, 1 for relevant).\nRelevance:<|im_end|>\n<|im_start|>assistant\n"
    ),
    yes="1",
    no="0",
    free_text=True,
    source="mxbai_rerank_v2.py of github.com/mixedbread-ai/mxbai-rerank",
)
BGE_GEMMA = RerankerFormat(
    name="bge-reranker-v2-gemma",
    models=("BAAI/bge-reranker-v2-gemma",),
    prompt=(
        "A: {attribute}: {anchor}\nB: {candidate}\nGiven a query A and a passage B, determine "
        "whether the passage contains an answer to the query by providing a prediction of either "
        "'Yes' or 'No'."
    ),
    yes="Yes",
    no="",
    free_text=False,
    source="get_inputs of the model card of BAAI/bge-reranker-v2-gemma",
)
FORMATS = (QWEN3, MXBAI_V2, BGE_GEMMA)


def reranker_format(model: str) -> RerankerFormat | None:
    """The published format of a language model that reranks, or None where none is known.

    Example:
        >>> reranker_format("Qwen/Qwen3-Reranker-4B").choices
        ('yes', 'no')
    """
    return next(
        (form for form in FORMATS if any(fnmatch.fnmatchcase(model, each) for each in form.models)),
        None,
    )


def named_format(name: str) -> RerankerFormat | None:
    """The format that the option `prompt` names; None for "auto" and "chat"."""
    return next((form for form in FORMATS if form.name == name), None)
