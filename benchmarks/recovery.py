"""How many questions it takes to recover what the labels hold: chosen against random questions.

Run from the root of the repository: python -m benchmarks.recovery [part …]
Writes benchmarks/results/recovery.json and the tables of docs/judging.md.

A label column is the judge, with 0, 10 or 20% of its verdicts the wrong way round. Paintings'
intensity, five levels, is recovered from comparisons ("which is more intense?"): Kendall's τ
between the fitted scale and the labels, over the pairs whose labels differ. The math problems' ten
structures are recovered from pairs ("same or different?"): V-measure of ten groups. Both arms are
fitted alike; only the questions differ. Every question counts, also those that found the first
groups.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student
from sklearn.metrics import v_measure_score

from engine.choosing.adaptive import next_comparisons, next_placements
from engine.choosing.borders import border_triplets, soft_clusters
from engine.choosing.drawing import Chosen, Why, questions_of
from engine.choosing.exploring import explored_groups
from engine.choosing.landmarks import landmarks
from engine.corpus import Corpus, load_corpus
from engine.judges.kinds import Choice, Kind
from engine.judges.labels import LabelJudge, labels_by_text
from engine.judges.ledger import Ledger
from engine.judges.questions import Verdict
from engine.methods.raw_embedding import RawEmbedding
from engine.resources import Resources
from engine.scales.answers import wins
from engine.scales.consolidated import consolidated
from engine.scales.groups import beliefs_of, judged_groups
from engine.similarity import VectorSimilarity
from engine.spot_checks.answers import rows_by_text_key
from engine.spot_checks.pairs import random_pairs
from engine.types import Attribute, Floats, Rows

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "recovery.json"
PAGE = ROOT / "docs" / "judging.md"
NOISES, SEEDS = (0.0, 0.1, 0.2), tuple(range(8))
SCALE_BUDGETS = (150, 300, 450, 600, 900, 1200, 1800, 2400)
GROUP_BUDGETS = (500, 1000, 1500, 2000, 3000, 4000, 5000)
SCALE_ROUND, GROUP_ROUND, N_STRUCTURES, LEAST_NOISE = 50, 100, 10, 0.05
SCALE_TARGETS, GROUP_TARGETS = (0.8, 0.9, 0.95), (0.3, 0.5, 0.8)
INTENSITY, STRUCTURE = Attribute("how intense the painting is"), Attribute("mathematical structure")
MARKS = ("<!-- figures: python -m benchmarks.recovery -->", "<!-- end of figures -->")

Curve = dict[int, float]


class Asker:
    """A label judge with a ledger of its own; keeps its verdicts and counts the questions."""

    def __init__(
        self, corpus: Corpus, column: str, ledger: Ledger, noise: float, seed: int
    ) -> None:
        self.texts = corpus.texts
        labels = labels_by_text(corpus.texts, corpus.labels[column])
        ordered = column == "intensity"
        self.judge = LabelJudge(labels, ledger, column, ordered=ordered, noise=noise, seed=seed)
        self.attribute = INTENSITY if ordered else STRUCTURE
        self.kind = Kind.COMPARISON if ordered else Kind.PAIR
        self.verdicts: dict[str, Verdict] = {}

    def ask(self, chosen: Sequence[Chosen]) -> list[Verdict]:
        """Verdicts on the questions, in order."""
        questions = questions_of(chosen, self.kind, self.attribute, self.texts)
        found = {verdict.question_key: verdict for verdict in self.judge.answer(questions)}
        self.verdicts.update(found)
        return [found[question.key] for question in questions]

    def same(self, left: int, right: int) -> bool:
        """Whether the judge grades a pair as the same."""
        (verdict,) = self.ask([Chosen((left, right), Why.COVERAGE, 1.0)])
        return (verdict.value or 0) > 2

    @property
    def n_asked(self) -> int:
        """Distinct questions so far."""
        return len(self.verdicts)


@contextlib.contextmanager
def new_ledger() -> Iterator[Ledger]:
    """A ledger that is gone afterwards: no arm knows what another one asked."""
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "ledger.sqlite") as ledger:
        yield ledger


def at_random(n_texts: int, seed: int) -> Iterator[Chosen]:
    """Random pairs in random order of sides, none twice."""
    drawn = random_pairs(n_texts, n=n_texts * 20, seed=1000 + seed)
    sides = np.random.default_rng(seed).random(len(drawn.left)) < 0.5
    for left, right, turned in zip(*drawn, sides, strict=True):
        rows = (int(right), int(left)) if turned else (int(left), int(right))
        yield Chosen(rows, Why.RANDOM, 1.0)


def scale_curve(asker: Asker, levels: Rows, *, chosen: bool, seed: int) -> Curve:
    """Kendall's τ of the fitted scale by number of comparisons."""
    n_texts, found, fitted = len(levels), Curve(), None
    stream = at_random(n_texts, seed)
    for step in range(10_000):
        if chosen and fitted is not None and asker.n_asked >= SCALE_BUDGETS[0]:
            asker.ask(next_comparisons(fitted, n=SCALE_ROUND, seed=100 * seed + step))
        else:
            asker.ask([next(stream) for _ in range(SCALE_ROUND)])
        start = None if fitted is None else fitted.values
        told = wins(asker.verdicts.values(), asker.texts)
        fitted = consolidated(n_texts, wins=told, start=start)
        if reached(found, SCALE_BUDGETS, asker.n_asked, ordered_tau(fitted.values, levels)):
            return found
    return found


