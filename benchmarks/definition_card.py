"""What a definition card changes in a small local judge: consistency, agreement, calibration.

Run from the root of the repository: python -m benchmarks.definition_card [--pairs 60]
The card is distilled from the strong judge's shipped pairs of batch 1. The local model is then
asked the same questions with and without it: shipped pairs and swap triplets in both orders, and
rings of triplets that a circle can be seen in. Questions that hold a text of the card's examples
are left out. Verdicts land in a ledger in the data folder, so a stopped run goes on where it was.
Writes benchmarks/results/definition_card.json. Intervals resample questions, the same ones with
and without the card, so a change is a paired one; shares have Wilson's intervals.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.local_judge import Draws, attribute_of, auc, interval
from benchmarks.written_projection import machine
from engine.corpus import Corpus, load_corpus
from engine.diagnostics.estimate import Estimate, wilson
from engine.diagnostics.judge_agreement import answers_in_words, cohen_kappa
from engine.diagnostics.rings import ring_triplets
from engine.diagnostics.transitivity import both_ways, comparisons, differ, intransitive_triads
from engine.judges.kinds import TOP_GRADE, Choice, Kind, Status
from engine.judges.labels import LabelJudge, labels_by_text
from engine.judges.ledger import Ledger
from engine.judges.local_judge import LocalJudge
from engine.judges.local_prompts import example_word
from engine.judges.prompts import Guide
from engine.judges.questions import PairQuestion, Question, TripletQuestion, Verdict
from engine.judges.replay import ReplayJudge
from engine.resources import Resources
from engine.samples import sample
from engine.scales.consistency import difference
from engine.scales.definition import definition_card
from engine.spot_checks.answers import rows_by_text_key
from engine.store import data_dir
from engine.types import Attribute

RESULTS = Path(__file__).parent / "results" / "definition_card.json"
SAMPLES = {"paintings": "mood", "math_problems": "structure"}
CARD_BATCH = "1"
RING_WIDTH = 4
Sided = PairQuestion | TripletQuestion
Measure = dict[str, list[float]]


@dataclass(frozen=True)
class Asked:
    """What is asked on one attribute, beside the strong judge's and the labels' answers.

    pairs and triplets stand in one order; the triplets of rings are asked in one order alone.
    """

    pairs: Sequence[PairQuestion]
    triplets: Sequence[TripletQuestion]
    rings: Sequence[TripletQuestion]

    @property
    def questions(self) -> list[Question]:
        """All that is asked, both orders included."""
        sided: list[Sided] = [*self.pairs, *self.triplets]
        return [*sided, *map(turned, sided), *self.rings]


def turned(question: Sided) -> Sided:
    """The question with its sides swapped."""
    return replace(question, left=question.right, right=question.left)


def shipped(corpus: Corpus, attribute: Attribute) -> list[Verdict]:
    """The strong judge's verdicts on the attribute."""
    path = sample(corpus.name).folder / "verdicts.jsonl"
    texts = dict(zip(corpus.ids, corpus.texts, strict=True))
    judge = ReplayJudge.from_jsonl(path, texts, "strong judge")
    return [verdict for verdict in judge.verdicts if verdict.attribute == attribute]


def asked_of(
    corpus: Corpus, given: Sequence[Verdict], guide: Guide, options: argparse.Namespace
) -> Asked:
    """The questions: shipped ones in an order of chance, and rings; none on the card's texts."""
    rows = rows_by_text_key(corpus.texts)
    shown = {text for example in guide.examples for text in example.question.texts}
    order = np.random.default_rng(0).permutation(len(given)).tolist()
    found: dict[Kind, dict[str, Sided]] = {Kind.PAIR: {}, Kind.TRIPLET: {}}
    for verdict in (given[i] for i in order):
        texts = [corpus.texts[rows[key]] for key in verdict.text_keys]
        if verdict.kind not in found or shown & set(texts):
            continue
        if verdict.kind is Kind.TRIPLET and verdict.stratum != "swap":
            continue
        make = PairQuestion if verdict.kind is Kind.PAIR else TripletQuestion
        question = make(verdict.attribute, *texts)
        found[verdict.kind].setdefault(question.unordered_key, question)
    pairs, triplets = (list(each.values()) for each in found.values())
    free = [text for text in dict.fromkeys(corpus.texts) if text not in shown]
    ringed = ring_triplets(len(free), options.rings, width=RING_WIDTH).tolist()
    rings = [TripletQuestion(given[0].attribute, *(free[row] for row in one)) for one in ringed]
    return Asked(pairs[: options.pairs], triplets[: options.triplets], rings)


def alike(grade: float | None) -> str:
    """A local judge says yes where that is likelier than no."""
    return "same" if (grade or 0.0) > TOP_GRADE / 2 else "different"


def mean_grades(verdicts: Iterable[Verdict]) -> dict[str, float]:
    """Mean grade of each pair over its orders, by unordered key."""
    grades: dict[str, list[float]] = {}
    for verdict in verdicts:
        if verdict.kind is Kind.PAIR and verdict.value is not None:
            grades.setdefault(verdict.unordered_key, []).append(verdict.value)
    return {key: float(np.mean(values)) for key, values in grades.items()}


