"""How each embedding model wants its instruction: the published formats, as data.

`instructed` is the side that carries the attribute, `plain` the side that does not.
{task} stands for a sentence about the attribute, {attribute} for its bare phrase.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.models.catalogue import PACKAGED, hub_snapshot, package_file

TASK_VERSION = 2
TASK = "Represent the text so that texts alike in terms of {attribute} are close"
CLOSED_SET = "free-text attributes are out of its training"
OWN_PROMPTS_FILE = "config_sentence_transformers.json"
# A model's own prompts for comparing texts, the fittest first; nomic, gemma and jina spell them so.
_SYMMETRIC = ("clustering", "separation", "sts", "text-matching", "similarity", "query")
_DOCUMENT = ("document", "passage", "search_document", "retrieval.passage")


@dataclass(frozen=True, slots=True)
class Shot:
    """One worked example for a model that learns from them: two texts alike in one attribute."""

    attribute: str
    query: str
    response: str


SHOTS = (
    Shot(
        "tone",
        "I've told you three times now. Send my money back TODAY.",
        "Unbelievable! Nobody at your desk lifts a finger, and I am done waiting.",
    ),
    Shot(
        "subject matter",
        "The glacier has lost a third of its length since 1950.",
        "A warm summer: we hiked up to where the ice used to begin.",
    ),
)
"""Invented for this program; two attributes, so that neither is taken for the task itself."""


@dataclass(frozen=True, slots=True)
class InstructionFormat:
    """One family of models and the strings its authors publish.

    Args:
        models: patterns of hub ids.
        instructed: template of a text read with the attribute.
        plain: template of a text read without it.
        free_text: whether the model was trained on free-text instructions.
        source: where the format is published.
        shot: template of one worked example; "" where the model takes none.
        between_shots: what follows each example.
    """

    models: tuple[str, ...]
    instructed: str
    plain: str = "{text}"
    free_text: bool = True
    source: str = ""
    shot: str = ""
    between_shots: str = ""

    def with_attribute(self, text: str, attribute: str, shots: tuple[Shot, ...] = SHOTS) -> str:
        """The exact string sent for one text read with the attribute.

        Args:
            text: the text.
            attribute: its phrase.
            shots: worked examples, for a model that takes them; () for none.
        """
        task = TASK.format(attribute=attribute)
        sent = self.instructed.format(task=task, attribute=attribute, text=text)
        return "".join(self._shown(shot) for shot in shots) + sent if self.shot else sent

    def without_attribute(self, text: str) -> str:
        """The exact string sent for one text read without the attribute."""
        return self.plain.format(text=text)

    @property
    def caution(self) -> str:
        """What the model's card should warn of; "" where it was trained on free text."""
        return "" if self.free_text else CLOSED_SET

    def _shown(self, shot: Shot) -> str:
        task = TASK.format(attribute=shot.attribute)
        filled = self.shot.format(task=task, query=shot.query, response=shot.response)
        return filled + self.between_shots


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
        source="gritlm_instruction of github.com/ContextualAI/gritlm, arXiv:2402.09906",
    ),
    InstructionFormat(
        models=("BAAI/bge-en-icl",),
        instructed="<instruct>{task}\n<query>{text}\n<response>",
        source="get_detailed_instruct, get_detailed_example and get_new_queries of its model card",
        shot="<instruct>{task}\n<query>{query}\n<response>{response}",
        between_shots="\n\n",
    ),
    InstructionFormat(
        models=("hkunlp/instructor-*",),
        instructed="Represent the text for comparing its {attribute}: {text}",
        plain="Represent the text: {text}",
        source='"Represent the {domain} {type} for {objective}:", arXiv:2212.09741',
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
        models=("Snowflake/snowflake-arctic-embed-*-v2.0",),
        instructed="query: {attribute}: {text}",
        free_text=False,
        source="the prompt 'query' of Snowflake/snowflake-arctic-embed-l-v2.0",
    ),
    InstructionFormat(
        models=("Snowflake/snowflake-arctic-embed-*",),
        instructed="Represent this sentence for searching relevant passages: {attribute}: {text}",
        free_text=False,
        source="from memory: model card of Snowflake/snowflake-arctic-embed-m",
    ),
    InstructionFormat(
        models=("BAAI/bge-*-en-v1.5",),
        instructed="Represent this sentence for searching relevant passages: {attribute}: {text}",
        free_text=False,
        source="from memory: model card of BAAI/bge-small-en-v1.5",
    ),
    InstructionFormat(
        models=("intfloat/e5-*-v2", "intfloat/multilingual-e5-*"),
        instructed="query: {attribute}: {text}",
        plain="passage: {text}",
        free_text=False,
        source="from memory: model card of intfloat/e5-base-v2",
    ),
    InstructionFormat(
        # Its task names (retrieval.query, separation …) pick an adapter inside the model, and
        # none is picked here; the two retrieval tasks also have these prompts in words.
        models=("jinaai/jina-embeddings-v3",),
        instructed="Represent the query for retrieving evidence documents: {attribute}: {text}",
        plain="Represent the document for retrieval: {text}",
        free_text=False,
        source="prompts retrieval.query and retrieval.passage of jinaai/jina-embeddings-v3",
    ),
)


def instruction_format(model: str) -> InstructionFormat:
    """The published format of a model, else its own prompts, else a plain prefix.

    Args:
        model: packaged name, folder or hub id; its prompts are read only where it is on disk.

    Example:
        >>> instruction_format("Qwen/Qwen3-Embedding-0.6B").instructed.splitlines()
        ['Instruct: {task}', 'Query:{text}']
        >>> instruction_format("minilm").with_attribute("Hello.", "tone")
        'tone: Hello.'
    """
    for found in FORMATS:
        if any(fnmatch.fnmatchcase(model, pattern) for pattern in found.models):
            return found
    return from_own_prompts(model, own_prompts(model)) or GENERIC


def own_prompts(model: str) -> dict[str, str]:
    """The prompts that a sentence-transformers model carries, by name; {} where it has none."""
    folder = _folder(model)
    file = None if folder is None else folder / OWN_PROMPTS_FILE
    if file is None or not file.is_file():
        return {}
    said = json.loads(file.read_text(encoding="utf-8")).get("prompts") or {}
    return {str(name): str(prompt) for name, prompt in said.items() if prompt}


def from_own_prompts(model: str, prompts: Mapping[str, str]) -> InstructionFormat | None:
    """A format made of a model's own prompts; None where none of them is for comparing texts.

    Example:
        >>> form = from_own_prompts("mine", {"query": "query: ", "document": "passage: "})
        >>> form.with_attribute("Hello.", "tone"), form.without_attribute("Hello.")
        ('query: tone: Hello.', 'passage: Hello.')
    """
    named = {name.casefold(): prompt for name, prompt in prompts.items()}
    before = next((named[name] for name in _SYMMETRIC if name in named), None)
    if before is None:
        return None
    document = next((named[name] for name in _DOCUMENT if name in named), "")
    return InstructionFormat(
        models=(model,),
        instructed=_literal(before) + "{attribute}: {text}",
        plain=_literal(document) + "{text}",
        free_text=False,
        source=f"the model's own prompts in {OWN_PROMPTS_FILE}",
    )


def _folder(model: str) -> Path | None:
    if model in PACKAGED:
        weights = package_file(model)
        return None if weights is None else weights.parent
    folder = Path(model).expanduser()
    return folder if folder.is_dir() else hub_snapshot(model)


def _literal(prompt: str) -> str:
    """A prompt whose braces are no place-holders."""
    return prompt.replace("{", "{{").replace("}", "}}")
