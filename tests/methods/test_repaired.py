"""The repair of another method: its neighbours, its kept runs, its key, what it was fitted on."""

import numpy as np
import pytest

from engine.corpus import load_corpus
from engine.errors import BadInput
from engine.judges.ledger import Ledger
from engine.judges.person import PersonJudge
from engine.judges.questions import Choice, PairQuestion
from engine.methods.registry import create, inputs_key, options
from engine.methods.repaired import SPARED
from engine.normalise import repaired, repairs
from engine.normalise.cohort import N_COHORT
from engine.resources import Resources
from engine.run import RunRequest, RunStore, prepare
from engine.store import data_dir
from engine.tuning.pair_truth import pairs_of, texts_of
from engine.tuning.splits import held_out_rows, shares_of
from engine.tuning.truth import canonical_order
from engine.types import Attribute, Scale

UNHEARD = Attribute("number of syllables")
FITTED = ("isotonic", "platt", "per-group-threshold")
TUNED = ("probe", "projection", "classifier", "ensemble", "tuned-encoder", "distilled-rewrite")
UNFITTED = ("zt-norm", "as-norm", "z-norm", "t-norm", "csls")


@pytest.fixture(scope="module")
def corpus():
    return load_corpus("math_problems", limit=150)


def made_of(of="tfidf", **options_given):
    return create("repaired", {"of": of, **options_given})


def all_pairs(n):
    rows = np.arange(n)
    return np.repeat(rows, n), np.tile(rows, n)


def test_equals_the_repair_of_the_method(problems, structure):
    base = create("tfidf").prepare(problems, structure, Resources())
    found = made_of(repair="csls").prepare(problems, structure, Resources())
    left, right = all_pairs(len(problems))
    expected = repaired("csls", base).pairs(left, right)
    np.testing.assert_array_equal(found.pairs(left, right), expected)


@pytest.mark.parametrize("repair", ["zt-norm", *FITTED])
def test_kept_run_gives_the_same_similarities(repair, problems, structure, tmp_path):
    run = prepare(RunRequest(problems, structure, made_of(repair=repair)), Resources())
    store = RunStore(tmp_path)
    store.save(run)
    loaded = store.load(run.record.key)
    rows = np.arange(len(problems))
    np.testing.assert_allclose(
        loaded.similarity.pairs(rows, rows[::-1].copy()),
        run.similarity.pairs(rows, rows[::-1].copy()),
        rtol=1e-5,
    )
    assert loaded.similarity.scale is run.similarity.scale


def test_key_follows_the_method_under_repair(problems, structure):
    keys = {
        RunRequest(problems, structure, made_of(of, repair=repair)).key
        for of in ("tfidf", "bm25")
        for repair in ("csls", "zt-norm")
    }
    assert len(keys) == 4


def test_every_repair_is_offered():
    offered = next(each for each in options("repaired") if each.name == "repair").choices
    assert set(offered) == {each.name for each in repairs()}


@pytest.mark.parametrize("repair", ["isotonic", "platt"])
def test_a_rising_curve_gives_probabilities_and_leaves_the_neighbours(repair, corpus, structure):
    base = create("tfidf").prepare(corpus, structure, Resources())
    found = made_of(repair=repair).prepare(corpus, structure, Resources())
    assert found.scale is Scale.PROBABILITY
    everyone = np.arange(len(corpus))
    np.testing.assert_array_equal(
        found.neighbours(everyone, 5).rows, base.neighbours(everyone, 5).rows
    )
    left, right = all_pairs(len(corpus))
    values = found.pairs(left, right)
    assert 0 <= values.min() <= values.max() <= 1
    order = np.argsort(base.pairs(left, right), kind="stable")
    assert (np.diff(values[order]) >= -1e-6).all()


