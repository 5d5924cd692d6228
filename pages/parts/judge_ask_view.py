"""Asking: the exact prompt, what it would cost and bring, the cap, and the start."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.corpus import Corpus
from engine.errors import LikewiseError
from engine.formats.table import counted
from engine.judge_jobs import Asking, AskingStatus
from engine.judges.anthropic_judge import AnthropicJudge
from engine.judges.batches import BatchJudge
from engine.judges.local_prompts import local_prompt
from engine.judges.money import Estimate, Purse
from engine.judges.openai_compatible import OpenAICompatibleJudge
from engine.judges.planning import next_step, wilson_half_width
from engine.judges.prompts import prompt_for
from engine.judges.questions import Verdict
from engine.spot_checks.answers import rows_by_text_key
from engine.types import Attribute
from pages.parts import cached
from pages.parts.judge_batches import choose_when, fits, send_batch, without_waiting
from pages.parts.judge_choice import (
    ANTHROPIC,
    LABELS,
    LOCAL,
    REPLAY,
    maker,
    paid_judge,
)
from pages.parts.judge_settings import Settings
from pages.parts.judge_words import dollars, said, show_problem

PROMPT_HEIGHT = 250
WIDEST = 0.5
COUNTED, REFUSED = "judge-counted", "judge-refused"


def subject_of(corpus: Corpus, attribute: Attribute) -> str:
    """What an asking is about; its last one is found again by it, from any page or tab."""
    return f"{corpus.fingerprint}:{attribute.key}"


def ask_view(corpus: Corpus, attribute: Attribute, asked: Settings) -> None:
    """Everything before the first question is sent."""
    shown, costs = st.columns([3, 2], gap="large")
    with shown:
        _prompt(asked)
    with costs:
        _start(corpus, attribute, asked)
    _latest(cached.judge_jobs().latest(subject_of(corpus, attribute)), corpus)


def _prompt(asked: Settings) -> None:
    choice, question = asked.choice, asked.questions[0]
    made = local_prompt if choice.who == LOCAL else prompt_for
    prompt = made(question, choice.guide)
    if choice.who in (LABELS, REPLAY):
        st.caption("Nothing is sent to this judge. A language model would be asked like this:")
    else:
        st.caption(f"The first of {len(asked.questions):,} questions, word for word. First "
                   "what all of them share, then what is this one's own:")  # fmt: skip
    st.code(prompt.system, language=None, wrap_lines=True, height=PROMPT_HEIGHT)
    st.code(prompt.user, language=None, wrap_lines=True, height=PROMPT_HEIGHT)


def _start(corpus: Corpus, attribute: Attribute, asked: Settings) -> None:
    choice = asked.choice
    if choice.problem:
        st.info(choice.problem, icon=":material/key:")
        return
    last = cached.judge_jobs().latest(subject_of(corpus, attribute))
    running = last is not None and not last.finished
    running = running or cached.batch_jobs().n_sending > 0
    as_batch = choice.who == ANTHROPIC and choose_when()
    judge = paid_judge(choice) if choice.is_paid else None
    if isinstance(judge, AnthropicJudge):
        asked = without_waiting(asked, judge)
        if not asked.questions:
            return
    try:
        found = _estimate(asked, judge, may_count=not running, as_batch=as_batch)
    except LikewiseError as error:
        show_problem("What it costs can't be told.", str(error))
        return
    if found is None:
        _free(asked)
        cap, may = None, True
    else:
        _costs(found)
        if choice.who == ANTHROPIC:
            _count_exactly(asked)
        cap, may = _cap(found, as_batch=as_batch)
    _step(asked, found)
    n_new = len(asked.questions) if found is None else found.n_questions
    n = counted(n_new, "question")
    st.button(
        f"Send {n} as a batch" if as_batch else f"Ask {n}",
        type="primary",
        icon=":material/schedule_send:" if as_batch else ":material/gavel:",
        key="judge-start",
        disabled=running or not may or not n_new,
        on_click=_submit,
        args=(corpus, attribute, asked, cap, as_batch),
    )
    problem = st.session_state.pop(REFUSED, "")
    if problem:
        show_problem("It was not begun.", problem)


def _estimate(
    asked: Settings,
    judge: AnthropicJudge | OpenAICompatibleJudge | None,
    *,
    may_count: bool,
    as_batch: bool,
) -> Estimate | None:
    """By the length of the prompts; counted by the API where the analyst asked for that.

    While it runs nothing is counted: with each verdict there would be other prompts to count.
    """
    if judge is None:
        return None
    key = (cached.ledger().version, asked.key, asked.choice.key)
    exactly = may_count and st.session_state.get(COUNTED) == key[1:]

    def estimated() -> Estimate:
        if not isinstance(judge, AnthropicJudge):
            return judge.estimate(asked.questions)
        priced = BatchJudge(judge) if as_batch else judge
        return priced.estimate(asked.questions, counted=exactly)

    return cached.judging(("estimate", exactly, as_batch, *key), estimated)


def _count_exactly(asked: Settings) -> None:
    wanted = (asked.key, asked.choice.key)
    if st.session_state.get(COUNTED) != wanted:
        st.button(
            "Count the tokens",
            type="tertiary",
            icon=":material/calculate:",
            help="The API counts a few of the prompts, for nothing.",
            key="judge-count",
            on_click=st.session_state.update,
            args=({COUNTED: wanted},),
        )


def _costs(found: Estimate) -> None:
    left, right = st.columns(2)
    left.metric("Expected", dollars(found.dollars), help=f"Tokens: {found.how}.")
    right.metric(
        "At most",
        dollars(found.dollars_at_most),
        help="Should each byte be a token, and each reply as long as it may be.",
    )
    known = f"; {found.n_known:,} more are in the ledger and cost nothing" if found.n_known else ""
    st.text(
        f"{found.n_questions:,} questions are new{known}. About {found.n_tokens_in:,} tokens to "
        f"read and {found.n_tokens_out:,} to write."
    )


def _cap(found: Estimate, *, as_batch: bool) -> tuple[float | None, bool]:
    """The cap, and whether asking may begin."""
    if found.dollars is None:
        st.warning(
            "Nobody lists a price for this model, so no cap can be kept. What is asked may cost "
            "money all the same."
        )
        return None, st.checkbox("Ask at an unknown price", key="judge-unpriced")
    cap = st.number_input(
        "Spend at most, $",
        min_value=0.0,
        value=1.0,
        step=0.5,
        format="%.2f",
        key="judge-cap",
        persist_state="session",
        help="A call is held for at its highest price before it is sent, so this is never passed.",
    )
    if as_batch:
        return float(cap), fits(found, float(cap))
    if found.dollars > cap:
        share = cap / found.dollars
        st.caption(f"The cap will stop it after about {share:.0%} of them; the rest can follow.")
    return float(cap), True


def _free(asked: Settings) -> None:
    words = {
        REPLAY: "Replayed from disk: no key, no dollars.",
        LABELS: "Answered from the column: no key, no dollars.",
        LOCAL: "Runs on this machine: no key, no dollars, but a pass over the model a question.",
    }
    st.text(f"{len(asked.questions):,} questions. {words[asked.choice.who]}")


def _step(asked: Settings, found: Estimate | None) -> None:
    """What the questions would bring: at its widest, so that it holds for any share."""
    n = len(asked.questions)
    n_known = 0 if found is None else found.n_known
    n_new = n - n_known
    each = 0.0 if found is None else _each(found)
    if n_known and n_new:
        sentence = str(next_step(WIDEST, n_known, n_new, each))
    else:
        width = 100 * wilson_half_width(WIDEST, n)
        sentence = f"{n:,} answers give an interval of ±{width:.1f} points."
    st.text(sentence)
    st.caption("Of a share that rests on these verdicts, such as how often a method agrees; at its "
               "widest, near one half.")  # fmt: skip


def _each(found: Estimate) -> float | None:
    if found.dollars is None or not found.n_questions:
        return None
    return found.dollars / found.n_questions


def _submit(
    corpus: Corpus, attribute: Attribute, asked: Settings, cap: float | None, as_batch: bool
) -> None:
    choice = asked.choice
    strata = {one.question.key: one.stratum for one in asked.chosen if one.stratum}
    probabilities = {
        one.question.key: one.probability for one in asked.chosen if one.probability is not None
    }
    try:
        judge = paid_judge(choice) if as_batch else None
        if isinstance(judge, AnthropicJudge):
            send_batch(asked, judge, cap, strata, probabilities)
            return
        purse = Purse(cap) if choice.is_paid else None
        asking = Asking(
            subject=subject_of(corpus, attribute),
            title=choice.title,
            questions=asked.questions,
            make_judge=maker(choice, corpus, purse),
            ledger=cached.ledger(),
            strata=strata,
            purse=purse,
            probabilities=probabilities,
        )
        cached.judge_jobs().submit(asking)
    except LikewiseError as error:
        st.session_state[REFUSED] = str(error)


def _latest(status: AskingStatus | None, corpus: Corpus) -> None:
    """The last few verdicts that came in."""
    if status is None or not status.tally.latest:
        return
    rows = rows_by_text_key(corpus.texts)
    ids = {key: corpus.ids[row] for key, row in rows.items()}
    st.caption("The last that came in; all are under Ledger")
    st.dataframe(
        pd.DataFrame([_row(verdict, ids) for verdict in status.tally.latest]),
        hide_index=True,
        column_config={"reason": st.column_config.TextColumn(width="large")},
    )


def _row(verdict: Verdict, ids: dict[str, str]) -> dict[str, str]:
    return {
        "texts": ", ".join(ids.get(key, "–") for key in verdict.text_keys),
        "answer": said(verdict),
        "reason": verdict.reason,
    }
