"""The session keys, all of them, and the URL that carries a view to somebody else.

`View` is what a page shows; it lives under one session key and is mirrored in the query string.
Widgets have keys of their own and are seeded from the view, so a change of page loses nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

import streamlit as st

from engine.errors import LikewiseError
from engine.methods.registry import Method, create, name_of, options, options_of
from engine.types import Attribute

VIEW = "view"
GROUP_ROWS = "group_rows"
QUEUE_PLACE = "queue_place"
LAST_UPLOAD = "last_upload"
DEFAULT_CORPUS = "math_problems"
DEFAULT_METHODS = ("raw-embedding", "written-projection", "one-word")
MAX_METHODS = 4
N_FIRST = 500


@dataclass(frozen=True, slots=True)
class View:
    """What is on screen: everything a URL must carry.

    corpus: a sample's name, "file:SHA.EXT" for an upload, or "cli" for the file given on start.
    methods: method specs such as "one-word:layer=-3".
    text: id of the selected text. colour: label column, "cluster", "similarity" or "".
    columns: JSON of the chosen columns where the analyst changed them.
    limit: texts compared; 0 = all.
    """

    corpus: str = DEFAULT_CORPUS
    attribute: str = ""
    definition: str = ""
    methods: tuple[str, ...] = DEFAULT_METHODS
    text: str = ""
    colour: str = ""
    columns: str = ""
    limit: int = N_FIRST

    @property
    def asked(self) -> Attribute | None:
        """The attribute, or None while nothing is typed."""
        return Attribute(self.attribute, self.definition) if self.attribute.strip() else None

    @property
    def made_methods(self) -> list[Method]:
        """The chosen methods with their options; a spec that no longer fits is left out."""
        made = []
        for spec in self.methods:
            try:
                made.append(parse_spec(spec))
            except LikewiseError:
                continue
        return made


def current() -> View:
    """The view of this session: from the URL at first, then from the session."""
    if VIEW not in st.session_state:
        st.session_state[VIEW] = _from_url()
    view: View = st.session_state[VIEW]
    return view


def change(**changes: Any) -> View:  # noqa: ANN401 - the fields of View
    """Change some fields of the view; the URL follows."""
    before = current()
    view = replace(before, **changes)
    if view.corpus != before.corpus:
        kept = {"corpus", "columns", "methods", "attribute", "definition"} & changes.keys()
        fresh = {"attribute", "definition", "text", "colour", "columns"} - kept
        view = replace(view, **dict.fromkeys(fresh, ""))
        st.session_state.pop(GROUP_ROWS, None)
    st.session_state[VIEW] = view
    mirror(view)
    return view


def mirror(view: View) -> None:
    """Write the view into the query string, leaving out what is at its default."""
    wanted = query_of(view)
    if dict(st.query_params) != wanted:
        st.query_params.from_dict(wanted)


def query_of(view: View) -> dict[str, str]:
    """The view as query parameters."""
    raw = {**asdict(view), "methods": ",".join(view.methods), "limit": str(view.limit)}
    default = View()
    plain = {**asdict(default), "methods": ",".join(default.methods), "limit": str(default.limit)}
    return {k: str(v) for k, v in raw.items() if k == "corpus" or str(v) != str(plain[k])}


def _from_url() -> View:
    found = {key: st.query_params[key] for key in asdict(View()) if key in st.query_params}
    values: dict[str, Any] = dict(found)
    if "methods" in values:
        specs = [spec for spec in values["methods"].split(",") if _readable(spec)]
        values["methods"] = tuple(specs[:MAX_METHODS]) or DEFAULT_METHODS
    if "limit" in values:
        values["limit"] = int(values["limit"]) if values["limit"].isdigit() else N_FIRST
    return View(**values)


def _readable(spec: str) -> bool:
    try:
        parse_spec(spec)
    except LikewiseError:
        return False
    return True


def parse_spec(spec: str) -> Method:
    """The method that "name:option=value:option=value" stands for.

    Raises:
        UnknownName: no such method or option.
        BadInput: a value that the option doesn't allow.
    """
    name, *settings = spec.split(":")
    return create(name, dict(setting.partition("=")[::2] for setting in settings))


def spec_of(made: Method) -> str:
    """The shortest spec of a method: options at their defaults are left out."""
    values = options_of(made)
    defaults = {option.name: option.default for option in options(name_of(made))}
    changed = [f"{key}={value}" for key, value in values.items() if value != defaults[key]]
    return ":".join([name_of(made), *changed])


def columns_of(view: View) -> dict[str, Any]:
    """The columns the analyst chose, as keyword arguments of `load_corpus`."""
    if not view.columns:
        return {}
    chosen: dict[str, Any] = json.loads(view.columns)
    return chosen
