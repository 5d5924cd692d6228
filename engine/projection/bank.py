"""Categories borrowed from the nearest attributes of the many-view bank: no model writes anything.

The bank is sixteen small corpora, each labelled along twenty attributes. An attribute that nobody
wrote categories for takes those of the attributes whose phrase is nearest: their values, with texts
that carry them. It is weak (see docs/written-projection.md): the values are another corpus's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.corpus import load_corpus
from engine.errors import BadInput
from engine.projection.categories import Category, CategorySet
from engine.projection.prototypes import Embed
from engine.projection.sources import from_labels
from engine.samples import many_view_samples
from engine.types import Attribute

N_EXAMPLES = 20
NOT_A_KIND = frozenset({"none", "unstated", "other", "nobody", "no place", "unclear", "nothing"})
"""Values that say what a text is not: texts that carry them need not be alike."""


class BankEntry(NamedTuple):
    """One attribute of the bank: the corpus it is labelled in, its column, its phrase."""

    corpus: str
    column: str
    attribute: Attribute


def bank_entries(leave_out: str = "") -> list[BankEntry]:
    """Every attribute of the bank.

    Args:
        leave_out: a corpus whose own attributes must not be borrowed from.

    Example:
        >>> len(bank_entries(leave_out="many_view/ads"))
        300
    """
    return [
        BankEntry(sample.name, each.column, Attribute(each.name, each.definition))
        for sample in many_view_samples()
        if sample.name != leave_out
        for each in sample.attributes
    ]


def nearest_entries(
    attribute: Attribute, entries: Sequence[BankEntry], embed: Embed, n: int
) -> list[BankEntry]:
    """The n attributes whose phrase is most like the one asked for, the nearest first.

    Args:
        attribute: asked for.
        entries: to choose from.
        embed: a sentence encoder.
        n: how many.

    Raises:
        BadInput: n < 1.
    """
    if n < 1:
        raise BadInput(f"{n} attributes can't be borrowed from; ask for 1 or more.")
    vectors = embed([attribute.phrase, *(each.attribute.phrase for each in entries)])
    likeness = vectors[1:] @ vectors[0]
    return [entries[place] for place in np.argsort(-likeness, kind="stable")[:n]]


def borrowed(entry: BankEntry) -> CategorySet:
    """The categories of one attribute of the bank: its values, each with texts that carry it."""
    found = from_labels(load_corpus(entry.corpus), entry.column, n_examples=N_EXAMPLES, seed=0)
    named = [_readable(category) for category in found.categories]
    kept = [category for category in named if category.name not in NOT_A_KIND]
    is_scale = all(category.name.isdigit() for category in named)
    return CategorySet(
        entry.attribute.name,
        tuple(kept if len(kept) > 1 else named),
        kind="scale" if is_scale else "kinds",
        origin=f"borrowed: {entry.attribute.name!r} in {entry.corpus}",
    )


def _readable(category: Category) -> Category:
    return Category(category.name.replace("_", " "), examples=category.examples)
