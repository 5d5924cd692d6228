"""A label column as the judge: free, consistent, and noisy only where that is asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.errors import BadInput
from engine.judges.kinds import SIDED_KINDS
from engine.judges.ledger import Ledger, through_ledger
from engine.judges.questions import (
    TOP_GRADE,
    TOP_SCORE,
    Choice,
    ComparisonQuestion,
    Kind,
    PairQuestion,
    PointQuestion,
    Question,
    Status,
    TripletQuestion,
    TupleQuestion,
    Verdict,
)
from engine.judges.tuple_answers import canonical_answer
from engine.types import content_key

N_AT_ONCE = 500

Answer = tuple[float | None, Choice | None]


def labels_by_text(texts: Sequence[str], labels: Sequence[str]) -> dict[str, str]:
    """A column as a mapping from text to label, for a LabelJudge.

    Args:
        texts: (n,) the corpus's texts.
        labels: (n,) the column's values; "" is missing.

    Returns:
        The label of each text; "" for one that occurs with two different labels.

    Raises:
        BadInput: the lengths differ.

    Example:
        >>> labels_by_text(["x", "y", "x"], ["a", "b", "c"])
        {'x': '', 'y': 'b'}
    """
    if len(texts) != len(labels):
        raise BadInput(
            f"{len(labels)} labels can't go with {len(texts)} texts. Give one label a text."
        )
    found: dict[str, str] = {}
    for text, label in zip(texts, labels, strict=True):
        found[text] = label if found.get(text, label) == label else ""
    return found


@dataclass(frozen=True)
class LabelJudge:
    """Answers by a label column.

    Same label: grade 4, else 0; a triplet goes to the side that shares the anchor's label, and is a
    tie where both or neither does. With `ordered`, labels are numbers: a pair's grade falls with
    the distance, from 4 to 0 at the column's full range; a triplet goes to the nearer side; a
    comparison goes to the higher number; a point scores 0 at the lowest and 10 at the highest.
    Texts are grouped by label, and ranked by the distance to the anchor; the odd one out is the
    text whose label no other has, where there is one such. A question on a text without a label is
    unanswerable, and so are a point or a comparison without `ordered` and what asks for categories
    or a scale. Noise and bias leave questions on several texts alone.

    Args:
        labels: the label of each text, "" where missing; see labels_by_text.
        ledger: where verdicts are recorded.
        column: the column's name, which names the judge.
        ordered: whether the labels are numbers whose distance counts.
        noise: the share of questions answered the wrong way round: grade 4 − g, score 10 − s, the
            other side; a tie becomes either side.
        position_bias: the share of triplets and comparisons answered "left" whatever the texts.
        seed: which questions noise and bias fall on; the same question is always treated alike.

    Raises:
        BadInput: noise or position_bias is not in [0, 1], or `ordered` and a label is no number.
    """

    labels: Mapping[str, str]
    ledger: Ledger
    column: str = "labels"
    ordered: bool = False
    noise: float = 0.0
    position_bias: float = 0.0
    seed: int = 0
    _numbers: Mapping[str, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the shares, and read the numbers of an ordered column."""
        for name in ("noise", "position_bias"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise BadInput(f"{name} can't be {share!r}. Give a share from 0 to 1.")
        numbers = {label: self._number(label) for label in self.labels.values() if label}
        object.__setattr__(self, "_numbers", numbers if self.ordered else {})

    def _number(self, label: str) -> float:
        try:
            number = float(label)
        except ValueError:
            number = math.nan
        if self.ordered and not math.isfinite(number):
            raise BadInput(
                f"The label {label!r} of {self.column!r} is no number, so the column has no order. "
                "Turn the order off, or choose a column of numbers."
            )
        return number

    @property
    def name(self) -> str:
        """The column's name."""
        return f"labels: {self.column}"

    @property
    def prompt_version(self) -> str:
        """Changes with the labels and every option: no stale verdict is taken for theirs."""
        parts = [text for item in sorted(self.labels.items()) for text in item]
        options = (self.ordered, self.noise, self.position_bias, self.seed)
        return content_key(*map(repr, options), *parts)[:12]

    def answer(self, questions: Sequence[Question]) -> Iterator[Verdict]:
        """A verdict on each distinct question, recorded before it is yielded."""
        version = self.prompt_version
        return through_ledger(
            questions,
            ledger=self.ledger,
            judge=self.name,
            prompt_version=version,
            ask=lambda unanswered: (
                replace(self._judge(question), prompt_version=version) for question in unanswered
            ),
            n_at_once=N_AT_ONCE,
        )

    def _judge(self, question: Question) -> Verdict:
        problem = self._problem(question)
        if problem:
            return Verdict.of(
                question, self.name, status=Status.UNANSWERABLE, reason=problem, dollars=0.0
            )
        if isinstance(question, TupleQuestion):
            answer = canonical_answer(question.kind, len(question.texts), self._arranged(question))
            return Verdict.of(question, self.name, answer=answer, dollars=0.0)
        value, choice = self._biased(question, self._noisy(question, self._truth(question)))
        return Verdict.of(question, self.name, value=value, choice=choice, dollars=0.0)

    def _problem(self, question: Question) -> str:
        if question.kind in (Kind.POINT, Kind.COMPARISON) and not self.ordered:
            return f"the labels of {self.column!r} have no order"
        if question.kind in (Kind.ASSIGN, Kind.CATEGORIES, Kind.SCALE):
            return f"the labels of {self.column!r} say nothing of categories or scales in words"
        if not all(self.labels.get(text) for text in question.texts):
            return f"a text has no label, or no single one, in {self.column!r}"
        return ""

    def _arranged(self, question: TupleQuestion) -> list[list[int]] | list[int] | int | None:
        found = [self.labels[text] for text in question.texts]
        if question.kind is Kind.GROUP:
            return [[i for i, label in enumerate(found) if label == one] for one in set(found)]
        if question.kind is Kind.ODD_ONE_OUT:
            alone = [i for i, label in enumerate(found) if found.count(label) == 1]
            return alone[0] if len(alone) == 1 else None
        anchor, texts = question.texts[0], question.texts
        return sorted(range(1, len(texts)), key=lambda i: self._distance(anchor, texts[i]))

    def _truth(
        self, question: PairQuestion | TripletQuestion | ComparisonQuestion | PointQuestion
    ) -> Answer:
        if isinstance(question, TripletQuestion):
            left = self._distance(question.anchor, question.left)
            right = self._distance(question.anchor, question.right)
            return None, _lower(left, right)
        if isinstance(question, ComparisonQuestion):
            left, right = (self._numbers[self.labels[text]] for text in question.texts)
            return None, _lower(right, left)
        if isinstance(question, PointQuestion):
            height = self._numbers[self.labels[question.text]] - min(self._numbers.values())
            return TOP_SCORE * _share(height, self._range), None
        return TOP_GRADE * (1 - self._distance(question.left, question.right)), None

    @property
    def _range(self) -> float:
        return max(self._numbers.values()) - min(self._numbers.values())

    def _distance(self, one: str, other: str) -> float:
        first, second = self.labels[one], self.labels[other]
        if not self.ordered:
            return float(first != second)
        return _share(abs(self._numbers[first] - self._numbers[second]), self._range)

    def _noisy(self, question: Question, answer: Answer) -> Answer:
        if self._draw("noise", question) >= self.noise:
            return answer
        value, choice = answer
        if value is not None:
            top = TOP_GRADE if question.kind is Kind.PAIR else TOP_SCORE
            return top - value, None
        if choice is Choice.TIE:
            return None, Choice.LEFT if self._draw("tie", question) < 0.5 else Choice.RIGHT
        return None, choice and choice.mirrored

    def _biased(self, question: Question, answer: Answer) -> Answer:
        if question.kind in SIDED_KINDS and self._draw("bias", question) < self.position_bias:
            return None, Choice.LEFT
        return answer

    def _draw(self, purpose: str, question: Question) -> float:
        return int(content_key(purpose, str(self.seed), question.key)[:12], 16) / 16**12


def _lower(left: float, right: float) -> Choice:
    if left == right:
        return Choice.TIE
    return Choice.LEFT if left < right else Choice.RIGHT


def _share(part: float, whole: float) -> float:
    # A column of one number has no range: all its texts are alike.
    return part / whole if whole else 0.0
