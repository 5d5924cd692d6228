"""How a language model is asked to say a text in one word: published prompts, as data.

Each prompt is a document, which never names the attribute, and a question after it, which does:
so a text is read once, whatever is asked of it. Where a paper's prompt has no place for an
attribute, one is made, and the entry says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

PROMPTS_VERSION = 2
IN_CHAT = "{text}{question}"


@dataclass(frozen=True, slots=True)
class OneWordPrompt:
    """One way to ask.

    Args:
        document: holds {text} and comes first.
        questions: each holds {attribute}; the states of several are averaged.
        plain_questions: the same without the attribute.
        in_chat: whether the model's own chat template goes around both.
        repeats: whether the text comes again in the question's place, and its mean state counts.
        source: where the wording is published, and what was changed.
    """

    document: str
    questions: tuple[str, ...]
    plain_questions: tuple[str, ...]
    source: str
    in_chat: bool = False
    repeats: bool = False


PROMPTS = {
    "ponte": OneWordPrompt(
        document='Express this text "{text}"',
        questions=(" in one word in terms of {attribute}:",),
        plain_questions=(" in one word:",),
        source="arXiv:2411.16341, word for word",
    ),
    "prompteol": OneWordPrompt(
        document='This sentence : "{text}"',
        questions=(' means, in terms of {attribute}, in one word:"',),
        plain_questions=(' means in one word:"',),
        source="arXiv:2307.16645, which has no attribute: its place is ours",
    ),
    "chat": OneWordPrompt(
        document="{text}",
        questions=("\n\nExpress this text in one word in terms of {attribute}.",),
        plain_questions=("\n\nExpress this text in one word.",),
        source="arXiv:2411.16341's words as a request in the model's own chat template",
        in_chat=True,
    ),
    "metaeol": OneWordPrompt(
        document='This sentence : "{text}"',
        questions=(
            ' belongs, in terms of {attribute}, to the category, in one word:"',
            ' expresses, in terms of {attribute}, the sentiment, in one word:"',
            ' can be paraphrased, in terms of {attribute}, in one word:"',
            ' highlights, in terms of {attribute}, the primary entity, in one word:"',
        ),
        plain_questions=(
            ' belongs to the category, in one word:"',
            ' expresses the sentiment, in one word:"',
            ' can be paraphrased, in one word:"',
            ' highlights the primary entity, in one word:"',
        ),
        source="the four meta-tasks of arXiv:2402.18458 and their average; the wording is ours, "
        "with the text first",
    ),
    "answer-first": OneWordPrompt(
        document="### Input:\n{text}",
        questions=("\n\n### Instruction:\nWhat is its {attribute}?\n\n### Response:",),
        plain_questions=("\n\n### Instruction:\nWhat is it?\n\n### Response:",),
        source="InBedder's pattern, arXiv:2402.09642; the question is ours",
    ),
    "echo": OneWordPrompt(
        document="Read this text for its {attribute}: {text}\nThe same text again: ",
        questions=("{text}",),
        plain_questions=("{text}",),
        source="the text twice, the second time pooled: arXiv:2402.15449; the wording is ours",
        repeats=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One prompt a text and question: what comes first, and what is asked after it."""

    documents: list[str]
    questions: list[str]


def asked(
    prompt: OneWordPrompt,
    texts: list[str],
    attribute: str,
    chat: Callable[[str], str],
) -> list[Asked]:
    """The exact strings sent, one list a question of the prompt.

    Args:
        prompt: one of PROMPTS.
        texts: n texts, with special tokens broken up.
        attribute: its phrase; "" asks without one.
        chat: puts a request into the model's chat template.
    """
    questions = prompt.questions if attribute else prompt.plain_questions
    return [_one(prompt, texts, attribute, question, chat) for question in questions]


def _one(
    prompt: OneWordPrompt,
    texts: list[str],
    attribute: str,
    question: str,
    chat: Callable[[str], str],
) -> Asked:
    if prompt.repeats:
        before = (
            prompt.document if attribute else prompt.document.replace(" for its {attribute}", "")
        )
        documents = [before.format(text=text, attribute=attribute) for text in texts]
        return Asked(documents, list(texts))
    end = question.format(attribute=attribute)
    documents = [prompt.document.format(text=text) for text in texts]
    if not prompt.in_chat:
        return Asked(documents, [end] * len(texts))
    parts = [_split_chat(chat(document + end), end) for document in documents]
    return Asked([start for start, _ in parts], [after for _, after in parts])


def _split_chat(whole: str, question: str) -> tuple[str, str]:
    place = whole.rindex(question)
    return whole[:place], whole[place:]
