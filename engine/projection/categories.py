"""Categories of one attribute as data: what a strong language model, or the analyst, wrote.

A set is never changed in place: each edit gives a new set, so that versions can be kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from engine.errors import BadInput, StoreError, UnknownName
from engine.types import content_key

Kind = Literal["kinds", "scale"]
"""kinds: categories side by side. scale: the poles or steps of one axis, in their order."""

_SENTENCES = ("description", "sentence")
_STEP = re.compile(r"\s*(\d+)\b")
_NOT_DEGREES = "the a an it they he she we you i to this that these those its their many much"
_DEGREE = re.compile(rf"how (?!(?:{'|'.join(_NOT_DEGREES.split())})\b)\w+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Category:
    """One category: a name, a sentence that says what belongs in it, and invented examples.

    Example:
        >>> Category("angry", "The customer is furious.", ("Fix it NOW!",)).texts
        ('The customer is furious.', 'Fix it NOW!')
    """

    name: str
    sentence: str = ""
    examples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Strip everything; refuse a nameless category."""
        object.__setattr__(self, "name", " ".join(self.name.split()))
        object.__setattr__(self, "sentence", " ".join(self.sentence.split()))
        kept = tuple(text.strip() for text in self.examples if text.strip())
        object.__setattr__(self, "examples", kept)
        if not self.name:
            raise BadInput("A category needs a name, such as 'angry'.")

    @property
    def said(self) -> str:
        """The sentence, or the name where there is none: what is encoded beside the examples."""
        return self.sentence or self.name

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything that is encoded: what is said of it, then its examples."""
        return (self.said, *self.examples)


@dataclass(frozen=True, slots=True)
class CategorySet:
    """The categories of one attribute, two at least.

    attribute: what was asked for, in words. origin: who wrote them. kind: how they stand together.

    Example:
        >>> poles = CategorySet("size", (Category("small"), Category("large")), kind="scale")
        >>> poles.add(Category("huge")).names
        ('small', 'large', 'huge')
    """

    attribute: str
    categories: tuple[Category, ...]
    kind: Kind = "kinds"
    origin: str = ""

    def __post_init__(self) -> None:
        """Refuse fewer than two categories, and two of one name."""
        names = [category.name.casefold() for category in self.categories]
        if len(names) < 2:
            raise BadInput(
                f"{self.attribute!r} has {len(names)} category; two at least are needed to tell "
                "texts apart. Add one."
            )
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise BadInput(f"Two categories are called {twice!r}: rename or merge them.")

    @property
    def names(self) -> tuple[str, ...]:
        """The categories' names, in order."""
        return tuple(category.name for category in self.categories)

    @property
    def key(self) -> str:
        """Content key: changes with every edit that can change a similarity, not with origin."""
        parts = [part for category in self.categories for part in (category.name, *_told(category))]
        return content_key(self.kind, *parts)

    def get(self, name: str) -> Category:
        """The category of that name.

        Raises:
            UnknownName: there is none.
        """
        return self.categories[self._place(name)]

    def add(self, category: Category) -> CategorySet:
        """With one more category, at the end."""
        return replace(self, categories=(*self.categories, category))

    def drop(self, name: str) -> CategorySet:
        """Without one category.

        Raises:
            UnknownName: there is none of that name.
            BadInput: fewer than two would be left.
        """
        place = self._place(name)
        left = (*self.categories[:place], *self.categories[place + 1 :])
        return replace(self, categories=left)

    def rename(self, name: str, new_name: str) -> CategorySet:
        """With one category under another name."""
        return self.put(name, replace(self.get(name), name=new_name))

    def put(self, name: str, category: Category) -> CategorySet:
        """With one category replaced, in its place."""
        place = self._place(name)
        kept = (*self.categories[:place], category, *self.categories[place + 1 :])
        return replace(self, categories=kept)

    def merge(self, names: Sequence[str], new_name: str) -> CategorySet:
        """With several categories made one, in the place of the first.

        Sentences are joined and examples put together.

        Raises:
            UnknownName: one of them does not exist.
            BadInput: fewer than two names, or fewer than two categories would be left.
        """
        places = sorted({self._place(name) for name in names})
        if len(places) < 2:
            raise BadInput(f"Merging needs two categories at least, not {len(places)}.")
        merged = [self.categories[place] for place in places]
        one = Category(
            new_name,
            " ".join(category.sentence for category in merged if category.sentence),
            tuple(text for category in merged for text in category.examples),
        )
        kept = [
            one if place == places[0] else category
            for place, category in enumerate(self.categories)
            if place == places[0] or place not in places
        ]
        return replace(self, categories=tuple(kept))

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise UnknownName("category", name, self.names)
        return self.names.index(name)


