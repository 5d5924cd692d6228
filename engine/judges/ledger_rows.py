"""The ledger's table, and how a verdict becomes a row of it and back."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from engine.judges.questions import Choice, Kind, Status, Verdict
from engine.judges.verdict_files import Entry
from engine.types import Attribute

SCHEMA_VERSION = 3

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS verdicts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        identity TEXT NOT NULL UNIQUE, withdrawn INTEGER NOT NULL,
        question_key TEXT NOT NULL, unordered_key TEXT NOT NULL,
        attribute_key TEXT NOT NULL, attribute TEXT NOT NULL, definition TEXT NOT NULL,
        kind TEXT NOT NULL, text_keys TEXT NOT NULL, judge TEXT NOT NULL,
        value REAL, choice TEXT, status TEXT NOT NULL, prompt_version TEXT NOT NULL,
        reason TEXT NOT NULL, raw TEXT NOT NULL,
        n_tokens_in INTEGER, n_tokens_out INTEGER, dollars REAL, seconds REAL,
        time TEXT NOT NULL, batch TEXT NOT NULL, stratum TEXT NOT NULL,
        answer TEXT NOT NULL DEFAULT '', probability REAL)""",
    "CREATE INDEX IF NOT EXISTS by_question ON verdicts (question_key, judge)",
    "CREATE INDEX IF NOT EXISTS by_unordered ON verdicts (unordered_key, judge)",
    "CREATE INDEX IF NOT EXISTS by_attribute ON verdicts (attribute_key, judge)",
)

# What brings a ledger of an earlier version up to the next.
MIGRATIONS = {
    1: ("ALTER TABLE verdicts ADD COLUMN answer TEXT NOT NULL DEFAULT ''",),
    2: ("ALTER TABLE verdicts ADD COLUMN probability REAL",),
}

# Columns that hold a verdict's field as it is; the others are made in to_row.
_PLAIN = (
    "kind", "judge", "value", "choice", "status", "prompt_version", "reason", "raw",
    "n_tokens_in", "n_tokens_out", "dollars", "seconds", "time", "batch", "stratum",
    "answer", "probability",
)  # fmt: skip
_MADE = (
    "identity", "withdrawn", "question_key", "unordered_key", "attribute_key", "attribute",
    "definition", "text_keys",
)  # fmt: skip
_COLUMNS = ", ".join(_MADE + _PLAIN)

INSERT = (
    f"INSERT INTO verdicts ({_COLUMNS}) "  # noqa: S608 - constants only
    f"VALUES ({', '.join('?' * len(_MADE + _PLAIN))})"
)
# A withdrawal is for good: a copy of the ledger read back in can add one but not undo one.
MERGE = (
    f"{INSERT} ON CONFLICT (identity) DO UPDATE SET withdrawn = max(withdrawn, excluded.withdrawn)"
)
SELECT = f"SELECT {_COLUMNS} FROM verdicts"  # noqa: S608 - constants only


class Held(NamedTuple):
    """How many standing verdicts there are of one judge on one attribute in one kind.

    n_unread: those that are no answer: unparsed, refused or unanswerable.
    """

    attribute: Attribute
    judge: str
    kind: Kind
    n: int
    n_unread: int


def to_row(entry: Entry) -> tuple[Any, ...]:
    """The row that INSERT and MERGE write."""
    verdict = entry.verdict
    attribute = verdict.attribute
    made = (
        entry.identity,
        int(entry.withdrawn),
        verdict.question_key,
        verdict.unordered_key,
        attribute.key,
        attribute.name,
        attribute.definition,
        json.dumps(verdict.text_keys),
    )
    plain = {column: getattr(verdict, column) for column in _PLAIN}
    for said in ("reason", "raw"):
        # A reply cut within a character holds half of one, which no UTF-8 file can.
        plain[said] = plain[said].encode("utf-8", "backslashreplace").decode("utf-8")
    return made + tuple(plain.values())


def from_row(row: tuple[Any, ...]) -> Entry:
    """The entry in a row that SELECT gave."""
    fields = dict(zip(_MADE + _PLAIN, row, strict=True))
    plain = {column: fields[column] for column in _PLAIN}
    plain["kind"] = Kind(plain["kind"])
    plain["status"] = Status(plain["status"])
    if plain["choice"] is not None:
        plain["choice"] = Choice(plain["choice"])
    verdict = Verdict(
        attribute=Attribute(fields["attribute"], fields["definition"]),
        text_keys=tuple(json.loads(fields["text_keys"])),
        **plain,
    )
    return Entry(fields["identity"], verdict, bool(fields["withdrawn"]))
