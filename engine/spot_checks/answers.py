"""Verdicts on a corpus's texts as answers on its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.judges.questions import Choice, Kind, Status, Verdict, text_key

SAME_FROM = 3.0
DIFFERENT_UP_TO = 1.0


@dataclass(frozen=True)
class AnsweredPair:
    """Whether two texts are alike in the attribute; same is None where the judge was unsure."""

    left_row: int
    right_row: int
    same: bool | None
    stratum: str = ""


@dataclass(frozen=True)
class AnsweredTriplet:
    """Which side the anchor is more like: left, right or tie."""

    anchor_row: int
    left_row: int
    right_row: int
    choice: Choice
    stratum: str = ""


def rows_by_text_key(texts: Sequence[str]) -> dict[str, int]:
    """The row of each text; the first of texts that are the same."""
    rows: dict[str, int] = {}
    for row, text in enumerate(texts):
        rows.setdefault(text_key(text), row)
    return rows


def same_from_grade(grade: float | None) -> bool | None:
    """A grade from 3 is the same, up to 1 different, between them (and None) unsure.

    Example:
        >>> [same_from_grade(grade) for grade in (4, 3, 2, 1, None)]
        [True, True, None, False, None]
    """
    if grade is None or DIFFERENT_UP_TO < grade < SAME_FROM:
        return None
    return grade >= SAME_FROM


def answered_pairs(verdicts: Iterable[Verdict], texts: Sequence[str]) -> list[AnsweredPair]:
    """One answer for each pair that was judged, in the order first judged.

    Several verdicts on a pair, in either order, count by their mean grade: a judge who says 4 and
    then 0 is unsure. A pair with a random repeat stays in the stratum it was first judged in.

    Args:
        verdicts: one judge's verdicts on one attribute; those that are no parsed pairs of two
            texts of the corpus are passed over.
        texts: the corpus's texts, in the order of its rows.
    """
    groups: dict[tuple[int, ...], list[Verdict]] = {}
    for rows, verdict in _on_rows(verdicts, texts, Kind.PAIR):
        if rows[0] != rows[1]:
            groups.setdefault(tuple(sorted(rows)), []).append(verdict)
    return [
        AnsweredPair(left, right, same_from_grade(_mean_grade(group)), group[0].stratum)
        for (left, right), group in groups.items()
    ]


def answered_triplets(verdicts: Iterable[Verdict], texts: Sequence[str]) -> list[AnsweredTriplet]:
    """One answer for each triplet that was judged, in the order first judged.

    Verdicts on a triplet with its sides either way that do not all agree make a tie.

    Args:
        verdicts: one judge's verdicts on one attribute; those that are no parsed triplets of texts
            of the corpus are passed over.
        texts: the corpus's texts, in the order of its rows.
    """
    groups: dict[tuple[int, int, int], list[tuple[Choice, str]]] = {}
    for (anchor, left, right), verdict in _on_rows(verdicts, texts, Kind.TRIPLET):
        if verdict.choice is None or left == right:
            continue
        turned = left > right
        choice = verdict.choice.mirrored if turned else verdict.choice
        sides = (right, left) if turned else (left, right)
        groups.setdefault((anchor, *sides), []).append((choice, verdict.stratum))
    return [
        AnsweredTriplet(*rows, choice=_agreed(group), stratum=group[0][1])
        for rows, group in groups.items()
    ]


def _on_rows(
    verdicts: Iterable[Verdict], texts: Sequence[str], kind: Kind
) -> Iterator[tuple[tuple[int, ...], Verdict]]:
    rows: Mapping[str, int] = rows_by_text_key(texts)
    for verdict in verdicts:
        is_usable = verdict.kind is kind and verdict.status is Status.PARSED
        if is_usable and all(key in rows for key in verdict.text_keys):
            yield tuple(rows[key] for key in verdict.text_keys), verdict


def _mean_grade(verdicts: Sequence[Verdict]) -> float | None:
    grades = [verdict.value for verdict in verdicts if verdict.value is not None]
    return sum(grades) / len(grades) if grades else None


def _agreed(answers: Sequence[tuple[Choice, str]]) -> Choice:
    choices = {choice for choice, _ in answers}
    return choices.pop() if len(choices) == 1 else Choice.TIE
