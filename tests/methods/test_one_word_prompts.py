"""The exact strings of one-word prompts: published wordings, text first, attribute last."""

import pytest

from engine.methods.one_word import OneWord
from engine.methods.registry import card, options
from engine.models.one_word_prompts import PROMPTS, PROMPTS_VERSION, asked

TEXT = 'He said {so}: "no".'


def framed(request):
    return f"<user>{request}</user><answer>"


def sent(name, attribute="tone"):
    return [
        start + end
        for each in asked(PROMPTS[name], [TEXT], attribute, framed)
        for start, end in zip(each.documents, each.questions, strict=True)
    ]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("ponte", f'Express this text "{TEXT}" in one word in terms of tone:'),
        ("prompteol", f'This sentence : "{TEXT}" means, in terms of tone, in one word:"'),
        (
            "answer-first",
            f"### Input:\n{TEXT}\n\n### Instruction:\nWhat is its tone?\n\n### Response:",
        ),
        (
            "chat",
            f"<user>{TEXT}\n\nExpress this text in one word in terms of tone.</user><answer>",
        ),
        ("echo", f"Read this text for its tone: {TEXT}\nThe same text again: {TEXT}"),
    ],
)
def test_the_exact_strings(name, wanted):
    assert sent(name) == [wanted]


def test_without_an_attribute_prompteol_is_the_published_prompt():
    assert sent("prompteol", "") == [f'This sentence : "{TEXT}" means in one word:"']
    assert sent("echo", "") == [f"Read this text: {TEXT}\nThe same text again: {TEXT}"]


def test_metaeol_asks_four_questions_of_one_document():
    found = asked(PROMPTS["metaeol"], [TEXT], "tone", framed)
    assert len(found) == 4
    assert len({each.documents[0] for each in found}) == 1
    assert len({each.questions[0] for each in found}) == 4


@pytest.mark.parametrize("name", [name for name in PROMPTS if name != "echo"])
def test_what_comes_first_never_names_the_attribute(name):
    """So that it is read once for all attributes."""
    one, other = (asked(PROMPTS[name], [TEXT], phrase, framed) for phrase in ("tone", "topic"))
    assert [each.documents for each in one] == [each.documents for each in other]
    assert [each.questions for each in one] != [each.questions for each in other]


@pytest.mark.parametrize("name", PROMPTS)
def test_every_prompt_has_a_plain_twin_and_a_source(name):
    prompt = PROMPTS[name]
    assert len(prompt.questions) == len(prompt.plain_questions)
    assert prompt.source
    assert all("tone" in each for each in sent(name))
    assert not any("tone" in each for each in sent(name, ""))


def test_every_prompt_is_an_option_and_a_new_wording_makes_kept_runs_stale():
    (template,) = [each for each in options("one-word") if each.name == "template"]
    assert set(template.choices) == set(PROMPTS)
    assert template.default == OneWord().template
    assert card("one-word").version == PROMPTS_VERSION
