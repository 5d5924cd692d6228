"""Browsing the ledger: which verdicts there are, and one of them with all that is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from engine.corpus import Corpus
from engine.judges.kinds import Kind, Status
from engine.judges.ledger_rows import Held
from engine.judges.prompts import text_names
from engine.judges.questions import Verdict
from engine.spot_checks.answers import rows_by_text_key
from engine.types import Attribute
from pages.parts import cached
from pages.parts.judge_guide import KEEP
from pages.parts.judge_held import held_counts
from pages.parts.judge_words import dollars, said

ALL = "all"
N_SHOWN = 500
PLACE = "judge-place"
TEXT_HEIGHT = 220


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which verdicts to show. judge and kind: None for all."""

    attribute: Attribute
    judge: str | None
    kind: Kind | None
    unread_only: bool
    here_only: bool


def ledger_view(corpus: Corpus, attribute: Attribute) -> None:
    """Filters, the table, and the verdict that is open."""
    held = held_counts()
    if not held:
        st.caption("The ledger is empty: no verdict was ever given, or imported.")
        return
    wanted = _filters(held, attribute)
    rows = cached.judging(
        ("row of text", corpus.fingerprint), lambda: rows_by_text_key(corpus.texts)
    )
    found = cached.judging(
        ("browsed", cached.ledger().version, corpus.fingerprint, wanted),
        lambda: _browsed(wanted, rows),
    )
    if not found:
        st.caption(_nothing(held, wanted))
        return
    _table(found, corpus, rows)
    _one(found, corpus, rows)


def _filters(held: Sequence[Held], attribute: Attribute) -> Wanted:
    columns = st.columns([3, 3, 2, 2, 2], vertical_alignment="bottom")
    attributes = list(dict.fromkeys([attribute, *(each.attribute for each in held)]))
    about = columns[0].selectbox(
        "Attribute",
        attributes,
        format_func=lambda one: one.phrase,
        key=f"ledger-attribute:{attribute.key}",
        persist_state=KEEP,
    )
    here = [each for each in held if each.attribute == about]
    judges = [ALL, *dict.fromkeys(each.judge for each in here)]
    kinds = [ALL, *dict.fromkeys(each.kind.value for each in here)]
    place = f"{attribute.key}:{attributes.index(about)}"
    judge = columns[1].selectbox(
        "Judge", judges, key=f"ledger-judge:{place}:{len(judges)}", persist_state=KEEP
    )
    kind = columns[2].selectbox(
        "Kind", kinds, key=f"ledger-kind:{place}:{len(kinds)}", persist_state=KEEP
    )
    unread = columns[3].toggle(
        "No answer", key="ledger-unread", persist_state=KEEP,
        help="Unparsed, refused or unanswerable: they were asked, and perhaps paid for.",
    )  # fmt: skip
    only_here = columns[4].toggle(
        "This corpus only", value=True, key="ledger-here", persist_state=KEEP
    )
    return Wanted(
        attribute=about,
        judge=None if judge == ALL else judge,
        kind=None if kind == ALL else Kind(kind),
        unread_only=unread,
        here_only=only_here,
    )


def _browsed(wanted: Wanted, rows: dict[str, int]) -> list[Verdict]:
    """The newest first."""
    found = cached.ledger().verdicts(wanted.attribute, wanted.judge, wanted.kind)
    kept = [
        verdict
        for verdict in found
        if not (wanted.unread_only and verdict.status is Status.PARSED)
        and (not wanted.here_only or rows.keys() >= set(verdict.text_keys))
    ]
    return kept[::-1]


def _nothing(held: Sequence[Held], wanted: Wanted) -> str:
    n = sum(each.n for each in held if each.attribute == wanted.attribute)
    if not n:
        return "There is no verdict on this attribute yet."
    return f"None of the {n:,} verdicts on this attribute is like that. Widen the choice above."


def _table(found: Sequence[Verdict], corpus: Corpus, rows: dict[str, int]) -> None:
    more = f", the newest {N_SHOWN}" if len(found) > N_SHOWN else ""
    st.caption(f"{len(found):,} verdicts{more}; click the left edge of a row to open it below")
    shown = found[:N_SHOWN]
    ids = [[_id(key, corpus, rows) for key in verdict.text_keys] for verdict in shown]
    st.dataframe(
        pd.DataFrame(
            {
                "no.": range(1, len(shown) + 1),
                "kind": [verdict.kind.value for verdict in shown],
                "texts": [", ".join(each) for each in ids],
                "answer": [said(verdict) for verdict in shown],
                "reason": [verdict.reason for verdict in shown],
                "judge": [verdict.judge for verdict in shown],
                "chosen by": [verdict.stratum for verdict in shown],
                "time": [verdict.time[:16].replace("T", " ") for verdict in shown],
            }
        ),
        hide_index=True,
        height=min(300, 40 + 35 * len(shown)),
        key="ledger-table",
        selection_mode="single-row",
        on_select=_open_selected,
        column_config={"reason": st.column_config.TextColumn(width="medium")},
    )


