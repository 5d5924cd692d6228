"""The list of methods: one decorator registers a method with its card.

A method is a frozen dataclass whose fields ARE its options: the app draws its widgets from them,
the command line its flags, the docs their table. Adding a method is adding one file to this folder.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from engine.corpus import Corpus
from engine.errors import BadInput, LikewiseError, UnknownName
from engine.projection.categories import CategorySet
from engine.resources import Resources
from engine.types import Attribute, Family, Floats, Level, Rows, Similarity, content_key

OptionValue = str | int | float | bool
Rereads = Literal["nothing", "documents", "pairs"]


class Method(Protocol):
    """Turns a corpus and an attribute into a Similarity."""

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Do the work that a new attribute costs, and return the result."""
        ...


@runtime_checkable
class BuildsOn(Protocol):
    """A method that starts from another one's result: its answer changes when the other's does."""

    def basis(self) -> Method:
        """The other method, with its options."""
        ...


@runtime_checkable
class ReadsInputs(Protocol):
    """A method that reads more than corpus, attribute and options: a file, categories, labels."""

    def inputs_key(self, corpus: Corpus, attribute: Attribute) -> str:
        """Content key of what else is read: its answer changes when that does."""
        ...


@runtime_checkable
class ReadsPairs(Protocol):
    """A method that can score any pairs, at a price each."""

    def score_pairs(
        self, corpus: Corpus, attribute: Attribute, resources: Resources, left: Rows, right: Rows
    ) -> Floats:
        """(m,) similarities of left[i] to right[i]."""
        ...


@runtime_checkable
class Cautions(Protocol):
    """A method whose model, as chosen, may not do what is asked of it."""

    @property
    def caution(self) -> str:
        """What to know about the choice; "" where there is nothing to warn of."""
        ...


