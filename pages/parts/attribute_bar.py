"""The question of the page: insofar as what?"""

from __future__ import annotations

import streamlit as st

from engine.corpus import Corpus
from engine.samples import SuggestedAttribute
from pages.parts import cached, frame, state

N_PAST = 6


def attribute_bar(view: state.View, corpus: Corpus) -> None:
    """Type an attribute, take a suggested one, or go back to a past one."""
    typed, defined = st.columns([2, 3], vertical_alignment="bottom")
    key = f"attribute:{view.attribute}:{view.definition}"
    typed.text_input(
        "These texts are alike — insofar as what?",
        value=view.attribute,
        key=key,
        placeholder="mathematical structure, tone, how intense is this painting …",
        on_change=_typed,
        args=(key,),
    )
    key_definition = f"definition:{view.attribute}:{view.definition}"
    defined.text_input(
        "In one sentence, for the models (optional)",
        value=view.definition,
        key=key_definition,
        placeholder="which computation solves the problem, whatever the story",
        disabled=not view.attribute,
        on_change=_defined,
        args=(key_definition,),
    )
    offers = _offers(view, corpus)
    if offers:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.caption("Try" if not view.attribute else "Or", width="content")
            for i, offer in enumerate(offers):
                st.button(
                    offer.name,
                    key=f"offer:{i}:{offer.name}",
                    help=offer.definition or None,
                    on_click=_take,
                    args=(offer.name, offer.definition),
                )


def _offers(view: state.View, corpus: Corpus) -> list[SuggestedAttribute]:
    """Suggested attributes of the sample, then past ones on this corpus, without the current."""
    found = frame.sample_of(view)
    suggested = list(found.attributes) if found else []
    known = {offer.name for offer in suggested}
    past = [name for name in _past(corpus) if name[0] not in known]
    offers = suggested + [SuggestedAttribute(name, defined, "") for name, defined in past]
    return [offer for offer in offers if offer.name != view.attribute]


def _past(corpus: Corpus) -> list[tuple[str, str]]:
    records = cached.job_queue().store.records()
    asked = [(r.attribute, r.definition) for r in records if r.fingerprint == corpus.fingerprint]
    return list(dict.fromkeys(asked))[:N_PAST]


def _typed(key: str) -> None:
    name = str(st.session_state[key] or "").strip()
    found = frame.sample_of(state.current())
    offers = found.attributes if found else ()
    definition = next((o.definition for o in offers if o.name.lower() == name.lower()), "")
    state.change(attribute=name, definition=definition)


def _defined(key: str) -> None:
    state.change(definition=str(st.session_state[key] or "").strip())


def _take(name: str, definition: str) -> None:
    state.change(attribute=name, definition=definition)