def ordered_tau(values: Floats, levels: Rows) -> float:
    """Kendall's τ over the pairs whose levels differ: 1 = all in order, 0 = chance."""
    left, right = np.triu_indices(len(levels), k=1)
    truth = np.sign(levels[left] - levels[right])
    agreed = np.sign(values[left] - values[right]) * truth
    return float(agreed[truth != 0].mean())


def group_curve(asker: Asker, codes: Rows, vectors: Floats, *, chosen: bool, seed: int) -> Curve:
    """V-measure of the groups by number of pairs."""
    n_texts, found = len(codes), Curve()
    noise = max(LEAST_NOISE, asker.judge.noise)
    beliefs = None
    if chosen:
        order = landmarks(vectors, n_texts, seed=seed)
        groups = explored_groups(
            asker.same, order, n_groups=N_STRUCTURES, noise=noise, max_questions=1000, seed=seed
        )
        beliefs = beliefs_of(groups, n_texts, N_STRUCTURES)
    stream = at_random(n_texts, seed)
    for step in range(10_000):
        if beliefs is not None and chosen:
            asker.ask(next_placements(beliefs, n=GROUP_ROUND, seed=100 * seed + step))
        else:
            # Not chosen by what was told before, so there is nothing to fit between budgets.
            asker.ask([next(stream) for _ in range(GROUP_BUDGETS[0])])
        told = judged_groups(
            n_texts, *pairs_told(asker.verdicts.values(), asker.texts), n_groups=N_STRUCTURES,
            noise=noise, start=beliefs, seed=step,
        )  # fmt: skip
        beliefs = told.membership
        if reached(found, GROUP_BUDGETS, asker.n_asked, v_measure_score(codes, told.codes)):
            return found
    return found


def pairs_told(verdicts: Iterable[Verdict], texts: Sequence[str]) -> tuple[Rows, Rows, Any]:
    """Rows of each judged pair, and whether the judge called it the same."""
    rows = rows_by_text_key(texts)
    told = [([rows[key] for key in v.text_keys], (v.value or 0) > 2) for v in verdicts]
    left, right = np.array([each for each, _ in told], dtype=np.int64).T
    return left, right, np.array([same for _, same in told])


def reached(found: Curve, budgets: Sequence[int], n_asked: int, value: float) -> bool:
    """Note the value at budgets that are used up; whether the last is."""
    for budget in budgets:
        if n_asked >= budget and budget not in found:
            found[budget] = float(value)
    return budgets[-1] in found


def curves(one: Callable[[Asker, bool, int], Curve], corpus: Corpus, column: str) -> list[Any]:
    """Both arms' curves at each noise, one a seed."""
    found = []
    for noise in NOISES:
        arms: dict[str, list[Curve]] = {"random": [], "chosen": []}
        for seed in SEEDS:
            for arm, kept in arms.items():
                with new_ledger() as ledger:
                    asker = Asker(corpus, column, ledger, noise, seed)
                    kept.append(one(asker, arm == "chosen", seed))
        print(column, noise, {arm: mean_of(kept) for arm, kept in arms.items()}, flush=True)
        found.append({"noise": noise, "curves": arms})
    return found


