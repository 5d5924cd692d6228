"""Every verdict ever given, on disk: never lost, never asked or paid for twice."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.errors import StoreError
from engine.judges.ledger_rows import (
    INSERT,
    MERGE,
    MIGRATIONS,
    SCHEMA,
    SCHEMA_VERSION,
    SELECT,
    Held,
    from_row,
    to_row,
)
from engine.judges.questions import Kind, Question, Verdict, text_key
from engine.judges.verdict_files import Entry, entry_to_json, read_entries
from engine.types import Attribute

BUSY_SECONDS = 60.0


class Ledger:
    """A SQLite file of verdicts that several threads and processes may write at once.

    A verdict is on disk when `record` returns. Nothing is ever deleted: what the analyst undoes is
    marked withdrawn and left out of the answers.

    Args:
        path: the file; made, with its folder, where it does not exist.

    Raises:
        StoreError: the file can't be opened, or a later version of the program wrote it.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"The ledger {self.path} can't be opened: {error}. Choose a folder that can be "
                "written to."
            ) from error
        try:
            self._set_up()
        except BaseException:
            self._connection.close()
            raise

    def _set_up(self) -> None:
        with self._reporting():
            self._turn_on_wal()
            # FULL: each verdict is flushed to disk, so that a power cut loses none either.
            self._connection.execute("PRAGMA synchronous = FULL")
        with self.transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA_VERSION:
                raise StoreError(
                    f"The ledger {self.path} has format {version}; this program reads up to "
                    f"{SCHEMA_VERSION}. Update the program, or choose another file."
                )
            earlier = range(version, SCHEMA_VERSION) if version else ()
            migrations = (line for step in earlier for line in MIGRATIONS[step])
            for statement in (*SCHEMA, *migrations):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _turn_on_wal(self) -> None:
        # SQLite does not wait its turn here when two processes make the file at once.
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    def __enter__(self) -> Self:
        """The ledger itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; what was recorded stays."""
        with self._lock:
            self._connection.close()

    def record(self, verdict: Verdict, *, replaces: bool = False) -> None:
        """Write a verdict to disk before returning.

        Args:
            verdict: any verdict; also one on a question that was answered before.
            replaces: withdraw the judge's earlier verdicts on the same texts in either order, as
                when the analyst changes an answer.
        """
        with self.transaction() as connection:
            if replaces:
                connection.execute(
                    "UPDATE verdicts SET withdrawn = 1 WHERE unordered_key = ? AND judge = ?",
                    (verdict.unordered_key, verdict.judge),
                )
            connection.execute(INSERT, _new_row(verdict))

    def record_all(self, verdicts: Iterable[Verdict]) -> None:
        """Write verdicts to disk in one go, all or none; for judges that are faster than a disk."""
        rows = [_new_row(verdict) for verdict in verdicts]
        with self.transaction() as connection:
            connection.executemany(INSERT, rows)

    def record_new(self, verdicts: Iterable[Verdict]) -> list[Verdict]:
        """Write those whose question the judge has not answered in that wording, all or none.

        Returns:
            Those that were written: what two processes bring in at once is kept once.
        """
        new: list[Verdict] = []
        with self.transaction() as connection:
            for verdict in verdicts:
                version = verdict.prompt_version
                if not self.get(verdict.question_key, verdict.judge, prompt_version=version):
                    connection.execute(INSERT, _new_row(verdict))
                    new.append(verdict)
        return new

    def get(
        self, question_key: str, judge: str, *, prompt_version: str | None = None
    ) -> Verdict | None:
        """The judge's latest standing verdict on a question in this order, or None."""
        return self._latest("question_key", question_key, judge, prompt_version)

    def get_either_order(
        self, unordered_key: str, judge: str, *, prompt_version: str | None = None
    ) -> Verdict | None:
        """The judge's latest standing verdict on a question in any order, or None."""
        return self._latest("unordered_key", unordered_key, judge, prompt_version)

    def _latest(
        self, column: str, key: str, judge: str, prompt_version: str | None
    ) -> Verdict | None:
        where: dict[str, object] = {column: key, "judge": judge, "withdrawn": 0}
        if prompt_version is not None:
            where["prompt_version"] = prompt_version
        entries = self._entries(where, "ORDER BY id DESC LIMIT 1")
        return entries[0].verdict if entries else None

    def verdicts(
        self,
        attribute: Attribute | None = None,
        judge: str | None = None,
        kind: Kind | None = None,
        texts: Iterable[str] | None = None,
    ) -> list[Verdict]:
        """The standing verdicts in the order given, optionally only some of them.

        Args:
            attribute: only on this attribute (name and definition).
            judge: only by this judge.
            kind: only pairs, triplets or points.
            texts: only verdicts all of whose texts are among these.
        """
        attribute_key = None if attribute is None else attribute.key
        wanted = {"attribute_key": attribute_key, "judge": judge, "kind": kind}
        where: dict[str, object] = {k: v for k, v in wanted.items() if v is not None}
        found = [entry.verdict for entry in self._entries(where | {"withdrawn": 0}, "ORDER BY id")]
        if texts is None:
            return found
        known = {text_key(text) for text in texts}
        return [verdict for verdict in found if known.issuperset(verdict.text_keys)]

    def attributes(self, judge: str | None = None) -> list[Attribute]:
        """The attributes that there are standing verdicts on, in the order first met."""
        return list(dict.fromkeys(verdict.attribute for verdict in self.verdicts(judge=judge)))

    def undo_last(self, judge: str, attribute: Attribute) -> Verdict | None:
        """Withdraw the judge's last standing verdict on an attribute; the row stays on disk.

        Returns:
            The withdrawn verdict, or None where there was none to withdraw.
        """
        where: dict[str, object] = {"judge": judge, "attribute_key": attribute.key, "withdrawn": 0}
        with self.transaction() as connection:
            last = self._entries(where, "ORDER BY id DESC LIMIT 1")
            if not last:
                return None
            connection.execute(
                "UPDATE verdicts SET withdrawn = 1 WHERE identity = ?", (last[0].identity,)
            )
        return last[0].verdict

    def import_jsonl(
        self, path: Path | str, texts: Mapping[str, str] | None = None, judge: str = "imported"
    ) -> int:
        """Read verdicts from a JSON-lines file, plain or exported; all of it or, on an error, none.

        Args:
            path: the file.
            texts: the corpus's texts by id; only an exported file can do without.
            judge: who gave the verdicts of a plain file; an exported one says it itself.

        Returns:
            How many verdicts were new; reading a file again adds none.

        Raises:
            BadInput: a line can't be read as a verdict, or names an unknown id.
        """
        rows = [to_row(entry) for entry in read_entries(Path(path), texts or {}, judge)]
        with self.transaction() as connection:
            before = self._count()
            connection.executemany(MERGE, rows)
            return self._count() - before

    def export_jsonl(self, path: Path | str) -> int:
        """Write every verdict, also the withdrawn, as JSON lines without the texts; how many."""
        entries = self._entries({}, "ORDER BY id")
        lines = [entry_to_json(entry) + "\n" for entry in entries]
        try:
            Path(path).write_text("".join(lines), encoding="utf-8")
        except OSError as error:
            raise StoreError(f"The verdicts can't be written to {path}: {error}.") from error
        return len(lines)

    def note_strata(
        self,
        judge: str,
        strata: Mapping[str, str],
        probabilities: Mapping[str, float] | None = None,
    ) -> None:
        """Write down why questions were asked, where their verdicts do not say it yet.

        Args:
            judge: whose verdicts.
            strata: by question_key, such as random or disagreement.
            probabilities: the chance that each had of being asked for it, by question_key; left
                out where it is unknown.
        """
        chances = probabilities or {}
        rows = [(stratum, chances.get(key), key, judge) for key, stratum in strata.items()]
        with self.transaction() as connection:
            connection.executemany(
                "UPDATE verdicts SET stratum = ?, probability = ? "
                "WHERE question_key = ? AND judge = ? AND stratum = ''",
                rows,
            )

    def held(self) -> list[Held]:
        """What there is, counted by attribute, judge and kind, in the order first met."""
        with self._reporting():
            found = self._connection.execute(
                "SELECT attribute, definition, judge, kind, count(*), sum(status != 'parsed') "
                "FROM verdicts WHERE withdrawn = 0 "
                "GROUP BY attribute_key, judge, kind ORDER BY min(id)"
            ).fetchall()
        return [Held(Attribute(*row[:2]), row[2], Kind(row[3]), *row[4:]) for row in found]

    @property
    def version(self) -> tuple[int, int]:
        """Changes whenever anybody writes to the file; what was read before may be out of date.

        It costs the same however much the file holds. It means something only as long as this
        ledger is open.
        """
        with self._reporting():
            # The first counts what other connections wrote, the second what this one did.
            (others,) = self._connection.execute("PRAGMA data_version").fetchone()
            return int(others), self._connection.total_changes

    def mean_tokens_out(self, judge: str, kind: Kind, *, n_least: int = 10) -> float | None:
        """Mean tokens of the judge's replies to a kind; None where fewer than n_least are known."""
        with self._reporting():
            n, mean = self._connection.execute(
                "SELECT count(n_tokens_out), avg(n_tokens_out) FROM verdicts "
                "WHERE judge = ? AND kind = ?",
                (judge, kind),
            ).fetchone()
        return float(mean) if n >= n_least else None

    @property
    def n_verdicts(self) -> int:
        """How many verdicts stand: all but the withdrawn."""
        return self._count("WHERE withdrawn = 0")

    def _count(self, where: str = "") -> int:
        with self._reporting():
            row = self._connection.execute(f"SELECT count(*) FROM verdicts {where}").fetchone()  # noqa: S608 - constants only
        return int(row[0])

    def _entries(self, where: Mapping[str, object], tail: str) -> list[Entry]:
        clause = " AND ".join(f"{column} = ?" for column in where)
        query = f"{SELECT} WHERE {clause} {tail}" if where else f"{SELECT} {tail}"
        with self._reporting():
            return [from_row(row) for row in self._connection.execute(query, tuple(where.values()))]

    @contextlib.contextmanager
    def _reporting(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise StoreError(
                    f"The ledger {self.path} can't be read or written: {error}. Check the disk, "
                    "and whether another program holds the file."
                ) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The open file for one piece of work: all of it is written, or none.

        Raises:
            StoreError: the file can't be read or written.
        """
        with self._reporting():
            # IMMEDIATE waits its turn for the write lock; a lock taken later may fail at once.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def through_ledger(
    questions: Sequence[Question],
    *,
    ledger: Ledger,
    judge: str,
    prompt_version: str,
    ask: Callable[[Sequence[Question]], Iterable[Verdict]],
    n_at_once: int = 1,
) -> Iterator[Verdict]:
    """Answer from the ledger where it can, ask the rest, and record each answer before yielding it.

    Args:
        questions: may hold one several times; it is asked once and yielded once.
        ledger: where the judge's verdicts are.
        judge: its name.
        prompt_version: verdicts given under another version do not count as answers.
        ask: gives verdicts on the questions that the ledger has none for, in any order; it is not
            called where there are none.
        n_at_once: how many verdicts are recorded together, then yielded. More than 1 suits only
            judges whose verdicts cost nothing: a crash loses those not yet recorded.
    """
    distinct = {question.key: question for question in questions}
    unanswered: list[Question] = []
    for key, question in distinct.items():
        known = ledger.get(key, judge, prompt_version=prompt_version)
        if known is None:
            unanswered.append(question)
        else:
            yield known
    if not unanswered:
        return
    verdicts = iter(ask(unanswered))
    while part := list(itertools.islice(verdicts, n_at_once)):
        ledger.record_all(part)
        yield from part


def _new_row(verdict: Verdict) -> tuple[object, ...]:
    return to_row(Entry(uuid.uuid4().hex, verdict, withdrawn=False))
