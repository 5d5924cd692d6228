"""A language model on this machine as the judge: the log-probabilities of its next word, graded.

It writes nothing, so its replies need no parsing; what a pair's grade or a triplet's side rests on
is kept in the verdict. The packaged model's verdicts are no better than a coin's: see NOTE.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from engine.judges.kinds import SIDED_KINDS, TOP_GRADE, TOP_SCORE, Choice, Kind, Status
from engine.judges.ledger import Ledger, through_ledger
from engine.judges.local_prompts import ASKS, LOCAL_VERSION, local_prompt
from engine.judges.prompts import NO_GUIDE, Guide
from engine.judges.questions import (
    ComparisonQuestion,
    PairQuestion,
    Question,
    TripletQuestion,
    Verdict,
)
from engine.types import Floats

N_AT_ONCE = 32

# For whoever is offered the packaged model; from benchmarks/results/local_judge.json.
NOTE = """As a judge, the packaged language model is close to chance: of 60 swap triplets of two \
samples it got 48% right (95% interval 35% to 62%; a coin gets 50%), and 83% of its verdicts \
changed when the two sides were swapped. Use it to rehearse, not to decide."""


class ReadsPrompts(Protocol):
    """A language model, as far as this judge needs it."""

    key: str
    max_tokens: int

    def chat(self, system: str, user: str) -> str:
        """The prompt of the model's chat template, up to where its answer begins."""
        ...

    def count_tokens(self, prompts: Sequence[str]) -> list[int]:
        """Tokens of each prompt."""
        ...


class AsksLanguageModels(Protocol):
    """What engine.resources.Resources offers: models, and their choice logits, cached."""

    def language_model(self, name: str) -> ReadsPrompts:
        """A language model, loaded when first asked for."""
        ...

    def choice_logits(self, model: str, prompts: Sequence[str], choices: Sequence[str]) -> Floats:
        """(n, c) log-probability that each choice's first token comes next."""
        ...

    def choice_logits_after(
        self, model: str, prefix: str, suffixes: Sequence[str], choices: Sequence[str]
    ) -> Floats:
        """The same of prefix + suffix; the prefix is read once."""
        ...


