"""What a language model wrote for an attribute: categories to edit, rewrites to read and export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from engine.corpus import Corpus
from engine.errors import LikewiseError
from engine.methods.from_rewrites import FromRewrites
from engine.methods.written_projection import WrittenProjection
from engine.projection.categories import Category, CategorySet, to_json
from engine.projection.library import CategoryLibrary
from engine.resources import Resources
from engine.types import Attribute
from pages.parts.panels import Panel

EDITED = ("name", "sentence", "examples")


def has_written(panels: Sequence[Panel]) -> bool:
    """Whether any method compared rests on something written."""
    return any(isinstance(p.method, FromRewrites | WrittenProjection) for p in panels)


def written_view(corpus: Corpus, attribute: Attribute, panels: Sequence[Panel]) -> None:
    """Each method's categories or rewrites, under its name."""
    for panel in panels:
        made = panel.method
        if isinstance(made, WrittenProjection):
            st.markdown(f"##### {panel.title}: the categories")
            _categories(corpus, attribute, made, panel.key)
        elif isinstance(made, FromRewrites):
            st.markdown(f"##### {panel.title}: the rewrites")
            _rewrites(corpus, attribute, made, panel.key)


def _categories(corpus: Corpus, attribute: Attribute, made: WrittenProjection, key: str) -> None:
    try:
        found, *others = made.proposals(corpus, attribute, Resources())
    except LikewiseError as error:
        st.error(str(error))
        return
    versions = CategoryLibrary().versions(attribute)
    _where_from(found, others, made, f"; your version {versions[-1]}" if versions else "")
    rows = [(c.name, c.sentence, "\n".join(c.examples)) for c in found.categories]
    edited = st.data_editor(
        pd.DataFrame(rows, columns=list(EDITED)),
        num_rows="dynamic",
        hide_index=True,
        key=f"categories:{key}",
        column_config={
            "sentence": st.column_config.TextColumn(width="large"),
            "examples": st.column_config.TextColumn(width="large"),
        },
    )
    with st.container(horizontal=True):
        if st.button("Save and run again", key=f"save-categories:{key}", type="primary"):
            _save(attribute, found, edited)
        if versions and st.button("Back to what was written", key=f"forget-categories:{key}"):
            CategoryLibrary().forget(attribute)
            st.rerun()
        _merging(attribute, found, key)
        st.download_button(
            "JSON", to_json(found), f"{attribute.name}.categories.json", key=f"j:{key}"
        )


def _merging(attribute: Attribute, found: CategorySet, key: str) -> None:
    with st.popover("Merge categories"):
        chosen = st.multiselect("Which", found.names, key=f"merge:{key}")
        name = st.text_input("Name of the merged one", key=f"merge-name:{key}")
        if st.button("Merge and run again", key=f"merge-now:{key}", disabled=len(chosen) < 2):
            try:
                merged = replace(found.merge(chosen, name or chosen[0]), origin="the analyst")
                CategoryLibrary().save(attribute, merged)
            except LikewiseError as error:
                st.error(str(error))
            else:
                st.rerun()


def _where_from(
    found: CategorySet, others: Sequence[CategorySet], made: WrittenProjection, kept: str
) -> None:
    # st.text, not st.caption: an imported file says its origin, and names are the user's.
    st.text(f"From: {found.origin or made.source}{kept}")
    if others:
        st.text("Averaged with:\n" + "\n".join(_in_a_line(each) for each in others))
    used = "" if made.source == "auto" else " What you save is used by source auto."
    st.caption(
        "Edit, add or delete rows and save: no text is read again. Put each example on a line of "
        f"its own.{used} With labels or verdicts, the methods probe and projection start from "
        "these categories and learn what they miss."
    )


def _in_a_line(categories: CategorySet) -> str:
    return f"{categories.origin or 'another set'}: {', '.join(categories.names)}"


def _save(attribute: Attribute, before: CategorySet, edited: pd.DataFrame) -> None:
    rows = edited.fillna("").astype(str).to_dict("records")
    try:
        categories = tuple(
            Category(row["name"], row["sentence"], tuple(row["examples"].splitlines()))
            for row in rows
            if row["name"].strip()
        )
        changed = CategorySet(attribute.name, categories, before.kind, "the analyst")
        CategoryLibrary().save(attribute, changed)
    except LikewiseError as error:
        st.error(str(error))
        return
    st.rerun()


def _rewrites(corpus: Corpus, attribute: Attribute, made: FromRewrites, key: str) -> None:
    try:
        found = made.rewrites(corpus, attribute)
    except LikewiseError as error:
        st.error(str(error))
        return
    st.caption(found.summary())
    st.dataframe(
        pd.DataFrame(
            {
                "id": corpus.ids,
                "text": corpus.texts,
                "rewrite": found.used,
                "status": [str(status) for status in found.statuses],
            }
        ),
        hide_index=True,
        height=380,
        column_config={
            "text": st.column_config.TextColumn(width="large"),
            "rewrite": st.column_config.TextColumn(width="large"),
        },
    )
    name = f"{corpus.name}.{attribute.name}.rewrites.jsonl"
    st.download_button("JSONL", found.to_jsonl(), name, key=f"rewrites:{key}")
