"""Progress of each method, with a way to stop it; looks at the workers once a second."""

from __future__ import annotations

import streamlit as st

from engine.jobs import JobStatus, State
from pages.parts import cached
from pages.parts.panels import Panel

EVERY_SECONDS = 1.0


def job_strip(panels: list[Panel]) -> None:
    """Shown while anything is unfinished; the page is drawn again when a method gets further."""
    if all(panel.status.state is State.DONE for panel in panels):
        return
    waiting = any(not panel.status.finished for panel in panels)
    seen = tuple(panel.status.state for panel in panels)
    strip = st.fragment(_strip, run_every=EVERY_SECONDS if waiting else None)
    strip([panel.key for panel in panels], [panel.title for panel in panels], seen)


def _strip(keys: list[str], titles: list[str], seen: tuple[State, ...]) -> None:
    queue = cached.job_queue()
    statuses = [queue.status(key) for key in keys]
    if tuple(status.state for status in statuses) != seen:
        st.rerun()
    for column, status, title in zip(st.columns(len(keys)), statuses, titles, strict=True):
        with column:
            _one(status, title)


def _one(status: JobStatus, title: str) -> None:
    if status.state is State.DONE:
        st.caption(f"{title}: done")
    elif status.state is State.FAILED:
        st.error(f"{title}: {status.note}", icon=":material/error:")
        _again(status)
    elif status.state is State.CANCELLED:
        st.caption(f"{title}: stopped; what was computed is kept")
        _again(status)
    else:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.progress(status.fraction, text=_progress_text(status, title))
            st.button(
                "",
                icon=":material/stop_circle:",
                type="tertiary",
                help=f"Stop {title}",
                key=f"cancel:{status.key}",
                on_click=cached.job_queue().cancel,
                args=(status.key,),
            )


def _again(status: JobStatus) -> None:
    if st.button("Try again", key=f"again:{status.key}", icon=":material/refresh:"):
        cached.job_queue().forget(status.key)
        st.rerun()


def _progress_text(status: JobStatus, title: str) -> str:
    note = ""
    if status.state is State.RUNNING:
        note = f": {status.note}" if status.note else ": loading what it needs"
    return f"{title} · {status.state}{note} · {status.seconds:.0f} s"
