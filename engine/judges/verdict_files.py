"""Verdicts as JSON lines: the plain form that corpora ship with, and the ledger's full form."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from engine.errors import BadInput
from engine.judges.kinds import SIDED_KINDS
from engine.judges.questions import Choice, Kind, Status, Verdict, text_key
from engine.types import Attribute, content_key

_Enum = TypeVar("_Enum", bound=StrEnum)

_ID_FIELDS = {
    Kind.PAIR: ("left", "right"),
    Kind.TRIPLET: ("anchor", "left", "right"),
    Kind.COMPARISON: ("left", "right"),
    Kind.POINT: ("text",),
}
_TEXT_FIELDS = (
    "judge", "prompt_version", "reason", "raw", "time", "batch", "stratum", "answer",
)  # fmt: skip
_NUMBER_FIELDS = ("value", "n_tokens_in", "n_tokens_out", "dollars", "seconds", "probability")
_VALUE_FIELD = {Kind.PAIR: "grade", Kind.POINT: "score"}


class Entry(NamedTuple):
    """A verdict as the ledger keeps it: entered once under its identity, never taken out."""

    identity: str
    verdict: Verdict
    withdrawn: bool


def entry_to_json(entry: Entry) -> str:
    """One line of the full form: hashes in place of texts, so nothing of the corpus leaves."""
    fields = asdict(entry.verdict)
    attribute = fields.pop("attribute")
    fields |= {
        "identity": entry.identity,
        "withdrawn": entry.withdrawn,
        "attribute": attribute["name"],
        "definition": attribute["definition"],
    }
    return json.dumps(fields, ensure_ascii=False, sort_keys=True)


def read_entries(path: Path, texts: Mapping[str, str], judge: str) -> Iterator[Entry]:
    """Entries of a JSON-lines file in either form.

    A plain line says `kind`, `attribute`, ids (`left`, `right`, `anchor`, `text`) and `grade`,
    `choice` or `score`. Its identity is its content, with a count for lines that are alike in all:
    every line is an entry, and the same file read again gives the same identities.

    Args:
        path: the file, UTF-8.
        texts: the corpus's texts by id; not needed for a file of full lines.
        judge: who gave the plain lines; full lines say it themselves.

    Raises:
        BadInput: a line can't be read as a verdict; the message names the line.
    """
    seen: Counter[str] = Counter()
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            yield _entry(fields, texts, judge, seen)
        except (BadInput, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            problem = f"{error.args[0]!r} is missing" if type(error) is KeyError else error
            raise BadInput(f"Line {number} of {path} is not a verdict: {problem}.") from error


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    number = 0
    with path.open(encoding="utf-8") as lines:
        try:
            for number, line in enumerate(lines, start=1):
                yield number, line
        except UnicodeDecodeError as error:
            raise BadInput(
                f"{path} is no UTF-8 text from line {number + 1} on: {error.reason}. Save it as "
                "UTF-8, one JSON object a line."
            ) from error


def _entry(
    fields: dict[str, Any], texts: Mapping[str, str], judge: str, seen: Counter[str]
) -> Entry:
    if "identity" in fields:
        return _full_entry(fields)
    verdict = _plain_verdict(fields, texts, judge)
    content = content_key(judge, json.dumps(fields, sort_keys=True), *verdict.text_keys)
    seen[content] += 1
    return Entry(content_key(content, str(seen[content])), verdict, withdrawn=False)


def _full_entry(fields: dict[str, Any]) -> Entry:
    fields = dict(fields)
    identity, withdrawn = str(fields.pop("identity")), bool(fields.pop("withdrawn"))
    fields["attribute"] = Attribute(fields["attribute"], fields.pop("definition"))
    fields["kind"] = member(Kind, fields["kind"])
    fields["status"] = member(Status, fields["status"])
    if fields["choice"] is not None:
        fields["choice"] = member(Choice, fields["choice"])
    fields["text_keys"] = tuple(fields["text_keys"])
    # Files written before chances were kept do not say it.
    fields.setdefault("probability", None)
    _check_types(fields)
    return Entry(identity, Verdict(**fields), withdrawn)


def _check_types(fields: Mapping[str, Any]) -> None:
    """Refuse what the ledger's columns would take and nothing could read again."""
    worded = {name: fields[name] for name in _TEXT_FIELDS}
    worded |= {f"text key {i + 1}": key for i, key in enumerate(fields["text_keys"])}
    for name, value in worded.items():
        if not isinstance(value, str):
            raise BadInput(f"{name} is {str(value)[:50]!r}, and must be text")
    for name in _NUMBER_FIELDS:
        value = fields[name]
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise BadInput(f"{name} is {str(value)[:50]!r}, and must be a number or null")


def _plain_verdict(fields: dict[str, Any], texts: Mapping[str, str], judge: str) -> Verdict:
    kind = member(Kind, fields["kind"])
    if kind not in _ID_FIELDS:
        raise BadInput(
            f"a plain line can't hold a question of kind {kind.value!r}; export it whole"
        )
    value = fields[_VALUE_FIELD[kind]] if kind in _VALUE_FIELD else None
    probability = fields.get("probability")
    return Verdict(
        kind=kind,
        attribute=Attribute(fields["attribute"], fields.get("definition", "")),
        text_keys=tuple(_key_of_id(fields[field], texts) for field in _ID_FIELDS[kind]),
        judge=judge,
        value=None if value is None else float(value),
        choice=member(Choice, fields["choice"]) if kind in SIDED_KINDS else None,
        reason=str(fields.get("reason", "")),
        batch=str(fields.get("batch", "")),
        stratum=str(fields.get("stratum", "")),
        probability=None if probability is None else float(probability),
    )


def _key_of_id(text_id: str, texts: Mapping[str, str]) -> str:
    if text_id not in texts:
        raise BadInput(
            f"no text has the id {text_id!r}; verdicts must be read with the corpus they are on"
        )
    return text_key(texts[text_id])


def member(kind: type[_Enum], value: str) -> _Enum:
    """The member of an enumeration, or an error that lists the allowed.

    Raises:
        BadInput: value is not one of them.
    """
    try:
        return kind(value)
    except ValueError as error:
        allowed = ", ".join(kind)
        raise BadInput(f"{value!r} is no {kind.__name__.lower()}; allowed are {allowed}") from error