def mean_of(kept: list[Curve]) -> dict[int, float]:
    """Mean curve, for whoever watches."""
    return {budget: round(float(np.mean([c[budget] for c in kept])), 3) for budget in kept[0]}


def interval(values: Sequence[float]) -> list[float]:
    """Mean and Student's 95% interval over seeds."""
    each = np.asarray(values, dtype=np.float64)
    half = student.ppf(0.975, len(each) - 1) * each.std(ddof=1) / np.sqrt(len(each))
    return [round(float(x), 4) for x in (each.mean(), each.mean() - half, each.mean() + half)]


def needed(curve: Curve, target: float) -> float:
    """Questions until a curve first reaches a target, between budgets in a line; inf = never."""
    budgets = list(curve)
    for before, after in zip([0, *budgets], budgets, strict=False):
        low, high = curve.get(before, 0.0), curve[after]
        if high >= target:
            return before + (after - before) * (target - low) / max(1e-9, high - low)
    return float("inf")


def summary(parts: list[Any], targets: Sequence[float]) -> list[Any]:
    """Means, paired differences, and questions needed, with intervals over seeds."""
    found = []
    for part in parts:
        arms = part["curves"]
        points = {}
        for budget in arms["random"][0]:
            both = {arm: [curve[budget] for curve in arms[arm]] for arm in arms}
            gain = np.subtract(both["chosen"], both["random"]).tolist()
            points[budget] = {arm: interval(values) for arm, values in both.items()}
            points[budget]["gain"] = interval(gain)
        found.append({"noise": part["noise"], "by_questions": points, "needed": {
            str(target): ratio_needed(arms, target) for target in targets}})  # fmt: skip
    return found


def ratio_needed(arms: dict[str, list[Curve]], target: float) -> dict[str, Any]:
    """Questions each arm needs for a target, and chosen over random, paired by seed."""
    n = {arm: [needed(curve, target) for curve in kept] for arm, kept in arms.items()}
    out: dict[str, Any] = {}
    for arm, values in n.items():
        whole = bool(np.isfinite(values).all())
        out[arm] = interval(values) if whole else None
        out[f"{arm}_reached"] = int(np.isfinite(values).sum())
    if out["random"] and out["chosen"]:
        ratio = np.exp(interval(np.log(np.divide(n["chosen"], n["random"])).tolist()))
        out["ratio"] = [round(float(x), 3) for x in ratio]
    return out


def decided_triplets(corpus: Corpus) -> dict[str, Any]:
    """Share of triplets that have an answer at all: at the raw embedding's borders, and random."""
    clusters = soft_clusters(raw_vectors(corpus), N_STRUCTURES, seed=0)
    chosen = border_triplets(clusters, n=2000, seed=0, share_random=0.5)
    found: dict[str, Any] = {}
    for column in ("structure", "story"):
        labels = labels_by_text(corpus.texts, corpus.labels[column])
        questions = questions_of(chosen, Kind.TRIPLET, Attribute(column), corpus.texts)
        with new_ledger() as ledger:
            judge = LabelJudge(labels, ledger, column)
            said = {v.question_key: v.choice is not Choice.TIE for v in judge.answer(questions)}
        found[column] = {}
        for why in (Why.BORDER, Why.RANDOM):
            both = zip(questions, chosen, strict=True)
            each = [float(said[q.key]) for q, one in both if one.why is why]
            found[column][why.value] = interval(each)
    return found


def intensity() -> list[Any]:
    """Both arms on the paintings' intensity."""
    corpus = load_corpus("paintings")
    levels = np.array([int(label) for label in corpus.labels["intensity"]])
    return summary(
        curves(
            lambda asker, chosen, seed: scale_curve(asker, levels, chosen=chosen, seed=seed),
            corpus,
            "intensity",
        ),
        SCALE_TARGETS,
    )


def structure() -> list[Any]:
    """Both arms on the math problems' structures."""
    corpus = load_corpus("math_problems")
    _, codes = np.unique(np.array(corpus.labels["structure"]), return_inverse=True)
    vectors = raw_vectors(corpus)
    return summary(
        curves(
            lambda asker, chosen, seed: group_curve(
                asker, codes, vectors, chosen=chosen, seed=seed
            ),
            corpus,
            "structure",
        ),
        GROUP_TARGETS,
    )


