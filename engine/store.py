"""Where things are kept on disk, and the vectors that were already paid for.

One SQLite file (write-ahead log, so several processes may read and write). A row is one vector of
one text in one space; a space names everything that changes the answer: model, revision, layer.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from engine.errors import BadInput, StoreError
from engine.types import Bools, Floats, content_key

_CHUNK = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS spaces (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS vectors (
    space_id INTEGER NOT NULL REFERENCES spaces (id), text_key BLOB NOT NULL,
    vector BLOB NOT NULL, crc32 INTEGER NOT NULL, UNIQUE (space_id, text_key));
"""


def data_dir() -> Path:
    """The folder that Likewise keeps its data in: $LIKEWISE_HOME, or the platform's own place.

    Raises:
        StoreError: it can't be made.
    """
    named = os.environ.get("LIKEWISE_HOME")
    if named:
        folder = Path(named).expanduser()
    else:
        import platformdirs

        folder = Path(platformdirs.user_data_dir("likewise", appauthor=False))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"Can't make the data folder {folder}: {error}. "
            "Set LIKEWISE_HOME to a folder that can be written to."
        ) from error
    return folder


class VectorStore:
    """Vectors by space and text, on disk; what was put is there after a kill.

    Example:
        >>> import tempfile
        >>> store = VectorStore(Path(tempfile.mkdtemp()) / "vectors.sqlite")
        >>> store.put("toy", ["a"], np.ones((1, 2), dtype=np.float32))
        >>> vectors, found = store.get("toy", ["a", "b"])
        >>> vectors[0].tolist(), found.tolist()
        ([1.0, 1.0], [True, False])
    """

    def __init__(self, path: Path | None = None) -> None:
        """Use the file at path, or vectors.sqlite in the data folder; made at the first use."""
        self._path = path
        self._local = threading.local()

    @property
    def path(self) -> Path:
        """The SQLite file."""
        if self._path is None:
            self._path = data_dir() / "vectors.sqlite"
        return self._path

    def get(self, space: str, texts: Sequence[str]) -> tuple[Floats, Bools]:
        """The stored vectors of texts, and which were there.

        Args:
            space: name of the space.
            texts: n texts; may repeat.

        Returns:
            (n, d) float32, NaN in the rows that aren't there (d is 0 when none is), and (n,) bool.

        Raises:
            StoreError: the file or a row of it is damaged.
        """
        found = np.zeros(len(texts), dtype=np.bool_)
        keys = [_text_key(text) for text in texts]
        blobs = self._blobs(space, list(dict.fromkeys(keys)))
        n_dims = len(next(iter(blobs.values()))) // 4 if blobs else 0
        vectors = np.full((len(texts), n_dims), np.nan, dtype=np.float32)
        for row, key in enumerate(keys):
            blob = blobs.get(key)
            if blob is None:
                continue
            if len(blob) != 4 * n_dims:
                raise self._damaged(f"vectors of different lengths in space {space!r}")
            vectors[row] = np.frombuffer(blob, dtype="<f4")
            found[row] = True
        return vectors, found

    def put(self, space: str, texts: Sequence[str], vectors: Floats) -> None:
        """Store the vectors of texts in one transaction; what was there is replaced.

        Args:
            space: name of the space; one space holds vectors of one length.
            texts: n texts.
            vectors: (n, d) finite float32.

        Raises:
            BadInput: shapes don't agree, or a value isn't finite.
            StoreError: the file can't be written.
        """
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise BadInput(f"{len(texts)} texts need (n, d) vectors, not {vectors.shape}.")
        if not np.isfinite(vectors).all():
            raise BadInput(f"Vectors for space {space!r} hold NaN or infinity; none was stored.")
        data = np.ascontiguousarray(vectors, dtype="<f4")
        blobs = [row.tobytes() for row in data]
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO spaces (name) VALUES (?)", (space,))
            (space_id,) = db.execute("SELECT id FROM spaces WHERE name = ?", (space,)).fetchone()
            db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)",
                [
                    (space_id, _text_key(text), blob, zlib.crc32(blob))
                    for text, blob in zip(texts, blobs, strict=True)
                ],
            )

    def forget(self, space: str) -> int:
        """Delete all vectors of a space; returns how many there were."""
        with self._writing() as db:
            done = db.execute(
                "DELETE FROM vectors WHERE space_id = (SELECT id FROM spaces WHERE name = ?)",
                (space,),
            )
            return done.rowcount

    def spaces(self) -> dict[str, int]:
        """How many vectors each space holds."""
        with self._reading() as db:
            return dict(
                db.execute(
                    "SELECT name, count(space_id) FROM spaces "
                    "LEFT JOIN vectors ON id = space_id GROUP BY id ORDER BY name"
                )
            )

    def close(self) -> None:
        """Close this thread's connection; the next use opens another."""
        db = getattr(self._local, "db", None)
        if db is not None:
            db.close()
            self._local.db = None

    def _blobs(self, space: str, keys: list[bytes]) -> dict[bytes, bytes]:
        blobs: dict[bytes, bytes] = {}
        with self._reading() as db:
            for start in range(0, len(keys), _CHUNK):
                chunk = keys[start : start + _CHUNK]
                marks = ",".join("?" * len(chunk))
                rows = db.execute(
                    "SELECT text_key, vector, crc32 FROM vectors WHERE space_id = "  # noqa: S608
                    f"(SELECT id FROM spaces WHERE name = ?) AND text_key IN ({marks})",
                    (space, *chunk),
                )
                for key, blob, crc in rows:
                    if not isinstance(blob, bytes) or zlib.crc32(blob) != crc:
                        raise self._damaged(
                            f"a vector of space {space!r} doesn't match its checksum"
                        )
                    blobs[key] = blob
        return blobs

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connection()
        except sqlite3.OperationalError as error:
            raise self._unusable(error) from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(str(error)) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as db, db:
            yield db

    def _connection(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise self._unusable(error) from error
            db = sqlite3.connect(self.path, timeout=60)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.executescript(_SCHEMA)
            self._local.db = db
        return db

    def _damaged(self, what: str) -> StoreError:
        return StoreError(
            f"The vector store {self.path} is damaged: {what}. It holds only what can be computed "
            f"again: delete {self.path.name} and the files that begin with its name, then rerun."
        )

    def _unusable(self, error: Exception) -> StoreError:
        return StoreError(
            f"Can't use the vector store {self.path}: {error}. Check that the folder can be "
            "written to and the disk isn't full, or set LIKEWISE_HOME to another folder."
        )


def _text_key(text: str) -> bytes:
    return bytes.fromhex(content_key(text))
