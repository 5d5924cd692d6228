"""Batches on disk, beside the ledger's verdicts: what was sent is known after a restart."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.judges.calls import Asked
from engine.judges.claims import BATCH_OWNER, Claims
from engine.judges.kinds import Kind
from engine.judges.ledger import Ledger
from engine.types import Attribute

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS batches (
        job TEXT PRIMARY KEY, judge TEXT NOT NULL, prompt_version TEXT NOT NULL,
        batch_id TEXT, state TEXT NOT NULL, created TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS batch_requests (
        job TEXT NOT NULL, custom_id TEXT NOT NULL, kind TEXT NOT NULL,
        attribute TEXT NOT NULL, definition TEXT NOT NULL, text_keys TEXT NOT NULL,
        PRIMARY KEY (job, custom_id))""",
)


class BatchState(StrEnum):
    """Where a batch stands."""

    SENDING = "sending"
    SENT = "sent"
    COLLECTED = "collected"
    NOT_SENT = "not sent"


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A batch as this side knows it.

    job: our name of it, with which its requests' custom ids begin. batch_id: the service's; None
    while it is not known whether the batch arrived. created: UTC. n_requests: how many questions.
    """

    job: str
    batch_id: str | None
    state: BatchState
    created: datetime.datetime
    n_requests: int


class BatchStore:
    """The batches of one judge under one prompt version.

    Args:
        ledger: where the judge's verdicts are.
        judge: its name.
        prompt_version: the wording it is asked in.
    """

    def __init__(self, ledger: Ledger, judge: str, prompt_version: str) -> None:
        self._ledger = ledger
        self._asked_of = (judge, prompt_version)
        with ledger.transaction() as connection:
            for statement in SCHEMA:
                connection.execute(statement)

    def start(self, asked: Sequence[Asked]) -> tuple[str, dict[str, Asked]]:
        """Write down a batch before it is sent, and claim its questions.

        Returns:
            Our name of the batch, and what is to be sent by custom id: all but what another run or
            batch is asking.
        """
        job = uuid.uuid4().hex[:16]
        created = datetime.datetime.now(datetime.UTC).isoformat()
        with self._ledger.transaction() as connection:
            connection.execute(
                "INSERT INTO batches VALUES (?, ?, ?, NULL, ?, ?)",
                (job, *self._asked_of, BatchState.SENDING, created),
            )
        mine = self._claims(job).take(one.key for one in asked)
        requests = {f"{job}-{i}": one for i, one in enumerate(asked) if one.key in mine}
        rows = [
            (job, custom_id, kind, attribute.name, attribute.definition, json.dumps(text_keys))
            for custom_id, (kind, attribute, text_keys) in requests.items()
        ]
        with self._ledger.transaction() as connection:
            connection.executemany("INSERT INTO batch_requests VALUES (?, ?, ?, ?, ?, ?)", rows)
        return job, requests

    def mark(self, job: str, state: BatchState, batch_id: str | None = None) -> None:
        """Write down where a batch stands; a batch that is over frees its questions."""
        with self._ledger.transaction() as connection:
            connection.execute(
                "UPDATE batches SET state = ?, batch_id = ? WHERE job = ?", (state, batch_id, job)
            )
        if state in (BatchState.COLLECTED, BatchState.NOT_SENT):
            self._claims(job).release()

    def open_jobs(self) -> list[BatchJob]:
        """Batches that are being sent or wait to be collected, the oldest first."""
        return [job for job in self.jobs() if job.state in (BatchState.SENDING, BatchState.SENT)]

    def jobs(self) -> list[BatchJob]:
        """All batches, the oldest first."""
        with self._ledger.transaction() as connection:
            rows = connection.execute(
                "SELECT job, batch_id, state, created, "
                "(SELECT count(*) FROM batch_requests r WHERE r.job = batches.job) "
                "FROM batches WHERE judge = ? AND prompt_version = ? ORDER BY created, job",
                self._asked_of,
            ).fetchall()
        return [
            BatchJob(job, batch_id, BatchState(state), datetime.datetime.fromisoformat(created), n)
            for job, batch_id, state, created, n in rows
        ]

    def known_batch_ids(self) -> set[str]:
        """The service's ids of every batch of any judge in this ledger."""
        with self._ledger.transaction() as connection:
            rows = connection.execute("SELECT batch_id FROM batches").fetchall()
        return {batch_id for (batch_id,) in rows if batch_id is not None}

    def requests(self, job: str) -> dict[str, Asked]:
        """What a batch asks, by custom id."""
        with self._ledger.transaction() as connection:
            rows = connection.execute(
                "SELECT custom_id, kind, attribute, definition, text_keys FROM batch_requests "
                "WHERE job = ?",
                (job,),
            ).fetchall()
        return {
            custom_id: Asked(Kind(kind), Attribute(name, definition), tuple(json.loads(keys)))
            for custom_id, kind, name, definition, keys in rows
        }

    def _claims(self, job: str) -> Claims:
        judge, prompt_version = self._asked_of
        return Claims(self._ledger, judge, prompt_version, run=job, owner=BATCH_OWNER)
