"""Which questions a judge is asked: named sources of them, and the same questions turned round."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.corpus import Corpus
from engine.errors import BadInput
from engine.judges.kinds import TUPLE_KINDS, Kind, Status
from engine.judges.questions import (
    ComparisonQuestion,
    PairQuestion,
    PointQuestion,
    Question,
    TripletQuestion,
    TupleQuestion,
    Verdict,
)
from engine.spot_checks import SpotCheck, Stratum, question_of
from engine.spot_checks.answers import rows_by_text_key
from engine.types import Attribute

AT_RANDOM = "drawn at random"
DISAGREEMENT = "where methods disagree, and some at random"
JUDGED = "those that it has answered"

# How many rows of the corpus a question needs; tuples say it themselves.
N_ROWS = {Kind.PAIR: 2, Kind.TRIPLET: 3, Kind.COMPARISON: 2, Kind.POINT: 1}
TWO_SIDED = (Kind.PAIR, Kind.TRIPLET, Kind.COMPARISON)
N_TRIES = 20


@dataclass(frozen=True, slots=True)
class Chosen:
    """A question, and why it is asked."""

    question: Question
    stratum: str


@dataclass(frozen=True, slots=True)
class Need:
    """What a source chooses from.

    kind, n, n_texts: of the questions; n_texts counts for tuples alone.
    checks: gives so many pairs on which the kept methods disagree, or at random.
    verdicts: what a replayed judge has answered on the attribute.
    """

    corpus: Corpus
    attribute: Attribute
    kind: Kind
    n: int
    n_texts: int = 5
    checks: Callable[[int], Sequence[SpotCheck]] | None = None
    verdicts: Sequence[Verdict] = field(default_factory=tuple)


Chooser = Callable[[Need], list[Chosen]]


def at_random(need: Need) -> list[Chosen]:
    """Distinct questions on texts drawn at random; a smaller number gives the first of them."""
    rng = np.random.default_rng(0)
    width = N_ROWS.get(need.kind, need.n_texts)
    n_there = len(need.corpus)
    if width > n_there:
        raise BadInput(f"A {need.kind.value} takes {width} texts, and the corpus has {n_there}.")
    found: dict[str, Chosen] = {}
    for _ in range(N_TRIES * need.n):
        if len(found) == need.n:
            break
        rows = rng.choice(n_there, size=width, replace=False).tolist()
        question = asked_of(need, rows)
        if question is not None:
            found.setdefault(question.unordered_key, Chosen(question, Stratum.RANDOM))
    return list(found.values())


def asked_of(need: Need, rows: Sequence[int]) -> Question | None:
    """The question of the wanted kind on these rows; None where two of the texts are the same."""
    texts = [need.corpus.texts[row] for row in rows]
    if len(set(texts)) < len(texts):
        return None
    if need.kind is Kind.PAIR:
        return PairQuestion(need.attribute, *texts)
    if need.kind is Kind.TRIPLET:
        return TripletQuestion(need.attribute, *texts)
    if need.kind is Kind.COMPARISON:
        return ComparisonQuestion(need.attribute, *texts)
    if need.kind is Kind.POINT:
        return PointQuestion(need.attribute, *texts)
    return TupleQuestion(need.kind, need.attribute, tuple(texts))


def where_methods_disagree(need: Need) -> list[Chosen]:
    """The spot checks' own queue of pairs, with its random stratum."""
    if need.checks is None:
        raise BadInput(
            "It takes the results of at least one method, better two. Run them under Compare, or "
            "draw at random."
        )
    texts = need.corpus.texts
    return [
        Chosen(question_of(check, need.attribute, texts), str(check.stratum))
        for check in need.checks(need.n)
    ]


def already_judged(need: Need) -> list[Chosen]:
    """The questions that a replayed judge has answered, in the order it was asked."""
    rows = rows_by_text_key(need.corpus.texts)
    found: dict[str, Chosen] = {}
    for verdict in need.verdicts:
        if verdict.kind is not need.kind or verdict.status is not Status.PARSED:
            continue
        if all(key in rows for key in verdict.text_keys):
            question = asked_of(need, [rows[key] for key in verdict.text_keys])
            if question is not None:
                found.setdefault(question.unordered_key, Chosen(question, verdict.stratum))
    return list(found.values())[: need.n]


@dataclass(frozen=True, slots=True)
class Source:
    """Where questions come from.

    kinds: those it can give. uses_methods: whether it needs what methods found.
    replays: whether it is for replayed judges, and only for them.
    """

    choose: Chooser
    kinds: tuple[Kind, ...]
    uses_methods: bool = False
    replays: bool = False


# Another way to choose questions is another line here.
SOURCES: Mapping[str, Source] = {
    AT_RANDOM: Source(at_random, (*N_ROWS, *TUPLE_KINDS)),
    DISAGREEMENT: Source(where_methods_disagree, (Kind.PAIR,), uses_methods=True),
    JUDGED: Source(already_judged, tuple(N_ROWS), replays=True),
}


def sources_for(kind: Kind, *, replays: bool) -> list[str]:
    """Names of the sources that give such questions to such a judge."""
    return [
        name
        for name, source in SOURCES.items()
        if kind in source.kinds and source.replays == replays
    ]


def both_orders(chosen: Sequence[Chosen]) -> list[Chosen]:
    """Each question with two sides is followed by itself with the sides swapped."""
    return [turned for one in chosen for turned in _both(one)]


def _both(one: Chosen) -> Iterator[Chosen]:
    yield one
    question = one.question
    if isinstance(question, PairQuestion | TripletQuestion | ComparisonQuestion):
        turned = replace(question, left=question.right, right=question.left)
        yield Chosen(turned, one.stratum)
