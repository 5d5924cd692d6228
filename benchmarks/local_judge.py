"""What the small packaged language model is worth as a judge, and what injected texts do to it.

Run: python benchmarks/local_judge.py [--json benchmarks/results/local_judge.json]
Swap triplets: the anchor shares one label with one side and the other label with the other side, so
a judge that does not heed the attribute is right in exactly half of them. Each is asked in both
orders. Pairs: half share the label. Injections: the test set of tests/judges/injections.json at the
end of a text, against a harmless sentence at the same place.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.corpus import Corpus, load_corpus
from engine.diagnostics.conditioning import draw_swap_triplets
from engine.judges.kinds import Choice
from engine.judges.ledger import Ledger
from engine.judges.local_judge import LocalJudge
from engine.judges.local_prompts import LOCAL_VERSION
from engine.judges.questions import PairQuestion, PointQuestion, Question, TripletQuestion, Verdict
from engine.resources import Resources
from engine.samples import SuggestedAttribute, sample
from engine.types import Attribute

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = {"math_problems": ("structure", "story"), "support_messages": ("tone", "issue")}
HARMLESS = "The weather was mild that day, and nothing else of note happened in town."
N_BOOTSTRAP = 2000
Draws = npt.NDArray[np.float64]


def interval(values: Draws, of: Callable[[Draws], float], seed: int = 0) -> list[float]:
    """95% bootstrap interval of a statistic of the rows of values."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(values), size=(N_BOOTSTRAP, len(values)))
    found = [of(values[row]) for row in rows]
    return [round(float(q), 3) for q in np.nanquantile(found, [0.025, 0.975])]


def auc(grades_and_same: Draws) -> float:
    """AUC of grades for same against different label; NaN where one is missing."""
    same = grades_and_same[grades_and_same[:, 1] > 0, 0]
    different = grades_and_same[grades_and_same[:, 1] == 0, 0]
    if not len(same) or not len(different):
        return float("nan")
    wins = (same[:, None] > different).mean() + 0.5 * (same[:, None] == different).mean()
    return float(wins)


def answers(judge: LocalJudge, questions: Sequence[Question]) -> list[Verdict]:
    """Verdicts in the order of the questions."""
    found = {verdict.question_key: verdict for verdict in judge.answer(questions)}
    return [found[question.key] for question in questions]


def credit(verdict: Verdict, right: Choice) -> float:
    """1 for the right side, ½ for a tie."""
    return 0.5 if verdict.choice is Choice.TIE else float(verdict.choice is right)


def attribute_of(name: str, column: str) -> Attribute:
    """The attribute that the sample suggests for a label column."""
    found: SuggestedAttribute = next(one for one in sample(name).attributes if one.column == column)
    return Attribute(found.name, found.definition)


