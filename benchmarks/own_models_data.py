"""What the small models of our own are trained and measured on: frozen vectors, answers, triplets.

Texts and attributes are encoded once by the packaged MiniLM and never again. A model is measured
zero-shot: on corpora of the many-view bank that it was not trained on, whose attributes it has
never seen on any text of theirs, and on the four samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.written_levers import rival_triplets
from benchmarks.written_projection import MODEL, by_anchor, tasks_of
from engine.corpus import load_corpus
from engine.diagnostics.conditioning import SwapTriplets
from engine.resources import Resources
from engine.samples import many_view_samples, samples
from engine.types import Attribute, Floats, Rows, Similarity

Embed = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True)
class View:
    """One attribute of one corpus.

    asked: what an analyst would type. codes: (n,) its labels. answers: the labels in words, or
    empty for a scale, whose steps are numbers. triplets: against other attributes of the corpus.
    """

    asked: Attribute
    column: str
    codes: Rows
    answers: tuple[str, ...]
    triplets: tuple[SwapTriplets, ...]


@dataclass(frozen=True)
class Corpora:
    """One labelled corpus with all its attributes. texts: (n, d). asked: (v, d)."""

    name: str
    written: tuple[str, ...]
    texts: Floats
    asked: Floats
    views: tuple[View, ...]


def bank(embed: Embed) -> list[Corpora]:
    """The sixteen corpora of the many-view bank."""
    return [_bank_corpus(sample.name, embed) for sample in many_view_samples()]


def _bank_corpus(name: str, embed: Embed) -> Corpora:
    sample = next(each for each in many_view_samples() if each.name == name)
    corpus = load_corpus(name)
    views = []
    for each in sample.attributes:
        values, codes = np.unique(corpus.labels[each.column], return_inverse=True)
        is_scale = all(str(value).isdigit() for value in values)
        answers = () if is_scale else tuple(str(v).replace("_", " ") for v in values)
        triplets = tuple(rival_triplets(corpus.labels, each.column))
        asked = Attribute(each.name, each.definition)
        views.append(View(asked, each.column, codes.astype(np.int64), answers, triplets))
    return _corpora(name, corpus.texts, views, embed)


def sample_corpora(embed: Embed, n_texts: int = 0) -> list[Corpora]:
    """The four samples, with the attributes and the triplets of benchmarks.written_projection.

    Args:
        embed: encodes texts and attributes.
        n_texts: a random part of each; 0 = all.
    """
    found = []
    for sample in samples():
        corpus = load_corpus(sample.name)
        if n_texts:
            corpus = corpus.sample(n_texts, seed=0)
        named = {a.column: Attribute(a.name, a.definition) for a in sample.attributes}
        tasks = tasks_of("samples", corpus, sample.folder, list(corpus.labels), embed)
        views = [
            View(named[t.column], t.column, corpus.label_codes(t.column).codes, (), t.triplets)
            for t in tasks
        ]
        found.append(_corpora(sample.name, corpus.texts, views, embed))
    return found


def _corpora(name: str, texts: tuple[str, ...], views: list[View], embed: Embed) -> Corpora:
    asked = embed([view.asked.phrase for view in views])
    return Corpora(name, texts, embed(texts), asked, tuple(views))


def packaged_embed() -> Embed:
    """The packaged MiniLM, its vectors kept."""
    resources = Resources()
    return lambda texts: resources.embed(MODEL, list(texts))


def accuracies(
    corpora: Sequence[Corpora], make: Callable[[Corpora, int], Similarity]
) -> dict[str, float]:
    """Swap accuracy of every attribute of every corpus, by "corpus column".

    Args:
        corpora: to measure on.
        make: the corpus and which of its attributes → a similarity.
    """
    return {
        f"{corpus.name} {view.column}": float(
            np.nanmean(by_anchor(make(corpus, place), view.triplets, len(corpus.texts)))
        )
        for corpus in corpora
        for place, view in enumerate(corpus.views)
    }
