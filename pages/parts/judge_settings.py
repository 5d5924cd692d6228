"""What is asked of whom: the judge, the kind of question, how many, and where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from engine.corpus import Corpus
from engine.judges.kinds import TUPLE_KINDS, Kind
from engine.judges.questions import Question, Verdict
from engine.run import RunRequest
from engine.types import Attribute, content_key
from pages.parts import cached, state
from pages.parts.judge_choice import (
    KEEP,
    REPLAY,
    Choice,
    choose_judge,
    kinds_of,
    ledger_name,
)
from pages.parts.judge_held import held_judges, held_verdicts
from pages.parts.judge_questions import (
    SOURCES,
    TWO_SIDED,
    Chosen,
    Need,
    both_orders,
    sources_for,
)
from pages.parts.panels import Panel, ready, start

WORDS = {
    Kind.PAIR: "pairs: how alike are two texts?",
    Kind.TRIPLET: "triplets: which of two is more like an anchor?",
    Kind.COMPARISON: "comparisons: which of two has more of it?",
    Kind.POINT: "points: where does a text stand, from 0 to 10?",
    Kind.GROUP: "groups: which texts belong together?",
    Kind.ODD_ONE_OUT: "odd one out of several",
    Kind.RANK: "ranking: several texts by likeness to an anchor",
}
N_FIRST, N_STEP, N_MOST = 100, 50, 2000
N_TEXTS = (3, 12)
NOTHING = "No such question can be made of these texts."


@dataclass(frozen=True, slots=True)
class Settings:
    """The judge and the questions.

    key: of the questions. problem: why there are none; "" where there are.
    """

    choice: Choice
    kind: Kind
    chosen: tuple[Chosen, ...]
    key: str
    problem: str = ""

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions, in the order they are asked."""
        return tuple(one.question for one in self.chosen)


def settings(view: state.View, corpus: Corpus, attribute: Attribute) -> Settings:
    """Everything that is chosen at the top of the page.

    Raises:
        BadInput: no such questions can be made of this corpus.
    """
    who, what = st.columns([1, 1], gap="large")
    with who:
        choice = choose_judge(view, corpus, attribute)
    verdicts = held_verdicts(attribute, choice.source) if choice.who == REPLAY else ()
    met = {verdict.kind for verdict in verdicts}
    kinds = kinds_of(choice, [kind for kind in WORDS if kind in met])
    if not kinds:
        return Settings(choice, Kind.PAIR, (), "", _nothing_to_replay(attribute))
    with what:
        need = Need(corpus, attribute, Kind.PAIR, N_FIRST)
        return _questions(view, need, choice, kinds)


def _questions(view: state.View, need: Need, choice: Choice, kinds: list[Kind]) -> Settings:
    kind = Kind(
        st.selectbox(
            "What is asked?",
            kinds,
            format_func=lambda kind: WORDS[kind],
            key=f"judge-kind:{choice.who}:{len(kinds)}",
            persist_state=KEEP,
        )
    )
    count, several, origin = st.columns([3, 4, 5], vertical_alignment="bottom")
    n = count.number_input(
        "Questions", 1, N_MOST, N_FIRST, N_STEP, key="judge-n", persist_state=KEEP
    )
    need = replace(need, kind=kind, n=int(n))
    with several:
        need, both = _shape(need, choice)
    names = sources_for(kind, replays=choice.who == REPLAY)
    source = str(
        origin.selectbox("Which?", names, key=f"judge-source:{kind}:{names[0]}", persist_state=KEEP)
    )
    if SOURCES[source].uses_methods:
        panels = kept_panels(view, need.corpus)
        need = replace(need, runs={each.title: (each.key, each.run) for each in panels if each.run})
    elif SOURCES[source].uses_verdicts:
        judge = ledger_name(choice, need.corpus, held_judges())
        need = replace(need, verdicts=held_verdicts(need.attribute, judge))
    return _chosen(need, choice, source, both=both)


def _shape(need: Need, choice: Choice) -> tuple[Need, bool]:
    """How many texts a question holds, and whether it is asked in both orders."""
    if need.kind in TUPLE_KINDS:
        n_texts = st.number_input(
            "Texts in each", *N_TEXTS, 5, key="judge-n-texts", persist_state=KEEP
        )
        return replace(need, n_texts=int(n_texts)), False
    if need.kind not in TWO_SIDED or choice.who == REPLAY:
        return need, False
    both = st.toggle(
        "Both orders",
        key="judge-both",
        persist_state=KEEP,
        help="Each question is asked twice, with its sides swapped: it costs twice as much, "
        "and shows whether the order decides.",
    )
    return need, both


def _chosen(need: Need, choice: Choice, source: str, *, both: bool) -> Settings:
    shape = (need.corpus.fingerprint, need.attribute.key, need.kind, need.n, need.n_texts)
    run_keys = [key for key, _ in need.runs.values()]
    version = cached.ledger().version if need.verdicts else ()
    key = content_key(*map(str, (*shape, source, both, choice.source, version)), *run_keys)

    def choose() -> tuple[Chosen, ...]:
        found = SOURCES[source].choose(need)
        return tuple(both_orders(found) if both else found)

    chosen = cached.judging(("questions", key), choose)
    return Settings(choice, need.kind, chosen, key, "" if chosen else NOTHING)


def kept_panels(view: state.View, corpus: Corpus) -> list[Panel]:
    """The chosen methods whose results are kept; none is run for it. Controls stay out."""
    queue = cached.job_queue()
    if view.asked is None:
        return []
    made = [
        each
        for each in view.made_methods
        if queue.store.has(RunRequest(corpus, view.asked, each).key)
    ]
    panels = ready(start(queue, corpus, view.asked, made))
    return [panel for panel in panels if panel.card.name != "random"]


def newest_wording(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Only those given under the wording, or the options, of the last one."""
    return tuple(
        verdict for verdict in verdicts if verdict.prompt_version == verdicts[-1].prompt_version
    )


def _nothing_to_replay(attribute: Attribute) -> str:
    found = f" as {attribute.definition!r}" if attribute.definition else ""
    return (
        f"The shipped judge said nothing on {attribute.name!r}{found}. Take one of the attributes "
        "offered above, or choose another judge."
    )
