"""What the Tune page tunes: whose truth, which method, from which start, on how many verdicts."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from engine.corpus import Corpus
from engine.errors import BadInput
from engine.methods.registry import (
    Method,
    OptionValue,
    card,
    cards,
    create,
    method_key,
    options,
)
from engine.tuning.features import categories_for
from engine.tuning.learning_curve import BUDGETS, held_out_triplets
from engine.tuning.triplets import Triplets
from engine.tuning.truth import PERSON, Wanted, label_column, truth_key
from engine.types import Attribute, Level, content_key
from pages.parts import cached, frame, state
from pages.parts.calibration_inputs import LABEL, ME, SHIPPED

LEDGER = "the judge in the ledger that answered most on these texts"
FIRST = "projection"
STARTS = {
    "nothing": "from nothing",
    "written": "from written categories",
    "profile": "from written categories with their words",
}
COUNTS = ("n_verdicts", "n_texts")


@dataclass(frozen=True, slots=True)
class Tuning:
    """What is chosen, and what it is measured on.

    starts: that the method and the attribute allow; empty where the method has no choice of one.
    key: of the truth, the written categories and the held-out triplets.
    """

    corpus: Corpus
    attribute: Attribute
    wanted: Wanted
    name: str
    start: str
    starts: tuple[str, ...]
    budget: int
    tested: Triplets
    key: str

    @property
    def is_quick(self) -> bool:
        """Whether it is tuned in a second, so that every budget can be tried."""
        known = {option.name for option in options(self.name)}
        return "n_verdicts" in known and card(self.name).level is Level.VERDICTS

    def method(self, budget: int, start: str) -> Method | None:
        """The method on that budget; None where nothing is left to tune."""
        if not budget:
            return None if start not in ("written", "profile") else create("written-projection")
        chosen: dict[str, OptionValue] = {
            "truth": self.wanted.truth,
            "column": self.wanted.column,
            "start": start,
            **dict.fromkeys(COUNTS, budget),
        }
        known = {option.name for option in options(self.name)}
        return create(self.name, {k: v for k, v in chosen.items() if k in known})

    @property
    def chosen(self) -> Method | None:
        """The method as chosen."""
        return self.method(self.budget, self.start)

    @property
    def unit(self) -> str:
        """What the budget counts."""
        return unit_of(self.name)

    @property
    def label(self) -> str:
        """The label column whose values are shown beside texts; empty where there is none."""
        return self.wanted.column or label_column(self.corpus, self.attribute) or ""

    @property
    def described(self) -> str:
        """What the measures rest on, in a sentence."""
        n_anchors = len(set(self.tested.anchor.tolist()))
        return (
            f"Measured on {len(self.tested):,} triplets of {n_anchors} held-out texts, from "
            f"{self.tested.source}; nothing is learnt from these texts."
        )

    def line(self, start: str) -> str:
        """What a curve is called."""
        return f"{self.name} {STARTS[start]}" if start in STARTS else self.name

    def content_of(self, made: Method) -> tuple[str, ...]:
        """Key of a tuned method with everything that it reads."""
        return ("tuned", self.corpus.fingerprint, self.attribute.key, method_key(made), self.key)


def unit_of(name: str) -> str:
    """What the budget of a method counts."""
    return "verdicts" if "n_verdicts" in {o.name for o in options(name)} else "rewritten texts"


def choose_tuning(view: state.View, corpus: Corpus, attribute: Attribute) -> Tuning:
    """Truth, method, start and budget, in one row.

    Raises:
        BadInput: there is too little truth, or the method can't learn from it.
    """
    truth_place, method_place, start_place, budget_place = st.columns([4, 3, 4, 4])
    with truth_place:
        wanted = _choose_truth(view, corpus, attribute)
    with method_place:
        name = _choose_method(view)
    categories = categories_for(corpus, attribute)
    starts = _starts(name, has_categories=categories is not None)
    with start_place:
        start = _choose_start(view, starts, name)
    with budget_place:
        budget = st.segmented_control(
            unit_of(name).capitalize(),
            BUDGETS,
            default=BUDGETS[-1],
            required=True,
            format_func=lambda n: f"{n:,}",
            key=f"tune-budget:{view.corpus}",
            help="How many answers of the truth the method may learn from.",
        )
    _check(name, wanted)
    asked = (corpus.fingerprint, attribute.key, wanted.truth, wanted.column)
    truth: str = cached.measured(
        ("truth", str(cached.ledger().version), *asked),
        lambda: truth_key(corpus, attribute, wanted),
    )
    tested: Triplets = cached.measured(
        ("held out", truth, *asked), lambda: held_out_triplets(corpus, attribute, wanted)
    )
    key = content_key(truth, *asked, "" if categories is None else categories.key)
    chosen = BUDGETS[-1] if budget is None else int(budget)
    return Tuning(corpus, attribute, wanted, name, start, starts, chosen, tested, key)


def _choose_truth(view: state.View, corpus: Corpus, attribute: Attribute) -> Wanted:
    own = label_column(corpus, attribute)
    # The attribute's own column needs no naming: the method's plain options mean it.
    offered = {LABEL + own: Wanted()} if own else {}
    offered |= {LABEL + name: Wanted("labels", name) for name in corpus.labels if name != own}
    found = frame.sample_of(view)
    if found and found.verdicts:
        offered[SHIPPED] = Wanted("shipped verdicts")
    elif own is None and _has_judge(corpus, attribute):
        offered[LEDGER] = Wanted("auto")
    offered[ME] = Wanted("my answers")
    chosen = st.selectbox(
        "Truth to tune on",
        list(offered),
        key=f"tune-truth:{view.corpus}:{view.attribute}:{len(offered)}",
        help="Whose answers the method learns from, and is measured against on other texts.",
    )
    return offered[chosen]


def _has_judge(corpus: Corpus, attribute: Attribute) -> bool:
    """Whether a judge, and not the analyst, answered: the analyst's answers go before."""
    ledger = cached.ledger()
    judges: set[str] = cached.measured(
        ("judges", str(ledger.version), corpus.fingerprint, attribute.key),
        lambda: {each.judge for each in ledger.verdicts(attribute, texts=corpus.texts)},
    )
    return bool(judges) and PERSON not in judges