def figure(rows: Draws, of: Callable[[Draws], float]) -> list[float]:
    """A statistic of the rows with its interval, and how many rows there are."""
    return [round(float(of(rows)), 3), *interval(rows, of), len(rows)]


def compared(rows: Draws, of: Callable[[Draws], float]) -> Measure:
    """A statistic without and with the card, and its change.

    rows: (n, 2 + m) what was found without, what with, and whatever both are held against.
    of: of (n, 1 + m) rows of one of the two.
    """
    plain, carded = np.delete(rows, 1, axis=1), np.delete(rows, 0, axis=1)
    change = figure(
        rows, lambda drawn: of(np.delete(drawn, 0, axis=1)) - of(np.delete(drawn, 1, axis=1))
    )
    return {"without": figure(plain, of), "with": figure(carded, of), "change": change}


def compared_shares(rows: Draws) -> Measure:
    """Shares of yes without and with the card, and their change.

    rows: (n, 2) 0 or 1. Shares have Wilson's intervals, and the change's spans the paired
    bootstrap's and Newcombe's: the bootstrap alone has no width where all answers are alike.
    """
    before, after = (wilson(int(column.sum()), len(rows)) for column in rows.T)
    found = estimated(before, after)
    low, high = interval(rows, lambda drawn: float((drawn[:, 1] - drawn[:, 0]).mean()))
    value, lowest, highest, n = found["change"]
    return {**found, "change": [value, min(low, lowest), max(high, highest), n]}


def estimated(before: Estimate, after: Estimate) -> Measure:
    """Two estimates and their difference, the two taken for independent."""
    named = {"without": before, "with": after, "change": difference(before, after)}
    return {name: [round(x, 3) for x in found] for name, found in named.items()}


def mean_error(rows: Draws) -> float:
    """Mean distance of the first column from the second."""
    return float(np.abs(rows[:, 0] - rows[:, 1]).mean())


def kappa(rows: Draws) -> float:
    """Cohen's κ of two columns of coded answers."""
    coded = rows.astype(int).astype(str)
    return cohen_kappa(coded[:, 0].tolist(), coded[:, 1].tolist()).value


def batch_gap(rows: Draws) -> float:
    """How much higher pairs of batch 2 are graded than those of batch 1 of the same likeness.

    rows: (n, 3) grade, whether the strong judge holds the pair for the same, batch.
    """
    first = rows[:, 2] == float(CARD_BATCH)
    gaps = []
    for level in (0.0, 1.0):
        here = rows[:, 1] == level
        if not (here & first).any() or not (here & ~first).any():
            return float("nan")
        gaps.append(rows[here & ~first, 0].mean() - rows[here & first, 0].mean())
    return float(np.mean(gaps))


def matched(grades: Mapping[str, float], truth: Mapping[str, str]) -> dict[str, str]:
    """As many pairs called the same as the truth has, those graded highest.

    A judge that says one word to all pairs may still rank them.
    """
    settled = [key for key in sorted(grades) if truth.get(key, "unsure") != "unsure"]
    n_same = sum(truth[key] == "same" for key in settled)
    top = set(sorted(settled, key=lambda key: -grades[key])[:n_same])
    return {key: "same" if key in top else "different" for key in settled}


def sides(verdicts: Sequence[Verdict]) -> dict[str, str]:
    """The likelier side of each triplet over both orders, so that a liking for a side cancels."""
    summed = []
    for one, other in both_ways(verdicts, Kind.TRIPLET):
        ahead = _left_ahead(one) - _left_ahead(other)
        summed.append(replace(one, choice=Choice.LEFT if ahead > 0 else Choice.RIGHT))
    return answers_in_words(summed, Kind.TRIPLET)


def _left_ahead(verdict: Verdict) -> float:
    logits = json.loads(verdict.raw)
    return float(logits["Left"] - logits["Right"])


def flips(plain: Sequence[Verdict], carded: Sequence[Verdict], kind: Kind) -> Measure:
    """Share of questions whose answer changes with the order."""

    def changed(verdicts: Sequence[Verdict]) -> dict[str, float]:
        return {
            one.unordered_key: float(
                alike(one.value) != alike(other.value) if kind is Kind.PAIR else differ(one, other)
            )
            for one, other in both_ways(verdicts, kind)
        }

    return compared_shares(rows_of(changed(plain), changed(carded)))


def rows_of(*columns: Mapping[str, float]) -> Draws:
    """The columns at the keys that all of them have."""
    keys = sorted(set.intersection(*(set(column) for column in columns)))
    return np.array([[column[key] for column in columns] for key in keys], dtype=np.float64)


def agreement(
    plain: Mapping[str, str], carded: Mapping[str, str], truth: Mapping[str, str]
) -> Measure:
    """κ with other answers, without and with the card; unsure ones of the truth are left out."""
    settled = {key: word for key, word in truth.items() if word != "unsure"}
    codes = {word: float(i) for i, word in enumerate(("same", "different", "left", "right", "tie"))}
    coded = [{k: codes[str(w)] for k, w in one.items()} for one in (plain, carded, settled)]
    return compared(rows_of(*coded), kappa)


