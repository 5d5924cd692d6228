"""What the ledger holds, read again only when it has changed."""

from __future__ import annotations

from engine.judges.ledger_rows import Held
from engine.judges.questions import Verdict
from engine.types import Attribute
from pages.parts import cached


def held_counts() -> list[Held]:
    """What there is, counted by attribute, judge and kind."""
    ledger = cached.ledger()
    return cached.judging(("held", ledger.version), ledger.held)


def held_judges() -> list[str]:
    """Everybody who has a verdict in the ledger."""
    return list(dict.fromkeys(each.judge for each in held_counts()))


def held_verdicts(attribute: Attribute, judge: str) -> tuple[Verdict, ...]:
    """A judge's standing verdicts on an attribute."""
    ledger = cached.ledger()
    return cached.judging(
        ("verdicts", ledger.version, attribute.key, judge),
        lambda: tuple(ledger.verdicts(attribute=attribute, judge=judge)),
    )
