"""How far a judge has got: progress, meter, stop; looks at the worker once a second."""

from __future__ import annotations

import streamlit as st

from engine.judge_jobs import AskingState, AskingStatus
from engine.judges.kinds import Status
from pages.parts import cached
from pages.parts.job_strip import EVERY_SECONDS
from pages.parts.judge_words import dollars, show_problem


def judge_strip(subject: str) -> None:
    """The last asking about this corpus and attribute, whoever began it and on whichever page."""
    status = cached.judge_jobs().latest(subject)
    if status is None:
        return
    every = None if status.finished else EVERY_SECONDS
    st.fragment(_strip, run_every=every)(subject, status.key, status.finished)


def _strip(subject: str, seen_key: str, was_finished: bool) -> None:
    status = cached.judge_jobs().latest(subject)
    if status is None:
        return
    if (status.key, status.finished) != (seen_key, was_finished):
        st.rerun()
    if status.finished:
        st.caption(f"{status.title}: {status.state} · {progress_line(status)}")
    else:
        with st.container(border=True):
            _bar(status)
    if status.note:
        _note(status)


def _note(status: AskingStatus) -> None:
    if status.state is AskingState.AT_CAP:
        st.warning("The cap is reached.", icon=":material/savings:")
        st.text(status.note)
    else:
        show_problem("The judge did not answer.", status.note)


def _bar(status: AskingStatus) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.progress(status.fraction, text=f"{status.title}: {status.state}")
        st.button(
            "Stop",
            icon=":material/stop_circle:",
            key=f"judge-stop:{status.key}",
            disabled=status.state is AskingState.STOPPING,
            on_click=cached.judge_jobs().stop,
            args=(status.key,),
        )
    st.caption(progress_line(status))


def progress_line(status: AskingStatus) -> str:
    """What came in and what it took, in one line."""
    tally = status.tally
    parts = [f"{tally.n_landed:,} of {status.n_asked:,} came in", f"{status.seconds:.0f} s"]
    if tally.n_known:
        parts.append(f"{tally.n_known:,} of them known before")
    unread = (Status.UNPARSED, Status.REFUSED, Status.UNANSWERABLE)
    counts = [(one, tally.by_status.get(one, 0)) for one in unread]
    parts += [f"{n:,} {one.value}" for one, n in counts if n]
    if tally.n_tokens_in:
        parts.append(f"{tally.n_tokens_in:,} tokens read, {tally.n_tokens_out:,} written")
    parts.append(spent_line(status))
    return " · ".join(parts)


def spent_line(status: AskingStatus) -> str:
    """Dollars so far; those of unknown price are said to be unknown."""
    if not status.costs:
        return "no dollars"
    cap = "" if status.cap is None else f" of at most {dollars(status.cap)}"
    if status.n_unpriced:
        return f"unknown price: {status.n_unpriced:,} calls"
    return f"{dollars(status.spent)} spent{cap}"
