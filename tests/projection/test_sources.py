import json

import numpy as np
import pandas as pd
import pytest

from engine.corpus import corpus_from_table, load_corpus
from engine.errors import BadInput, ModelUnavailable, UnknownName
from engine.projection.asking import Answer, anthropic_asker, proposal_key, propose, propose_small
from engine.projection.categories import Category, CategorySet
from engine.projection.library import CategoryLibrary
from engine.projection.proposals import N_SHOWN, prompt, read_answer, read_list, shown_texts
from engine.projection.sources import from_labels, from_words, shipped
from engine.projection.words import word_index
from engine.types import Attribute

TONE = Attribute("tone of the customer", "the attitude in which the customer writes")
ANSWER = json.dumps({"kind": "scale", "categories": [{"name": "calm"}, {"name": "loud"}]})


@pytest.fixture
def small():
    frame = pd.DataFrame(
        {
            "text": ["no! no!", "yes, thanks", "no?", "thanks"],
            "tone": ["cross", "kind", "cross", ""],
        }
    )
    return corpus_from_table(frame, name="small", label_columns=["tone"])


def test_shipped_by_suggested_name_written_phrase_and_column():
    by_name = shipped(Attribute("Functional equivalence"), "model_responses")
    by_column = shipped(Attribute("meaning"), "model_responses")
    assert by_name is not None
    assert by_name == by_column
    assert (
        shipped(Attribute("style of the answer"), "model_responses").names[0].startswith("Formal")
    )


def test_another_samples_categories_only_when_asked_for():
    assert shipped(TONE, "math_problems") is None
    assert shipped(TONE, "math_problems", anywhere=True).names[0] == "Angry"
    assert shipped(Attribute("the weather"), "math_problems", anywhere=True) is None


def test_labels_give_one_category_each_with_their_own_texts(small):
    found = from_labels(small, "tone", n_examples=1, seed=0)
    assert found.names == ("cross", "kind")
    assert found.get("kind").examples == ("yes, thanks",)
    assert found.get("cross").examples[0] in ("no! no!", "no?")
    reversed_rows = small.subset(np.arange(len(small))[::-1])
    assert from_labels(reversed_rows, "tone", n_examples=1, seed=0) == found


def test_labels_that_cannot_be_categories(small):
    with pytest.raises(UnknownName, match="Known: tone"):
        from_labels(small, "tones", n_examples=1, seed=0)
    with pytest.raises(BadInput, match="at most 40"):
        from_labels(_with_ids(60), "label", n_examples=1, seed=0)


def _with_ids(n):
    frame = pd.DataFrame(
        {"text": [f"t{i}" for i in range(n)], "label": [f"l{i}" for i in range(n)]}
    )
    return corpus_from_table(frame, name="many", text_column="text", label_columns=["label"])


def test_words_alone_are_two_poles_that_carry_the_definition():
    found = from_words(TONE)
    assert found.kind == "scale"
    assert TONE.definition in found.categories[0].sentence
    assert found.key != from_words(Attribute("mood")).key


def test_shown_texts_are_few_distinct_and_independent_of_row_order():
    corpus = load_corpus("support_messages")
    shown = shown_texts(corpus)
    assert len(set(shown)) == N_SHOWN
    assert shown_texts(corpus.subset(np.arange(len(corpus))[::-1])) == shown
    assert all(text in prompt(TONE, shown) for text in shown)


def test_a_strong_models_answer_is_asked_for_once_counted_and_kept(small, tmp_path):
    asked, counted = [], []

    def ask(question):
        asked.append(question)
        return Answer(f"Here you are:\n{ANSWER}", 321)

    library = CategoryLibrary(tmp_path)
    for _ in range(2):
        found = propose(small, TONE, "a-model", ask, library, counted.append)
    assert found.kind == "scale"
    assert found.names == ("calm", "loud")
    assert found.origin == "a-model"
    assert len(asked) == 1
    assert counted == [321]
    assert TONE.phrase in asked[0]
    assert proposal_key(small, TONE, "a-model") != proposal_key(small, TONE, "another")


def test_another_proposal_shows_other_texts_and_is_asked_for_by_itself(tmp_path):
    corpus = load_corpus("support_messages")
    assert set(shown_texts(corpus, draw=1)) != set(shown_texts(corpus))
    asked, library = [], CategoryLibrary(tmp_path)

    def ask(question):
        asked.append(question)
        return Answer(ANSWER, 1)

    for draw in (0, 1, 1):
        propose(corpus, TONE, "a-model", ask, library, int, draw)
    assert len(asked) == 2
    assert asked[0] != asked[1]


def test_a_corpus_too_small_for_other_texts_is_still_asked_twice(small):
    keys = {proposal_key(small, TONE, "a-model", draw) for draw in range(3)}
    assert len(keys) == 3


def test_an_answer_that_is_no_json_is_refused_and_not_kept(small, tmp_path):
    library = CategoryLibrary(tmp_path)
    with pytest.raises(BadInput, match="a-model's answer"):
        propose(small, TONE, "a-model", lambda _: Answer("I'd rather not.", 5), library, int)
    assert not library.has_proposal(proposal_key(small, TONE, "a-model"))
    with pytest.raises(BadInput):
        read_answer("", TONE, origin="a-model")


def test_a_small_models_list(small, tmp_path):
    answer = "Sure!\n1. **Angry**: they shout.\n2) Polite - they thank\n* Angry: again\n"
    found = propose_small(small, TONE, "tiny", lambda _: answer, CategoryLibrary(tmp_path))
    assert found.names == ("Angry", "Polite - they thank")
    assert found.get("Angry").sentence == "they shout."
    with pytest.raises(BadInput, match="two are needed"):
        read_list("no list", TONE, origin="tiny")


def test_without_a_key_anthropic_says_what_to_do(monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(ModelUnavailable, match="ANTHROPIC_API_KEY is not set"):
        anthropic_asker("a-model")


def test_words_see_the_marks_that_an_encoder_smooths_away(small):
    categories = CategorySet("tone", (Category("a", "! no"), Category("b", "thanks, unheard")))
    found = word_index(small.texts).similarities(categories)
    assert found.shape == (4, 2)
    assert [int(row) for row in found.argmax(axis=1)] == [0, 1, 0, 1]
    np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-6)


def test_word_rows_have_length_one_and_weigh_agrees(small):
    index = word_index(small.texts)
    np.testing.assert_allclose(index.weigh(small.texts), index.rows.toarray(), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(index.rows.toarray(), axis=1), 1, atol=1e-6)
