"""Batches on disk, beside the ledger's verdicts: what was sent is known after a restart."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

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
    "CREATE TABLE IF NOT EXISTS batch_models (job TEXT PRIMARY KEY, model TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS batch_reasons (
        job TEXT NOT NULL, custom_id TEXT NOT NULL, stratum TEXT NOT NULL, probability REAL,
        PRIMARY KEY (job, custom_id))""",
    "CREATE INDEX IF NOT EXISTS verdicts_by_batch ON verdicts (batch)",
)


class BatchState(StrEnum):
    """Where a batch stands."""

    SENDING = "sending"
    SENT = "sent"
    COLLECTED = "collected"
    NOT_SENT = "not sent"


OPEN = (BatchState.SENDING, BatchState.SENT)


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


@dataclass(frozen=True, slots=True)
class SentBatch:
    """A batch of any judge, with what came of it.

    judge, prompt_version, model: who is asked, in which wording. attribute and kind: of its first
    question. n_landed: verdicts that were collected. dollars: what they cost, None where some of it
    is unknown.
    """

    batch: BatchJob
    judge: str
    prompt_version: str
    model: str
    attribute: str
    kind: Kind
    n_landed: int
    dollars: float | None

    @property
    def is_open(self) -> bool:
        """Whether it is being sent or waits to be collected."""
        return self.batch.state in OPEN


class Requested(NamedTuple):
    """A question in a batch, why it is asked, and the chance it had; None where unknown."""

    asked: Asked
    stratum: str = ""
    probability: float | None = None


def set_up(ledger: Ledger) -> None:
    """Make the tables of batches where they are missing."""
    with ledger.transaction() as connection:
        for statement in SCHEMA:
            connection.execute(statement)


def sent_batches(ledger: Ledger) -> list[SentBatch]:
    """The batches of all judges whose model was written down, the newest first.

    Those that were never sent are left out. The tables must be there; see set_up.
    """
    with ledger.transaction() as connection:
        rows = connection.execute(
            "SELECT b.job, b.batch_id, b.state, b.created, "
            "(SELECT count(*) FROM batch_requests r WHERE r.job = b.job), "
            "b.judge, b.prompt_version, m.model, r.attribute, r.kind, "
            "(SELECT count(*) FROM verdicts v WHERE v.batch = b.batch_id), "
            "(SELECT sum(dollars) FROM verdicts v WHERE v.batch = b.batch_id), "
            "(SELECT count(*) FROM verdicts v WHERE v.batch = b.batch_id AND dollars IS NULL) "
            "FROM batches b JOIN batch_models m ON m.job = b.job "
            "JOIN batch_requests r ON r.job = b.job AND r.custom_id = b.job || '-0' "
            "WHERE b.state != ? ORDER BY b.created DESC, b.job",
            (BatchState.NOT_SENT,),
        ).fetchall()
    return [
        SentBatch(
            batch=_job(*row[:5]),
            judge=row[5],
            prompt_version=row[6],
            model=row[7],
            attribute=row[8],
            kind=Kind(row[9]),
            n_landed=row[10],
            dollars=None if row[12] else row[11] or 0.0,
        )
        for row in rows
    ]


class Waiting(NamedTuple):
    """A judge some of whose batches are open, and under which wording it was asked."""

    judge: str
    prompt_version: str
    model: str


def waiting_judges(ledger: Ledger) -> list[Waiting]:
    """The judges that have a batch which is being sent or waits to be collected."""
    with ledger.transaction() as connection:
        rows = connection.execute(
            "SELECT DISTINCT judge, prompt_version, model FROM batches JOIN batch_models "
            "USING (job) WHERE state IN (?, ?) ORDER BY created",
            OPEN,
        ).fetchall()
    return [Waiting(*row) for row in rows]


def _job(job: str, batch_id: str | None, state: str, created: str, n_requests: int) -> BatchJob:
    when = datetime.datetime.fromisoformat(created)
    return BatchJob(job, batch_id, BatchState(state), when, n_requests)


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
        set_up(ledger)

    def start(self, requested: Sequence[Requested], model: str) -> tuple[str, dict[str, Asked]]:
        """Write down a batch before it is sent, and claim its questions.

        Args:
            requested: what is to be asked.
            model: who is asked, as the service calls it.

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
            connection.execute("INSERT INTO batch_models VALUES (?, ?)", (job, model))
        mine = self._claims(job).take(one.asked.key for one in requested)
        taken = [one for one in requested if one.asked.key in mine]
        requests = {f"{job}-{i}": one for i, one in enumerate(taken)}
        rows = [
            (job, custom_id, kind, attribute.name, attribute.definition, json.dumps(text_keys))
            for custom_id, ((kind, attribute, text_keys), _, _) in requests.items()
        ]
        reasons = [
            (job, custom_id, one.stratum, one.probability) for custom_id, one in requests.items()
        ]
        with self._ledger.transaction() as connection:
            connection.executemany("INSERT INTO batch_requests VALUES (?, ?, ?, ?, ?, ?)", rows)
            connection.executemany("INSERT INTO batch_reasons VALUES (?, ?, ?, ?)", reasons)
        return job, {custom_id: one.asked for custom_id, one in requests.items()}

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
        return [job for job in self.jobs() if job.state in OPEN]

    def jobs(self) -> list[BatchJob]:
        """All batches, the oldest first."""
        with self._ledger.transaction() as connection:
            rows = connection.execute(
                "SELECT job, batch_id, state, created, "
                "(SELECT count(*) FROM batch_requests r WHERE r.job = batches.job) "
                "FROM batches WHERE judge = ? AND prompt_version = ? ORDER BY created, job",
                self._asked_of,
            ).fetchall()
        return [_job(*row) for row in rows]

    def known_batch_ids(self) -> set[str]:
        """The service's ids of every batch of any judge in this ledger."""
        with self._ledger.transaction() as connection:
            rows = connection.execute("SELECT batch_id FROM batches").fetchall()
        return {batch_id for (batch_id,) in rows if batch_id is not None}

    def requests(self, job: str) -> dict[str, Requested]:
        """What a batch asks, by custom id."""
        with self._ledger.transaction() as connection:
            rows = connection.execute(
                "SELECT r.custom_id, kind, attribute, definition, text_keys, "
                "coalesce(w.stratum, ''), w.probability FROM batch_requests r "
                "LEFT JOIN batch_reasons w ON w.job = r.job AND w.custom_id = r.custom_id "
                "WHERE r.job = ?",
                (job,),
            ).fetchall()
        return {
            custom_id: Requested(
                Asked(Kind(kind), Attribute(name, definition), tuple(json.loads(keys))), *why
            )
            for custom_id, kind, name, definition, keys, *why in rows
        }

    def _claims(self, job: str) -> Claims:
        judge, prompt_version = self._asked_of
        return Claims(self._ledger, judge, prompt_version, run=job, owner=BATCH_OWNER)