def raw_vectors(corpus: Corpus) -> Floats:
    """The packaged embedding, which knows nothing of the attribute."""
    similarity = RawEmbedding().prepare(corpus, STRUCTURE, Resources())
    if not isinstance(similarity, VectorSimilarity):
        raise SystemExit("The raw embedding gave no vectors.")
    return similarity.vectors


PARTS: dict[str, Callable[[], Any]] = {
    "intensity": intensity,
    "structure": structure,
    "decided_triplets": lambda: decided_triplets(load_corpus("math_problems")),
}


def main() -> None:
    """Measure the parts named, or all, keep the others' figures, and put all into the page."""
    report = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for part in sys.argv[1:] or PARTS:
        report[part] = {"seeds": list(SEEDS), "figures": PARTS[part]()}
        RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    write_page(report)


def write_page(report: dict[str, Any]) -> None:
    """Put the tables between the page's marks; parts not measured yet are left out."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    lines: list[str] = []
    for part, unit in (("intensity", "Kendall's τ"), ("structure", "V-measure")):
        if part in report:
            lines += [*curve_table(report[part], part, unit), "", *needed_table(report[part]), ""]
    if "decided_triplets" in report:
        lines += [*decided_table(report["decided_triplets"]["figures"]), ""]
    PAGE.write_text("\n".join([before + MARKS[0], "", *lines, MARKS[1] + after]), encoding="utf-8")


def curve_table(part: dict[str, Any], name: str, unit: str) -> list[str]:
    """Both arms at each budget; bold where the gain's interval leaves out 0."""
    budgets = list(part["figures"][0]["by_questions"])
    lines = [
        f"**{name.capitalize()}: {unit} by number of questions, random → chosen** "
        f"(mean of {len(part['seeds'])} seeds; bold: the 95% interval of the paired gain leaves "
        "out 0)",
        "",
        "| wrong verdicts | " + " | ".join(f"{int(budget):,}" for budget in budgets) + " |",
        "|---|" + "---|" * len(budgets),
    ]
    for row in part["figures"]:
        cells = [curve_cell(point) for point in row["by_questions"].values()]
        lines.append(f"| {row['noise']:.0%} | " + " | ".join(cells) + " |")
    return lines


def curve_cell(point: dict[str, list[float]]) -> str:
    """Means of both arms; bold where they differ."""
    text = f"{point['random'][0]:.2f} → {point['chosen'][0]:.2f}"
    differs = point["gain"][1] > 0 or point["gain"][2] < 0
    return f"**{text}**" if differs else text


def needed_table(part: dict[str, Any]) -> list[str]:
    """Questions until a target is reached."""
    lines = [
        "| wrong verdicts | to reach | random | chosen | chosen / random |",
        "|---|---|---|---|---|",
    ]
    n_seeds = len(part["seeds"])
    for row in part["figures"]:
        for target, found in row["needed"].items():
            cells = [needed_cell(found, arm, n_seeds) for arm in ("random", "chosen")]
            ratio = found.get("ratio")
            last = "–" if ratio is None else "{:.2f} ({:.2f} to {:.2f})".format(*ratio)
            lines.append(f"| {row['noise']:.0%} | {target} | {cells[0]} | {cells[1]} | {last} |")
    return lines


def needed_cell(found: dict[str, Any], arm: str, n_seeds: int) -> str:
    """Mean number and its interval, or how many seeds got there at all."""
    if found[arm] is None:
        return f"reached by {found[f'{arm}_reached']} of {n_seeds}"
    return "{:,.0f} ({:,.0f} to {:,.0f})".format(*found[arm])


def decided_table(found: dict[str, Any]) -> list[str]:
    """Share of triplets with an answer, by attribute and by how they were chosen."""
    lines = [
        "**Share of triplets that the labels decide (no tie), math problems**",
        "",
        "| attribute | at the raw embedding's borders | at random |",
        "|---|---|---|",
    ]
    for name, row in found.items():
        cells = ["{:.0%} ({:.0%} to {:.0%})".format(*row[why]) for why in ("border", "random")]
        lines.append(f"| {name} | {cells[0]} | {cells[1]} |")
    return lines


if __name__ == "__main__":
    main()
