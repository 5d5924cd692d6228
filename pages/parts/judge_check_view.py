"""The analyst answers the same pairs, by keys alone, and blind to what the judge said."""

from __future__ import annotations

import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.judge_agreement import answers_in_words, judges_agree
from engine.judges.kinds import Kind
from engine.judges.person import PersonJudge
from engine.spot_checks import AnsweredPair, CheckedPair, SpotCheck, ask_queue
from engine.spot_checks.answers import rows_by_text_key
from engine.types import Attribute
from pages.parts import cached
from pages.parts.calibration_further import interval
from pages.parts.judge_held import held_verdicts
from pages.parts.judge_questions import AT_RANDOM, SOURCES, Chosen, Need
from pages.parts.judge_settings import Settings, newest_wording
from pages.parts.spot_checks_view import ask_person

N_CHECKED = 40
PERSON = "person"


def check_view(corpus: Corpus, attribute: Attribute, asked: Settings, judge: str) -> None:
    """Pairs to answer; afterwards, or when asked for, how far the judge agrees."""
    if asked.kind is not Kind.PAIR:
        st.caption(
            "You answer pairs. Choose pairs above, and you and the judge answer the same ones; "
            "until then these are drawn at random."
        )
    queue = checks(corpus, attribute, asked)
    checked = ask_queue(queue, PersonJudge(cached.ledger()), attribute, corpus.texts)
    ask_person(checked, corpus, attribute, when_done="Ask for more above to get further pairs.")
    if all(pair.answer is not None for pair in checked) or st.toggle(
        "Show how far the judge agrees", key="judge-check-shown"
    ):
        _agreement(attribute, judge, checked)


def checks(corpus: Corpus, attribute: Attribute, asked: Settings) -> list[SpotCheck]:
    """The first pairs that the judge is asked, each once, whichever way round."""
    chosen = asked.chosen
    if asked.kind is not Kind.PAIR:
        need = Need(corpus, attribute, Kind.PAIR, N_CHECKED)
        chosen = cached.judging(
            ("checks", corpus.fingerprint, attribute.key),
            lambda: tuple(SOURCES[AT_RANDOM].choose(need)),
        )
    once = {one.question.unordered_key: one for one in reversed(chosen)}
    rows = rows_by_text_key(corpus.texts)
    by_text = {corpus.texts[row]: row for row in rows.values()}
    kept = [one for one in chosen if once[one.question.unordered_key] is one][:N_CHECKED]
    return [_check(one, by_text) for one in kept]


def _check(one: Chosen, rows: dict[str, int]) -> SpotCheck:
    left, right = (rows[text] for text in one.question.texts)
    return SpotCheck(left, right, one.stratum, {})


def _agreement(attribute: Attribute, judge: str, checked: list[CheckedPair]) -> None:
    answers: list[AnsweredPair] = [pair.answer for pair in checked if pair.answer is not None]
    mine = answers_in_words(held_verdicts(attribute, PERSON), Kind.PAIR)
    theirs = answers_in_words(newest_wording(held_verdicts(attribute, judge)), Kind.PAIR)
    both = mine.keys() & theirs.keys()
    if not both:
        st.text(
            f"You have answered {len(answers)} pairs here, and {judge or 'no judge'} none of "
            "yours: ask it first."
        )
        return
    n_same = sum(mine[key] == theirs[key] for key in both)
    found = judges_agree(mine, theirs)
    st.text(f"You and {judge} say the same of {n_same} of the {len(both)} pairs you both answered.")
    if found.n:
        st.text(f"Beyond chance (Cohen's κ, 95% interval): {interval(found, 2)}")
    else:
        st.text("It takes two different answers before chance can be allowed for.")
