"""What the scoreboard measures: attributes with the columns that hold their truth, and methods."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.bench import Ask
from engine.corpus import Corpus
from engine.jobs import JobQueue
from engine.methods.registry import Method, card, cards, create, name_of
from engine.run import RunRequest
from engine.types import Attribute, Level
from pages.parts import cached, frame, state
from pages.parts.standings import Missing

SIZES = (10_000, 100_000, 1_000_000)
EVERY_SECONDS = 2.0
CHEAP = ("random", "length", "tfidf", "raw-embedding", "written-projection")


def choose_asks(view: state.View, corpus: Corpus) -> list[Ask]:
    """The sample's attributes, or the label columns of an own file under the analyst's words."""
    found = frame.sample_of(view)
    if found is not None:
        offers = {offer.column: offer for offer in found.attributes}
        chosen = st.pills(
            "Attributes, each with the label column that holds its truth",
            list(offers),
            selection_mode="multi",
            default=list(offers)[:2],
            format_func=lambda column: f"{offers[column].name}  ({column})",
            key=f"asks:{view.corpus}",
        )
        return [Ask(c, Attribute(offers[c].name, offers[c].definition)) for c in chosen or ()]
    chosen = st.multiselect(
        "Label columns that hold the truth about an attribute",
        list(corpus.labels),
        default=list(corpus.labels)[:2],
        key=f"asks:{view.corpus}",
    )
    asks = []
    for column in chosen:
        key = f"phrase:{view.corpus}:{column}"
        phrase = st.text_input(f"The attribute that {column} holds", value=column, key=key)
        if str(phrase or "").strip():
            asks.append(Ask(column, Attribute(str(phrase))))
    return asks


def choose_methods(corpus: Corpus) -> list[Method]:
    """Which methods stand on the board: those with kept runs on this corpus, and the cheap ones."""
    kept = {
        r.method for r in cached.job_queue().store.records() if r.fingerprint == corpus.fingerprint
    }
    names = [each.name for each in cards()]
    chosen = st.multiselect(
        "Methods",
        names,
        default=[name for name in names if name in kept or name in CHEAP],
        format_func=lambda name: f"{name} (level {card(name).level})",
        key=f"board-methods:{corpus.fingerprint}",
    )
    return [create(name) for name in chosen]


def choose_size() -> int:
    """The corpus size that costs are projected to."""
    chosen = st.segmented_control(
        "Project the cost of a new attribute to",
        SIZES,
        default=SIZES[-1],
        required=True,
        format_func=lambda n: f"{n:,} texts",
        key="board-size",
    )
    return int(chosen or SIZES[-1])


def ask_for_missing(queue: JobQueue, corpus: Corpus, missing: Sequence[Missing]) -> None:
    """Offer to run what is not kept yet, and show how far it is."""
    if not missing:
        return
    requests = [RunRequest(corpus, each.attribute, each.method) for each in missing]
    known = set(queue.keys())
    waiting = [r for r in requests if r.key in known and not queue.status(r.key).finished]
    fresh = [r for r in requests if r.key not in known]
    if fresh:
        names = ", ".join(dict.fromkeys(name_of(r.method) for r in fresh))
        slow = [n for n in names.split(", ") if card(n).level >= Level.LM_PASSES]
        remark = f" {', '.join(slow)} may take minutes." if slow else ""
        st.button(
            f"Run what is missing ({len(fresh)})",
            type="primary",
            icon=":material/play_arrow:",
            help=f"{names}.{remark}",
            on_click=_submit,
            args=(queue, fresh),
        )
    for request in requests:
        if request.key in known and queue.status(request.key).note:
            status = queue.status(request.key)
            if status.finished:
                st.error(f"{status.method}: {status.note}")
    if waiting:
        st.fragment(_watch, run_every=EVERY_SECONDS)([r.key for r in waiting])


def _submit(queue: JobQueue, requests: Sequence[RunRequest]) -> None:
    for request in requests:
        queue.submit(request)


def _watch(keys: list[str]) -> None:
    queue = cached.job_queue()
    statuses = [queue.status(key) for key in keys]
    if any(status.finished for status in statuses):
        st.rerun()
    for status in statuses:
        note = f": {status.note}" if status.note else ""
        st.progress(status.fraction, text=f"{status.method} {status.state}{note}")
