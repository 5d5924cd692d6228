"""What tuned methods promise of their truth: it is named, held out in part, and never guessed."""

import numpy as np
import pytest

from engine.corpus import load_corpus
from engine.errors import BadInput
from engine.judges.ledger import Ledger
from engine.judges.person import PersonJudge
from engine.judges.questions import Choice, PairQuestion
from engine.methods.registry import create, inputs_key
from engine.resources import Resources
from engine.store import data_dir
from engine.tuning.finetuning import Learner
from engine.tuning.splits import held_out_rows
from engine.tuning.truth import (
    TrainedOn,
    Wanted,
    canonical_order,
    labels_of,
    triplets_of,
    triplets_of_labels,
)
from engine.types import Attribute

TUNED = ("projection", "classifier", "tuned-encoder", "probe", "ensemble", "distilled-rewrite")
STRUCTURE = Attribute("mathematical structure")
UNHEARD = Attribute("number of syllables")


@pytest.fixture(scope="module")
def corpus():
    return load_corpus("math_problems", limit=150)


@pytest.mark.parametrize("name", TUNED)
def test_nothing_is_learnt_of_held_out_texts_in_any_role(name, corpus):
    made = create(name)
    assert isinstance(made, TrainedOn)
    learnt = {corpus.texts[row] for row in made.training_rows(corpus, STRUCTURE)}
    held = {corpus.texts[row] for row in held_out_rows(corpus.texts, made.held_out, made.seed)}
    assert learnt
    assert len(held) > 10
    assert not learnt & held


@pytest.mark.parametrize("name", TUNED[:5])
def test_without_any_truth_it_says_what_to_do(name, corpus):
    with pytest.raises(BadInput, match=r"(?s)'number of syllables'.*option column"):
        create(name).training_rows(corpus, UNHEARD)


def test_the_label_column_is_used_only_for_its_own_attribute(corpus):
    ordered = corpus.subset(canonical_order(corpus))
    found = triplets_of(ordered, STRUCTURE, Wanted(n_verdicts=50))
    assert found.source == "label column 'structure'"
    assert found.truth == "labels"
    named = triplets_of(ordered, UNHEARD, Wanted(column="story", n_verdicts=50))
    assert named.source == "label column 'story'"


def test_shipped_verdicts_leave_the_labels_alone(corpus):
    ordered = corpus.subset(canonical_order(corpus))
    unlabelled = ordered.subset(np.arange(len(ordered)))
    object.__setattr__(unlabelled, "labels", {})
    wanted = Wanted(truth="shipped verdicts", held_out=0.0)
    found = triplets_of(ordered, STRUCTURE, wanted)
    assert found.truth == "verdicts"
    assert len(found) > 3
    again = triplets_of(unlabelled, STRUCTURE, wanted)
    np.testing.assert_array_equal(found.anchor, again.anchor)
    with pytest.raises(BadInput, match="learns from labelled texts"):
        labels_of(unlabelled, STRUCTURE, Wanted())


def test_my_answers_are_read_from_the_ledger_and_change_the_key(small_corpus):
    corpus = small_corpus("a", "b", "c", "d")
    made = create("projection", {"truth": "my answers", "held_out": 0.0})
    with pytest.raises(BadInput, match="Answer some spot checks"):
        made.training_rows(corpus, UNHEARD)
    before = inputs_key(made, corpus, UNHEARD)
    with Ledger(data_dir() / "ledger.sqlite") as ledger:
        person = PersonJudge(ledger)
        person.record(PairQuestion(UNHEARD, "a", "b"), Choice.SAME)
        person.record(PairQuestion(UNHEARD, "a", "c"), Choice.DIFFERENT)
    assert made.training_rows(corpus, UNHEARD).tolist() == [0, 1, 2]
    assert inputs_key(made, corpus, UNHEARD) != before