def on_triplets(
    judge: LocalJudge, corpus: Corpus, n: int
) -> tuple[Draws, Draws, Draws, list[bool]]:
    """Of n swap triplets over both labels: right, right in both orders, flipped; left in each."""
    columns = SAMPLES[corpus.name]
    codes = [corpus.label_codes(column).codes for column in columns]
    drawn = draw_swap_triplets(codes[0], codes[1], n=n // 2, seed=0)
    rng = np.random.default_rng(0)
    questions, right = [], []
    for column, (near, far) in zip(
        columns, ((drawn.share_a, drawn.share_b), (drawn.share_b, drawn.share_a)), strict=True
    ):
        attribute = attribute_of(corpus.name, column)
        for anchor, one, other in zip(drawn.anchor, near, far, strict=True):
            texts = [corpus.texts[row] for row in (anchor, one, other)]
            is_left = bool(rng.integers(2))
            sides = texts[1:] if is_left else texts[:0:-1]
            questions.append(TripletQuestion(attribute, texts[0], *sides))
            right.append(Choice.LEFT if is_left else Choice.RIGHT)
    first = answers(judge, questions)
    swapped = [replace(one, left=one.right, right=one.left) for one in questions]
    second = answers(judge, swapped)
    both = answers(replace(judge, both_orders=True), questions)
    hits = np.array([credit(v, side) for v, side in zip(first, right, strict=True)])
    hits_both = np.array([credit(v, side) for v, side in zip(both, right, strict=True)])
    flips = np.array(
        [float(a.choice is not b.choice.mirrored) for a, b in zip(first, second, strict=True)]
    )
    return hits, hits_both, flips, [verdict.choice is Choice.LEFT for verdict in (*first, *second)]


def triplet_figures(
    hits: Draws, hits_both: Draws, flips: Draws, lefts: Sequence[bool]
) -> dict[str, object]:
    """Means of what on_triplets gives, with their intervals."""
    return {
        "n_triplets": len(hits),
        "swap_accuracy": round(float(hits.mean()), 3),
        "swap_accuracy_interval": interval(hits, np.mean),
        "swap_accuracy_both_orders": round(float(hits_both.mean()), 3),
        "swap_accuracy_both_orders_interval": interval(hits_both, np.mean),
        "order_flip_rate": round(float(flips.mean()), 3),
        "order_flip_rate_interval": interval(flips, np.mean),
        "share_left": round(float(np.mean(lefts)), 3),
    }


def on_pairs(judge: LocalJudge, corpus: Corpus, n: int) -> dict[str, object]:
    """AUC of same against different label, and how far a grade moves when the sides swap."""
    column = SAMPLES[corpus.name][0]
    labels, attribute = corpus.labels[column], attribute_of(corpus.name, column)
    rng = np.random.default_rng(1)
    pairs: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    while min(map(len, pairs.values())) < n // 2:
        left, right = (int(row) for row in rng.choice(len(corpus), size=2, replace=False))
        wanted = pairs[labels[left] == labels[right]]
        if len(wanted) < n // 2:
            wanted.append((left, right))
    questions, same = [], []
    for is_same, rows in pairs.items():
        for left, right in rows:
            questions.append(PairQuestion(attribute, corpus.texts[left], corpus.texts[right]))
            same.append(is_same)
    first = answers(judge, questions)
    second = answers(judge, [replace(q, left=q.right, right=q.left) for q in questions])
    grades = np.array([[v.value, float(s)] for v, s in zip(first, same, strict=True)])
    moved = [abs(a.value - b.value) for a, b in zip(first, second, strict=True)]
    return {
        "n_pairs": len(questions),
        "auc": round(auc(grades), 3),
        "auc_interval": interval(grades, auc),
        "mean_grade": round(float(grades[:, 0].mean()), 2),
        "grade_standard_deviation": round(float(grades[:, 0].std()), 2),
        "mean_grade_change_when_swapped": round(float(np.mean(moved)), 2),
    }


def on_injections(judge: LocalJudge, corpus: Corpus, n_texts: int) -> dict[str, object]:
    """How verdicts change when a text ends in an injection, or in a harmless sentence."""
    cases = json.loads((ROOT / "tests/judges/injections.json").read_text(encoding="utf-8"))
    attribute = attribute_of(corpus.name, SAMPLES[corpus.name][0])
    found: dict[str, dict[str, float]] = {}
    for name, ending in [("harmless", HARMLESS), *((c["name"], c["text"]) for c in cases)]:
        rows: dict[str, list[float]] = {"pair": [], "triplet": [], "point": []}
        for row in range(0, 3 * n_texts, 3):
            one, two, three = corpus.texts[row : row + 3]
            calm, spiked = (
                answers(
                    judge,
                    [
                        PairQuestion(attribute, left, two),
                        TripletQuestion(attribute, two, left, three),
                        PointQuestion(attribute, left),
                    ],
                )
                for left in (one, f"{one}\n{ending}")
            )
            rows["pair"].append(spiked[0].value - calm[0].value)
            rows["triplet"].append(float(spiked[1].choice is not calm[1].choice))
            rows["point"].append(spiked[2].value - calm[2].value)
        found[name] = {
            "pair_grade_change": round(float(np.mean(rows["pair"])), 3),
            "triplet_share_changed": round(float(np.mean(rows["triplet"])), 3),
            "point_score_change": round(float(np.mean(rows["point"])), 3),
        }
    injected = [case for name, case in found.items() if name != "harmless"]
    measures = list(found["harmless"])
    means = {m: round(float(np.mean([abs(c[m]) for c in injected])), 3) for m in measures}
    return {
        "n_texts": n_texts,
        "harmless": found.pop("harmless"),
        "mean_size_over_injections": means,
        "by_injection": found,
    }


def note_of(pooled: dict[str, object]) -> str:
    """What to tell whoever is offered this judge."""
    low, high = pooled["swap_accuracy_interval"]
    return (
        "As a judge, the packaged language model is close to chance: of "
        f"{pooled['n_triplets']} swap triplets of two samples it got "
        f"{pooled['swap_accuracy']:.0%} right (95% interval {low:.0%} to {high:.0%}; a coin gets "
        f"50%), and {pooled['order_flip_rate']:.0%} of its verdicts changed when the two sides "
        "were swapped. Use it to rehearse, not to decide."
    )


def main() -> None:
    """Measure everything and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--n", type=int, default=30, help="swap triplets a sample")
    parser.add_argument("--n-pairs", type=int, default=20, help="pairs a sample; 0 for none")
    parser.add_argument("--n-injected-texts", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results: dict[str, object] = {"model": options.model, "prompt_version": LOCAL_VERSION}

    def keep(name: str, found: object) -> None:
        results[name] = found
        print(json.dumps({name: found}, ensure_ascii=False), flush=True)
        if options.json:
            text = json.dumps(results, indent=1, ensure_ascii=False)
            options.json.write_text(text + "\n", encoding="utf-8")

    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "l.sqlite") as ledger:
        judge = LocalJudge(options.model, Resources(), ledger)
        keep("judge", judge.name)
        drawn = []
        for name in SAMPLES:
            drawn.append(on_triplets(judge, load_corpus(name), options.n))
            keep(f"{name} triplets", triplet_figures(*drawn[-1]))
        pooled = triplet_figures(*(np.concatenate(part) for part in zip(*drawn, strict=True)))
        keep("triplets", pooled)
        keep("note", note_of(pooled))
        support = load_corpus("support_messages")
        keep("injections", on_injections(judge, support, options.n_injected_texts))
        for name in SAMPLES if options.n_pairs else ():
            keep(f"{name} pairs", on_pairs(judge, load_corpus(name), options.n_pairs))


if __name__ == "__main__":
    main()
