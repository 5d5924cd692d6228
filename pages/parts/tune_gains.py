"""Who gained what from how many verdicts: finished runs of tuned methods, on the same triplets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from engine.errors import LikewiseError
from engine.methods.registry import card, create, options
from engine.run import RunRecord
from engine.tuning.learning_curve import Point, gain
from engine.tuning.truth import TrainedOn
from engine.types import Rows
from pages.parts import cached
from pages.parts.standings import interval
from pages.parts.tune_curve import kept_records, run_point
from pages.parts.tune_inputs import COUNTS, Tuning

SHOWN_APART = (*COUNTS, "truth", "column", "start")


def gains_view(tuning: Tuning, raw_key: str) -> None:
    """One row a finished run, by verdicts; a run that learnt from a held-out text is left out."""
    raw = run_point(tuning, raw_key)
    rows, n_left_out = [], 0
    for record in kept_records(tuning):
        if not _is_tuned(record):
            continue
        if _has_seen(tuning, record):
            n_left_out += 1
            continue
        rows.append(_row(record, run_point(tuning, record.key), raw))
    if not rows:
        st.caption("No tuned method has a finished run for this attribute yet.")
        return
    found = pd.DataFrame(rows).sort_values(["verdicts", "method"], kind="stable")
    figures = st.column_config.NumberColumn(format="%.2f")
    st.dataframe(
        found,
        hide_index=True,
        column_config={"accuracy": figures, "gain over raw": figures},
    )
    left_out = (
        f" {n_left_out} runs learnt from texts that are held out here and are left out."
        if n_left_out
        else ""
    )
    st.caption(
        "Every run is measured on the same held-out triplets, whatever it learnt from; a gain is "
        f"taken anchor by anchor, so its interval is narrower than either accuracy's.{left_out}"
    )


def _row(record: RunRecord, found: Point, raw: Point) -> dict[str, object]:
    more = gain(found, raw)
    allowed = next((int(record.options[n]) for n in COUNTS if n in record.options), 0)
    counted = record.cost.verdicts
    return {
        "method": record.method,
        "start": str(record.options.get("start", "")),
        # An ensemble counts its members' verdicts too; they are the same ones.
        "verdicts": min(counted, allowed) if allowed else counted,
        "accuracy": found.accuracy.value,
        "interval": interval(found.accuracy),
        "gain over raw": more.value,
        "gain's interval": interval(more),
        "learnt from": " · ".join(record.prompts.get("truth", [])[-1:]),
        "options": _changed(record),
        "seconds": round(record.cost.seconds, 1),
    }


def _is_tuned(record: RunRecord) -> bool:
    try:
        return card(record.method).tunable
    except LikewiseError:
        return False


def _has_seen(tuning: Tuning, record: RunRecord) -> bool:
    """Whether a run learnt from an anchor of the held-out triplets."""
    try:
        made = create(record.method, record.options)
    except LikewiseError:
        return True
    if not isinstance(made, TrainedOn):
        return False
    try:
        learnt: Rows = cached.measured(
            ("learnt", record.key, tuning.key),
            lambda: made.training_rows(tuning.corpus, tuning.attribute),
        )
    except LikewiseError:
        return True
    return bool(np.isin(tuning.tested.anchor, learnt).any())


def _changed(record: RunRecord) -> str:
    """Options that are not at their defaults and have no column of their own."""
    defaults = {option.name: option.default for option in options(record.method)}
    changed = [
        f"{key} {value}"
        for key, value in record.options.items()
        if key not in SHOWN_APART and value != defaults.get(key)
    ]
    return " · ".join(changed)
