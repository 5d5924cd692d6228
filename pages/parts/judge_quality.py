"""What can be told of a judge by its verdicts: figures with a sentence, or why they are absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.choosing.weighing import Basis, share_told
from engine.corpus import Corpus
from engine.diagnostics.drift import batch_drift, scores_by_batch, shared_scores
from engine.diagnostics.estimate import Estimate
from engine.diagnostics.judge_agreement import answers_in_words, asked_again, judges_agree
from engine.diagnostics.transitivity import (
    both_ways,
    broken_triangles,
    comparisons,
    differ,
    graded_both_ways,
    intransitive_triads,
    sides_taken,
)
from engine.diagnostics.truth import truth_from_verdicts
from engine.formats.table import counted
from engine.judges.kinds import SIDED_KINDS, Choice, Kind, Status
from engine.judges.labels import LabelJudge, labels_by_text
from engine.judges.ledger import Ledger
from engine.judges.questions import Verdict
from engine.spot_checks.answers import rows_by_text_key
from pages.parts.calibration_further import interval
from pages.parts.calibration_judge import drift_sentence, side_sentence
from pages.parts.judge_choice import is_numeric
from pages.parts.judge_questions import Need, asked_of

IN_MEMORY = Path(":memory:")
WORDED = (Kind.PAIR, *SIDED_KINDS)
MUCH = 0.1


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing told of a judge.

    value: the figure with its interval, and how many it rests on; "" where it is absent.
    says: what it says, in one sentence; or why it is absent.
    basis: what the figure stands for.
    """

    name: str
    value: str
    says: str
    basis: Basis = Basis.ASKED

    @property
    def known(self) -> bool:
        """Whether there is anything to tell it by."""
        return bool(self.value)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A judge's verdicts, and those to hold them against.

    points: its scores of single texts, under any definition of the attribute.
    person, labels: the others' verdicts on the attribute. column: the labels' name.
    """

    verdicts: Sequence[Verdict]
    points: Sequence[Verdict]
    person: Sequence[Verdict]
    labels: Sequence[Verdict]
    column: str


def figures(corpus: Corpus, evidence: Evidence) -> list[Figure]:
    """All that is told of a judge, the known first."""
    verdicts = evidence.verdicts
    found = [
        _same(verdicts),
        *_order(verdicts),
        _side(verdicts),
        _circles(verdicts),
        _triangles(corpus, verdicts),
        _drift(evidence),
        _repeats([*verdicts, *(p for p in evidence.points if p not in set(verdicts))]),
        _unread(verdicts),
        *_agreements("you", "spot checks", verdicts, evidence.person),
    ]
    if evidence.column:
        who = f"the column {evidence.column!r}"
        found += _agreements(who, "labelled texts", verdicts, evidence.labels)
    return sorted(found, key=lambda figure: not figure.known)


BASES = {
    Basis.DRAWN: "all its questions were drawn at random",
    Basis.WEIGHED: "some questions were chosen, each with a known chance, and each counts by "
    "1 / chance (Hájek's estimator)",
    Basis.ASKED: "the chances of its questions are not known, or it can't be weighed by them, so "
    "it does not speak for the corpus",
}


def basis_sentence(found: Sequence[Figure]) -> str:
    """What the figures shown stand for, in one sentence."""
    met = {figure.basis for figure in found if figure.known}
    said = [f"{basis.value}: {BASES[basis]}" for basis in Basis if basis in met]
    return f"A figure stands for … {'; '.join(said)}." if said else ""


def _share(
    name: str, found: Estimate, of: str, says: str, absent: str, basis: Basis = Basis.ASKED
) -> Figure:
    if not found.n:
        return Figure(name, "", absent)
    return Figure(name, f"{interval(found, 2)} of {counted(found.n, of)}", says, basis)


def _same(verdicts: Sequence[Verdict]) -> Figure:
    """The share of pairs called the same, one answer a pair."""
    words = answers_in_words(verdicts, Kind.PAIR)
    first = first_by_question(verdicts)
    found, basis = share_told([(word == Choice.SAME, first[key]) for key, word in words.items()])
    says = "Of pairs, so many are the same to this judge: a grade of 3 or 4, or your word."
    return _share("Pairs called the same", found, "pair", says, "no pair was judged.", basis)


def first_by_question(verdicts: Sequence[Verdict]) -> dict[str, Verdict]:
    """The first verdict on each question, whichever way round: it says why that was asked."""
    return {verdict.unordered_key: verdict for verdict in reversed(verdicts)}


def _order(verdicts: Sequence[Verdict]) -> list[Figure]:
    absent = "none was asked in both orders; switch Both orders on."
    found = []
    for name, kind, what, twice in (
        ("Triplets that flip", Kind.TRIPLET, "side", both_ways(verdicts, Kind.TRIPLET)),
        ("Grades that change", Kind.PAIR, "grade", graded_both_ways(verdicts)),
    ):
        told, basis = share_told([(differ(one, other), one) for one, other in twice])
        says = _flip_sentence(told, what)
        found.append(_share(name, told, kind.value, says, absent, basis))
    return found


def _flip_sentence(found: Estimate, what: str) -> str:
    if found.low > MUCH:
        return f"Swapping the texts changes the {what} often: ask in both orders, and mistrust one."
    if found.high < MUCH:
        return f"Swapping the texts hardly changes the {what}: one order will do."
    return f"Swapping the texts may change the {what} of one in ten; more of them would tell."


def _side(verdicts: Sequence[Verdict]) -> Figure:
    taken = sides_taken(verdicts, Kind.TRIPLET)
    found, basis = share_told([(each.choice is Choice.LEFT, each) for each in taken])
    says = side_sentence(found) or "No lean to the side shown first, or second, is shown."
    return _share("Decided for the first", found, "verdict", says, "no triplet was decided.", basis)


def _circles(verdicts: Sequence[Verdict]) -> Figure:
    found = intransitive_triads(comparisons(verdicts))
    says = "Candidates of one anchor beat each other in a circle so often; a coin gives 0.25."
    absent = "no three candidates of one anchor were all compared with each other."
    return _share("Triads in a circle", found, "triad", says, absent)


def _triangles(corpus: Corpus, verdicts: Sequence[Verdict]) -> Figure:
    found = broken_triangles(truth_from_verdicts(verdicts, corpus.texts))
    says = (
        "Of triangles with two same sides, so many have a different third: same has no sharp edge."
    )
    absent = "no two pairs that are the same share a text whose others were judged too."
    return _share("Broken triangles", found, "triangle", says, absent)


def _drift(evidence: Evidence) -> Figure:
    name = "Drift between batches"
    for given, kind, of in (
        (evidence.points, Kind.POINT, "scores"),
        (evidence.verdicts, Kind.PAIR, "grades"),
    ):
        scored = scores_by_batch(given, kind)
        found = batch_drift(scored)
        if found:
            n_items = len(shared_scores(scored)[0])
            largest = max(found, key=lambda each: abs(each.offset.value)).offset
            value = f"{interval(largest, 2)} at most, {of} of {n_items:,} shared texts"
            return Figure(name, value, drift_sentence(found, n_items))
    return Figure(name, "", "it takes two batches with four scored texts or pairs in common.")


def _repeats(verdicts: Sequence[Verdict]) -> Figure:
    found, basis = share_told(asked_again(verdicts))
    says = "Asked the same question again, it gives the same answer so often."
    absent = "no question was asked twice in the same order; the ledger answers repeats itself."
    return _share("Same answer again", found, "question", says, absent, basis)


def _unread(verdicts: Sequence[Verdict]) -> Figure:
    found, basis = share_told([(each.status is not Status.PARSED, each) for each in verdicts])
    says = (
        "So many replies are no answer: unparsed, refused or unanswerable; they count for nothing."
    )
    return _share("Without an answer", found, "verdict", says, "no verdict was given.", basis)


def _agreements(
    who: str, of: str, verdicts: Sequence[Verdict], others: Sequence[Verdict]
) -> list[Figure]:
    """κ and the share agreed on, a kind of question that both answered; else one absent figure."""
    found = []
    first = first_by_question(verdicts)
    for kind in WORDED:
        mine, theirs = answers_in_words(verdicts, kind), answers_in_words(others, kind)
        kappa = judges_agree(mine, theirs)
        if kappa.n:
            both = mine.keys() & theirs.keys()
            told, basis = share_told([(mine[key] == theirs[key], first[key]) for key in both])
            name, on = f"Agreement with {who}", counted(kappa.n, kind.value)
            says = "They say the same of so many; chance alone would make them agree on some."
            found += [
                Figure(f"{name}: κ", f"{interval(kappa, 2)} on {on}", _kappa_sentence(kappa)),
                _share(f"{name}: share", told, kind.value, says, "", basis),
            ]
    if found:
        return found
    absent = f"there are not two different answers by both on the same {of}."
    return [Figure(f"Agreement with {who}", "", absent)]


def _kappa_sentence(kappa: Estimate) -> str:
    if kappa.low <= 0:
        return "No agreement beyond chance is shown (0 is chance, 1 is always)."
    return "They agree beyond chance (0 is chance, 1 is always)."


def label_verdicts(corpus: Corpus, verdicts: Sequence[Verdict], column: str) -> list[Verdict]:
    """What a label column says of the pairs, triplets and comparisons that a judge answered.

    Numbers are taken to have an order. Nothing of it is written to the analyst's ledger.
    """
    labels = labels_by_text(corpus.texts, corpus.labels[column])
    rows = rows_by_text_key(corpus.texts)
    questions = [
        asked_of(Need(corpus, verdict.attribute, verdict.kind, 1), _rows(verdict, rows))
        for verdict in verdicts
        if verdict.kind in WORDED and rows.keys() >= set(verdict.text_keys)
    ]
    with Ledger(IN_MEMORY) as ledger:
        judge = LabelJudge(labels, ledger, column, ordered=is_numeric(corpus, column))
        return list(judge.answer([each for each in questions if each is not None]))


def _rows(verdict: Verdict, rows: Mapping[str, int]) -> list[int]:
    return [rows[key] for key in verdict.text_keys]
