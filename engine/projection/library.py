"""The analyst's categories on disk: every version of every attribute's set, none overwritten.

They belong to the attribute, not to a corpus: what was written for one corpus is there for another.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from engine.errors import StoreError, UnknownName
from engine.projection.categories import CategorySet, load, to_json
from engine.store import data_dir
from engine.types import Attribute

_FOLDER = "categories"
_VERSION = re.compile(r"v(\d+)\.json")


class CategoryLibrary:
    """Versions of category sets, one folder an attribute, one file a version.

    Args:
        folder: where they are kept; by default under the user's data folder.

    Example:
        >>> from engine.projection.categories import Category
        >>> library = CategoryLibrary(Path(tempfile.mkdtemp()))
        >>> size = CategorySet("size", (Category("small"), Category("large")))
        >>> library.save(Attribute("size"), size), library.versions(Attribute("size"))
        (1, (1,))
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or data_dir() / _FOLDER

    def versions(self, attribute: Attribute) -> tuple[int, ...]:
        """The versions that are kept, the oldest first."""
        names = [path.name for path in self._place(attribute).glob("v*.json")]
        found = [_VERSION.fullmatch(name) for name in names]
        return tuple(sorted(int(match.group(1)) for match in found if match))

    def save(self, attribute: Attribute, categories: CategorySet) -> int:
        """Keep a set as the next version, unless it is the latest already; returns its number.

        Raises:
            StoreError: it can't be written.
        """
        latest = self.latest(attribute)
        kept = self.versions(attribute)
        if latest is not None and _same(latest, categories):
            return kept[-1]
        return self._write_next(self._place(attribute), to_json(categories), len(kept))

    def load(self, attribute: Attribute, version: int) -> CategorySet:
        """One version.

        Raises:
            UnknownName: there is no such version.
            StoreError: it can't be read.
        """
        kept = self.versions(attribute)
        if version not in kept:
            raise UnknownName(
                f"version of the categories of {attribute.name!r}",
                str(version),
                [str(number) for number in kept],
            )
        return load(self._place(attribute) / _name(version))

    def latest(self, attribute: Attribute) -> CategorySet | None:
        """The latest version, or None where none was kept."""
        kept = self.versions(attribute)
        return self.load(attribute, kept[-1]) if kept else None

    def latest_few(self, attribute: Attribute, n: int) -> tuple[CategorySet, ...]:
        """The latest n versions, the newest first; fewer where fewer are kept."""
        kept = self.versions(attribute)[::-1][:n]
        return tuple(self.load(attribute, version) for version in kept)

    def forget(self, attribute: Attribute) -> None:
        """Remove every version of an attribute: what was shipped or proposed is used again.

        Raises:
            StoreError: a file can't be removed.
        """
        try:
            for version in self.versions(attribute):
                (self._place(attribute) / _name(version)).unlink()
        except OSError as error:
            raise StoreError(f"The categories can't be removed: {error}.") from error

    def proposal(self, key: str, propose: Callable[[], CategorySet]) -> CategorySet:
        """What a language model proposed under this key; asked only once.

        Args:
            key: holds everything that changes the answer: model, prompt, texts shown.
            propose: asks the model.
        """
        path = self.folder / "proposals" / f"{key}.json"
        if path.exists():
            return load(path)
        proposed = propose()
        _write(path, to_json(proposed))
        return proposed

    def has_proposal(self, key: str) -> bool:
        """Whether a model's answer under this key is kept."""
        return (self.folder / "proposals" / f"{key}.json").exists()

    def _place(self, attribute: Attribute) -> Path:
        return self.folder / attribute.key

    def _write_next(self, place: Path, text: str, n_kept: int) -> int:
        version = n_kept + 1
        while True:
            try:
                _write(place / _name(version), text, exclusive=True)
            except FileExistsError:
                version += 1
            else:
                return version


def _name(version: int) -> str:
    return f"v{version:04d}.json"


def _same(left: CategorySet, right: CategorySet) -> bool:
    return to_json(left) == to_json(right)


def _write(path: Path, text: str, *, exclusive: bool = False) -> None:
    """Write beside the place, then move or link there: a reader never sees half a file.

    Raises:
        FileExistsError: exclusive, and another process was faster.
        StoreError: it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        if exclusive:
            try:
                Path(path).hardlink_to(part)
            finally:
                Path(part).unlink()
        else:
            Path(part).replace(path)
    except FileExistsError:
        raise
    except OSError as error:
        raise StoreError(
            f"Categories can't be kept in {path.parent}: {error}. "
            "Set LIKEWISE_HOME to a folder that can be written to."
        ) from error
