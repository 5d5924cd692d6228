"""What the methods that ask a judge share: who judges, and a pair's grade as a similarity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from engine.corpus import Corpus, load_corpus
from engine.errors import BadInput
from engine.judges.anthropic_judge import AnthropicJudge
from engine.judges.kinds import TOP_GRADE, Status
from engine.judges.labels import LabelJudge, labels_by_text
from engine.judges.ledger import Ledger
from engine.judges.local_judge import LocalJudge
from engine.judges.questions import Judge, PairQuestion, Verdict
from engine.judges.replay import ReplayJudge
from engine.resources import Resources
from engine.samples import find_sample
from engine.store import data_dir
from engine.types import Attribute, Floats, Rows, content_key

Who = Literal["local", "labels", "replay", "anthropic"]
JUDGES: tuple[str, ...] = get_args(Who)
LEDGER_FILE = "ledger.sqlite"


@dataclass(frozen=True, slots=True)
class JudgeChoice:
    """Who judges, and what they need.

    who: the local model, a label column, the verdicts shipped with a sample, or a Claude model.
    model: local language model. label_column: for labels. anthropic_model, max_dollars: for Claude.
    """

    who: Who
    model: str
    label_column: str = ""
    anthropic_model: str = ""
    max_dollars: float = 0.0


def graded(
    corpus: Corpus,
    attribute: Attribute,
    choice: JudgeChoice,
    resources: Resources,
    left: Rows,
    right: Rows,
) -> Floats:
    """(m,) grades of pairs as shares of the highest, in [0, 1]; NaN where there is no verdict.

    Each pair is asked once, in an order that the texts decide, and is on disk before it counts.

    Args:
        corpus: the texts.
        attribute: what is asked about.
        choice: who judges.
        resources: where a local model runs; its meter counts verdicts and dollars.
        left: (m,) rows.
        right: (m,) rows.

    Raises:
        BadInput: the judge lacks what it needs.
        JudgeUnavailable, CapReached: a Claude model did not answer; what it answered is kept.
    """
    questions = [
        PairQuestion(attribute, *sorted((corpus.texts[a], corpus.texts[b]), key=content_key))
        for a, b in zip(left.tolist(), right.tolist(), strict=True)
    ]
    with Ledger(data_dir() / LEDGER_FILE) as ledger:
        judge = _judge(corpus, choice, resources, ledger)
        distinct = sorted(
            {each.key: each for each in questions}.values(), key=lambda each: each.key
        )
        values = _values(judge.answer(distinct), len(distinct), resources)
    return np.array([values.get(each.key, np.nan) for each in questions], dtype=np.float32)


def _values(verdicts: Iterable[Verdict], n_asked: int, resources: Resources) -> dict[str, float]:
    values = {}
    for n_done, verdict in enumerate(verdicts, start=1):
        resources.meter.add(verdicts=1, dollars=verdict.dollars or 0.0)
        resources.report(n_done / n_asked, f"Judging pairs: {n_done} of {n_asked}")
        resources.check_cancelled()
        if verdict.status is Status.PARSED and verdict.value is not None:
            values[verdict.question_key] = verdict.value / TOP_GRADE
    return values


def _judge(corpus: Corpus, choice: JudgeChoice, resources: Resources, ledger: Ledger) -> Judge:
    if choice.who == "local":
        return LocalJudge(choice.model, resources, ledger)
    if choice.who == "anthropic":
        return AnthropicJudge(choice.anthropic_model, ledger, cap_dollars=choice.max_dollars)
    if choice.who == "labels":
        corpus.label_codes(choice.label_column)
        labels = labels_by_text(corpus.texts, corpus.labels[choice.label_column])
        return LabelJudge(labels, ledger, choice.label_column)
    return _shipped(corpus)


def _shipped(corpus: Corpus) -> ReplayJudge:
    sample = find_sample(corpus.name)
    if sample is None or sample.verdicts is None:
        others = ", ".join(each for each in JUDGES if each != "replay")
        raise BadInput(
            f"No verdicts are shipped with {corpus.name!r}, so there is nothing to replay. "
            f"Choose another judge: {others}."
        )
    whole = load_corpus(sample.name)
    texts = dict(zip(whole.ids, whole.texts, strict=True))
    return ReplayJudge.from_jsonl(sample.verdicts, texts, "shipped")
