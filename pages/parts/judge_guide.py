"""What a language model is told beside attribute and rubric: notes, and a definition card."""

from __future__ import annotations

import streamlit as st

from engine.corpus import Corpus
from engine.judges.kinds import Kind
from engine.judges.prompts import Guide
from engine.scales.definition import definition_card
from engine.types import Attribute
from pages.parts import cached
from pages.parts.judge_held import held_counts, held_verdicts

NO_CARD = "no card"
KEEP = "session"


def choose_guide(corpus: Corpus, attribute: Attribute) -> Guide:
    """Notes that the analyst types, and a card distilled from a judge's earlier verdicts."""
    notes = st.text_area(
        "What you have settled about this attribute (optional; goes into the prompt)",
        key=f"judge-notes:{attribute.key}",
        persist_state=KEEP,
        height=80,
        placeholder="Same: the same computation. Close: one step more or less. Different: …",
    ).strip()
    judges = [
        each.judge
        for each in held_counts()
        if each.attribute == attribute and each.kind is Kind.PAIR and each.n > each.n_unread
    ]
    if not judges:
        return Guide(notes)
    judge = st.selectbox(
        "Definition card, distilled from the pairs of",
        [NO_CARD, *judges],
        key=f"judge-card:{attribute.key}:{len(judges)}",
        persist_state=KEEP,
        help="What that judge held to be same, close and different, with examples, goes into every "
        "prompt: so all batches are judged by one measure.",
    )
    if judge == NO_CARD:
        return Guide(notes)
    card = _card(corpus, attribute, str(judge))
    return Guide("\n".join(part for part in (notes, card.notes) if part), card.examples)


def _card(corpus: Corpus, attribute: Attribute, judge: str) -> Guide:
    given = held_verdicts(attribute, judge)
    return cached.judging(
        ("card", cached.ledger().version, corpus.fingerprint, attribute.key, judge),
        lambda: definition_card(given, corpus.texts, attribute).guide(corpus.texts),
    )
