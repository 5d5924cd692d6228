"""One slot a method: which it is, its options, how to add one and take one away."""

from __future__ import annotations

from typing import Any

import streamlit as st

from engine.errors import LikewiseError
from engine.methods.registry import (
    Method,
    Option,
    card,
    cards,
    caution_of,
    name_of,
    options,
    options_of,
)
from engine.models.catalogue import Kind, known_models
from pages.parts import state

FEWEST = 2


def method_slots(view: state.View) -> None:
    """Two to four methods side by side, in the order of the maps below."""
    specs = list(view.methods)
    more = len(specs) < state.MAX_METHODS
    columns = st.columns([*([6] * len(specs)), *([1] if more else [])], vertical_alignment="top")
    for place, (column, spec) in enumerate(zip(columns, specs, strict=False)):
        with column:
            _slot(place, spec, removable=len(specs) > FEWEST)
    if more:
        columns[-1].button(
            "", icon=":material/add:", help="Compare one more method", on_click=_add, key="add-slot"
        )


def _slot(place: int, spec: str, *, removable: bool) -> None:
    name = spec.split(":", 1)[0]
    names = [each.name for each in cards()]
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        key = f"slot:{place}:{spec}"
        st.selectbox(
            f"Method {place + 1}",
            names,
            index=names.index(name),
            key=key,
            label_visibility="collapsed",
            on_change=_pick,
            args=(place, key),
        )
        with st.popover("", icon=":material/tune:", help=f"What {name} does, and its options"):
            _about(place, spec)
        if removable:
            st.button(
                "",
                icon=":material/close:",
                type="tertiary",
                key=f"remove:{place}:{spec}",
                help=f"Take {name} out of the comparison",
                on_click=_remove,
                args=(place,),
            )


def _about(place: int, spec: str) -> None:
    made = state.parse_spec(spec)
    name = name_of(made)
    told = card(name)
    st.text(told.about)
    st.caption(
        f"Family: {told.family}. A new attribute costs {told.level.cost} (level {told.level}); "
        f"reads again: {told.rereads}. Source: {told.paper or 'none'}."
    )
    if caution := caution_of(made):
        st.warning(f"With the model chosen, {caution}.", icon=":material/info:")
    found = options(name)
    if not found:
        return
    values = options_of(made)
    with st.form(key=f"options:{place}:{spec}", border=False):
        for option in found:
            _widget(made, option, values[option.name], f"option:{place}:{spec}:{option.name}")
        st.form_submit_button(
            "Use these options", on_click=_set_options, args=(place, spec), type="primary"
        )


def _widget(made: Method, option: Option, value: Any, key: str) -> None:  # noqa: ANN401
    label = option.name.replace("_", " ")
    if option.model_kinds:
        _model_widget(made, option, str(value), label, key)
    elif option.choices:
        places = list(option.choices)
        st.selectbox(label, places, index=places.index(value), help=option.help, key=key)
    elif option.kind is bool:
        st.checkbox(label, value=bool(value), help=option.help, key=key)
    elif option.kind in (int, float):
        _number_widget(option, value, label, key)
    else:
        st.text_input(label, value=str(value), help=option.help, key=key)


def _number_widget(option: Option, value: Any, label: str, key: str) -> None:  # noqa: ANN401
    cast = option.kind
    low = None if option.low is None else cast(option.low)
    high = None if option.high is None else cast(option.high)
    step = 1 if cast is int else 0.1
    st.number_input(label, low, high, cast(value), step=step, help=option.help, key=key)


def _model_widget(made: Method, option: Option, value: str, label: str, key: str) -> None:
    entries = [e for kind in option.model_kinds for e in known_models(Kind(kind))]
    about = {}
    for entry in entries:
        size = "" if entry.size_mb is None else f"{entry.size_mb:,.0f} MB, "
        where = "here" if entry.here else "not here yet"
        caution = caution_of(made, {option.name: entry.name})
        warned = f"; {caution}" if caution else ""
        about[entry.name] = f"{entry.name}  ({size}{where}{warned})"
    names = [*about, *([] if value in about else [value])]
    st.selectbox(
        label,
        names,
        index=names.index(value),
        format_func=lambda each: about.get(each, each),
        help=f"{option.help}; or type a hub id or the path of a folder",
        accept_new_options=True,
        key=key,
    )


def _pick(place: int, key: str) -> None:
    _replace(place, str(st.session_state[key]))


def _set_options(place: int, spec: str) -> None:
    name = spec.split(":", 1)[0]
    prefix = f"option:{place}:{spec}:"
    chosen = [f"{o.name}={st.session_state[prefix + o.name]}" for o in options(name)]
    try:
        _replace(place, state.spec_of(state.parse_spec(":".join([name, *chosen]))))
    except LikewiseError as error:
        st.toast(str(error), icon=":material/error:")


def _replace(place: int, spec: str) -> None:
    specs = list(state.current().methods)
    specs[place] = spec
    state.change(methods=tuple(specs))


def _remove(place: int) -> None:
    specs = list(state.current().methods)
    del specs[place]
    state.change(methods=tuple(specs))


def _add() -> None:
    specs = list(state.current().methods)
    chosen = {spec.split(":", 1)[0] for spec in specs}
    fresh = next((each.name for each in cards() if each.name not in chosen), specs[-1])
    state.change(methods=(*specs, fresh))
