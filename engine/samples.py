"""The corpora that come with the product, and the attributes to try on them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engine.errors import BadCorpus, UnknownName

_FOLDER = "sample_data"
_INDEX = "samples.json"
_MANY_VIEW = "many_view"


@dataclass(frozen=True, slots=True)
class SuggestedAttribute:
    """An attribute to try on a sample.

    column: the label column that says the truth about it.
    """

    name: str
    definition: str
    column: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One corpus that comes with the product.

    hidden_columns: columns that give a label away or are no label; never loaded.
    """

    name: str
    title: str
    path: Path
    readme: str
    attributes: tuple[SuggestedAttribute, ...]
    text_column: str
    label_columns: tuple[str, ...]
    hidden_columns: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where the corpus lies with its verdicts, rewrites and categories, if it has any."""
        return self.path.parent

    @property
    def verdicts(self) -> Path | None:
        """A strong judge's verdicts on this sample, where there are any."""
        path = self.folder / "verdicts.jsonl"
        return path if path.is_file() else None


def sample_data_dir() -> Path:
    """The folder of the samples: beside the engine in a checkout, else in the app's package.

    Raises:
        BadCorpus: it is in neither place.
    """
    home = Path(__file__).resolve().parents[1]
    places = [home / _FOLDER, home / "likewise_app" / _FOLDER]
    found = next((place for place in places if (place / _INDEX).is_file()), None)
    if found is None:
        raise BadCorpus(
            f"The samples are not here: looked in {' and '.join(map(str, places))}. "
            "Reinstall the package, or load a file of your own."
        )
    return found


@cache
def samples() -> tuple[Sample, ...]:
    """The four main samples."""
    index = json.loads((sample_data_dir() / _INDEX).read_text(encoding="utf-8"))
    return tuple(_main_sample(entry) for entry in index)


@cache
def many_view_samples() -> tuple[Sample, ...]:
    """The sixteen small corpora labelled along twenty attributes each: 'many_view/ads' …."""
    paths = sorted((sample_data_dir() / _MANY_VIEW).glob("*.jsonl"))
    return tuple(_many_view_sample(path) for path in paths)


def sample(name: str) -> Sample:
    """The sample of that name.

    Raises:
        UnknownName: there is none.

    Example:
        >>> sample("paintings").attributes[0].column
        'mood'
    """
    known = {each.name: each for each in (*samples(), *many_view_samples())}
    if name not in known:
        raise UnknownName("sample", name, known)
    return known[name]


def sample_names() -> tuple[str, ...]:
    """The names of all samples, the four main ones first."""
    return tuple(each.name for each in (*samples(), *many_view_samples()))


def find_sample(source: str | Path) -> Sample | None:
    """The sample that a name, a folder or a corpus file stands for, or None."""
    every = (*samples(), *many_view_samples())
    named = next((each for each in every if each.name == str(source)), None)
    if named is not None:
        return named
    path = Path(source).resolve()
    main = next((each for each in samples() if each.folder == path), None)
    return main or next((each for each in every if each.path == path), None)


def _main_sample(entry: Mapping[str, Any]) -> Sample:
    folder = sample_data_dir() / entry["name"]
    return Sample(
        name=entry["name"],
        title=entry["title"],
        path=folder / f"{entry['name']}.jsonl",
        readme=(folder / "README.md").read_text(encoding="utf-8"),
        attributes=tuple(SuggestedAttribute(**each) for each in entry["attributes"]),
        text_column=entry["text_column"],
        label_columns=tuple(entry["label_columns"]),
        hidden_columns=tuple(entry["hidden_columns"]),
    )


def _many_view_sample(path: Path) -> Sample:
    described = path.with_name(f"{path.stem}.attributes.json")
    attributes = json.loads(described.read_text(encoding="utf-8"))
    return Sample(
        name=f"{_MANY_VIEW}/{path.stem}",
        title=f"Many-view: {path.stem}",
        path=path,
        readme=(path.parent / "README.md").read_text(encoding="utf-8"),
        attributes=tuple(
            SuggestedAttribute(each["phrase"], each["definition"], each["name"])
            for each in attributes
        ),
        text_column="text",
        label_columns=tuple(each["name"] for each in attributes),
    )
