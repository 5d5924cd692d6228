"""Where a tuned method gets its truth: a label column, shipped verdicts, or those in the ledger.

Part of the texts is held out: nothing is ever learnt of them in any role, so that a method can be
measured on them whatever it was tuned on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np

from engine.corpus import Corpus
from engine.errors import BadInput
from engine.judges.ledger import Ledger
from engine.judges.questions import Verdict
from engine.judges.replay import ReplayJudge
from engine.resources import Resources
from engine.samples import samples
from engine.store import data_dir
from engine.tuning.splits import held_out_rows, shares_of
from engine.tuning.triplets import (
    Triplets,
    deduplicated,
    label_triplets,
    no_triplets,
    verdict_triplets,
)
from engine.types import Attribute, Rows, content_key

TruthName = Literal["auto", "labels", "shipped verdicts", "my answers"]
PERSON = "person"
N_AMONG_LABELS = 4000
"""Triplets that are drawn among labelled texts."""


@runtime_checkable
class TrainedOn(Protocol):
    """A method that learnt from texts of the corpus: it must not be measured on them."""

    def training_rows(self, corpus: Corpus, attribute: Attribute) -> Rows:
        """Rows whose texts it learnt from in any role; measure with other anchors."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What truth a method asks for.

    truth: whose. column: of labels; empty = the one that belongs to the attribute. n_verdicts: at
    most so many; 0 = all. held_out: share of texts that are never learnt from. noise: share of
    labels' answers turned round, to see what a worse judge would give.
    """

    truth: TruthName = "auto"
    column: str = ""
    n_verdicts: int = 0
    held_out: float = 0.2
    seed: int = 0
    noise: float = 0.0


class Labelled(NamedTuple):
    """Labelled texts: (m,) rows, (m,) codes, the labels' names, and where they come from."""

    rows: Rows
    codes: Rows
    names: tuple[str, ...]
    source: str


def canonical_order(corpus: Corpus) -> Rows:
    """(n,) rows by text, then id: what is learnt must not depend on how a corpus is sorted."""
    order = sorted(range(len(corpus)), key=lambda row: (corpus.texts[row], corpus.ids[row]))
    return np.array(order, dtype=np.int64)


def label_column(corpus: Corpus, attribute: Attribute) -> str | None:
    """The label column that says the truth about an attribute, or None where none is known to.

    That is the column a sample names for it, or one of the attribute's own name.
    """
    wanted = attribute.name.casefold()
    suggested = (each for sample in samples() for each in sample.attributes)
    for each in suggested:
        if each.name.casefold() == wanted and each.column in corpus.labels:
            return each.column
    return next((column for column in corpus.labels if column.casefold() == wanted), None)


def triplets_of(corpus: Corpus, attribute: Attribute, wanted: Wanted) -> Triplets:
    """The triplets a method may learn from, in the corpus's rows; no held-out text in any role.

    Args:
        corpus: in canonical order, so that the same ones are drawn whatever its own order.
        attribute: the respect.
        wanted: whose truth, and how much.

    Raises:
        BadInput: there is no such truth; the message says what to do.
    """
    column = truth_column(corpus, attribute, wanted)
    if column is None:
        return _from_verdicts(corpus, attribute, wanted)
    codes = corpus.label_codes(column).codes
    kept = np.setdiff1d(np.arange(len(corpus)), untouched_rows(corpus, wanted))
    drawn = label_triplets(
        codes,
        _competing(corpus, column),
        n=wanted.n_verdicts or 1024,
        seed=wanted.seed,
        among=kept.astype(np.int64),
        noise=wanted.noise,
        source=f"label column {column!r}",
    )
    return deduplicated(drawn, corpus.texts)


def labels_of(corpus: Corpus, attribute: Attribute, wanted: Wanted) -> Labelled:
    """The labelled texts a method may learn from; none that is held out.

    Args:
        corpus: in canonical order.
        attribute: the respect.
        wanted: how many labels are taken, each counted as a verdict.

    Raises:
        BadInput: there is no label column for the attribute.
    """
    column = truth_column(corpus, attribute, wanted)
    if column is None:
        raise BadInput(
            f"This method learns from labelled texts, and no label column is known for "
            f"{attribute.name!r}. Name one in the option column; answers on pairs and triplets "
            "are for the method projection."
        )
    codes, names = corpus.label_codes(column)
    usable = np.setdiff1d(np.flatnonzero(codes >= 0), untouched_rows(corpus, wanted))
    order = np.argsort(shares_of(corpus.texts, wanted.seed + 1)[usable], kind="stable")
    rows = usable[order][: wanted.n_verdicts or None].astype(np.int64)
    given = codes[rows]
    wrong = np.random.default_rng([wanted.seed, 6]).random(len(rows)) < wanted.noise
    shifts = np.random.default_rng([wanted.seed, 7]).integers(1, max(2, len(names)), len(rows))
    given = np.where(wrong, (given + shifts) % len(names), given)
    return Labelled(rows, given.astype(np.int64), names, f"label column {column!r}")