@dataclass(frozen=True)
class LocalJudge:
    """Asks a language model that runs here; free, private, and only as good as the model.

    A pair's grade is 4 · P(yes) among yes and no; a triplet or a comparison goes to the
    likelier side, and is a tie where both are equally likely; a point's score is the
    expected digit, stretched to 0–10. Other kinds of question are unanswerable, and so is one whose
    texts do not fit the model's window.

    Args:
        model: a language model by packaged name, folder or hub id, with a chat template.
        resources: where models run; engine.resources.Resources is one.
        ledger: where verdicts are recorded.
        both_orders: ask pairs, triplets and comparisons with the sides in both orders and
            average, so that the model's liking for a side cancels out; twice the passes.
        guide: notes and examples beside attribute and question. Of an example's answer it is told
            the word alone; one that it has no word for, such as a pair with grade 2, is left out.
    """

    model: str
    resources: AsksLanguageModels
    ledger: Ledger
    both_orders: bool = False
    guide: Guide = NO_GUIDE

    @property
    def prompt_version(self) -> str:
        """The wording's version, and which guide goes with it."""
        return self.guide.version_of(LOCAL_VERSION)

    @property
    def name(self) -> str:
        """The model with its revision and precision, and whether both orders are asked."""
        key = self.resources.language_model(self.model).key
        return f"local: {key}" + (" (both orders)" if self.both_orders else "")

    def prompt(self, question: Question) -> str:
        """The exact prompt of a pair, triplet, comparison or point."""
        asked = local_prompt(question, self.guide)
        return self.resources.language_model(self.model).chat(asked.system, asked.user)

    def answer(self, questions: Sequence[Question]) -> Iterator[Verdict]:
        """A verdict on each distinct question, recorded before it is yielded.

        Raises:
            ModelUnavailable: the model is not here.
            BadInput: the model has no chat template.
            Cancelled: the user stopped the run; what was answered is kept.
        """
        return through_ledger(
            questions,
            ledger=self.ledger,
            judge=self.name,
            prompt_version=self.prompt_version,
            ask=self._ask,
            n_at_once=N_AT_ONCE,
        )

    def _ask(self, questions: Sequence[Question]) -> Iterator[Verdict]:
        for kind in dict.fromkeys(question.kind for question in questions):
            alike = [question for question in questions if question.kind is kind]
            for start in range(0, len(alike), N_AT_ONCE):
                yield from self._part(kind, alike[start : start + N_AT_ONCE])

    def _part(self, kind: Kind, questions: list[Question]) -> Iterator[Verdict]:
        started = time.perf_counter()
        if kind not in ASKS:
            yield from (self._unanswerable(one, "this judge can't answer it") for one in questions)
            return
        model = self.resources.language_model(self.model)
        n_tokens = model.count_tokens([self.prompt(question) for question in questions])
        fitting: list[Question] = []
        for question, n in zip(questions, n_tokens, strict=True):
            if n > model.max_tokens:
                why = f"its {n} tokens don't fit the model's window of {model.max_tokens}"
                yield self._unanswerable(question, why)
            else:
                fitting.append(question)
        logits = self._logits(kind, fitting)
        seconds = (time.perf_counter() - started) / len(questions)
        for question, row in zip(fitting, logits, strict=True):
            verdict = self._verdict(question, row)
            yield replace(verdict, seconds=seconds)

    def _logits(self, kind: Kind, questions: list[Question]) -> list[list[float]]:
        if not questions:
            return []
        rows = self._asked(kind, questions)
        if not self.both_orders or kind is Kind.POINT:
            return rows
        swapped = self._asked(kind, [_swapped(question) for question in questions])
        if kind in SIDED_KINDS:
            swapped = [row[::-1] for row in swapped]
        return [
            [(one + other) / 2 for one, other in zip(*both, strict=True)]
            for both in zip(rows, swapped, strict=True)
        ]

    def _asked(self, kind: Kind, questions: list[Question]) -> list[list[float]]:
        prompts = [self.prompt(question) for question in questions]
        choices = ASKS[kind].choices
        if self.guide == NO_GUIDE:
            logits = self.resources.choice_logits(self.model, prompts, choices)
        else:
            # A guide makes what all prompts begin with long: that is found, and read once.
            logits = self.resources.choice_logits_after(self.model, "", prompts, choices)
        return [[float(logit) for logit in row] for row in logits]

    def _verdict(self, question: Question, logits: list[float]) -> Verdict:
        choices = ASKS[question.kind].choices
        raw = json.dumps(dict(zip(choices, logits, strict=True)))
        shares = _shares(logits)
        value: float | None = None
        choice: Choice | None = None
        if question.kind in SIDED_KINDS:
            sides = {0: Choice.TIE, 1: Choice.LEFT, -1: Choice.RIGHT}
            choice = sides[(logits[0] > logits[1]) - (logits[0] < logits[1])]
        elif question.kind is Kind.PAIR:
            value = TOP_GRADE * shares[0]
        else:
            digit = sum(digit * share for digit, share in enumerate(shares))
            value = TOP_SCORE * digit / (len(choices) - 1)
        return Verdict.of(
            question,
            self.name,
            value=value,
            choice=choice,
            raw=raw,
            prompt_version=self.prompt_version,
            dollars=0.0,
        )

    def _unanswerable(self, question: Question, why: str) -> Verdict:
        return Verdict.of(
            question,
            self.name,
            status=Status.UNANSWERABLE,
            reason=why,
            prompt_version=self.prompt_version,
            dollars=0.0,
        )


def _shares(logits: list[float]) -> list[float]:
    """Probabilities among the choices alone."""
    top = max(logits)
    weights = [math.exp(logit - top) for logit in logits]
    return [min(1.0, weight / math.fsum(weights)) for weight in weights]


def _swapped(question: Question) -> Question:
    if isinstance(question, PairQuestion | TripletQuestion | ComparisonQuestion):
        return replace(question, left=question.right, right=question.left)
    return question
