"""Methods held to the same measures on a labelled corpus: what `likewise bench` reports.

Every method is asked for every attribute. A wrong attribute (the competing one's phrase) is its
control: a method that truly conditions gets worse with it, another stays where it was. A method
that learnt from some of the texts is measured with the others as anchors.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.corpus import Corpus
from engine.diagnostics.conditioning import (
    Asked,
    SwapTriplets,
    draw_swap_triplets,
    mean_swap_accuracy,
    swap_accuracy,
)
from engine.diagnostics.discrimination import (
    Discrimination,
    LabelledPairs,
    discrimination_of,
    draw_labelled_pairs,
)
from engine.diagnostics.estimate import Estimate
from engine.diagnostics.hubness import hubness_skew, k_occurrence
from engine.diagnostics.retrieval import precision_at_k
from engine.errors import BadInput, Cancelled, LikewiseError
from engine.methods.registry import Card, Method, card, name_of
from engine.resources import Resources
from engine.run import Cost, Run, RunRequest, prepare
from engine.similarity import PairSimilarity
from engine.tuning.truth import TrainedOn
from engine.types import Attribute, Family, Rows, Similarity

N_TRIPLETS = 1000
K_PRECISION = 10
K_HUBNESS = 10
PAIR_SCORER_TRIPLETS = 100
PAIR_SCORER_ANCHORS = 16
PAIR_SCORER_CANDIDATES = 16
NEUTRAL = Attribute("the weather")
"""The wrong attribute where no other attribute was asked about."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One attribute to measure: the label column that holds its truth, and the analyst's phrase."""

    column: str
    attribute: Attribute


@dataclass(frozen=True, slots=True)
class Measured:
    """One method, asked for one attribute, measured against that attribute's labels."""

    attribute: Attribute
    swap: Estimate
    discrimination: Discrimination
    precision: Estimate


@dataclass(frozen=True, slots=True)
class BenchRow:
    """One method × attribute × competing attribute, with its wrong-attribute control.

    wrong: None where a method that learns was measured without a competing attribute: there is no
        truth on a neutral one to learn from.
    """

    card: Card
    column: str
    against: str | None
    right: Measured
    wrong: Measured | None
    hubness_skew: float
    cost: Cost


@dataclass(frozen=True, slots=True)
class MeanRow:
    """A method's swap accuracy averaged over both directions of one pair of attributes."""

    method: str
    columns: tuple[str, str]
    swap: Estimate


@dataclass(slots=True)
class BenchReport:
    """Everything that was measured on one corpus.

    refused: by method, why it could not be run here.
    """

    corpus: str
    n_texts: int
    seed: int
    rows: list[BenchRow] = field(default_factory=list)
    means: list[MeanRow] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def add(self, other: BenchReport) -> None:
        """Take over what was measured of further methods on the same corpus."""
        self.rows.extend(other.rows)
        self.means.extend(other.means)
        self.refused.update(other.refused)


RunOf = Callable[[Method, Attribute], Run]


def afresh(corpus: Corpus, resources: Callable[[], Resources]) -> RunOf:
    """Run each method when the bench asks for it.

    Args:
        corpus: what is run on.
        resources: makes the models and the store available to one run, with a meter of its own.
    """
    return lambda made, attribute: prepare(RunRequest(corpus, attribute, made), resources())


