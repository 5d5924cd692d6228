"""The bench, held to similarities whose figures are known beforehand."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from engine.bench import NEUTRAL, Ask, Bench, afresh
from engine.bench_output import as_json, as_table
from engine.errors import BadInput, StoreError, UnknownName
from engine.methods import registry
from engine.methods.registry import create, method
from engine.resources import Resources
from engine.similarity import PairSimilarity, VectorSimilarity
from engine.types import Attribute, Family, Level, Scale

COLOUR, SIZE = Attribute("colour"), Attribute("size")
ASKS = [Ask("colour", COLOUR), Ask("size", SIZE)]
COLOURS = ["red", "blue", "red", "blue"] * 12
SIZES = ["big", "big", "small", "small"] * 12
N_SCORED = []
ESTIMATES = ("swap_accuracy", "auc_local", "auc_pooled", "calibration_gap", "precision_at_10")
COSTS = ("seconds", "passes", "n_cached", "lm_tokens", "verdicts", "dollars", "peak_mb")


@pytest.fixture
def corpus(small_corpus):
    texts = [f"{c} {s} {n}" for n, (c, s) in enumerate(zip(COLOURS, SIZES, strict=True))]
    return small_corpus(*texts, colour=COLOURS, size=SIZES)


@pytest.fixture(autouse=True)
def for_a_test(monkeypatch):
    """Methods that know the labels: 'perfect' as vectors, 'perfect-pairs' as a pair scorer."""
    registry.cards()
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    monkeypatch.setattr(registry, "_cards", dict(registry._cards))
    about = {"family": Family.JUDGE, "level": Level.ALL_PAIRS, "rereads": "pairs"}
    N_SCORED.clear()

    @method("perfect", summary="knows the labels", **about)
    @dataclass(frozen=True, slots=True)
    class Perfect:
        """1 for the same label, 0 for another; nothing to say of any other attribute."""

        def prepare(self, corpus, attribute, resources):
            resources.meter.add(verdicts=7, dollars=0.25, passes=3, lm_tokens=11)
            return VectorSimilarity(one_hot(corpus, attribute))

    @method("perfect-pairs", summary="knows the labels", **about)
    @dataclass(frozen=True, slots=True)
    class PerfectPairs:
        """The same, pair by pair and on demand."""

        def prepare(self, corpus, attribute, resources):
            vectors = VectorSimilarity(one_hot(corpus, attribute))

            def scorer(left, right):
                N_SCORED.append(len(left))
                return vectors.pairs(left, right)

            nobody = np.full((len(corpus), 1), -1, dtype=np.int64)
            return PairSimilarity(len(corpus), Scale.PROBABILITY, nobody, scorer)

    @method("perfect-learner", summary="knows the labels of the texts it learnt from", **about)
    @dataclass(frozen=True, slots=True)
    class PerfectLearner(Perfect):
        """Learns, so that an attribute without labels gives it nothing to learn from."""

        n_learnt: int = 8

        def training_rows(self, corpus, attribute):
            return np.arange(self.n_learnt, dtype=np.int64)

        def prepare(self, corpus, attribute, resources):
            if self.n_learnt and attribute.name not in corpus.labels:
                raise BadInput("There is nothing to learn from.")
            return Perfect.prepare(self, corpus, attribute, resources)


def one_hot(corpus, attribute):
    if attribute.name not in corpus.labels:
        return np.ones((len(corpus), 1), dtype=np.float32)
    codes, names = corpus.label_codes(attribute.name)
    return np.eye(len(names), dtype=np.float32)[codes]


def measured(corpus, *names, asks=ASKS):
    bench = Bench(corpus, asks, afresh(corpus, Resources))
    return bench.measure([create(name) for name in names])


def test_a_perfect_similarity_gets_perfect_figures(corpus):
    report = measured(corpus, "perfect")
    assert [(row.column, row.against) for row in report.rows] == [
        ("colour", "size"),
        ("size", "colour"),
    ]
    for row in report.rows:
        assert row.right.swap.value == row.right.swap.low == row.right.swap.high == 1
        assert row.right.discrimination.local.value == 1
        assert row.right.discrimination.pooled.value == 1
        assert row.right.discrimination.gap.value == 0
        assert row.right.precision.value == 1
    (mean,) = report.means
    assert (mean.columns, mean.swap.value) == (("colour", "size"), 1)


def test_the_wrong_attribute_gets_what_it_deserves(corpus):
    """Asked for size, it ranks every triplet of colour the wrong way round."""
    for row in measured(corpus, "perfect").rows:
        assert row.wrong.attribute.name == row.against
        assert row.wrong.swap.value == 0
        assert row.wrong.discrimination.local.value < 0.6


def test_a_control_s_mean_is_exactly_one_half(corpus):
    names = [card.name for card in registry.cards() if card.family is Family.CONTROL]
    names.remove("raw-embedding")
    report = measured(corpus, *names)
    assert [(mean.method, mean.swap.value) for mean in report.means] == [
        (name, 0.5) for name in names
    ]
    for row in report.rows:
        assert row.right.swap.value == row.wrong.swap.value


@pytest.mark.models
def test_the_raw_embedding_s_mean_is_exactly_one_half(problems):
    asks = [Ask("structure", Attribute("structure")), Ask("story", Attribute("story"))]
    report = measured(problems, "raw-embedding", asks=asks)
    (mean,) = report.means
    assert (mean.swap.value, mean.swap.low, mean.swap.high) == (0.5, 0.5, 0.5)
    assert report.rows[0].right.swap.value + report.rows[1].right.swap.value == pytest.approx(1)


def test_a_control_runs_once_and_any_other_once_an_attribute(corpus):
    heard = []
    Bench(corpus, ASKS, afresh(corpus, Resources)).measure(
        [create("length"), create("perfect")], heard.append
    )
    assert heard == ["length: colour", "perfect: colour", "perfect: size"]


def test_a_pair_scorer_is_measured_on_pairs_it_is_paid_for(corpus):
    report = measured(corpus, "perfect-pairs")
    for row in report.rows:
        assert row.right.swap.value == 1
        assert row.right.swap.n == 100
        assert row.right.discrimination.local.value == 1
    assert 0 < sum(N_SCORED) < 2 * len(corpus) * (len(corpus) - 1) / 2


def test_one_attribute_has_no_swap_but_still_a_wrong_attribute(corpus):
    report = measured(corpus, "perfect", asks=ASKS[:1])
    (row,) = report.rows
    assert row.against is None
    assert np.isnan(row.right.swap.value)
    assert row.right.discrimination.local.value == 1
    assert row.wrong.attribute == NEUTRAL
    assert row.wrong.discrimination.local.value == 0.5
    assert report.means == []
    (plain,) = as_json(report)["runs"]
    assert plain["swap_accuracy"] == {"value": None, "low": None, "high": None, "n": 0}


def test_what_learns_has_no_control_where_nothing_else_is_labelled(corpus):
    """There is no truth on a neutral attribute: it is measured all the same, on fresh anchors."""
    bench = Bench(corpus, ASKS[:1], afresh(corpus, Resources))
    report = bench.measure([create("perfect-learner")])
    (row,) = report.rows
    assert row.wrong is None
    assert row.right.discrimination.local.value == 1
    (plain,) = as_json(report)["runs"]
    assert plain["wrong_attribute"] is None
    assert "–" in as_table(report)
    assert len(bench.measure([create("perfect-learner", {"n_learnt": 0})]).rows) == 1


def test_the_json_has_every_field_and_is_plain(corpus):
    report = as_json(measured(corpus, "length", "perfect"))
    json.dumps(report, allow_nan=False)
    assert set(report) == {"corpus", "n_texts", "seed", "runs", "means", "refused"}
    assert len(report["runs"]) == 4
    for row in report["runs"]:
        assert set(row) == {
            "method", "family", "level", "attribute", "against", "asked", "wrong_attribute",
            "hubness_skew", *ESTIMATES, *COSTS,
        }  # fmt: skip
        assert set(row["wrong_attribute"]) == {"asked", *ESTIMATES}
        for name in ESTIMATES:
            assert set(row[name]) == {"value", "low", "high", "n"}
    perfect = report["runs"][-1]
    assert (perfect["family"], perfect["level"]) == ("LM judge", "8")
    assert (perfect["verdicts"], perfect["dollars"]) == (7, 0.25)
    assert (perfect["passes"], perfect["lm_tokens"]) == (3, 11)
    assert perfect["seconds"] >= 0
    assert perfect["peak_mb"] > 1


def test_the_table_shows_every_row_and_the_means(corpus):
    table = as_table(measured(corpus, "perfect", "length"))
    assert "1.00 [1.00, 1.00]" in table
    assert table.count("\nperfect ") == table.count("\nlength ") == 3
    assert "nan" not in table


def test_the_same_seed_gives_the_same_figures(corpus):
    one, other = (measured(corpus, "random").rows[0].right for _ in range(2))
    assert one == other
    another = (
        Bench(corpus, ASKS, afresh(corpus, Resources), seed=1)
        .measure([create("random")])
        .rows[0]
        .right
    )
    assert another.swap != one.swap


def test_what_cannot_be_measured_is_refused(corpus, small_corpus):
    with pytest.raises(BadInput, match="at least one attribute"):
        Bench(corpus, [], afresh(corpus, Resources))
    with pytest.raises(UnknownName, match=r"'colr'\. Did you mean 'colour'"):
        Bench(corpus, [Ask("colr", COLOUR)], afresh(corpus, Resources))
    alike = small_corpus("a", "b", colour=["red", "red"])
    with pytest.raises(BadInput, match=r"'colour' has 1 label\(s\) in these 2 texts"):
        Bench(alike, ASKS[:1], afresh(alike, Resources))
    same = small_corpus("a", "b", "c", colour=["x", "x", "y"], size=["x", "x", "y"])
    with pytest.raises(BadInput, match="must be crossed"):
        Bench(same, ASKS, afresh(same, Resources))


def test_a_nested_labelling_is_left_out_beside_crossed_ones(small_corpus):
    texts = [f"{c} {s} {n}" for n, (c, s) in enumerate(zip(COLOURS, SIZES, strict=True))]
    shades = [f"{colour} {n % 3}" for n, colour in enumerate(COLOURS)]
    made = small_corpus(*texts, colour=COLOURS, size=SIZES, shade=shades)
    report = measured(made, "perfect", asks=[*ASKS, Ask("shade", Attribute("shade"))])
    assert [(row.column, row.against) for row in report.rows] == [
        ("colour", "size"),
        ("size", "colour"),
        ("size", "shade"),
        ("shade", "size"),
    ]
    assert [mean.columns for mean in report.means] == [("colour", "size"), ("size", "shade")]
    assert all(np.isfinite(row.right.swap.value) for row in report.rows)


class HalfLearnt:
    """Perfect on the texts it learnt from, and turned round on all others."""

    n_learnt = 24

    def prepare(self, corpus, attribute, resources):
        labels = one_hot(corpus, attribute)
        other = one_hot(corpus, SIZE if attribute == COLOUR else COLOUR)
        fresh = np.arange(len(corpus)) >= self.n_learnt
        anchors = np.where(fresh[:, None], other, 0) + np.where(fresh[:, None], 0, labels)
        candidates = np.concatenate([labels, other], axis=1)
        mine = np.concatenate([np.where(fresh[:, None], 0, anchors), fresh[:, None] * other], 1)
        return VectorSimilarity(candidates.astype(np.float32), mine.astype(np.float32))


def test_a_method_is_not_measured_on_what_it_learnt_from(corpus):
    @method("half", summary="x", family=Family.UNIFIED, level=Level.VERDICTS, rereads="nothing")
    @dataclass(frozen=True)
    class Forgetful(HalfLearnt):
        """Says nothing of what it learnt from."""

    @method("told", summary="x", family=Family.UNIFIED, level=Level.VERDICTS, rereads="nothing")
    @dataclass(frozen=True)
    class Honest(HalfLearnt):
        """Says which rows it learnt from."""

        def training_rows(self, corpus, attribute):
            return np.arange(self.n_learnt)

    report = Bench(corpus, ASKS, afresh(corpus, Resources)).measure(
        [create("half"), create("told")]
    )
    seen = {row.method: row.swap.value for row in report.means}
    assert seen["half"] == pytest.approx(0.5, abs=0.1)
    assert seen["told"] == 0.0
    local = {row.card.name: row.right.discrimination.local for row in report.rows}
    assert local["told"].n == len(corpus) - HalfLearnt.n_learnt
    assert local["told"].value < local["half"].value


def test_a_method_that_learnt_from_every_text_has_no_figure(corpus):
    @method("greedy", summary="x", family=Family.UNIFIED, level=Level.VERDICTS, rereads="nothing")
    @dataclass(frozen=True)
    class Greedy(HalfLearnt):
        """Left nothing to be measured on."""

        def training_rows(self, corpus, attribute):
            return np.arange(len(corpus))

    report = Bench(corpus, ASKS, afresh(corpus, Resources)).measure([create("greedy")])
    assert all(row.swap.n == 0 and np.isnan(row.swap.value) for row in report.means)
    assert all(np.isnan(row.right.precision.value) for row in report.rows)
    as_table(report)
    json.dumps(as_json(report), allow_nan=False)


def test_a_refusing_method_is_named_and_the_others_go_on(corpus):
    bench = Bench(corpus, ASKS, afresh(corpus, Resources))
    refusing = create("written-projection", {"source": "file", "file": "no-such.json"})
    report = bench.measure([refusing, create("length")], go_on=True)
    assert {row.card.name for row in report.rows} == {"length"}
    assert "no-such.json" in report.refused["written-projection"]
    assert "written-projection" in as_table(report)
    with pytest.raises(StoreError, match=r"no-such\.json"):
        bench.measure([refusing])
