"""Which questions a judge is asked: named sources of them, and the same questions turned round."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.choosing.adaptive import next_comparisons
from engine.choosing.borders import border_triplets, soft_clusters
from engine.choosing.drawing import Chosen as Drawn
from engine.choosing.pairs import choose_pairs
from engine.corpus import Corpus
from engine.diagnostics.rings import n_in_ring, ring_triplets, ring_width
from engine.errors import BadInput
from engine.judges.kinds import HEADED_KINDS, TUPLE_KINDS, Kind, Status
from engine.judges.questions import (
    ComparisonQuestion,
    PairQuestion,
    PointQuestion,
    Question,
    TripletQuestion,
    TupleQuestion,
    Verdict,
)
from engine.run import Run
from engine.scales.answers import scores, wins
from engine.scales.consolidated import consolidated
from engine.similarity import VectorSimilarity
from engine.spot_checks import Stratum, question_of
from engine.spot_checks.answers import rows_by_text_key
from engine.types import Attribute, Rows
from pages.parts import cached

AT_RANDOM = "drawn at random"
DISAGREEMENT = "where methods disagree most, and some at random"
WEIGHTED = "by disagreement and region, with known chances"
BORDERS = "at the borders of clusters, and some at random"
IN_RINGS = "in rings, so that circles show"
TELLING = "what tells most after this judge's verdicts so far"
JUDGED = "those that it has answered"

# How many rows of the corpus a question needs; tuples say it themselves.
N_ROWS = {Kind.PAIR: 2, Kind.TRIPLET: 3, Kind.COMPARISON: 2, Kind.POINT: 1}
RING = "ring"
TWO_SIDED = (Kind.PAIR, Kind.TRIPLET, Kind.COMPARISON)
N_TRIES = 20
SEED = 0


@dataclass(frozen=True, slots=True)
class Chosen:
    """A question, why it is asked, and the chance it had of being asked; None where unknown."""

    question: Question
    stratum: str
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """What a source chooses from.

    kind, n, n_texts: of the questions; n_texts counts for tuples alone.
    runs: kept runs of the chosen methods, by title, with their keys.
    verdicts: what the judge has said on the attribute so far.
    """

    corpus: Corpus
    attribute: Attribute
    kind: Kind
    n: int
    n_texts: int = 5
    runs: Mapping[str, tuple[str, Run]] = field(default_factory=dict)
    verdicts: Sequence[Verdict] = field(default_factory=tuple)

    def first_run(self) -> tuple[str, Run]:
        """The first kept run and its key.

        Raises:
            BadInput: there is none.
        """
        if not self.runs:
            raise BadInput(
                "This takes the results of at least one method, better two. Run them under "
                "Compare, or draw at random."
            )
        return next(iter(self.runs.values()))


Chooser = Callable[[Need], list[Chosen]]


def at_random(need: Need) -> list[Chosen]:
    """Distinct questions on texts drawn at random; a smaller number gives the first of them."""
    rng = np.random.default_rng(SEED)
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
    chance = min(1.0, len(found) / _n_possible(need.kind, n_there, width))
    return [replace(one, probability=chance) for one in found.values()]


def _n_possible(kind: Kind, n_texts: int, width: int) -> int:
    """How many questions of a kind there are on so many texts, in whatever order."""
    if kind in HEADED_KINDS:
        return n_texts * math.comb(n_texts - 1, width - 1)
    return math.comb(n_texts, width)


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
    need.first_run()
    keys = tuple(key for key, _ in need.runs.values())
    similarities = {title: run.similarity for title, (_, run) in need.runs.items()}
    texts = need.corpus.texts
    return [
        Chosen(question_of(check, need.attribute, texts), str(check.stratum))
        for check in cached.queue(keys, need.n, similarities)
    ]


def by_known_chances(need: Need) -> list[Chosen]:
    """Pairs drawn with chances that follow disagreement and cover the clusters."""
    regions = _clusters(need)
    similarities = {title: run.similarity for title, (_, run) in need.runs.items()}
    return _as_chosen(need, choose_pairs(similarities, n=need.n, seed=SEED, regions=regions))


def at_borders(need: Need) -> list[Chosen]:
    """Triplets of an undecided text and its two nearest clusters, in the first embedding kept."""
    n_clusters = max(2, len(np.unique(_clusters(need))))
    embeddings = (run.similarity for _, run in need.runs.values())
    found = next((one for one in embeddings if isinstance(one, VectorSimilarity)), None)
    if found is None:
        raise BadInput(
            "None of the chosen methods has an embedding, so it has no borders. Run one that has, "
            "such as raw-embedding, under Compare, or draw at random."
        )
    clusters = soft_clusters(found.vectors, n_clusters, seed=SEED)
    return _as_chosen(need, border_triplets(clusters, n=need.n, seed=SEED))


def in_rings(need: Need) -> list[Chosen]:
    """Whole rings, as many as the number has room for; a smaller one where it has room for none.

    Their chances are not given: a ring's triplets come together, so they do not count one by one.
    """
    width = ring_width(need.n, len(need.corpus))
    n_rings = min(need.n // n_in_ring(width), len(need.corpus))
    drawn = ring_triplets(len(need.corpus), n_rings, width=width, seed=SEED).tolist()
    asked = (asked_of(need, rows) for rows in drawn)
    return [Chosen(question, RING) for question in asked if question is not None]


def most_telling(need: Need) -> list[Chosen]:
    """Comparisons of texts whose order the verdicts so far leave open, as one scale fits them."""
    texts = need.corpus.texts
    fitted = consolidated(
        len(texts), wins=wins(need.verdicts, texts), scores=scores(need.verdicts, texts)
    )
    return _as_chosen(need, next_comparisons(fitted, n=need.n, seed=SEED))


def _clusters(need: Need) -> Rows:
    return cached.cluster_codes(*need.first_run()).astype(np.int64)


def _as_chosen(need: Need, drawn: Sequence[Drawn]) -> list[Chosen]:
    asked = ((asked_of(need, one.rows), one) for one in drawn)
    return [
        Chosen(question, one.why.value, one.probability)
        for question, one in asked
        if question is not None
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
                chosen = Chosen(question, verdict.stratum, verdict.probability)
                found.setdefault(question.unordered_key, chosen)
    return list(found.values())[: need.n]


@dataclass(frozen=True, slots=True)
class Source:
    """Where questions come from.

    kinds: those it can give. uses_methods: whether it needs what methods found, uses_verdicts: what
    the judge said before. replays: whether it is for replayed judges, and only for them.
    """

    choose: Chooser
    kinds: tuple[Kind, ...]
    uses_methods: bool = False
    uses_verdicts: bool = False
    replays: bool = False


# Another way to choose questions is another line here.
SOURCES: Mapping[str, Source] = {
    AT_RANDOM: Source(at_random, (*N_ROWS, *TUPLE_KINDS)),
    DISAGREEMENT: Source(where_methods_disagree, (Kind.PAIR,), uses_methods=True),
    WEIGHTED: Source(by_known_chances, (Kind.PAIR,), uses_methods=True),
    BORDERS: Source(at_borders, (Kind.TRIPLET,), uses_methods=True),
    IN_RINGS: Source(in_rings, (Kind.TRIPLET,)),
    TELLING: Source(most_telling, (Kind.COMPARISON,), uses_verdicts=True),
    JUDGED: Source(already_judged, tuple(N_ROWS), uses_verdicts=True, replays=True),
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
        yield replace(one, question=turned)
