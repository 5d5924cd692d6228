"""The definition card: what a judge treats as same, close and different over the corpus.

Distilled from verdicts that were given, and handed back to the judge as his guide: every batch, and
every region, is then judged by one measure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from engine.diagnostics.estimate import Estimate, anchor_counts, percentile_estimate, wilson
from engine.diagnostics.thresholds import best_threshold
from engine.errors import BadInput
from engine.judges.kinds import TOP_GRADE, Kind, Status
from engine.judges.prompts import Example, Guide
from engine.judges.questions import PairQuestion, Verdict
from engine.spot_checks.answers import rows_by_text_key, same_from_grade
from engine.spot_checks.pairs import both_ways
from engine.spot_checks.queue import Stratum
from engine.types import Attribute, Bools, Rows, Similarity

N_EXAMPLES = 2
N_THRESHOLD_DRAWS = 500
LONGEST_REASON = 200


class Level(StrEnum):
    """How alike a judge holds two texts to be: a mean grade from 3, between 1 and 3, up to 1."""

    SAME = "same"
    CLOSE = "close"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """A pair with all that was said of it.

    grade: mean of its grades. spread: the largest less the smallest. n_verdicts: how many.
    """

    left_row: int
    right_row: int
    grade: float
    spread: float
    n_verdicts: int
    reason: str
    is_random: bool

    @property
    def level(self) -> Level:
        """The level that its mean grade falls into."""
        same = same_from_grade(self.grade)
        if same is None:
            return Level.CLOSE
        return Level.SAME if same else Level.DIFFERENT


@dataclass(frozen=True, slots=True)
class DefinitionCard:
    """What the judge treats as same, close and different.

    Attributes:
        attribute: the respect.
        shares: of each level among pairs drawn at random; undefined without such.
        examples: of each level, the most consistent first, from as many regions as there are.
        threshold: of a similarity that tells same from different best; undefined without one.
        n_pairs: judged pairs that the card rests on.
        contradicted: share of pairs judged more than once whose verdicts fall into other levels.
    """

    attribute: Attribute
    shares: Mapping[Level, Estimate]
    examples: Mapping[Level, tuple[JudgedPair, ...]]
    threshold: Estimate
    n_pairs: int
    contradicted: Estimate

    @property
    def notes(self) -> str:
        """What the card says in words that hold no text of the corpus, for the judge's guide."""
        lines = [
            f"Grades follow one measure over the whole corpus, set by {self.n_pairs} pairs judged "
            "before: 3 or 4 is the same, 2 is close, 0 or 1 is different.",
        ]
        for level, share in self.shares.items():
            if share.n:
                lines.append(
                    f"Of two texts taken at random about {share.value:.0%} are {level.value} "
                    f"({share.low:.0%} to {share.high:.0%})."
                )
        lines.append("Grade each pair by the examples, not by the pairs that came just before it.")
        return "\n".join(lines)

    def guide(self, texts: Sequence[str]) -> Guide:
        """The card as a judge's guide: its notes, and its pairs as delimited examples.

        A judge given a guide answers under another prompt version, so that verdicts with and
        without the card are never taken for one another.

        Args:
            texts: the corpus's texts, in the order of its rows.
        """
        shown = [pair for pairs in self.examples.values() for pair in pairs]
        return Guide(self.notes, tuple(_example(pair, self.attribute, texts) for pair in shown))


def definition_card(
    verdicts: Iterable[Verdict],
    texts: Sequence[str],
    attribute: Attribute,
    *,
    regions: Rows | None = None,
    similarity: Similarity | None = None,
    n_examples: int = N_EXAMPLES,
    seed: int = 0,
) -> DefinitionCard:
    """Distil a card from one judge's verdicts on pairs.

    Args:
        verdicts: his; those on other attributes, or that are no parsed pairs, are passed over.
        texts: the corpus's texts, in the order of its rows.
        attribute: the respect.
        regions: (n_texts,) clusters or labels, so that examples come from all over; may be None.
        similarity: whose threshold is to be given; may be None.
        n_examples: of each level.
        seed: of the threshold's bootstrap.

    Raises:
        BadInput: no pair was judged on the attribute, or regions are of another length.
    """
    if regions is not None and len(regions) != len(texts):
        raise BadInput(f"{len(regions)} regions for {len(texts)} texts; give one a text.")
    pairs, contradicted = _judged(verdicts, texts, attribute)
    if not pairs:
        raise BadInput(
            f"No pair was judged on {attribute.name!r}; a card needs some. Judge pairs first."
        )
    codes = np.zeros(len(texts), dtype=np.int64) if regions is None else regions
    drawn = [pair.level for pair in pairs if pair.is_random]
    return DefinitionCard(
        attribute=attribute,
        shares={level: wilson(drawn.count(level), len(drawn)) for level in Level},
        examples={level: _chosen(pairs, level, codes, n_examples) for level in Level},
        threshold=_threshold(pairs, similarity, seed),
        n_pairs=len(pairs),
        contradicted=contradicted,
    )