def _choose_method(view: state.View) -> str:
    names = [each.name for each in cards() if each.tunable]
    names.sort(key=lambda name: name != FIRST)
    return str(
        st.selectbox(
            "Method to tune",
            names,
            key=f"tune-method:{view.corpus}",
            help="Every method that verdicts can make better.",
        )
    )


def _starts(name: str, *, has_categories: bool) -> tuple[str, ...]:
    found = next((option for option in options(name) if option.name == "start"), None)
    if found is None:
        return ()
    known = [str(choice) for choice in found.choices if choice in STARTS]
    return tuple(known if has_categories else known[:1])


def _choose_start(view: state.View, starts: tuple[str, ...], name: str) -> str:
    if not starts:
        st.selectbox("Start", [f"{name} has one start only"], disabled=True)
        return ""
    place = starts.index("written") if "written" in starts else 0
    return str(
        st.selectbox(
            "Start",
            starts,
            index=place,
            format_func=lambda start: STARTS[start],
            key=f"tune-start:{view.corpus}:{view.attribute}:{name}:{len(starts)}",
            help="What is known before the first verdict. Categories are written under "
            "written-projection; without their words they are a matrix, which can be exported.",
        )
    )


def _check(name: str, wanted: Wanted) -> None:
    known = {option.name for option in options(name)}
    if "column" in known and "truth" not in known and wanted.truth not in ("auto", "labels"):
        raise BadInput(
            f"The method {name} learns from labelled texts, not from verdicts on pairs. Choose a "
            "label column as the truth, or another method."
        )
