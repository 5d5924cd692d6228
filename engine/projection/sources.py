"""Where an attribute's categories can come from without asking a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from engine.corpus import Corpus
from engine.errors import BadInput
from engine.projection.categories import Category, CategorySet, load
from engine.samples import Sample, samples
from engine.types import Attribute, content_key

SHIPPED_ORIGIN = "shipped with the samples"
WORDS_ORIGIN = "the attribute's own words"
N_LABELS_AT_MOST = 40


def shipped(
    attribute: Attribute, corpus_name: str, *, anywhere: bool = False
) -> CategorySet | None:
    """The categories that come with a sample for an attribute, or None.

    An attribute is known by the name that the sample suggests, by the phrase its categories were
    written for, or by its label column.

    Args:
        attribute: what was asked for.
        corpus_name: the corpus's name; the sample of that name is looked at first.
        anywhere: whether the categories of another sample will do.

    Example:
        >>> shipped(Attribute("tone of the customer"), "support_messages").names[:2]
        ('Angry', 'Sarcastic')
    """
    own = [sample for sample in samples() if sample.name == corpus_name]
    others = [sample for sample in samples() if sample.name != corpus_name]
    known = _known([*own, *(others if anywhere else [])], attribute)
    return next((load(path, origin=SHIPPED_ORIGIN) for path in known), None)


def from_labels(corpus: Corpus, column: str, *, n_examples: int, seed: int) -> CategorySet:
    """One category a label, its examples k texts that carry it: this spends labels, not a model.

    Args:
        corpus: with the column.
        column: the label column.
        n_examples: k, texts a label at most.
        seed: another seed takes other texts; row order is irrelevant.

    Raises:
        UnknownName: there is no such column.
        BadInput: it has fewer than two labels, or more than 40.
    """
    codes, names = corpus.label_codes(column)
    if len(names) > N_LABELS_AT_MOST:
        raise BadInput(
            f"Column {column!r} has {len(names)} labels; at most {N_LABELS_AT_MOST} make sense as "
            "categories. Choose another column."
        )
    categories = []
    for code, name in enumerate(names):
        rows = np.flatnonzero(codes == code)
        texts = sorted(
            {corpus.texts[row] for row in rows}, key=lambda text: content_key(str(seed), text)
        )
        categories.append(Category(name, examples=tuple(texts[:n_examples])))
    return CategorySet(column, tuple(categories), origin=f"label column {column!r}")


def from_words(attribute: Attribute) -> CategorySet:
    """Two poles made of nothing but the attribute's words: the weakest there is.

    Nobody wrote categories, so all that is known is the phrase: texts that speak of it, texts
    that do not. It runs for any attribute and says little about most.

    Example:
        >>> from_words(Attribute("tone")).names
        ('much to do with tone', 'nothing to do with tone')
    """
    name = attribute.name
    return CategorySet(
        name,
        (
            Category(f"much to do with {name}", f"This is all about {attribute.phrase}."),
            Category(f"nothing to do with {name}", "This is about something else."),
        ),
        kind="scale",
        origin=WORDS_ORIGIN,
    )


def _known(ordered: Iterable[Sample], attribute: Attribute) -> Iterator[Path]:
    wanted = attribute.name.casefold()
    for sample in ordered:
        suggested = {each.column: each.name.casefold() for each in sample.attributes}
        for path in _files(sample):
            names = (suggested.get(path.stem), path.stem.casefold())
            if wanted in names or wanted == load(path).attribute.casefold():
                yield path


def _files(sample: Sample) -> list[Path]:
    return sorted((sample.folder / "categories").glob("*.json"))
