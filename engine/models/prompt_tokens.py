"""Prompts to token ids: special tokens, truncation, answer choices, chat templates."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.errors import BadInput
from engine.models.catalogue import DEFAULT_LM

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class PromptTokens:
    """The tokenizer of a language model, as prompts need it."""

    def __init__(self, model_name: str, tokenizer: PreTrainedTokenizerBase) -> None:
        """Keep the tokenizer; model_name is for error messages."""
        self.tokenizer = tokenizer
        self._name = model_name

    def ids(self, prompts: Sequence[str]) -> list[list[int]]:
        """Token ids of prompts, not truncated.

        Raises:
            BadInput: a prompt gives no token.
        """
        if not prompts:
            return []
        bos = self.tokenizer.bos_token
        # A chat template may have written the first special token already.
        templated = bool(bos) and all(prompt.startswith(bos) for prompt in prompts)
        ids: list[list[int]] = self.tokenizer(
            list(prompts), add_special_tokens=not templated, padding=False, verbose=False
        )["input_ids"]
        if empty := [row for row, tokens in enumerate(ids) if not tokens]:
            raise BadInput(f"Prompt {empty[0]} is empty: {self._name!r} needs at least one token.")
        return ids

    def cut(self, ids: list[int], limit: int) -> list[int]:
        """The last `limit` ids; a beginning-of-text token stays in front."""
        if len(ids) <= limit:
            return ids
        keeps_start = ids[0] == self.tokenizer.bos_token_id
        return [ids[0], *ids[len(ids) - limit + 1 :]] if keeps_start else ids[-limit:]

    def first_of(self, choices: Sequence[str]) -> list[int]:
        """The first token of each choice.

        Raises:
            BadInput: no choice, an empty one, or two that begin with the same token.
        """
        ids = [self.tokenizer.encode(choice, add_special_tokens=False) for choice in choices]
        if not choices or not all(ids):
            raise BadInput(f"Choices must not be empty; they are {list(choices)!r}.")
        first = [row[0] for row in ids]
        if len(set(first)) < len(first):
            raise BadInput(
                f"Some of the choices {list(choices)!r} begin with the same token for "
                f"{self._name!r}, so they can't be told apart. Begin each with another word."
            )
        return first

    def chat(self, system: str, user: str) -> str:
        """The prompt of the model's chat template, up to where its answer begins.

        Raises:
            BadInput: the model has no chat template.
        """
        if not self.tokenizer.chat_template:
            raise BadInput(
                f"Model {self._name!r} has no chat template: choose an instruction-tuned model, "
                f"such as {DEFAULT_LM}, or write the prompt out."
            )
        turns = [{"role": "system", "content": self.plain(system)}] if system else []
        turns.append({"role": "user", "content": self.plain(user)})
        return str(
            self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        )

    def after(self, continuations: Sequence[str]) -> list[list[int]]:
        """Token ids of what follows a document: no token marks their beginning.

        Raises:
            BadInput: one gives no token.
        """
        ids: list[list[int]] = self.tokenizer(
            list(continuations), add_special_tokens=False, padding=False, verbose=False
        )["input_ids"]
        if not all(ids):
            raise BadInput("What follows a document must not be empty: it asks the question.")
        return ids

    def plain(self, text: str) -> str:
        """The text with special tokens broken up, so that none of them can end a turn.

        Tokens added to the vocabulary, such as <think>, count where they look like markup.
        """
        for token in self._markers:
            if token in text:
                text = text.replace(token, f"{token[0]}\u200b{token[1:]}")
        return text

    @functools.cached_property
    def _markers(self) -> list[str]:
        added = [token for token in self.tokenizer.get_added_vocab() if token[:1] in "<["]
        found = {token for token in [*self.tokenizer.all_special_tokens, *added] if token.strip()}
        return sorted(found, key=lambda token: (-len(token), token))