def triplets_of_labels(corpus: Corpus, attribute: Attribute, wanted: Wanted) -> Triplets:
    """Triplets among labelled texts, many more than there are labels; each label is a verdict.

    Args:
        corpus: in canonical order.
        attribute: the respect.
        wanted: how many labels are taken.

    Raises:
        BadInput: there is no label column for the attribute.
    """
    labelled = labels_of(corpus, attribute, wanted)
    codes = np.full(len(corpus), -1, dtype=np.int64)
    codes[labelled.rows] = labelled.codes
    drawn = label_triplets(
        codes,
        _competing(corpus, truth_column(corpus, attribute, wanted)),
        n=N_AMONG_LABELS,
        seed=wanted.seed,
        among=labelled.rows,
        source=labelled.source,
    )
    return replace(deduplicated(drawn, corpus.texts), n_verdicts=len(labelled.rows))


def truth_key(corpus: Corpus, attribute: Attribute, wanted: Wanted) -> str:
    """Content key of the truth: a tuned method's answer changes when it does."""
    column = truth_column(corpus, attribute, wanted)
    if column is not None:
        others = [name for name in corpus.labels if name != column]
        return content_key(column, *(v for c in (column, *others) for v in corpus.labels[c]))
    given = judged(corpus, attribute, wanted)[0]
    return content_key(*(f"{v.judge} {v.question_key} {v.value} {v.choice}" for v in given))


def noted(triplets: Triplets, resources: Resources) -> Triplets:
    """The same triplets, their verdicts counted and their truth named on the run's meter."""
    resources.meter.add(verdicts=triplets.n_verdicts)
    resources.meter.note_prompts("truth", [triplets.described])
    return triplets


def trained_rows(corpus: Corpus, learnt: Callable[[Corpus], Rows]) -> Rows:
    """(u,) rows of a corpus whose texts are among those that were learnt from.

    Args:
        corpus: in any order.
        learnt: the rows learnt from, of the corpus in canonical order.
    """
    ordered = corpus.subset(canonical_order(corpus))
    texts = {ordered.texts[row] for row in learnt(ordered)}
    return np.array([r for r, text in enumerate(corpus.texts) if text in texts], dtype=np.int64)


def untouched_rows(corpus: Corpus, wanted: Wanted) -> Rows:
    """Rows of the texts that are held out: never learnt from in any role."""
    return held_out_rows(corpus.texts, wanted.held_out, wanted.seed)


def _competing(corpus: Corpus, column: str | None) -> list[Rows]:
    """Codes of all other label columns: what a hard negative shares with its anchor."""
    return [corpus.label_codes(each).codes for each in corpus.labels if each != column]


def truth_column(corpus: Corpus, attribute: Attribute, wanted: Wanted) -> str | None:
    """The column to read, or None where verdicts are to be read."""
    if wanted.truth not in ("auto", "labels"):
        return None
    column = wanted.column or label_column(corpus, attribute)
    if column is None and wanted.truth == "labels":
        listed = ", ".join(corpus.labels) or "none"
        raise BadInput(
            f"No label column is known for {attribute.name!r}. Name one in the option column; "
            f"there are: {listed}."
        )
    if column is not None:
        corpus.label_codes(column)
    return column


def judged(corpus: Corpus, attribute: Attribute, wanted: Wanted) -> tuple[Sequence[Verdict], str]:
    """One judge's verdicts on the attribute: shipped, the analyst's, or whoever gave most."""
    found: dict[str, list[Verdict]] = {}
    if wanted.truth in ("auto", "shipped verdicts"):
        found["the shipped judge"] = _shipped(corpus, attribute)
    if wanted.truth in ("auto", "my answers"):
        with Ledger(data_dir() / "ledger.sqlite") as ledger:
            for verdict in ledger.verdicts(attribute, texts=corpus.texts):
                if wanted.truth == "auto" or verdict.judge == PERSON:
                    found.setdefault(verdict.judge, []).append(verdict)
    if not any(found.values()):
        return [], "nobody"
    source = max(found, key=lambda judge: (judge == PERSON, len(found[judge])))
    return found[source], source


def _shipped(corpus: Corpus, attribute: Attribute) -> list[Verdict]:
    sample = next((each for each in samples() if each.name == corpus.name), None)
    if sample is None or sample.verdicts is None:
        return []
    from engine.corpus import load_corpus

    whole = load_corpus(sample.name)
    texts = dict(zip(whole.ids, whole.texts, strict=True))
    replay = ReplayJudge.from_jsonl(sample.verdicts, texts, "shipped")
    wanted = attribute.name.casefold()
    return [v for v in replay.verdicts if v.attribute.name.casefold() == wanted]


def _from_verdicts(corpus: Corpus, attribute: Attribute, wanted: Wanted) -> Triplets:
    verdicts, source = judged(corpus, attribute, wanted)
    if wanted.n_verdicts:
        verdicts = verdicts[: wanted.n_verdicts]
    if not verdicts:
        raise BadInput(
            f"There is no truth on {attribute.name!r} to learn from ({wanted.truth}): no label "
            "column of that attribute and no verdict on these texts. Answer some spot checks, run "
            "a judge, or name a label column in the option column."
        )
    found = deduplicated(verdict_triplets(verdicts, corpus.texts, source), corpus.texts)
    found = found.where(~found.touching(untouched_rows(corpus, wanted)))
    return found if len(found) else no_triplets(source, len(verdicts), "verdicts")
