"""Batches: when to ask, sending, and the state of what was sent, also before a restart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from engine.formats.table import counted
from engine.judge_batches import BatchesStatus, SeenBatch, Sending
from engine.judges.anthropic_judge import AnthropicJudge
from engine.judges.batch_collecting import ENDED
from engine.judges.batch_store import BatchState
from engine.judges.money import Estimate, Purse
from engine.types import content_key
from pages.parts import cached
from pages.parts.judge_guide import KEEP
from pages.parts.judge_settings import Settings
from pages.parts.judge_words import dollars, show_problem

NOW, BATCH = "Now", "As a batch: half the price, within 24 hours"
# While something is being done, and while the service is merely waited for.
BUSY_SECONDS, IDLE_SECONDS = 1.0, 10.0


def choose_when() -> bool:
    """Whether the questions go as a batch."""
    when = st.radio(
        "When?",
        [NOW, BATCH],
        horizontal=True,
        key="judge-when",
        persist_state=KEEP,
        help="A batch is answered when the service has time, mostly within the hour. You may close "
        "the app meanwhile: what was sent is kept, and its answers are collected when it runs "
        "again. They are the same verdicts under the same name.",
    )
    return bool(when == BATCH)


def without_waiting(asked: Settings, judge: AnthropicJudge) -> Settings:
    """Only the questions that do not wait in a batch already; how many do is said."""
    waiting = cached.judging(
        ("waiting", cached.ledger().version, asked.choice.key),
        lambda: cached.batch_jobs().waiting_keys(judge),
    )
    left = tuple(one for one in asked.chosen if one.question.key not in waiting)
    n_waiting = len(asked.chosen) - len(left)
    if not n_waiting:
        return asked
    said = "All of these questions wait" if not left else f"{n_waiting:,} of these questions wait"
    st.text(f"{said} in a batch, and are not asked again.")
    key = content_key(asked.key, *(one.question.key for one in left))
    return replace(asked, chosen=left, key=key)


def fits(found: Estimate, cap: float) -> bool:
    """Whether a batch may be sent under the cap; why not is said."""
    most = found.dollars_at_most
    if most is None or most <= cap:
        return True
    st.text(
        "A batch can't be stopped at the cap once it is sent, so all of it must fit at its "
        f"highest price: raise the cap to {dollars(math.ceil(100 * most) / 100)}, or ask fewer."
    )
    return False


def send_batch(
    asked: Settings,
    judge: AnthropicJudge,
    cap: float | None,
    strata: Mapping[str, str],
    probabilities: Mapping[str, float],
) -> None:
    """Hand the questions to the worker that sends them.

    Raises:
        BadInput: there is no question.
    """
    paid = replace(judge, purse=Purse(cap))
    cached.batch_jobs().submit(Sending(paid, asked.questions, strata, probabilities))


def batches_strip() -> None:
    """The batches that are open, whatever they ask, and the last that was collected."""
    status = cached.batch_jobs().status()
    if not (status.batches or status.looking or status.problems):
        return
    every = BUSY_SECONDS if status.looking else IDLE_SECONDS if status.n_open else None
    st.fragment(_strip, run_every=every)(_stage(status))


def _stage(status: BatchesStatus) -> tuple[object, ...]:
    """What, when it changes, changes the rest of the page."""
    states = tuple((seen.sent.batch.job, seen.sent.batch.state) for seen in status.batches)
    return states, status.looking, status.problems


def _strip(seen_stage: tuple[object, ...]) -> None:
    status = cached.batch_jobs().status()
    if _stage(status) != seen_stage:
        st.rerun()
    open_ones = [seen for seen in status.batches if seen.sent.is_open]
    if open_ones or status.n_sending:
        with st.container(border=True):
            _open(status, open_ones)
    collected = next((seen for seen in status.batches if not seen.sent.is_open), None)
    if collected is not None:
        st.text(f"The last batch collected: {title(collected)}. {state_words(collected)}")
    for problem in status.problems:
        show_problem("Something went wrong with a batch.", problem)


def _open(status: BatchesStatus, open_ones: list[SeenBatch]) -> None:
    if status.n_sending and not any(seen.sent.batch.batch_id is None for seen in open_ones):
        st.text(f"Sending {counted(status.n_sending, 'question')} as a batch …")
    for seen in open_ones:
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            st.text(f"{title(seen)}\n{state_words(seen)}", width="content")
            _cancel_button(seen)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Look again",
            icon=":material/refresh:",
            key="look-at-batches",
            disabled=status.looking,
            on_click=cached.batch_jobs().look_again,
        )
        st.caption("The app looks once a minute; what has ended goes into the ledger by itself.")


def _cancel_button(seen: SeenBatch) -> None:
    st.button(
        "Cancel",
        key=f"cancel-batch:{seen.sent.batch.job}",
        disabled=_is_over(seen),
        help="No more of it is answered. What was answered by then is paid for, and collected.",
        on_click=cached.batch_jobs().cancel,
        args=(seen.sent.batch.job,),
    )


def title(seen: SeenBatch) -> str:
    """Who is asked what, and since when."""
    sent = seen.sent
    n = counted(sent.batch.n_requests, sent.kind.value)
    return f"{sent.model} · {n} on “{sent.attribute}” · sent {sent.batch.created:%d %b %H:%M} UTC"


def state_words(seen: SeenBatch) -> str:
    """Where a batch stands, and when the service said so."""
    batch, progress = seen.sent.batch, seen.progress
    if batch.state is BatchState.COLLECTED:
        return _collected_words(seen)
    if batch.state is BatchState.SENDING:
        return "Being sent: whether it arrived is not known yet."
    if progress is None:
        return "Submitted."
    looked = f"looked at {progress.when:%H:%M} UTC."
    if progress.status == ENDED:
        return f"Ended: {progress.n_succeeded:,} answered, {progress.n_failed:,} not; {looked}"
    if progress.status == "canceling":
        return f"Being cancelled: what was answered before is paid for, and collected; {looked}"
    n_left = f"{progress.n_processing:,} of {batch.n_requests:,}"
    return f"In progress: {n_left} not answered yet; {looked}"


def _collected_words(seen: SeenBatch) -> str:
    sent = seen.sent
    said = f"{counted(sent.n_landed, 'verdict')} for {dollars(sent.dollars)}"
    n_failed = sent.batch.n_requests - sent.n_landed
    if n_failed <= 0:
        return f"{said}."
    return f"{said}; {n_failed:,} failed, expired or were cancelled, and cost nothing."


def _is_over(seen: SeenBatch) -> bool:
    unknown = seen.sent.batch.batch_id is None
    return unknown or (seen.progress is not None and seen.progress.status != "in_progress")
