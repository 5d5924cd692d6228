"""Asks a model for the categories of an attribute: Anthropic's API, or a local language model."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from engine.corpus import Corpus
from engine.errors import BadInput, ModelUnavailable
from engine.projection.categories import CategorySet
from engine.projection.library import CategoryLibrary
from engine.projection.proposals import (
    PROMPT_VERSION,
    SMALL_N_SHOWN,
    prompt,
    read_answer,
    read_list,
    shown_texts,
    small_prompt,
)
from engine.types import Attribute, content_key

DEFAULT_ANTHROPIC_MODEL = "claude-sonnet-5-5"
MAX_TOKENS = 16_000
LOCAL_MAX_TOKENS = 250
_KEY = "ANTHROPIC_API_KEY"


class Answer(NamedTuple):
    """What a model wrote, and how many tokens it read and wrote."""

    text: str
    n_tokens: int


def proposal_key(corpus: Corpus, attribute: Attribute, model: str, draw: int = 0) -> str:
    """Holds everything that changes what a model is asked; equal keys are asked once."""
    again = (f"draw {draw}",) if draw else ()
    shown = shown_texts(corpus, draw=draw)
    return content_key(str(PROMPT_VERSION), model, attribute.key, *shown, *again)


def propose(
    corpus: Corpus,
    attribute: Attribute,
    model: str,
    ask: Callable[[str], Answer],
    library: CategoryLibrary,
    count: Callable[[int], None],
    draw: int = 0,
) -> CategorySet:
    """The categories a strong model writes, asked for once and then kept.

    Args:
        corpus: 25 of its texts are shown.
        attribute: what to sort them by.
        model: its name.
        ask: sends a prompt.
        library: where the answer is kept.
        count: told the tokens read and written.
        draw: which proposal; each shows other texts and is asked for and kept by itself.

    Raises:
        BadInput: the answer can't be used.
    """

    def write() -> CategorySet:
        answer = ask(prompt(attribute, shown_texts(corpus, draw=draw)))
        count(answer.n_tokens)
        return read_answer(answer.text, attribute, origin=model)

    return library.proposal(proposal_key(corpus, attribute, model, draw), write)


def propose_small(
    corpus: Corpus,
    attribute: Attribute,
    model: str,
    ask: Callable[[str], str],
    library: CategoryLibrary,
) -> CategorySet:
    """The categories a small local model lists: names and descriptions, no examples. Weak."""

    def write() -> CategorySet:
        answer = ask(small_prompt(attribute, shown_texts(corpus, SMALL_N_SHOWN)))
        return read_list(answer, attribute, origin=model)

    return library.proposal(proposal_key(corpus, attribute, f"local {model}"), write)


def anthropic_asker(model: str) -> Callable[[str], Answer]:
    """One call to Anthropic's API.

    Raises:
        ModelUnavailable: no key is set.
    """
    if not os.environ.get(_KEY):
        raise ModelUnavailable(
            f"Source 'anthropic' needs a key and {_KEY} is not set. Set it, or write the "
            "categories yourself and use source 'file' or 'auto'."
        )

    def ask(question: str) -> Answer:
        import anthropic

        try:
            message = anthropic.Anthropic().messages.create(
                model=model,
                max_tokens=MAX_TOKENS,
                messages=[{"role": "user", "content": question}],
            )
        except anthropic.AnthropicError as error:
            raise ModelUnavailable(
                f"{model} did not answer ({error}). Check the key, the model's name and the "
                "network, or choose another source."
            ) from error
        if message.stop_reason in ("max_tokens", "refusal"):
            raise BadInput(
                f"{model} did not finish its answer (it stopped by {message.stop_reason}). "
                "Try another model, or write the categories yourself."
            )
        text = "".join(block.text for block in message.content if block.type == "text")
        return Answer(text, message.usage.input_tokens + message.usage.output_tokens)

    return ask
