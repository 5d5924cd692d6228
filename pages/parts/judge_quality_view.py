"""The quality panel: how far a judge can be trusted, and what can't be told yet."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.truth import truth_from_verdicts
from engine.judges.kinds import Kind
from engine.judges.questions import Verdict
from engine.types import Attribute
from pages.parts import cached, frame, state
from pages.parts.calibration_inputs import Known
from pages.parts.calibration_judge import judge_view
from pages.parts.judge_check_view import PERSON
from pages.parts.judge_guide import KEEP
from pages.parts.judge_held import held_counts, held_verdicts
from pages.parts.judge_quality import Evidence, Figure, basis_sentence, figures, label_verdicts

NO_COLUMN = "(none)"


def quality_view(view: state.View, corpus: Corpus, attribute: Attribute, judge: str) -> None:
    """Figures of one judge under one wording, then charts of what has a shape."""
    judges = _judges(attribute, judge)
    if not judges:
        st.caption("There is no verdict on this attribute yet: ask a judge, or import some.")
        return
    left, middle, right = st.columns([4, 3, 3])
    chosen = left.selectbox(
        "Judge", judges, key=f"quality-judge:{attribute.key}:{judges[0]}", persist_state=KEEP
    )
    given = held_verdicts(attribute, str(chosen))
    wordings = list(dict.fromkeys(verdict.prompt_version for verdict in reversed(given)))
    wording = middle.selectbox(
        "Wording, newest first",
        wordings,
        format_func=lambda one: one or "(not said)",
        key=f"quality-wording:{chosen}:{len(wordings)}",
        help="What was asked in other words, or of a label column with other noise, is another "
        "judge.",
    )
    columns = [*_columns(view, corpus), NO_COLUMN]
    column = right.selectbox(
        "Labels to hold it against", columns, key=f"quality-column:{columns[0]}", persist_state=KEEP
    )
    verdicts = tuple(each for each in given if each.prompt_version == wording)
    column = "" if column == NO_COLUMN else str(column)
    picked = (chosen, wording, column)
    points = _points(attribute, str(chosen))
    found = cached.judging(
        ("quality", cached.ledger().version, corpus.fingerprint, attribute.key, *picked),
        lambda: _figures(corpus, attribute, verdicts, points, column),
    )
    _show(found)
    if st.toggle("Show charts", key="quality-charts", persist_state=KEEP):
        truth = truth_from_verdicts(verdicts, corpus.texts, str(chosen))
        judge_view(Known(truth, str(chosen), attribute, truth.described, verdicts, points))


def _figures(
    corpus: Corpus,
    attribute: Attribute,
    verdicts: Sequence[Verdict],
    points: Sequence[Verdict],
    column: str,
) -> list[Figure]:
    labels = label_verdicts(corpus, verdicts, column) if column else []
    person = held_verdicts(attribute, PERSON)
    return figures(corpus, Evidence(verdicts, points, person, labels, column))


def _judges(attribute: Attribute, first: str) -> list[str]:
    held = [each.judge for each in held_counts() if each.attribute == attribute]
    return sorted(dict.fromkeys(held), key=lambda name: name != first)


def _columns(view: state.View, corpus: Corpus) -> list[str]:
    found = frame.sample_of(view)
    offers = found.attributes if found else ()
    own = next((offer.column for offer in offers if offer.name == view.attribute), "")
    return sorted(corpus.labels, key=lambda name: name != own)


def _points(attribute: Attribute, judge: str) -> tuple[Verdict, ...]:
    """Scores under any definition of the attribute."""
    ledger = cached.ledger()
    return cached.judging(
        ("points", ledger.version, judge, attribute.name),
        lambda: tuple(
            verdict
            for verdict in ledger.verdicts(judge=judge, kind=Kind.POINT)
            if verdict.attribute.name == attribute.name
        ),
    )


def _show(found: Sequence[Figure]) -> None:
    for figure in (each for each in found if each.known):
        name, value, basis, says = st.columns([3, 4, 2, 6], vertical_alignment="center")
        name.text(figure.name)
        value.text(figure.value)
        basis.text(figure.basis.value)
        says.text(figure.says)
    if any(each.known for each in found):
        st.caption(basis_sentence(found))
    absent = [each for each in found if not each.known]
    if absent:
        st.caption("Not to be told yet")
        for figure in absent:
            st.caption(f"{figure.name}: {figure.says}")
