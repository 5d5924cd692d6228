"""What each method cost, and the very strings that its model was sent."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts.panels import Panel


def costs_view(panels: list[Panel]) -> None:
    """A table of costs, then the prompts of each method."""
    st.dataframe(
        pd.DataFrame([_row(panel) for panel in panels]),
        hide_index=True,
        column_config={
            "seconds": st.column_config.NumberColumn(format="%.1f"),
            "peak MB": st.column_config.NumberColumn(format="%.0f"),
            "dollars": st.column_config.NumberColumn(format="%.2f"),
        },
    )
    st.caption(
        "Seconds are of this run on this machine; passes found in the store were paid for earlier. "
        "Peak MB is the whole process, whatever else it held."
    )
    for panel in panels:
        st.markdown(f"##### What {panel.title} sent to its model")
        prompts = panel.run.record.prompts if panel.run else {}
        if panel.run is None:
            st.caption("Not finished yet.")
        elif not prompts:
            st.caption("Nothing: it uses no model.")
        for model, sent in prompts.items():
            st.caption(f"Model {model}; the first {len(sent)} of its prompts, exactly as sent.")
            for prompt in sent:
                st.code(prompt, language=None, wrap_lines=True)


def _row(panel: Panel) -> dict[str, object]:
    card = panel.card
    row: dict[str, object] = {
        "method": panel.title,
        "family": card.family.value,
        "level": card.level.value,
        "a new attribute costs": card.level.cost,
        "reads again": card.rereads,
    }
    if panel.run is None:
        return row
    cost = panel.run.record.cost
    return row | {
        "seconds": cost.seconds,
        "passes": cost.passes,
        "from the store": cost.n_cached,
        "LM tokens": cost.lm_tokens,
        "truncated texts": cost.n_truncated,
        "dollars": cost.dollars,
        "peak MB": cost.peak_mb,
    }
