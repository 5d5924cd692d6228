"""What the Calibration page measures against: the truth about pairs, and regions of the corpus."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.truth import (
    Groups,
    PairTruth,
    both_orders,
    truth_from_labels,
    truth_from_verdicts,
)
from engine.errors import BadInput
from engine.judges.questions import Kind, Verdict
from engine.tuning.truth import PERSON, label_column
from engine.types import Attribute
from pages.parts import cached, frame, state
from pages.parts.panels import Panel, ready

ME = "my own answers"
SHIPPED = "a strong judge's verdicts, shipped with the sample"
LABEL = "label column: "
JUDGE = "judge: "
CLUSTER = "clusters of "
N_PAIRS = 30_000
MAX_REGIONS = 40


@dataclass(frozen=True, slots=True)
class Known:
    """The truth in use; column: the label column's name, where it is one.

    key: of the content.
    described: source and number of the pairs, as the page says them.
    """

    truth: PairTruth
    key: str
    attribute: Attribute
    described: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Regions:
    """Groups of texts with a key of their content, and the label column they are, if one."""

    groups: Groups
    key: str
    column: str = ""


def choose_truth(view: state.View, corpus: Corpus, attribute: Attribute) -> Known:
    """Which pairs are known to be the same or different, and from whom.

    Raises:
        BadInput: the choice gives no pairs, or not of both kinds.
    """
    judges = judges_of(view, corpus, attribute)
    labels = [LABEL + name for name in _first_the_attribute_s(view, corpus)]
    source = st.selectbox(
        "Truth about pairs",
        [*labels, *judges],
        key=f"truth:{view.corpus}:{view.attribute}",
        help="What every measure here is held against.",
    )
    if source in judges:
        return _judged(judges[source], source, corpus, attribute)
    column = source.removeprefix(LABEL)
    codes, _ = corpus.label_codes(column)
    truth = cached.measured(
        ("truth", column, content_of(codes)),
        lambda: truth_from_labels(codes, column, n_pairs=N_PAIRS),
    )
    return Known(truth, _truth_key(truth), attribute, truth.described, column=column)


def doubt_about(known: Known, corpus: Corpus) -> str:
    """What to know where the truth is a label column that may be about something else."""
    if not known.column or known.column == label_column(corpus, known.attribute):
        return ""
    return (
        f"Nothing says that the column {known.column!r} labels {known.attribute.name!r}. Where it "
        "labels something else, methods that do as they were asked look bad here: choose another "
        "truth above."
    )


def choose_regions(view: state.View, corpus: Corpus, panels: Sequence[Panel]) -> Regions | None:
    """The regions that are compared: values of a label column, or clusters of a method's map."""
    columns = [name for name in corpus.labels if _is_region(corpus, name)]
    own = next(iter(_first_the_attribute_s(view, corpus)), "")
    columns.sort(key=lambda name: name == own)
    done = ready(list(panels))
    choices = [LABEL + name for name in columns] + [CLUSTER + panel.title for panel in done]
    if not choices:
        return None
    choice = st.selectbox(
        "Regions of the corpus",
        choices,
        key=f"regions:{view.corpus}:{view.attribute}:{len(done)}",
        help="Does a similarity mean the same in each of them? A pair belongs to its first text's.",
    )
    column = choice.removeprefix(LABEL) if choice.startswith(LABEL) else ""
    if column:
        codes, names = corpus.label_codes(column)
        names = telling(names, column)
        groups = Groups(codes, names, f"the column {column!r}")
    else:
        panel = next(each for each in done if CLUSTER + each.title == choice)
        codes = cached.cluster_codes(panel.key, panel.run).astype(np.int64)
        names = tuple(f"cluster {i + 1}" for i in range(int(codes.max()) + 1))
        groups = Groups(codes, names, choice)
    return Regions(groups, content_of(groups.codes, *names), column)


def judges_of(view: state.View, corpus: Corpus, attribute: Attribute) -> dict[str, str]:
    """Judges by what the page calls them: the sample's, the analyst, and all in the ledger."""
    found = frame.sample_of(view)
    offered = {SHIPPED: cached.shipped_judge(view.corpus)} if found and found.verdicts else {}
    offered[ME] = PERSON
    others = (
        held.judge
        for held in cached.ledger().held()
        if held.attribute == attribute and held.kind in (Kind.PAIR, Kind.TRIPLET)
    )
    known = {*offered.values(), *corpus.labels}
    return offered | {JUDGE + name: name for name in others if name not in known}


def content_of(array: npt.NDArray[np.generic], *names: str) -> str:
    """A key of an array's bytes, and of names."""
    digest = hashlib.sha256(np.ascontiguousarray(array).tobytes())
    digest.update("\0".join(names).encode())
    return digest.hexdigest()[:32]


def _first_the_attribute_s(view: state.View, corpus: Corpus) -> list[str]:
    """Label columns, the one that holds the truth about the attribute first."""
    own = label_column(corpus, view.asked) if view.asked else None
    return sorted(corpus.labels, key=lambda name: name != own)


def _is_region(corpus: Corpus, column: str) -> bool:
    return 2 <= len(corpus.label_codes(column).names) <= MAX_REGIONS


def telling(names: tuple[str, ...], column: str) -> tuple[str, ...]:
    """Values that are bare numbers say little in a sentence: the column's name goes before them."""
    if all(name.replace(".", "", 1).isdigit() for name in names):
        return tuple(f"{column} {name}" for name in names)
    return names


def _judged(judge: str, source: str, corpus: Corpus, attribute: Attribute) -> Known:
    """A judge's pairs, each both ways round so that either text is an anchor."""
    verdicts, _ = verdicts_of(judge, corpus, attribute)
    once = truth_from_verdicts(verdicts, corpus.texts, source)
    _check(once, attribute, source)
    truth = both_orders(once)
    described = f"{once.described}; each counts both ways round"
    return Known(truth, _truth_key(truth), attribute, described)


def verdicts_of(
    judge: str, corpus: Corpus, attribute: Attribute
) -> tuple[tuple[Verdict, ...], tuple[Verdict, ...]]:
    """A judge's verdicts on the attribute, and his scores under any definition of it."""
    ledger = cached.ledger()
    given: list[Verdict] = cached.measured(
        ("verdicts", str(ledger.version), judge, corpus.fingerprint),
        lambda: ledger.verdicts(judge=judge, texts=corpus.texts),
    )
    points = (v for v in given if v.kind is Kind.POINT and v.attribute.name == attribute.name)
    return tuple(v for v in given if v.attribute == attribute), tuple(points)


def _check(truth: PairTruth, attribute: Attribute, source: str) -> None:
    if 0 < truth.n_same < truth.n_pairs:
        return
    remedy = "Answer some under Compare, Spot checks" if source == ME else "Choose another truth"
    raise BadInput(
        f"On {attribute.name!r} there are {truth.n_pairs} pairs from {source}, {truth.n_same} of "
        f"them the same; it takes both kinds. {remedy}."
    )


def _truth_key(truth: PairTruth) -> str:
    return content_of(np.stack([truth.left, truth.right, truth.same.astype(np.int64)]))
