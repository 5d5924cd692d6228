"""Spot checks: pairs that methods disagree on, answered by the analyst, labels or a replay."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.corpus import Corpus
from engine.errors import LikewiseError
from engine.judges.labels import LabelJudge, labels_by_text
from engine.judges.person import PersonJudge
from engine.judges.questions import Choice, Judge
from engine.judges.replay import ReplayJudge
from engine.spot_checks import (
    CheckedPair,
    SpotCheck,
    agreement,
    answered_triplets,
    ask_queue,
    question_of,
    triplet_agreement,
)
from engine.types import Attribute
from pages.parts import cached, frame, state
from pages.parts.charts import Interval, interval_chart
from pages.parts.panels import Panel, ready

N_QUEUE = 40
ME = "my own answers"
SHIPPED = "a strong judge's verdicts, shipped with the sample"
LABEL = "label column: "
ANSWERS = (
    ("Same", Choice.SAME, "s", ":material/equal:"),
    ("Different", Choice.DIFFERENT, "d", ":material/difference:"),
    ("Unsure", Choice.UNSURE, "u", ":material/question_mark:"),
)


def spot_checks_view(view: state.View, corpus: Corpus, panels: list[Panel]) -> None:
    """Ask, keep each answer at once, and show how far each method agrees."""
    attribute = view.asked
    compared = [p for p in ready(panels) if p.card.name != "random"]
    if attribute is None or not compared:
        st.caption("Spot checks begin as soon as a method's neighbours are known.")
        return
    source = _source_choice(view, corpus)
    try:
        judge = _judge(source, view, corpus)
        queue = _queue(judge, corpus, attribute, compared)
    except LikewiseError as error:
        st.error(str(error))
        return
    if not queue:
        st.caption("There is no verdict on this attribute to replay. Answer pairs yourself.")
        return
    checked = ask_queue(queue, judge, attribute, corpus.texts)
    asking, measured = st.columns([3, 2], gap="medium")
    with asking:
        if source == ME:
            ask_person(checked, corpus, attribute)
        else:
            _browse(checked, corpus, source)
    with measured:
        _measure(checked, compared)
        if isinstance(judge, ReplayJudge):
            _measure_triplets(judge, attribute, corpus, compared)
    _table(checked, corpus)


def _source_choice(view: state.View, corpus: Corpus) -> str:
    found = frame.sample_of(view)
    shipped = [SHIPPED] if found and found.verdicts else []
    sources = [ME, *shipped, *(LABEL + name for name in corpus.labels)]
    return st.selectbox("Who answers?", sources, key="spot-check-source", width=460)


def _judge(source: str, view: state.View, corpus: Corpus) -> Judge:
    ledger = cached.ledger()
    if source == ME:
        return PersonJudge(ledger)
    if source == SHIPPED:
        return ReplayJudge.from_ledger(ledger, cached.shipped_judge(view.corpus))
    column = source.removeprefix(LABEL)
    labels = labels_by_text(corpus.texts, corpus.labels[column])
    return LabelJudge(labels, ledger, column)


def _queue(
    judge: Judge, corpus: Corpus, attribute: Attribute, compared: list[Panel]
) -> list[SpotCheck]:
    similarities = {p.title: p.run.similarity for p in compared if p.run}
    keys = tuple(panel.key for panel in compared)
    if isinstance(judge, ReplayJudge):
        return cached.replay_queue(
            keys, judge.name, attribute, N_QUEUE, similarities, judge.verdicts, corpus.texts
        )
    return cached.queue(keys, N_QUEUE, similarities)


def ask_person(
    checked: list[CheckedPair],
    corpus: Corpus,
    attribute: Attribute,
    *,
    when_done: str = "Compare other methods to get further pairs.",
) -> None:
    """The first unanswered pair; keys S, D, U answer it and Z takes the last answer back."""
    n_done = sum(pair.answer is not None for pair in checked)
    following = next((pair.check for pair in checked if pair.answer is None), None)
    st.progress(n_done / len(checked), text=f"{n_done} of {len(checked)} pairs answered")
    if following is None:
        st.text(f"All pairs are answered. {when_done}")
    else:
        st.text(f"In terms of {attribute.name}: are these two the same?")
        _show_pair(following, corpus)
    with st.container(horizontal=True, gap="small"):
        for label, choice, shortcut, icon in ANSWERS:
            st.button(
                label,
                shortcut=shortcut,
                icon=icon,
                key=f"answer:{choice}",
                disabled=following is None,
                on_click=_record,
                args=(following, choice, corpus, attribute),
            )
        st.button(
            "Undo",
            shortcut="z",
            icon=":material/undo:",
            type="tertiary",
            key="undo-answer",
            disabled=n_done == 0,
            on_click=PersonJudge(cached.ledger()).undo,
            args=(attribute,),
        )
    st.caption(
        "Each answer is on disk before the next pair is shown. You see neither the methods' "
        "similarities, nor the labels, nor what a judge says while you answer."
    )


def _browse(checked: list[CheckedPair], corpus: Corpus, source: str) -> None:
    """Look through pairs that a judge has answered."""
    place = st.session_state.setdefault(state.QUEUE_PLACE, 0) % len(checked)
    pair = checked[place]
    said = _said(pair) + (f" — {pair.reason}" if pair.reason else "")
    who = "The judge" if source == SHIPPED else source.removeprefix(LABEL).capitalize()
    st.text(f"Pair {place + 1} of {len(checked)}. {who} says: {said}")
    _show_pair(pair.check, corpus)
    with st.container(horizontal=True, gap="small"):
        for label, step, shortcut in (("Previous", -1, "p"), ("Next", 1, "n")):
            st.button(label, shortcut=shortcut, key=f"browse:{step}", on_click=_move, args=(step,))


def _show_pair(check: SpotCheck, corpus: Corpus) -> None:
    for column, row in zip(st.columns(2), (check.left_row, check.right_row), strict=True):
        with column.container(border=True, height=190):
            st.caption(corpus.ids[row])
            st.text(corpus.texts[row])


def _said(pair: CheckedPair) -> str:
    if pair.answer is None:
        return "nothing"
    return {True: "same", False: "different", None: "unsure"}[pair.answer.same]


def _record(check: SpotCheck, choice: Choice, corpus: Corpus, attribute: Attribute) -> None:
    question = question_of(check, attribute, corpus.texts)
    PersonJudge(cached.ledger()).record(question, choice, stratum=check.stratum)


def _move(step: int) -> None:
    st.session_state[state.QUEUE_PLACE] = st.session_state.get(state.QUEUE_PLACE, 0) + step


def _measure(checked: list[CheckedPair], compared: list[Panel]) -> None:
    answers = [pair.answer for pair in checked if pair.answer is not None]
    sure = [answer for answer in answers if answer.same is not None]
    n_same = sum(bool(answer.same) for answer in sure)
    st.text(
        f"Agreement rests on {len(sure)} answers: {n_same} same, {len(sure) - n_same} different"
        + (
            f"; {len(answers) - len(sure)} unsure are left out."
            if len(answers) > len(sure)
            else "."
        )
    )
    rows, at_random = [], []
    for panel in compared:
        if panel.run is None:
            continue
        found = agreement(panel.run.similarity, answers, seed=0)
        for auc, kept in ((found.everything, rows), (found.random, at_random)):
            if auc.value is not None and auc.low is not None and auc.high is not None:
                remark = f"{auc.value:.2f}"
                kept.append(Interval(panel.title, auc.value, auc.low, auc.high, remark))
    if not rows:
        st.caption("Nothing to measure yet: it takes at least one same and one different.")
        return
    title = "chance that a same pair is scored above a different one"
    st.plotly_chart(
        interval_chart(rows, title=title, chance=0.5, span=(-0.02, 1.02)),
        key="spot-check-agreement",
        config={"displayModeBar": False},
    )
    st.caption(
        "All answers: pairs were chosen where methods disagree, so read it as a comparison on the "
        "same pairs. " + _random_sentence(at_random)
    )


def _random_sentence(at_random: list[Interval]) -> str:
    if not at_random:
        return "The random pairs alone do not yet hold both a same and a different."
    parts = [f"{r.name} {r.value:.2f} [{r.low:.2f}, {r.high:.2f}]" for r in at_random]
    return "On the random pairs alone, which speak for the corpus: " + "; ".join(parts) + "."


def _measure_triplets(
    judge: ReplayJudge, attribute: Attribute, corpus: Corpus, compared: list[Panel]
) -> None:
    verdicts = [verdict for verdict in judge.verdicts if verdict.attribute == attribute]
    answers = answered_triplets(verdicts, corpus.texts)
    rows = []
    for panel in compared:
        if panel.run is None:
            continue
        found = triplet_agreement(panel.run.similarity, answers)
        if found.value is not None and found.low is not None and found.high is not None:
            rows.append(
                Interval(panel.title, found.value, found.low, found.high, f"{found.value:.2f}")
            )
    if not rows:
        return
    st.plotly_chart(
        interval_chart(
            rows,
            title="share of the judge's triplets ordered alike",
            chance=0.5,
            span=(-0.02, 1.02),
        ),
        key="triplet-agreement",
        config={"displayModeBar": False},
    )


def _table(checked: list[CheckedPair], corpus: Corpus) -> None:
    """What was answered, and where each method ranks the pair among random pairs."""
    answered = [pair for pair in checked if pair.answer is not None]
    if not answered:
        return
    rows = [
        {
            "left": corpus.ids[pair.check.left_row],
            "right": corpus.ids[pair.check.right_row],
            "answer": _said(pair),
            "chosen by": str(pair.check.stratum),
            **pair.check.ranks,
        }
        for pair in answered
    ]
    names = [name for name in rows[0] if name not in ("left", "right", "answer", "chosen by")]
    st.caption(
        "Answered pairs, and the share of random pairs that each method holds to be less alike"
    )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height=min(320, 40 + 35 * len(rows)),
        column_config={
            name: st.column_config.ProgressColumn(min_value=0, max_value=1, format="percent")
            for name in names
        },
    )
