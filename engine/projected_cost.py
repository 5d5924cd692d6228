"""What a new attribute would cost on more texts, by the formula of the method's level."""

from __future__ import annotations

from dataclasses import dataclass

from engine.methods.registry import Card
from engine.run import RunRecord
from engine.types import Family, Level

_READS_EVERY_TEXT = (Level.ENCODER_PASSES, Level.LM_PASSES, Level.GENERATIONS)
_FLAT = (Level.FREE, Level.MATRIX, Level.ONE_CALL, Level.VERDICTS)


@dataclass(frozen=True, slots=True)
class Projection:
    """Seconds that a new attribute would take, and how they were reckoned.

    seconds: None where this run measured nothing to reckon from.
    """

    seconds: float | None
    formula: str


def projected_seconds(record: RunRecord, card: Card, n_texts: int) -> Projection:
    """Scale a run's seconds to n_texts texts.

    A run that found its passes in the store has measured no model, so it projects nothing for
    methods that read texts again. One that found some of them reckons with all that a text needs,
    kept or not: several rewrites, or a rewrite and its embedding.

    Args:
        record: a finished run.
        card: its method's card.
        n_texts: the corpus size asked about.

    """
    if card.family is Family.CONTROL:
        return Projection(0.0, "its answer ignores the attribute: one run serves all")
    growth = n_texts / max(1, record.n_texts)
    if card.level in _FLAT:
        if record.cost.passes and record.cost.n_cached < record.n_texts:
            return Projection(None, "texts are read once a corpus, not for a new attribute")
        most = ", at most: what is asked of the attribute alone doesn't grow"
        formula = f"measured seconds × N / n{most if record.cost.passes else ''}"
        return Projection(record.cost.seconds * growth, formula)
    if not record.cost.passes or record.cost.n_cached > record.cost.passes:
        return Projection(None, "its passes were in the store: nothing was measured")
    per_pass = record.cost.seconds / record.cost.passes
    if card.level in _READS_EVERY_TEXT:
        a_text = (record.cost.passes + record.cost.n_cached) / max(1, record.n_texts)
        formula = f"{per_pass:.3g} s a pass × {a_text:.3g} passes a text × N"
        return Projection(per_pass * a_text * n_texts, formula)
    return Projection(
        record.cost.seconds * growth, f"{per_pass:.3g} s a pair × the same share of pairs × N / n"
    )
