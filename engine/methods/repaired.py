"""Another method's similarity, made to mean more nearly the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from engine.corpus import Corpus
from engine.diagnostics.truth import Groups, PairTruth
from engine.maps import clusters
from engine.methods.content_order import content_ranks
from engine.methods.registry import (
    Method,
    OptionValue,
    create,
    inputs_key,
    method,
    option,
    options,
)
from engine.normalise import Ingredients, repaired
from engine.normalise import repair as repair_named
from engine.resources import Resources
from engine.tuning.pair_truth import n_verdicts_of, pairs_of, texts_of
from engine.tuning.truth import (
    TrainedOn,
    TruthName,
    Wanted,
    canonical_order,
    trained_rows,
    truth_key,
)
from engine.types import (
    Attribute,
    Family,
    Level,
    Neighbours,
    Rows,
    Similarity,
    content_key,
)

K_CLUSTERED = 15
SPARED = 0.25
"""Share of the texts not held out that a tuned method leaves to the repair: it fits one curve."""
MOST_HELD_OUT = 0.9


@method(
    "repaired",
    family=Family.REPAIR,
    level=Level.MATRIX,
    rereads="nothing",
    tunable=True,
    summary="another method after a repair of its calibration; costs that method and a cohort",
    paper="arXiv:1710.04087",
    version=2,
)
@dataclass(frozen=True, slots=True)
class Repaired:
    """Changes the numbers of another method's similarities, so that one threshold serves all.

    Cohort norms and csls set each text against a sample of the corpus: no verdict is needed, and
    the numbers become standard deviations (csls: stay on their scale). centred and
    without-top-component need vectors, and give cosines. isotonic and platt are fitted on pairs
    known to be the same or different, and give probabilities: as one rising curve serves all
    texts, no ranking changes, so neighbours and maps stay; they are for reading the numbers.
    per-group-threshold is fitted on such pairs too; it shifts each region's similarities on their
    scale, and leaves the order around each text. Truth auto reads the label column that belongs to
    the attribute, where the corpus has one, and says so; else the verdicts on these texts. A share
    of the texts is held out from the fit. A tuned method under a fitted repair learns from the same
    truth, and leaves a quarter of those texts to the repair, which is fitted on none that the
    method learnt from: on those it ranks better than it will elsewhere. The Calibration page says
    which repair closes a method's gap, and where one hurts. A new attribute also costs whatever the
    method under repair costs.
    """

    of: Literal[
        "written-projection",
        "raw-embedding",
        "tfidf",
        "bm25",
        "instructed-embedding",
        "one-word",
        "rewrite-bm25",
        "rewrite-embedding",
        "multi-summary",
        "query-relevance",
        "probe",
        "projection",
        "classifier",
        "ensemble",
        "tuned-encoder",
        "distilled-rewrite",
    ] = option("written-projection", "the method under repair, with its default options")
    repair: Literal[
        "zt-norm",
        "as-norm",
        "z-norm",
        "t-norm",
        "csls",
        "centred",
        "without-top-component",
        "isotonic",
        "platt",
        "per-group-threshold",
    ] = option("zt-norm", "what is done to it; the last three are fitted on judged pairs")
    truth: TruthName = option(  # noqa: RUF009 - a dataclass field
        "auto", "for fitted repairs: labels of a column, shipped verdicts, or your own answers"
    )
    column: str = option("", "for fitted repairs: label column; empty = the attribute's")
    regions: str = option(
        "", "for per-group-threshold: label column; empty = clusters of the method's neighbours"
    )
    n_verdicts: int = option(
        1024, "for fitted repairs: pairs to fit on; 0 = all", low=0, high=100_000
    )
    held_out: float = option(
        0.2, "for fitted repairs: share of texts left out of the fit", low=0, high=0.9
    )
    seed: int = option(0, "draws of cohorts, pairs and parts", low=0)

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Run the method under repair, then repair its similarity."""
        # First: without any, the method under repair need not be run.
        truth = self._truth(corpus, attribute) if self._is_fitted else None
        found = self.basis().prepare(corpus, attribute, resources.with_progress(0.0, 0.9))
        if truth is not None:
            resources.meter.add(verdicts=n_verdicts_of(truth))
            resources.meter.note_prompts("truth", [f"fitted on {truth.described}"])
        groups = self._groups(corpus, found) if self._needs_groups else None
        given = Ingredients(truth, groups, self.seed, content_ranks(corpus))
        return repaired(self.repair, found, given)

    def basis(self) -> Method:
        """The method under repair; a tuned one leaves texts to a repair that is fitted."""
        made = create(self.of)
        if not (self._is_fitted and isinstance(made, TrainedOn)):
            return made
        # By the same seed the texts that a method holds out begin with those held out here.
        shared: dict[str, OptionValue] = {
            "truth": self.truth,
            "column": self.column,
            "held_out": min(MOST_HELD_OUT, self.held_out + (1 - self.held_out) * SPARED),
            "seed": self.seed,
        }
        known = {each.name for each in options(self.of)}
        return create(self.of, {name: v for name, v in shared.items() if name in known})

    @property
    def wanted(self) -> Wanted:
        """Whose truth a fitted repair learns from, and how much."""
        return Wanted(self.truth, self.column, self.n_verdicts, self.held_out, self.seed)

    def training_rows(self, corpus: Corpus, attribute: Attribute) -> Rows:
        """Rows that the method under repair learnt from, and those the repair was fitted on."""

        def learnt(ordered: Corpus) -> Rows:
            taken = self._taken(ordered, attribute)
            if not self._is_fitted:
                return taken
            return np.union1d(taken, texts_of(self._pairs(ordered, attribute, taken)))

        return trained_rows(corpus, learnt)

    def inputs_key(self, corpus: Corpus, attribute: Attribute) -> str:
        """What the method under repair reads, and what the repair is fitted on."""
        parts = [inputs_key(self.basis(), corpus, attribute)]
        if self._is_fitted:
            parts.append(truth_key(corpus, attribute, self.wanted))
        if self._needs_groups and self.regions:
            corpus.label_codes(self.regions)
            parts += corpus.labels[self.regions]
        return content_key(*parts)

    @property
    def _is_fitted(self) -> bool:
        return repair_named(self.repair).needs in ("truth", "truth and groups")

    @property
    def _needs_groups(self) -> bool:
        return repair_named(self.repair).needs == "truth and groups"

    def _truth(self, corpus: Corpus, attribute: Attribute) -> PairTruth:
        """The pairs, drawn in canonical order and named by the corpus's own rows."""
        order = canonical_order(corpus)
        ordered = corpus.subset(order)
        drawn = self._pairs(ordered, attribute, self._taken(ordered, attribute))
        return replace(drawn, left=order[drawn.left], right=order[drawn.right])

    def _pairs(self, ordered: Corpus, attribute: Attribute, taken: Rows) -> PairTruth:
        return pairs_of(ordered, attribute, self.wanted, taken)

    def _taken(self, ordered: Corpus, attribute: Attribute) -> Rows:
        """Rows that the method under repair learnt from."""
        made = self.basis()
        if not isinstance(made, TrainedOn):
            return np.empty(0, dtype=np.int64)
        return made.training_rows(ordered, attribute)

    def _groups(self, corpus: Corpus, similarity: Similarity) -> Groups:
        if self.regions:
            return Groups(*corpus.label_codes(self.regions), f"the column {self.regions!r}")
        # Clusters, too, must not depend on how the corpus is sorted.
        order = canonical_order(corpus)
        place = np.empty(len(order) + 1, dtype=np.int64)
        place[order], place[-1] = np.arange(len(order)), -1
        found = similarity.neighbours(order, max(1, min(K_CLUSTERED, len(corpus) - 1)))
        moved = Neighbours(place[found.rows], found.similarities)
        codes = np.empty(len(order), dtype=np.int64)
        codes[order] = clusters(moved, scale=similarity.scale)
        names = tuple(f"cluster {i + 1}" for i in range(int(codes.max()) + 1))
        return Groups(codes, names, "clusters of its neighbours")