class Bench:
    """Measures methods on one corpus; triplets and pairs are drawn once and shared by all methods.

    Args:
        corpus: with a label column for each attribute.
        asks: attributes; two or more make swap accuracy possible, where their labels are crossed.
        run_of: gives the run of a method for an attribute: `afresh`, or kept runs.
        seed: of every draw.

    Raises:
        BadInput: no attribute, a label column that has fewer than two labels, or several columns
            none of which varies independently of another.
        UnknownName: a label column that the corpus has not.
    """

    def __init__(self, corpus: Corpus, asks: Sequence[Ask], run_of: RunOf, seed: int = 0) -> None:
        if not asks:
            raise BadInput("Name at least one attribute: --attribute COLUMN=PHRASE.")
        self.corpus = corpus
        self.asks = list(asks)
        self.seed = seed
        self._run_of = run_of
        self._codes = {ask.column: self._label_codes(ask.column) for ask in asks}
        self._triplets = self._draw_triplets()

    def measure(
        self,
        methods: Sequence[Method],
        tell: Callable[[str], None] = lambda _: None,
        *,
        go_on: bool = False,
    ) -> BenchReport:
        """Run and measure each method.

        Args:
            methods: in the order they are to be run.
            tell: hears what is being done.
            go_on: note why a method refuses, and go on with the next, instead of raising.
        """
        report = BenchReport(self.corpus.name, len(self.corpus), self.seed)
        for made in methods:
            try:
                rows, means = self._one(made, tell)
            except LikewiseError as error:
                if not go_on or isinstance(error, Cancelled):
                    raise
                report.refused[name_of(made)] = str(error)
                tell(f"{name_of(made)} refuses: {error}")
                continue
            report.rows.extend(rows)
            report.means.extend(means)
        return report

    def _one(
        self, made: Method, tell: Callable[[str], None]
    ) -> tuple[list[BenchRow], list[MeanRow]]:
        learnt = self._learnt(made)
        # What learns has no truth on a neutral attribute.
        runs = self._runs(made, tell, has_neutral=not len(learnt))
        fresh = np.setdiff1d(np.arange(len(self.corpus), dtype=np.int64), learnt)
        name = name_of(made)
        rows = [row for ask in self.asks for row in self._rows(name, ask, runs, fresh)]
        return rows, self._means(name, runs, fresh)

    def _learnt(self, made: Method) -> Rows:
        """Rows that the method learnt from, for any of the attributes: not to be measured with."""
        if not isinstance(made, TrainedOn):
            return np.empty(0, dtype=np.int64)
        learnt = [made.training_rows(self.corpus, ask.attribute) for ask in self.asks]
        return np.unique(np.concatenate(learnt))

    def _label_codes(self, column: str) -> Rows:
        codes, names = self.corpus.label_codes(column)
        if len(names) < 2:
            raise BadInput(
                f"Column {column!r} has {len(names)} label(s) in these {len(self.corpus)} texts; "
                "measuring needs at least two. Choose another column or raise --limit."
            )
        return codes

    def _draw_triplets(self) -> dict[tuple[str, str], SwapTriplets]:
        """Triplets of each crossed pair of labellings; a nested pair is left out beside others."""
        drawn: dict[tuple[str, str], SwapTriplets] = {}
        nested = None
        for first, second in itertools.combinations((ask.column for ask in self.asks), 2):
            codes_a, codes_b = self._codes[first], self._codes[second]
            try:
                drawn[first, second] = draw_swap_triplets(
                    codes_a, codes_b, n=N_TRIPLETS, seed=self.seed
                )
            except BadInput as error:
                nested = nested or error
        if nested is not None and not drawn:
            raise nested
        return drawn

    def _runs(
        self, made: Method, tell: Callable[[str], None], *, has_neutral: bool
    ) -> dict[str, Run]:
        """One run an attribute; a control never sees it, so it runs once."""
        blind = card(name_of(made)).family is Family.CONTROL
        runs: dict[str, Run] = {}
        wanted = [ask.attribute for ask in self.asks]
        if len(wanted) == 1 and has_neutral:
            wanted.append(NEUTRAL)
        for attribute in wanted:
            if blind and runs:
                runs[attribute.name] = next(iter(runs.values()))
                continue
            tell(f"{name_of(made)}: {attribute.name}")
            runs[attribute.name] = self._run_of(made, attribute)
        return runs

    def _rows(self, name: str, ask: Ask, runs: dict[str, Run], fresh: Rows) -> list[BenchRow]:
        run = runs[ask.attribute.name]
        rivals = [other for other in self.asks if other.column != ask.column]
        crossed = [other for other in rivals if self._triplets_of(ask.column, other.column)]
        others: list[Ask | None] = [*(crossed or rivals[:1])] or [None]
        rows = []
        for other in others:
            wrong = NEUTRAL if other is None else other.attribute
            right_measured = self._measure(run.similarity, ask, other, ask.attribute, fresh)
            control = runs.get(wrong.name)
            wrong_measured = (
                None
                if control is None
                else self._measure(control.similarity, ask, other, wrong, fresh)
            )
            skew = hubness_skew(k_occurrence(run.neighbours.rows[:, :K_HUBNESS], len(self.corpus)))
            against = None if other is None else other.column
            rows.append(
                BenchRow(
                    card(name),
                    ask.column,
                    against,
                    right_measured,
                    wrong_measured,
                    skew,
                    run.record.cost,
                )
            )
        return rows

    def _measure(
        self,
        similarity: Similarity,
        ask: Ask,
        other: Ask | None,
        attribute: Attribute,
        fresh: Rows,
    ) -> Measured:
        swap = Estimate.undefined()
        drawn = None if other is None else self._triplets_of(ask.column, other.column)
        if drawn is not None:
            triplets, asked = drawn
            triplets = _affordable_triplets(similarity, _anchored_at(triplets, fresh))
            swap = swap_accuracy(similarity, triplets, asked=asked, seed=self.seed)
        codes = self._codes[ask.column]
        pairs = self._pairs(similarity, codes, fresh)
        found = discrimination_of(
            similarity.pairs(pairs.anchors, pairs.candidates), pairs, seed=self.seed
        )
        k = max(1, min(K_PRECISION, int((codes >= 0).sum()) - 1))
        precision = precision_at_k(similarity, codes, k, fresh, seed=self.seed)
        return Measured(attribute, swap, found, precision)

    def _triplets_of(self, column: str, against: str) -> tuple[SwapTriplets, Asked] | None:
        """The triplets and the side that asks for the column; None for nested labellings."""
        if (column, against) in self._triplets:
            return self._triplets[column, against], "a"
        swapped = self._triplets.get((against, column))
        return None if swapped is None else (swapped, "b")

    def _pairs(self, similarity: Similarity, codes: Rows, fresh: Rows) -> LabelledPairs:
        if not isinstance(similarity, PairSimilarity):
            pairs = draw_labelled_pairs(codes, seed=self.seed)
            kept = np.isin(pairs.anchors, fresh)
            return LabelledPairs(pairs.anchors[kept], pairs.candidates[kept], pairs.same[kept])
        pairs = draw_labelled_pairs(
            codes,
            n_anchors=PAIR_SCORER_ANCHORS,
            n_candidates=PAIR_SCORER_CANDIDATES,
            seed=self.seed,
        )
        similarity.score(pairs.anchors, pairs.candidates)
        return pairs

    def _means(self, name: str, runs: dict[str, Run], fresh: Rows) -> list[MeanRow]:
        names = {ask.column: ask.attribute.name for ask in self.asks}
        means = []
        for (a, b), triplets in self._triplets.items():
            similarity_a, similarity_b = runs[names[a]].similarity, runs[names[b]].similarity
            used = _affordable_triplets(similarity_a, _anchored_at(triplets, fresh))
            used = _affordable_triplets(similarity_b, used)
            mean = mean_swap_accuracy(similarity_a, similarity_b, used, seed=self.seed)
            means.append(MeanRow(name, (a, b), mean))
        return means


def _anchored_at(triplets: SwapTriplets, rows: Rows) -> SwapTriplets:
    """Only the triplets whose anchor is among these rows."""
    kept = np.isin(triplets.anchor, rows)
    return SwapTriplets(*(side[kept] for side in triplets))


def _affordable_triplets(similarity: Similarity, triplets: SwapTriplets) -> SwapTriplets:
    """All triplets; for a pair scorer only the first hundred, whose pairs are paid for here."""
    if not isinstance(similarity, PairSimilarity):
        return triplets
    few = SwapTriplets(*(rows[:PAIR_SCORER_TRIPLETS] for rows in triplets))
    similarity.score(few.anchor, few.share_a)
    similarity.score(few.anchor, few.share_b)
    return few
