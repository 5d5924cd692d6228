"""How each embedding model wants its instruction: the published formats, as data.

`instructed` is the side that carries the attribute, `plain` the side that does not.
{task} stands for a sentence about the attribute, {attribute} for its bare phrase.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

TASK_VERSION = 1
TASK = "Represent the text so that texts alike in terms of {attribute} are close"


@dataclass(frozen=True, slots=True)
class InstructionFormat:
    """One family of models and the strings its authors publish.

    Args:
        models: patterns of hub ids.
        instructed: template of a text read with the attribute.
        plain: template of a text read without it.
        free_text: whether the model was trained on free-text instructions.
        source: where the format is published.
    """

    models: tuple[str, ...]
    instructed: str
    plain: str = "{text}"
    free_text: bool = True
    source: str = ""

    def with_attribute(self, text: str, attribute: str) -> str:
        """The exact string sent for one text read with the attribute."""
        task = TASK.format(attribute=attribute)
        return self.instructed.format(task=task, attribute=attribute, text=text)

    def without_attribute(self, text: str) -> str:
        """The exact string sent for one text read without the attribute."""
        return self.plain.format(text=text)


GENERIC = InstructionFormat(
    models=("*",),
    instructed="{attribute}: {text}",
    free_text=False,
    source="a prefix; the model was trained without instructions",
)

FORMATS = (
    InstructionFormat(
        models=("Qwen/Qwen3-Embedding-*",),
        instructed="Instruct: {task}\nQuery:{text}",
        source="model card of Qwen/Qwen3-Embedding-0.6B",
    ),
    InstructionFormat(
        models=(
            "intfloat/e5-mistral-7b-instruct",
            "intfloat/multilingual-e5-large-instruct",
            "Alibaba-NLP/gte-Qwen2-*-instruct",
        ),
        instructed="Instruct: {task}\nQuery: {text}",
        source="model card of intfloat/multilingual-e5-large-instruct",
    ),
    InstructionFormat(
        models=("GritLM/*",),
        instructed="<|user|>\n{task}\n<|embed|>\n{text}",
        plain="<|embed|>\n{text}",
        source="arXiv:2402.09906",
    ),
    InstructionFormat(
        models=("BAAI/bge-en-icl",),
        instructed="<instruct>{task}\n<query>{text}",
        source="model card of BAAI/bge-en-icl, without examples",
    ),
    InstructionFormat(
        models=("hkunlp/instructor-*",),
        instructed="Represent the text for comparing its {attribute}: {text}",
        plain="Represent the text: {text}",
        source="arXiv:2212.09741",
    ),
    InstructionFormat(
        models=("google/embeddinggemma-*",),
        instructed="task: clustering | query: {attribute}: {text}",
        plain="title: none | text: {text}",
        free_text=False,
        source="model card of google/embeddinggemma-300m",
    ),
    InstructionFormat(
        models=("nomic-ai/nomic-embed-text-*",),
        instructed="clustering: {attribute}: {text}",
        plain="search_document: {text}",
        free_text=False,
        source="model card of nomic-ai/nomic-embed-text-v1.5",
    ),
    InstructionFormat(
        models=("BAAI/bge-*-en-v1.5", "Snowflake/snowflake-arctic-embed-*"),
        instructed="Represent this sentence for searching relevant passages: {attribute}: {text}",
        free_text=False,
        source="model card of BAAI/bge-small-en-v1.5",
    ),
    GENERIC,
)


def instruction_format(model: str) -> InstructionFormat:
    """The published format of a model, or a plain prefix where none is known.

    Example:
        >>> instruction_format("Qwen/Qwen3-Embedding-0.6B").instructed.splitlines()
        ['Instruct: {task}', 'Query:{text}']
        >>> instruction_format("minilm").with_attribute("Hello.", "tone")
        'tone: Hello.'
    """
    return next(
        found
        for found in FORMATS
        if any(fnmatch.fnmatchcase(model, pattern) for pattern in found.models)
    )
