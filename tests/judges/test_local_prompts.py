import pytest

from engine.judges.kinds import Kind
from engine.judges.local_prompts import LOCAL_SYSTEM, example_word, local_prompt
from engine.judges.prompts import EXAMPLES, Example, Guide
from engine.judges.questions import (
    ComparisonQuestion,
    PairQuestion,
    PointQuestion,
    TripletQuestion,
    TupleQuestion,
)
from engine.types import Attribute

TONE = Attribute("tone", "how it sounds")
PAIR = PairQuestion(TONE, "Hello!", "Hi there.")
TRIPLET = TripletQuestion(TONE, "Hello!", "Hi there.", "Go away.")


def example(question, field, answer):
    return Example(question, f'{{"reason": "they say so", "{field}": {answer}}}')


@pytest.mark.parametrize(
    ("question", "field", "answer", "word"),
    [
        (PAIR, "grade", 4, "Yes"),
        (PAIR, "grade", 3, "Yes"),
        (PAIR, "grade", 2, None),
        (PAIR, "grade", 1, "No"),
        (PAIR, "grade", 0, "No"),
        (TRIPLET, "choice", '"left"', "Left"),
        (TRIPLET, "choice", '"right"', "Right"),
        (TRIPLET, "choice", '"tie"', None),
        (ComparisonQuestion(TONE, "a", "b"), "choice", '"right"', "Right"),
        (PointQuestion(TONE, "a"), "score", 0, "0"),
        (PointQuestion(TONE, "a"), "score", 6, "5"),
        (PointQuestion(TONE, "a"), "score", 10, "9"),
        (TupleQuestion(Kind.ODD_ONE_OUT, TONE, ("a", "b", "c")), "odd", 2, None),
    ],
)
def test_an_example_is_answered_in_the_local_models_words(question, field, answer, word):
    assert example_word(example(question, field, answer)) == word


def test_a_guide_stands_in_the_part_that_all_questions_share():
    guide = Guide(
        "Warm and friendly are the same.",
        (example(PAIR, "grade", 4), example(TRIPLET, "choice", '"left"')),
    )
    asked = PairQuestion(TONE, "What?", "No.")
    shown, plain = local_prompt(asked, guide), local_prompt(asked)
    assert plain.system == LOCAL_SYSTEM
    assert shown.user == plain.user
    assert shown.system == local_prompt(PairQuestion(TONE, "x", "y"), guide).system
    assert shown.system.startswith(f"{LOCAL_SYSTEM}\n\nThe respect: {TONE.phrase}\n\n")
    assert guide.notes in shown.system
    assert shown.system.endswith(f"{local_prompt(PAIR).user}\nYes")
    assert "Go away." not in shown.system
    assert "they say so" not in shown.system


def test_examples_of_another_attribute_or_without_a_word_are_left_out():
    asked = PairQuestion(Attribute("mood"), "What?", "No.")
    assert local_prompt(asked, Guide("", (example(PAIR, "grade", 4),))).system == LOCAL_SYSTEM
    unsure = local_prompt(PAIR, Guide("Be strict.", (example(PAIR, "grade", 2),))).system
    assert unsure.endswith("Be strict.")
    assert EXAMPLES not in unsure