def _open_selected() -> None:
    chosen = st.session_state["ledger-table"].selection.rows
    if chosen:
        st.session_state[PLACE] = chosen[0] + 1


def _id(key: str, corpus: Corpus, rows: dict[str, int]) -> str:
    return corpus.ids[rows[key]] if key in rows else "(not here)"


def _one(found: Sequence[Verdict], corpus: Corpus, rows: dict[str, int]) -> None:
    n = min(len(found), N_SHOWN)
    st.session_state[PLACE] = min(max(1, int(st.session_state.get(PLACE, 1))), n)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.number_input("Verdict no.", 1, n, key=PLACE, width=140)
        for label, step, shortcut in (("Previous", -1, "p"), ("Next", 1, "n")):
            st.button(
                label,
                shortcut=shortcut,
                key=f"ledger-step:{step}",
                disabled=not 1 <= st.session_state[PLACE] + step <= n,
                on_click=_step,
                args=(step,),
            )
    verdict = found[st.session_state[PLACE] - 1]
    _texts(verdict, corpus, rows)
    _answers(verdict)


def _step(step: int) -> None:
    st.session_state[PLACE] = st.session_state[PLACE] + step


def _texts(verdict: Verdict, corpus: Corpus, rows: dict[str, int]) -> None:
    names = text_names(verdict.kind, len(verdict.text_keys))
    columns = st.columns(min(3, len(names)))
    for place, (name, key) in enumerate(zip(names, verdict.text_keys, strict=True)):
        with columns[place % len(columns)].container(border=True, height=TEXT_HEIGHT):
            st.caption(f"{name} · {_id(key, corpus, rows)}")
            known = key in rows
            st.text(corpus.texts[rows[key]] if known else "This text is in another corpus.")


def _answers(verdict: Verdict) -> None:
    st.text(f"{verdict.judge} says: {said(verdict)}")
    if verdict.reason and verdict.status is Status.PARSED:
        st.text(f"Its reason: {verdict.reason}")
    for other in _others(verdict):
        st.text(f"{_order(verdict, other)}: {said(other)}")
    st.caption(facts_line(verdict))
    if verdict.raw:
        with st.expander("The reply as it came"):
            st.code(verdict.raw, language=None, wrap_lines=True, height=TEXT_HEIGHT)


def _others(verdict: Verdict) -> list[Verdict]:
    """What the same judge said of the same texts at other times, in either order."""
    ledger = cached.ledger()
    found = cached.judging(
        ("said", ledger.version, verdict.judge, verdict.attribute.key, verdict.kind),
        lambda: ledger.verdicts(verdict.attribute, verdict.judge, verdict.kind),
    )
    key = verdict.unordered_key
    return [each for each in found if each.unordered_key == key and each != verdict]


def _order(verdict: Verdict, other: Verdict) -> str:
    if other.text_keys == verdict.text_keys:
        return "Asked again in this order"
    return "Asked with the sides swapped"


def facts_line(verdict: Verdict) -> str:
    """What the verdict took, and under which wording it was given; unknown is said so."""
    tokens = "tokens unknown"
    if verdict.n_tokens_in is not None:
        tokens = f"{verdict.n_tokens_in:,} tokens read, {verdict.n_tokens_out or 0:,} written"
    seconds = "" if verdict.seconds is None else f"{verdict.seconds:.1f} s"
    wording = f"wording {verdict.prompt_version}" if verdict.prompt_version else ""
    batch = f"batch {verdict.batch}" if verdict.batch else ""
    chosen = f"chosen by {verdict.stratum}" if verdict.stratum else ""
    chance = "" if verdict.probability is None else f"at a chance of {verdict.probability:.2g}"
    asked = " ".join(part for part in (chosen, chance) if part)
    parts = (tokens, dollars(verdict.dollars), seconds, wording, batch, asked, verdict.time[:19])
    return " · ".join(part for part in parts if part)