@pytest.mark.models
def test_the_run_says_what_it_learnt_from(problems, structure):
    resources = Resources()
    create("projection", {"n_verdicts": 40}).prepare(problems, structure, resources)
    assert "label column 'structure'" in resources.meter.prompts["truth"][0]
    assert resources.meter.verdicts == 40


@pytest.mark.models
def test_a_probability_is_calibrated_and_a_start_must_exist(problems, structure):
    found = create("probe", {"output": "probability"}).prepare(problems, structure, Resources())
    values = found.pairs(np.arange(23), np.arange(1, 24))
    assert ((values >= 0) & (values <= 1)).all()
    with pytest.raises(BadInput, match="Nobody wrote categories"):
        create("projection", {"start": "written", "column": "story"}).prepare(
            problems, UNHEARD, Resources()
        )


def test_an_ensemble_needs_two_others():
    for members in ("tfidf", "tfidf, ensemble", "tfidf, tfidf"):
        with pytest.raises(BadInput, match="two other methods"):
            _ = create("ensemble", {"members": members}).names


def test_an_encoder_is_tuned_for_longer_on_more_triplets():
    made = create("tuned-encoder")
    assert [made.recipe(n).n_steps for n in (10, 256, 600, 1024, 9000)] == [32, 32, 75, 128, 128]
    assert create("tuned-encoder", {"n_steps": 5}).recipe(9000).n_steps == 5


@pytest.mark.models
def test_a_fit_is_paid_once_and_says_how_it_went(corpus):
    few = corpus.subset(np.arange(40))
    made = create("tuned-encoder", {"n_verdicts": 20, "learns_from": "labels", "n_steps": 2})
    first = Resources()
    made.tuned(few.subset(canonical_order(few)), STRUCTURE, first)
    assert first.meter.seconds > 0
    seen, resources = [], Resources(progress=lambda share, what: seen.append(what))
    made.prepare(few, STRUCTURE, resources)
    assert not any(what.startswith("Tuning") for what in seen)
    assert resources.meter.verdicts == 20
    assert "triplets from 20 verdicts of label column" in resources.meter.prompts["truth"][0]
    assert "calibration triplets" in resources.meter.prompts["tuning"][0]
    other = create("tuned-encoder", {"n_verdicts": 20, "learns_from": "labels", "seed": 1})
    assert inputs_key(made, few, STRUCTURE) == inputs_key(other, few, STRUCTURE)
    assert inputs_key(made, few, STRUCTURE) != inputs_key(made, few, UNHEARD)


@pytest.mark.models
def test_the_encoder_never_reads_a_held_out_text_in_training(corpus, monkeypatch):
    read, whole = set(), Learner.vectors

    def watched(self, texts):
        read.update(texts)
        return whole(self, texts)

    monkeypatch.setattr(Learner, "vectors", watched)
    made = create("tuned-encoder", {"n_verdicts": 30, "n_steps": 1})
    made.tuned(corpus.subset(canonical_order(corpus)), STRUCTURE, Resources())
    learnt = {corpus.texts[row] for row in made.training_rows(corpus, STRUCTURE)}
    held = {corpus.texts[row] for row in held_out_rows(corpus.texts, made.held_out, made.seed)}
    assert len(read) > 10
    assert read <= learnt
    assert not read & held


def test_triplets_among_labelled_texts_hold_no_other_text(corpus):
    ordered = corpus.subset(canonical_order(corpus))
    wanted = Wanted(truth="labels", n_verdicts=40)
    found, labelled = (make(ordered, STRUCTURE, wanted) for make in (triplets_of_labels, labels_of))
    assert len(found) > 40
    assert found.n_verdicts == len(labelled.rows) == 40
    assert np.isin(found.rows, labelled.rows).all()
    codes = ordered.label_codes("structure").codes
    assert (codes[found.anchor] == codes[found.positive]).all()
    assert (codes[found.anchor] != codes[found.negative]).all()
