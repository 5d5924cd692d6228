"""Every reply that a model gave when asked for a rewrite, on disk: no text is paid for twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from engine.errors import StoreError
from engine.store import data_dir
from engine.types import Attribute, content_key

_CHUNK = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (
    text_key TEXT NOT NULL, space TEXT NOT NULL, reply TEXT NOT NULL,
    PRIMARY KEY (text_key, space)) WITHOUT ROWID;
"""


def space_of(attribute: Attribute, *, prompt_version: str, model: str) -> str:
    """Key of everything that changes a reply but the text."""
    return content_key(attribute.key, prompt_version, model)


class ReplyStore:
    """Replies by text and space. They are kept as given and checked whenever they are read.

    Several threads and processes may read and write; a reply is on disk when `put` returns.

    Example:
        >>> import tempfile
        >>> store = ReplyStore(Path(tempfile.mkdtemp()) / "rewrites.sqlite")
        >>> store.put("space", {"a text": "a reply"})
        >>> store.get("space", ["a text", "another"])
        {'a text': 'a reply'}
    """

    def __init__(self, path: Path | None = None) -> None:
        """Use the file at path, or rewrites.sqlite in the data folder."""
        self.path = path or data_dir() / "rewrites.sqlite"

    def get(self, space: str, texts: Sequence[str]) -> dict[str, str]:
        """The replies that are there, by text."""
        keys = {content_key(text): text for text in texts}
        found: dict[str, str] = {}
        with self._open() as db:
            names = list(keys)
            for start in range(0, len(names), _CHUNK):
                part = names[start : start + _CHUNK]
                marks = ",".join("?" * len(part))
                query = (
                    f"SELECT text_key, reply FROM replies WHERE space = ? AND text_key IN ({marks})"  # noqa: S608
                )
                found.update((keys[key], reply) for key, reply in db.execute(query, (space, *part)))
        return found

    def put(self, space: str, replies: Mapping[str, str]) -> None:
        """Keep replies by text; what was there is replaced."""
        rows = [(content_key(text), space, reply) for text, reply in replies.items()]
        with self._open() as db, db:
            db.executemany("INSERT OR REPLACE INTO replies VALUES (?, ?, ?)", rows)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=60)) as db:
                db.executescript(_SCHEMA)
                yield db
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"The kept rewrites in {self.path} can't be used: {error}. Check the disk and the "
                "folder's permissions, or set LIKEWISE_HOME to another folder."
            ) from error