def to_json(categories: CategorySet) -> str:
    """The set as JSON text that `from_json` reads back: for export and for keeping."""
    body = {
        "attribute": categories.attribute,
        "kind": categories.kind,
        "origin": categories.origin,
        "categories": [
            {"name": each.name, "description": each.sentence, "examples": list(each.examples)}
            for each in categories.categories
        ],
    }
    return json.dumps(body, ensure_ascii=False, indent=1)


def from_json(text: str, *, where: str, attribute: str = "", origin: str = "") -> CategorySet:
    """A set from JSON text: {"categories": [{"name", "description", "examples"}, …]}.

    They are the steps of one axis with "kind": "scale", or under "poles" or "steps" instead of
    "categories"; where no kind is given, also with all names numbered in order ("1 faint",
    "2 quiet" …) or an attribute that is a degree ("how intense it is", not "how it is said").

    Args:
        text: the JSON.
        where: what to call it in an error.
        attribute: used where the JSON names none.
        origin: who wrote them, where the JSON doesn't say.

    Raises:
        BadInput: it isn't such JSON; the message says what is wrong.
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise BadInput(f"{where} is no JSON ({error}). Export a set to see the format.") from error
    if isinstance(raw, list):
        raw = {"categories": raw}
    if not isinstance(raw, dict):
        raise BadInput(f"{where} holds {type(raw).__name__}; a list of categories is wanted.")
    listed = next((raw[name] for name in ("categories", "poles", "steps") if name in raw), None)
    if not isinstance(listed, list):
        raise BadInput(f"{where} has no list under 'categories', 'poles' or 'steps'.")
    categories = tuple(_category(entry, where) for entry in listed)
    named = str(raw.get("attribute") or attribute or where)
    return CategorySet(
        attribute=named,
        categories=categories,
        kind=_kind(raw, categories, named),
        origin=str(raw.get("origin") or origin),
    )


def load(path: Path, *, attribute: str = "", origin: str = "") -> CategorySet:
    """A set from a JSON file.

    Raises:
        StoreError: it can't be read.
        BadInput: it is no set of categories.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(
            f"The categories in {path} can't be read ({error}). Give the path of a JSON file."
        ) from error
    return from_json(text, where=path.name, attribute=attribute, origin=origin)


def load_all(path: Path, *, attribute: str = "", origin: str = "") -> tuple[CategorySet, ...]:
    """The set of a JSON file, or of every JSON file in a folder, by name.

    Raises:
        StoreError: a file can't be read.
        BadInput: one is no set of categories, or the folder has no JSON file.
    """
    if not path.is_dir():
        return (load(path, attribute=attribute, origin=origin),)
    found = [load(each, attribute=attribute, origin=origin) for each in sorted(path.glob("*.json"))]
    if not found:
        raise BadInput(f"The folder {path} holds no .json file of categories. Put some in it.")
    return tuple(found)


def _category(entry: Any, where: str) -> Category:  # noqa: ANN401 - any JSON
    if isinstance(entry, str):
        return Category(entry)
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise BadInput(
            f"A category in {where} has no 'name': each is a name, or "
            '{"name": …, "description": …, "examples": […]}.'
        )
    sentence = next((entry[name] for name in _SENTENCES if entry.get(name)), "")
    examples = entry.get("examples") or []
    if not isinstance(examples, list) or not all(isinstance(text, str) for text in examples):
        raise BadInput(f"The examples of {entry['name']!r} in {where} must be a list of texts.")
    return Category(entry["name"], str(sentence), tuple(examples))


def _kind(raw: Mapping[str, Any], categories: Sequence[Category], attribute: str) -> Kind:
    declared = raw.get("kind")
    if declared is not None:
        if declared not in ("kinds", "scale"):
            raise BadInput(f"A set's kind is 'kinds' or 'scale', not {declared!r}.")
        return "scale" if declared == "scale" else "kinds"
    numbers = [_STEP.match(category.name) for category in categories]
    in_order = [int(found.group(1)) if found else 0 for found in numbers]
    numbered = in_order == list(range(1, len(categories) + 1))
    of_degree = _DEGREE.match(attribute.strip()) is not None
    return "scale" if numbered or of_degree or "categories" not in raw else "kinds"


def _told(category: Category) -> tuple[str, ...]:
    return (category.sentence, str(len(category.examples)), *category.examples)
