import numpy as np
import pytest

from engine.corpus import load_corpus
from engine.errors import BadInput
from engine.projection.bank import bank_entries, borrowed, nearest_entries
from engine.types import Attribute


def by_letters(texts):
    """Counts of letters, as unit rows: enough to find a phrase that is nearly the same."""
    counts = np.array([[t.lower().count(c) for c in "abcdefghijklmnopqrstuvwxyz"] for t in texts])
    return (counts / np.linalg.norm(counts, axis=1, keepdims=True)).astype(np.float32)


def test_the_bank_leaves_a_corpus_out():
    every, left = bank_entries(), bank_entries(leave_out="many_view/ads")
    assert len(every) - len(left) == 20
    assert "many_view/ads" not in {entry.corpus for entry in left}


def test_the_nearest_phrase_comes_first():
    entries = bank_entries()
    wanted = entries[137].attribute
    found = nearest_entries(wanted, entries, by_letters, 3)
    assert found[0] == entries[137]
    assert len(found) == 3
    with pytest.raises(BadInput, match="1 or more"):
        nearest_entries(wanted, entries, by_letters, 0)


def test_borrowed_categories_are_values_with_their_own_texts():
    entry = next(e for e in bank_entries() if (e.corpus, e.column) == ("many_view/ads", "figure"))
    found = borrowed(entry)
    assert "nobody" not in found.names
    assert "maker or worker" in found.names
    corpus = load_corpus("many_view/ads")
    labels = dict(zip(corpus.texts, corpus.labels["figure"], strict=True))
    assert {labels[text] for text in found.get("animal").examples} == {"animal"}


def test_borrowed_steps_are_a_scale():
    entry = next(e for e in bank_entries() if e.column == "pressure")
    found = borrowed(entry)
    assert found.kind == "scale"
    assert list(found.names) == sorted(found.names)


def test_every_attribute_of_the_bank_can_be_borrowed_from():
    for entry in bank_entries()[::40]:
        assert len(borrowed(entry).names) > 1, Attribute(entry.column)
