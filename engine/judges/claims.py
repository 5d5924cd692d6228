"""Who is asking what: a question is asked by one run at a time, also across processes."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterable

from engine.judges.ledger import Ledger

SCHEMA = """CREATE TABLE IF NOT EXISTS claims (
    question_key TEXT NOT NULL, judge TEXT NOT NULL, prompt_version TEXT NOT NULL,
    run TEXT NOT NULL, owner TEXT NOT NULL,
    PRIMARY KEY (question_key, judge, prompt_version))"""

BATCH_OWNER = "batch"


class Claims:
    """The questions that one run of a judge has taken on, kept beside the ledger's verdicts.

    A claim holds as long as the process that made it lives, or until it is released; a batch's
    until it is collected. What a killed process had claimed is free again at once.

    Args:
        ledger: where the judge's verdicts are.
        judge: its name.
        prompt_version: the wording it is asked in.
        run: names the run; made up where it is not given.
        owner: who must live for the claims to hold; this process unless told otherwise.
    """

    def __init__(
        self, ledger: Ledger, judge: str, prompt_version: str, *, run: str = "", owner: str = ""
    ) -> None:
        self.run = run or uuid.uuid4().hex
        self._ledger = ledger
        self._asked_of = (judge, prompt_version)
        self._owner = owner or _this_process()
        with ledger.transaction() as connection:
            connection.execute(SCHEMA)

    def take(self, question_keys: Iterable[str]) -> set[str]:
        """Claim questions; those that are now this run's, also from before."""
        wanted = list(question_keys)
        rows = [(key, *self._asked_of, self.run, self._owner) for key in wanted]
        with self._ledger.transaction() as connection:
            for (owner,) in connection.execute("SELECT DISTINCT owner FROM claims").fetchall():
                if not _lives(owner):
                    connection.execute("DELETE FROM claims WHERE owner = ?", (owner,))
            connection.executemany("INSERT OR IGNORE INTO claims VALUES (?, ?, ?, ?, ?)", rows)
            mine = connection.execute(
                "SELECT question_key FROM claims WHERE run = ?", (self.run,)
            ).fetchall()
        return {key for (key,) in mine}.intersection(wanted)

    def in_batches(self) -> set[str]:
        """Keys of the judge's questions that wait in a batch."""
        with self._ledger.transaction() as connection:
            found = connection.execute(
                "SELECT question_key FROM claims WHERE judge = ? AND prompt_version = ? "
                "AND owner = ?",
                (*self._asked_of, BATCH_OWNER),
            ).fetchall()
        return {key for (key,) in found}

    def release(self, question_keys: Iterable[str] | None = None) -> None:
        """Give up these claims of this run, or all."""
        with self._ledger.transaction() as connection:
            if question_keys is None:
                connection.execute("DELETE FROM claims WHERE run = ?", (self.run,))
            else:
                rows = [(self.run, key) for key in question_keys]
                connection.executemany(
                    "DELETE FROM claims WHERE run = ? AND question_key = ?", rows
                )


def _this_process() -> str:
    return f"{socket.gethostname()}|{os.getpid()}|{_started(os.getpid())}"


def _lives(owner: str) -> bool:
    if owner == BATCH_OWNER:
        return True
    host, pid, started = owner.split("|")
    # Another machine's processes can't be seen from here; it is believed.
    return host != socket.gethostname() or _started(int(pid)) == started


def _started(pid: int) -> str:
    # The number of a dead process is given to another one day; its start time is not.
    import psutil

    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return ""
