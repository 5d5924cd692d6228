"""One section of a page at a time, chosen by a row of names."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st


def choose_section(names: Iterable[str], key: str, *, persists: bool = False) -> str:
    """The name that is chosen; the first to begin with.

    Args:
        names: of the sections, in their order.
        key: of the control.
        persists: whether the choice survives a visit to another page.
    """
    offered = list(names)
    shown = st.segmented_control(
        "Look at",
        offered,
        default=offered[0],
        required=True,
        key=key,
        persist_state="session" if persists else None,
        label_visibility="collapsed",
    )
    return shown if shown in offered else offered[0]