def _judged(
    verdicts: Iterable[Verdict], texts: Sequence[str], attribute: Attribute
) -> tuple[list[JudgedPair], Estimate]:
    rows = rows_by_text_key(texts)
    groups: dict[tuple[int, int], list[Verdict]] = {}
    for verdict in verdicts:
        if not _is_graded(verdict, attribute) or not all(key in rows for key in verdict.text_keys):
            continue
        left, right = sorted(rows[key] for key in verdict.text_keys)
        if left != right:
            groups.setdefault((left, right), []).append(verdict)
    pairs = [_pair(*key, group) for key, group in groups.items()]
    again = [group for group in groups.values() if len(group) > 1]
    n_torn = sum(len({same_from_grade(verdict.value) for verdict in group}) > 1 for group in again)
    return pairs, wilson(n_torn, len(again))


def _is_graded(verdict: Verdict, attribute: Attribute) -> bool:
    return (
        verdict.kind is Kind.PAIR
        and verdict.status is Status.PARSED
        and verdict.value is not None
        and verdict.attribute == attribute
    )


def _pair(left: int, right: int, verdicts: Sequence[Verdict]) -> JudgedPair:
    grades = [verdict.value for verdict in verdicts if verdict.value is not None]
    return JudgedPair(
        left,
        right,
        grade=sum(grades) / len(grades),
        spread=max(grades) - min(grades),
        n_verdicts=len(grades),
        reason=verdicts[0].reason,
        is_random=verdicts[0].stratum == Stratum.RANDOM,
    )


_TYPICAL = {Level.SAME: TOP_GRADE, Level.CLOSE: TOP_GRADE / 2, Level.DIFFERENT: 0.0}


def _chosen(
    pairs: Sequence[JudgedPair], level: Level, regions: Rows, n: int
) -> tuple[JudgedPair, ...]:
    """The most consistent and typical pairs, no region and no text twice before all had a turn."""
    ranked = sorted(
        (pair for pair in pairs if pair.level is level),
        key=lambda pair: (
            pair.spread,
            -pair.n_verdicts,
            abs(pair.grade - _TYPICAL[level]),
            pair.left_row,
            pair.right_row,
        ),
    )
    found: list[JudgedPair] = []
    while ranked and len(found) < n:
        times = np.zeros(int(regions.max()) + 2, dtype=np.int64)
        for pair in found:
            times[[regions[pair.left_row], regions[pair.right_row]]] += 1
        used = {row for pair in found for row in (pair.left_row, pair.right_row)}
        best = min(
            range(len(ranked)),
            key=lambda i: (
                ranked[i].left_row in used or ranked[i].right_row in used,
                times[regions[ranked[i].left_row]] + times[regions[ranked[i].right_row]],
                i,
            ),
        )
        found.append(ranked.pop(best))
    return tuple(found)


def _threshold(pairs: Sequence[JudgedPair], similarity: Similarity | None, seed: int) -> Estimate:
    """Where the similarity tells same from different best, resampling pairs."""
    if similarity is None:
        return Estimate.undefined()
    clear = [pair for pair in pairs if pair.level is not Level.CLOSE]
    left = np.array([pair.left_row for pair in clear], dtype=np.int64)
    right = np.array([pair.right_row for pair in clear], dtype=np.int64)
    same: Bools = np.array([pair.level is Level.SAME for pair in clear], dtype=np.bool_)
    values = both_ways(similarity, left, right)
    known = ~np.isnan(values)
    values, same = values[known], same[known]
    if same.all() or not same.any():
        return Estimate.undefined()
    rng = np.random.default_rng(seed)
    draws = np.full(N_THRESHOLD_DRAWS, np.nan)
    for i, counts in enumerate(anchor_counts(len(same), n_draws=N_THRESHOLD_DRAWS, rng=rng)):
        drawn = counts > 0
        if same[drawn].any() and not same[drawn].all():
            found = best_threshold(values[drawn], same[drawn], weights=counts[drawn])
            draws[i] = found.threshold
    return percentile_estimate(best_threshold(values, same).threshold, draws, n=len(same))


def _example(pair: JudgedPair, attribute: Attribute, texts: Sequence[str]) -> Example:
    question = PairQuestion(attribute, texts[pair.left_row], texts[pair.right_row])
    reply = {"reason": pair.reason[:LONGEST_REASON], "grade": round(pair.grade)}
    return Example(question, json.dumps(reply, ensure_ascii=False))