def test_thresholds_by_region_keep_scale_and_order_and_shift_regions_apart(corpus, structure):
    options_given = {"repair": "per-group-threshold", "regions": "story", "n_verdicts": 0}
    base = create("tfidf").prepare(corpus, structure, Resources())
    found = made_of(**options_given).prepare(corpus, structure, Resources())
    assert found.scale is base.scale
    left, right = all_pairs(len(corpus))
    shift = (base.pairs(left, right) - found.pairs(left, right)).reshape(len(corpus), -1)
    np.testing.assert_allclose(shift, shift[:, :1].repeat(len(corpus), axis=1), atol=1e-6)
    codes = corpus.label_codes("story").codes
    for code in np.unique(codes):
        assert np.ptp(shift[codes == code, 0]) < 1e-6


@pytest.mark.parametrize("repair", FITTED)
def test_it_was_fitted_on_no_held_out_text_and_says_on_what(repair, corpus, structure):
    made, resources = made_of(repair=repair), Resources()
    made.prepare(corpus, structure, resources)
    learnt = {corpus.texts[row] for row in made.training_rows(corpus, structure)}
    held = {corpus.texts[row] for row in held_out_rows(corpus.texts, 0.2, 0)}
    assert learnt
    assert len(held) > 10
    assert not learnt & held
    assert "from the label column 'structure'" in resources.meter.prompts["truth"][0]
    assert 0 < resources.meter.verdicts <= 1024


@pytest.mark.parametrize("repair", UNFITTED)
def test_a_repair_that_needs_no_verdict_learnt_from_none(repair, corpus):
    assert made_of(repair=repair).training_rows(corpus, UNHEARD).tolist() == []


def test_the_order_of_the_corpus_does_not_change_a_fitted_curve(corpus, structure):
    order = np.random.default_rng(5).permutation(len(corpus))
    made = made_of(repair="isotonic", n_verdicts=200)
    first = made.prepare(corpus, structure, Resources())
    moved = made.prepare(corpus.subset(order), structure, Resources())
    rows = np.arange(len(corpus) - 1)
    np.testing.assert_allclose(
        moved.pairs(rows, rows + 1), first.pairs(order[rows], order[rows + 1]), atol=1e-5
    )


