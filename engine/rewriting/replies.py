"""Is a model's reply a rewrite? What it says is cleaned of its wrapping, then checked."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

MOST_CHARACTERS = 600
MOST_WORDS = 75
_LONGEST_ECHO = 8
# A line that goes round in circles: of 12 words or more, under 40% are different ones.
_FEWEST_JUDGED = 12
_LEAST_DISTINCT = 0.4
_LONGEST_UNIT = 60

_LABEL = re.compile(
    r"^(?:(?:sure|certainly|of course)\b[^\n:]{0,60}[:!.]\s*)?"
    r"(?:(?:rewrite|rewritten text|description|answer|here(?: is|['’]s)[^\n:]{0,60}):\s*)?",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"^\W*(?:i['’]?m sorry,? but|i apologi[sz]e,? but|sorry,? (?:but )?i\b|as an ai\b"
    r"|i(?: am|['’]m) (?:unable|not able) to\b|i (?:must|have to) decline\b"
    r"|i won['’]?t be able to\b"
    r"|i (?:can ?not|can['’]?t|could ?n['’]?t) (?:help|assist|comply|do|provide|rewrite|describe"
    r"|answer|fulfil|respond|process|discuss)\w*\b)",
    re.IGNORECASE,
)
_THOUGHTS = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)
_REPEATED = re.compile(rf"([^\W\d].{{1,{_LONGEST_UNIT}}}?)\1{{3,}}")
_WORDS = re.compile(r"\w+")
_LETTER = re.compile(r"[^\W\d_]")
_QUOTES = "\"'“”‘’«»`*_ \t"


class Status(StrEnum):
    """What became of a text. Only a written text has a rewrite; any other stands for itself."""

    WRITTEN = "written"
    REFUSED = "refused"
    EMPTY = "empty"
    NONSENSE = "nonsense"
    COPIED = "the text again"
    MISSING = "no rewrite"


class Checked(NamedTuple):
    """The rewrite ("" unless written), and what became of the reply."""

    rewrite: str
    status: Status


def check_reply(reply: str, *, text: str, prompt: str = "") -> Checked:
    """Read a model's reply to the request for a rewrite.

    Args:
        reply: as the model gave it.
        text: what it was to rewrite.
        prompt: the request without the text: a reply that repeats it is no rewrite.

    Example:
        >>> check_reply('Rewrite: "A rate times a time."', text="45 sheets a minute for 24.")
        Checked(rewrite='A rate times a time.', status=<Status.WRITTEN: 'written'>)
        >>> check_reply("I'm sorry, but I can't help with that.", text="x").status.value
        'refused'
        >>> check_reply("of a story of a story of a story of a story", text="x").status.value
        'nonsense'
    """
    rewrite = _unwrapped(reply)
    if not rewrite:
        return Checked("", Status.EMPTY)
    if _REFUSAL.match(rewrite):
        return Checked("", Status.REFUSED)
    if _is_nonsense(rewrite) or _echoes(rewrite, prompt):
        return Checked("", Status.NONSENSE)
    if _words(rewrite) == _words(text):
        return Checked("", Status.COPIED)
    return Checked(rewrite, Status.WRITTEN)


def _unwrapped(reply: str) -> str:
    """One line without a label such as 'Rewrite:', quotation marks or emphasis around it."""
    line = " ".join(_THOUGHTS.sub("", reply).split())
    return _LABEL.sub("", line.strip(_QUOTES), count=1).strip(_QUOTES)


def _is_nonsense(rewrite: str) -> bool:
    if not _LETTER.search(rewrite) or "<text>" in rewrite or "</text>" in rewrite:
        return True
    words = _words(rewrite)
    if len(rewrite) > MOST_CHARACTERS or len(words) > MOST_WORDS:
        return True
    circles = len(words) >= _FEWEST_JUDGED and len(set(words)) < _LEAST_DISTINCT * len(words)
    return circles or _REPEATED.search(f"{rewrite} ") is not None


def _echoes(rewrite: str, prompt: str) -> bool:
    """Whether the reply holds a run of words of the request."""
    said, asked = _words(rewrite), _words(prompt)
    asked_runs = {
        tuple(asked[i : i + _LONGEST_ECHO]) for i in range(len(asked) - _LONGEST_ECHO + 1)
    }
    runs = (tuple(said[i : i + _LONGEST_ECHO]) for i in range(len(said) - _LONGEST_ECHO + 1))
    return any(run in asked_runs for run in runs)


def _words(text: str) -> list[str]:
    return _WORDS.findall(text.lower())
