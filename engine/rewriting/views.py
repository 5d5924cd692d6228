"""Several rewrites of each text: asked for in several ways, or the clauses of the one there is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.corpus import Corpus
from engine.resources import Resources
from engine.rewriting.prompts import N_VIEWS
from engine.rewriting.replies import Checked, Status
from engine.rewriting.rewrites import Rewrites
from engine.rewriting.shipped import file_variants
from engine.rewriting.store import ReplyStore
from engine.rewriting.writing import Choice, from_writer, ready_made, refuse_unwritten
from engine.types import Attribute

BETWEEN = " / "
_CLAUSE = re.compile(r"[.;:,]\s+(?:and |then |but )*|\s+(?:and then|then|and|but)\s+")
_FEWEST_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Views:
    """The rewrites of each text.

    shown: the rewrites of a text put together, and what became of it. texts: (n) one or more
    different rewrites each; a text without any stands for itself.
    """

    shown: Rewrites
    texts: tuple[tuple[str, ...], ...]


def views_of(
    corpus: Corpus,
    attribute: Attribute,
    choice: Choice,
    n_views: int,
    resources: Resources | None = None,
) -> Views:
    """At most n_views rewrites of each text.

    A model is asked n_views times a text, each time in other words; the first way is that of
    `rewrites_of`, whose kept replies are used. A file may have several lines for a text. Where it
    or a sample has one, the views are the whole line and its clauses.

    Args:
        corpus: n texts.
        attribute: what the rewrites keep.
        choice: where they come from.
        n_views: 1 … N_VIEWS.
        resources: pays for what is not kept yet; None for only what is.

    Raises:
        BadInput: source "shipped", and nothing is shipped for these texts and this attribute.
        ModelUnavailable: the model can't be asked, or none of its replies was a rewrite.
    """
    n_views = min(max(1, n_views), N_VIEWS)
    ready = ready_made(corpus, attribute, choice)
    if ready is None:
        return _asked(corpus, attribute, choice, n_views, resources)
    if resources is not None:
        resources.meter.add(n_cached=ready.n_written)
    lines = file_variants(corpus, choice.file) if choice.file else _single(ready)
    views = [_of_lines(each, n_views) for each in lines]
    return _together(corpus, ready.source, views, ready.statuses)


def clauses(rewrite: str) -> list[str]:
    """The parts of a rewrite between commas, full stops, 'then' and 'and'.

    Example:
        >>> clauses("Multiply a rate by a time, then add one fixed amount.")
        ['Multiply a rate by a time', 'add one fixed amount.']
    """
    parts = (part.strip() for part in _CLAUSE.split(rewrite))
    return [part for part in parts if len(part) >= _FEWEST_LETTERS]


def _asked(
    corpus: Corpus,
    attribute: Attribute,
    choice: Choice,
    n_views: int,
    resources: Resources | None,
) -> Views:
    store, found = ReplyStore(), []
    for view in range(n_views):
        part = resources and resources.with_progress(view / n_views, (view + 1) / n_views)
        found.append(from_writer(corpus, attribute, choice, part, store, view))
    views = [
        [each.used[row] for each in found if each.statuses[row] is Status.WRITTEN]
        for row in range(len(corpus))
    ]
    together = _together(corpus, found[0].source, views, found[0].statuses)
    if resources is not None:
        refuse_unwritten(together.shown)
    return together


def _single(ready: Rewrites) -> list[list[Checked]]:
    return [
        [Checked(text if status is Status.WRITTEN else "", status)]
        for text, status in zip(ready.used, ready.statuses, strict=True)
    ]


def _of_lines(lines: Sequence[Checked], n_views: int) -> list[str]:
    written = [each.rewrite for each in lines if each.status is Status.WRITTEN]
    if len(written) == 1:
        written += clauses(written[0])
    return written[:n_views]


def _together(
    corpus: Corpus, source: str, views: list[list[str]], otherwise: Sequence[Status]
) -> Views:
    distinct = [tuple(dict.fromkeys(each)) for each in views]
    checked = [
        Checked(BETWEEN.join(each), Status.WRITTEN) if each else Checked("", status)
        for each, status in zip(distinct, otherwise, strict=True)
    ]
    texts = (each or (text,) for each, text in zip(distinct, corpus.texts, strict=True))
    return Views(Rewrites.of(source, corpus, checked), tuple(texts))