@pytest.mark.parametrize("repair", UNFITTED)
def test_the_order_of_a_corpus_beyond_the_cohort_does_not_change_a_score(
    repair, structure, small_corpus
):
    texts = [t for name in ("math_problems", "paintings") for t in load_corpus(name).texts]
    corpus = small_corpus(*texts[: N_COHORT + 40])
    assert len(corpus) > N_COHORT
    order = np.random.default_rng(6).permutation(len(corpus))
    made = made_of(repair=repair)
    first = made.prepare(corpus, structure, Resources())
    moved = made.prepare(corpus.subset(order), structure, Resources())
    rows = np.arange(len(corpus) - 1)
    np.testing.assert_allclose(
        moved.pairs(rows, rows + 1), first.pairs(order[rows], order[rows + 1]), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("of", TUNED)
@pytest.mark.parametrize("repair", FITTED)
def test_a_fitted_repair_shares_no_text_with_the_tuned_method_below(of, repair, corpus, structure):
    made = made_of(of, repair=repair)
    taught = set(made.basis().training_rows(corpus, structure).tolist())
    both = set(made.training_rows(corpus, structure).tolist())
    fitted = both - taught
    assert taught < both
    assert not both & set(held_out_rows(corpus.texts, made.held_out, made.seed).tolist())
    order = canonical_order(corpus)
    ordered = corpus.subset(order)
    known = made.basis().training_rows(ordered, structure)
    pairs = pairs_of(ordered, structure, made.wanted, known)
    assert {corpus.texts[row] for row in fitted} == {
        ordered.texts[row] for row in texts_of(pairs).tolist()
    }
    assert 0 < pairs.n_same < pairs.n_pairs


@pytest.mark.parametrize("of", TUNED)
def test_a_repair_that_is_not_fitted_leaves_the_tuned_method_as_it_is(of, corpus, structure):
    made = made_of(of, repair="zt-norm")
    assert made.basis() == create(of)
    np.testing.assert_array_equal(
        made.training_rows(corpus, structure), create(of).training_rows(corpus, structure)
    )


def test_a_tuned_method_under_a_fitted_repair_learns_from_the_same_truth(corpus, structure):
    made = made_of("projection", repair="platt", column="story", truth="labels", seed=4)
    basis = made.basis()
    assert (basis.truth, basis.column, basis.seed) == ("labels", "story", 4)
    assert basis.held_out == pytest.approx(0.4)
    assert made_of("tfidf", repair="platt").basis() == create("tfidf")


def test_where_the_tuned_method_leaves_nothing_it_says_what_to_do(corpus, structure):
    made = made_of("projection", repair="isotonic", held_out=0.9)
    with pytest.raises(BadInput, match=r"(?s)left to fit this repair on.*held_out.*zt-norm"):
        made.prepare(corpus, structure, Resources())


def test_answers_that_taught_the_method_are_not_fitted_on(small_corpus):
    corpus = small_corpus("one two", "two three", "three four", "five")
    with Ledger(data_dir() / "ledger.sqlite") as ledger:
        person = PersonJudge(ledger)
        person.record(PairQuestion(UNHEARD, "one two", "two three"), Choice.SAME)
        person.record(PairQuestion(UNHEARD, "one two", "three four"), Choice.DIFFERENT)
    taught = (s for s in range(99) if (shares_of(corpus.texts[:3], s) < 1 - SPARED).all())
    options_given = {"truth": "my answers", "held_out": 0.0, "seed": next(taught)}
    made = made_of("projection", repair="platt", **options_given)
    with pytest.raises(BadInput, match=r"(?s)nor among the 3 that taught.*zt-norm"):
        made.training_rows(corpus, UNHEARD)


@pytest.mark.models
def test_a_tuned_method_is_run_with_the_texts_it_leaves_to_the_repair(structure):
    corpus = load_corpus("math_problems", limit=80)
    made, resources = made_of("probe", repair="platt"), Resources()
    found = made.prepare(corpus, structure, resources)
    assert found.scale is Scale.PROBABILITY
    base = made.basis().prepare(corpus, structure, resources)
    left, right = all_pairs(len(corpus))
    values, raw = found.pairs(left, right), base.pairs(left, right)
    assert (np.diff(values[np.argsort(raw, kind="stable")]) >= -1e-6).all()
    told = " ".join(resources.meter.prompts["truth"])
    assert "labels of label column 'structure'" in told
    assert "fitted on" in told


def test_without_any_truth_it_says_what_to_do(corpus):
    with pytest.raises(BadInput, match=r"(?s)'number of syllables'.*0 and 0.*option column"):
        made_of(repair="platt").prepare(corpus, UNHEARD, Resources())


def test_vectors_are_needed_where_vectors_are_repaired(corpus, structure):
    with pytest.raises(BadInput, match="dense vectors"):
        made_of(repair="centred").prepare(corpus, structure, Resources())


def test_my_answers_are_read_from_the_ledger_and_change_the_key(small_corpus):
    corpus = small_corpus("one two", "two three", "three four", "five")
    made = made_of(repair="platt", truth="my answers", held_out=0.0)
    before = inputs_key(made, corpus, UNHEARD)
    with Ledger(data_dir() / "ledger.sqlite") as ledger:
        person = PersonJudge(ledger)
        person.record(PairQuestion(UNHEARD, "one two", "two three"), Choice.SAME)
        person.record(PairQuestion(UNHEARD, "one two", "three four"), Choice.DIFFERENT)
    assert inputs_key(made, corpus, UNHEARD) != before
    assert made.training_rows(corpus, UNHEARD).tolist() == [0, 1, 2]
    resources = Resources()
    found = made.prepare(corpus, UNHEARD, resources)
    near, far = found.pairs(np.array([0, 0]), np.array([1, 2]))
    assert near > far
    assert resources.meter.verdicts == 2
