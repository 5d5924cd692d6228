"""Asking the local model in rings: the triplets that a circle can be seen in."""

from __future__ import annotations

import streamlit as st

from engine.corpus import Corpus
from engine.diagnostics.rings import WIDTH, n_in_ring
from engine.errors import LikewiseError
from engine.judge_jobs import Asking
from engine.judges.kinds import Kind as QuestionKind
from engine.judges.local_judge import NOTE
from engine.models.catalogue import Kind, known_models
from engine.types import Attribute
from pages.parts import cached
from pages.parts.judge_ask_view import subject_of
from pages.parts.judge_choice import LOCAL, Choice, maker
from pages.parts.judge_questions import Need, in_rings
from pages.parts.judge_strip import judge_strip

MOST_RINGS = 20
A_RING = n_in_ring(WIDTH)
REFUSED = "rings-refused"


def ask_in_rings(corpus: Corpus, attribute: Attribute) -> None:
    """How many texts, which model, and the start; then how far it has got."""
    st.markdown("##### Ask in rings")
    st.text(
        f"{WIDTH} candidates of one text, compared two by two, take {A_RING} triplets; in a "
        "consistent judge's answers none of their triads goes in a circle."
    )
    here = [entry.name for entry in known_models(Kind.LANGUAGE_MODEL) if entry.here]
    if not here or len(corpus) <= WIDTH:
        st.caption(f"It takes a language model on this machine, and more than {WIDTH} texts.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        model = st.selectbox("Model on this machine", here, key="rings-model", width=260)
        n_rings = st.number_input("Texts", 1, MOST_RINGS, 2, key="rings-n", width=140)
        st.button(
            f"Ask {int(n_rings) * A_RING} triplets",
            icon=":material/gavel:",
            key="rings-start",
            on_click=_submit,
            args=(corpus, attribute, str(model), int(n_rings)),
        )
    st.caption(f"{NOTE} Its verdicts land in the ledger; choose it above to see them.")
    problem = st.session_state.pop(REFUSED, "")
    if problem:
        st.info(problem)
    judge_strip(subject_of(corpus, attribute))


def _submit(corpus: Corpus, attribute: Attribute, model: str, n_rings: int) -> None:
    choice = Choice(LOCAL, model=model)
    try:
        chosen = in_rings(Need(corpus, attribute, QuestionKind.TRIPLET, n_rings * A_RING))
        questions = tuple(one.question for one in chosen)
        cached.judge_jobs().submit(
            Asking(
                subject_of(corpus, attribute),
                f"{model}, in rings",
                questions,
                maker(choice, corpus, None),
                cached.ledger(),
                {one.question.key: one.stratum for one in chosen},
            )
        )
    except LikewiseError as error:
        st.session_state[REFUSED] = str(error)