def circles(
    plain: Sequence[Verdict], carded: Sequence[Verdict], rings: Sequence[Question]
) -> Measure:
    """Share of circular triads in the rings; a coin gives a quarter."""
    asked = {question.key for question in rings}
    found = [
        intransitive_triads(comparisons(v for v in one if v.question_key in asked))
        for one in (plain, carded)
    ]
    return estimated(*found)


def measured(
    asked: Asked,
    given: Sequence[Verdict],
    labels: Sequence[Verdict],
    plain: Sequence[Verdict],
    carded: Sequence[Verdict],
) -> dict[str, Measure]:
    """Every figure without the card, with it, and its change."""
    grades = [mean_grades(one) for one in (plain, carded, given)]
    words, labelled = (answers_in_words(one, Kind.PAIR) for one in (given, labels))
    same = {key: float(word == "same") for key, word in words.items() if word != "unsure"}
    batch = {verdict.unordered_key: float(verdict.batch) for verdict in reversed(given)}
    called = [{key: float(alike(g) == "same") for key, g in one.items()} for one in grades[:2]]
    triplets = [sides(one) for one in (plain, carded)]
    strong, by_label = (answers_in_words(one, Kind.TRIPLET) for one in (given, labels))
    return {
        "pair answers that flip with the order": flips(plain, carded, Kind.PAIR),
        "triplets that flip with the order": flips(plain, carded, Kind.TRIPLET),
        "circular triads": circles(plain, carded, asked.rings),
        "pairs called the same": compared_shares(rows_of(*called)),
        "pairs: AUC, strong judge's same against different": compared(
            rows_of(*grades[:2], same), auc
        ),
        "pairs: κ with the strong judge at its share of same": agreement(
            *(matched(one, words) for one in grades[:2]), words
        ),
        "pairs: κ with the labels at their share of same": agreement(
            *(matched(one, labelled) for one in grades[:2]), labelled
        ),
        "pairs: mean distance from the strong judge's grade": compared(
            rows_of(*grades), mean_error
        ),
        "pairs: batch 2 above batch 1 at the same likeness, in grades": compared(
            rows_of(*grades[:2], same, batch), batch_gap
        ),
        "triplets: κ with the strong judge, both orders summed": agreement(*triplets, strong),
        "triplets: κ with the labels, both orders summed": agreement(*triplets, by_label),
    }


def on_sample(name: str, ledger: Ledger, options: argparse.Namespace) -> dict[str, object]:
    """Ask everything on one sample, with and without the card, and measure."""
    corpus, column = load_corpus(name), SAMPLES[name]
    attribute = attribute_of(name, column)
    given = shipped(corpus, attribute)
    card = definition_card(
        [verdict for verdict in given if verdict.batch == CARD_BATCH], corpus.texts, attribute
    )
    guide = card.guide(corpus.texts)
    asked = asked_of(corpus, given, guide, options)
    plain_judge = LocalJudge(options.model, Resources(), ledger)
    judges = (plain_judge, replace(plain_judge, guide=guide))
    plain, carded = (list(judge.answer(asked.questions)) for judge in judges)
    by_label = LabelJudge(labels_by_text(corpus.texts, corpus.labels[column]), ledger, column)
    labels = list(by_label.answer(asked.questions))
    system = [judge.prompt(asked.pairs[0]) for judge in judges]
    n_tokens = Resources().language_model(options.model).count_tokens(system)
    return {
        "attribute": attribute.name,
        "judge": plain_judge.name,
        "prompt_versions": [judge.prompt_version for judge in judges],
        "card_notes": guide.notes,
        "card_examples": [example_word(example) for example in guide.examples],
        "tokens_of_a_pairs_prompt": dict(zip(("without", "with"), n_tokens, strict=True)),
        "n_asked": {
            "pairs": len(asked.pairs),
            "triplets": len(asked.triplets),
            "ring triplets": len(asked.rings),
        },
        "n_unanswered": sum(each.status is not Status.PARSED for each in (*plain, *carded)),
        "seconds": [round(sum(each.seconds or 0.0 for each in one)) for one in (plain, carded)],
        "figures": measured(asked, given, labels, plain, carded),
    }


def main() -> None:
    """Measure on every sample, and keep the figures after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--pairs", type=int, default=60, help="asked in both orders, a sample")
    parser.add_argument("--triplets", type=int, default=30, help="asked in both orders, a sample")
    parser.add_argument("--rings", type=int, default=6, help="of six triplets each, a sample")
    parser.add_argument("--json", type=Path, default=RESULTS)
    options = parser.parse_args()
    results: dict[str, object] = {
        "machine": machine("benchmarks.definition_card"),
        "model": options.model,
    }
    with Ledger(data_dir() / "definition_card.sqlite") as ledger:
        for name in SAMPLES:
            results[name] = on_sample(name, ledger, options)
            print(json.dumps({name: results[name]}, ensure_ascii=False, indent=1), flush=True)
            text = json.dumps(results, indent=1, ensure_ascii=False)
            options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