@runtime_checkable
class Categorises(Protocol):
    """A method that rests on categories of the attribute."""

    def categories(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> CategorySet:
        """The categories it would use."""
        ...

    def inputs_key(self, corpus: Corpus, attribute: Attribute) -> str:
        """Content key of those categories."""
        ...


@dataclass(frozen=True, slots=True)
class Card:
    """What a method says of itself."""

    name: str
    family: Family
    level: Level
    rereads: Rereads
    tunable: bool
    summary: str
    paper: str
    about: str
    version: int
    also_called: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a method, as widgets, flags and docs show it."""

    name: str
    kind: type
    default: OptionValue
    help: str
    choices: tuple[OptionValue, ...] = ()
    low: float | None = None
    high: float | None = None
    model_kinds: tuple[str, ...] = ()


MethodClass = TypeVar("MethodClass", bound=type)
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
_classes: dict[str, type[Any]] = {}
_cards: dict[str, Card] = {}
_aliases: dict[str, str] = {}


def method(
    name: str,
    *,
    family: Family,
    level: Level,
    rereads: Rereads,
    summary: str,
    tunable: bool = False,
    paper: str = "",
    version: int = 1,
    also_called: tuple[str, ...] = (),
) -> Callable[[MethodClass], MethodClass]:
    """Register a frozen dataclass as a method, with its card.

    Args:
        name: what users type; lower case, words joined by hyphens.
        family: which family it belongs to.
        level: what a new attribute costs.
        rereads: what a model must read again for a new attribute.
        summary: one line for tables.
        tunable: whether verdicts can make it better.
        paper: where it comes from.
        version: raise it when the same options give other numbers: kept runs are not reused then.
        also_called: other names by which it can be asked for; results carry the first one.
    """

    def register(cls: MethodClass) -> MethodClass:
        if name in _classes and _classes[name].__module__ != cls.__module__:
            raise BadInput(f"Two methods are called {name!r}: rename one of them.")
        _classes[name] = cls
        about = " ".join((cls.__doc__ or "").split())
        _cards[name] = Card(
            name, family, level, rereads, tunable, summary, paper, about, version, also_called
        )
        _aliases.update(dict.fromkeys(also_called, name))
        return cls

    return register


def option(
    default: OptionValue,
    help: str,  # noqa: A002 - the word that argparse and Streamlit use too
    *,
    low: float | None = None,
    high: float | None = None,
    model_kinds: tuple[str, ...] = (),
) -> Any:  # noqa: ANN401 - stands in a dataclass field of any type
    """A dataclass field that is an option of a method: default, help, allowed range."""
    extra = {"help": help, "low": low, "high": high, "model_kinds": model_kinds}
    return dataclasses.field(default=default, metadata=extra)


def cards() -> list[Card]:
    """The cards of all methods: by level, then by name; controls first.

    Example:
        >>> [card.name for card in cards()][:2]
        ['length', 'numbers']
    """
    _discover()
    return sorted(_cards.values(), key=lambda c: (c.family is not Family.CONTROL, c.level, c.name))


def card(name: str) -> Card:
    """The card of one method, by its name or another that it goes by.

    Raises:
        UnknownName: no such method; the message suggests the nearest name.

    Example:
        >>> card("hypernetwork").name
        'written-projection'
    """
    _discover()
    name = _aliases.get(name, name)
    if name not in _cards:
        raise UnknownName("method", name, [*_cards, *_aliases])
    return _cards[name]


def options(name: str) -> list[Option]:
    """The options of a method, read from its dataclass fields."""
    made_by = _classes[card(name).name]
    hints = typing.get_type_hints(made_by)
    return [_option(field, hints[field.name]) for field in dataclasses.fields(made_by)]


def create(name: str, values: Mapping[str, OptionValue] | None = None) -> Method:
    """Make a method from its name and options; unnamed options keep their defaults.

    Raises:
        UnknownName: no such method or option.
        BadInput: a value outside what the option allows.
    """
    known = {opt.name: opt for opt in options(name)}
    checked = {}
    for key, value in (values or {}).items():
        if key not in known:
            raise UnknownName(f"option of {name}", key, known)
        checked[key] = _checked(known[key], value)
    made: Method = _classes[card(name).name](**checked)
    return made


def name_of(made: Method) -> str:
    """The registered name of a method instance."""
    for name, cls in _classes.items():
        if type(made) is cls:
            return name
    raise BadInput(f"{type(made).__name__} is no registered method: decorate it with @method(…).")


def options_of(made: Method) -> dict[str, OptionValue]:
    """The options an instance was made with."""
    return {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}  # type: ignore[arg-type]


def caution_of(made: Method, chosen: Mapping[str, OptionValue] | None = None) -> str:
    """What to know about the model of a method, or of the one chosen instead; "" for nothing.

    Args:
        made: the method.
        chosen: options that differ from its own.

    Example:
        >>> caution_of(create("instructed-embedding"))
        'free-text attributes are out of its training'
    """
    asked = create(name_of(made), {**options_of(made), **chosen}) if chosen else made
    return asked.caution if isinstance(asked, Cautions) else ""


def method_key(made: Method) -> str:
    """Content key of a method with its options and its version, and of what it builds on."""
    name = name_of(made)
    parts = [f"{key}={value!r}" for key, value in sorted(options_of(made).items())]
    if isinstance(made, BuildsOn):
        parts.append(method_key(made.basis()))
    return content_key(name, str(_cards[name].version), *parts)


def _option(field: dataclasses.Field[Any], hint: Any) -> Option:  # noqa: ANN401 - a type form
    choices: tuple[OptionValue, ...] = ()
    kind: type
    if typing.get_origin(hint) is Literal:
        choices = typing.get_args(hint)
        kind = type(choices[0])
    else:
        kind = hint
    extra = field.metadata
    return Option(
        name=field.name,
        kind=kind,
        default=field.default,  # type: ignore[arg-type]
        help=extra.get("help", ""),
        choices=choices,
        low=extra.get("low"),
        high=extra.get("high"),
        model_kinds=extra.get("model_kinds", ()),
    )


def _checked(opt: Option, value: OptionValue) -> OptionValue:
    cast = _cast(opt, value)
    if opt.choices and cast not in opt.choices:
        allowed = ", ".join(str(choice) for choice in opt.choices)
        raise BadInput(f"Option {opt.name} can't be {value!r}. Allowed: {allowed}.")
    if isinstance(cast, int | float) and not _within(opt, float(cast)):
        raise BadInput(f"Option {opt.name} must lie in {opt.low} … {opt.high}, not {value!r}.")
    return cast


def _cast(opt: Option, value: OptionValue) -> OptionValue:
    """The value as the option's kind; refused where that would change it."""
    refused = BadInput(f"Option {opt.name} wants {opt.kind.__name__}, not {value!r}.")
    if opt.kind is bool:
        truth = _TRUTHS.get(value.lower()) if isinstance(value, str) else value
        if not isinstance(truth, bool):
            raise refused
        return truth
    try:
        cast: OptionValue = opt.kind(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise refused from error
    # True is 1 and 2.7 would become 2: what was typed is not what would run.
    if isinstance(value, bool) or (isinstance(value, float) and cast not in (value, str(value))):
        raise refused
    return cast


def _within(opt: Option, value: float) -> bool:
    above = opt.low is None or value >= opt.low
    return above and (opt.high is None or value <= opt.high)


def _discover() -> None:
    """Import every module of this folder once; each registers its method."""
    package = importlib.import_module("engine.methods")
    for found in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"engine.methods.{found.name}")


def inputs_key(made: Method, corpus: Corpus, attribute: Attribute) -> str:
    """Content key of what a method reads besides corpus, attribute and options.

    Inputs that can't be read have a key of their own: the run itself then says what is wrong.
    """
    if not isinstance(made, ReadsInputs):
        return ""
    try:
        return made.inputs_key(corpus, attribute)
    except LikewiseError as error:
        return f"unreadable: {error}"
