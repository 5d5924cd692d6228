"""Held-out triplets that tuning mended and that it broke, texts side by side."""

from __future__ import annotations

import numpy as np
import streamlit as st

from engine.tuning.learning_curve import Flips, flips
from engine.types import Rows, Similarity
from pages.parts import cached
from pages.parts.panels import Panel
from pages.parts.tune_inputs import Tuning

N_SHOWN = 3
ROLES = ("Anchor", "More alike, says the truth", "Less alike, says the truth")


def flips_view(tuning: Tuning, raw: Panel, tuned: Panel) -> None:
    """How many were mended and broken, and a few of each."""
    if raw.run is None or tuned.run is None:
        st.caption("Triplets are compared as soon as both methods are done.")
        return
    before, after = raw.run.similarity, tuned.run.similarity
    found: Flips = cached.measured(
        ("flips", raw.key, tuned.key, tuning.key), lambda: flips(before, after, tuning.tested)
    )
    st.text(
        f"Of {found.n_compared:,} held-out triplets, tuning mended {found.n_mended:,} that the raw "
        f"embedding orders wrongly, and broke {found.n_broken:,} that it orders rightly."
    )
    for title, positions in (("Mended", found.mended), ("Broken", found.broken)):
        st.markdown(f"##### {title}")
        if not len(positions):
            st.caption("None.")
        for position in positions[:N_SHOWN].tolist():
            _triplet(tuning, position, raw, tuned)
    st.caption("The clearest by the tuned method's margin, one an anchor.")


def _triplet(tuning: Tuning, position: int, raw: Panel, tuned: Panel) -> None:
    tested, corpus = tuning.tested, tuning.corpus
    rows = [int(side[position]) for side in (tested.anchor, tested.positive, tested.negative)]
    column = tuning.label
    for place, role, row in zip(st.columns(3), ROLES, rows, strict=True):
        with place.container(border=True, height="stretch"):
            label = corpus.labels[column][row] if column else ""
            st.caption(role)
            st.text(" · ".join(part for part in (corpus.ids[row], label) if part))
            st.text(corpus.texts[row])
    told = [_against(panel.title, panel.run.similarity, rows) for panel in (raw, tuned)]
    st.text("Similarity to the anchor, more alike against less alike: " + "; ".join(told) + ".")


def _against(title: str, similarity: Similarity, rows: list[int]) -> str:
    anchor: Rows = np.array([rows[0], rows[0]], dtype=np.int64)
    high, low = similarity.pairs(anchor, np.array(rows[1:], dtype=np.int64))
    return f"{title} {high:.2f} against {low:.2f}"
