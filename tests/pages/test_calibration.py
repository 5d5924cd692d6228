"""The Calibration page: what it measures, what it says, and what it leaves unsaid."""

import time
from dataclasses import replace

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from engine.corpus import load_corpus
from engine.diagnostics.estimate import Estimate
from engine.diagnostics.planted import perfect, with_anchor_scales
from engine.diagnostics.transitivity import Comparisons
from engine.diagnostics.truth import PairTruth, truth_from_labels
from engine.jobs import JobStatus, State
from engine.methods.registry import card, create
from engine.run import Run
from engine.samples import sample
from engine.types import Attribute
from pages.parts import cached
from pages.parts.calibration_further import interval
from pages.parts.calibration_inputs import Known, content_of
from pages.parts.calibration_judge import seriated, side_sentence, why_no_circles
from pages.parts.calibration_measures import measure_all
from pages.parts.calibration_pairs import one_a_text
from pages.parts.calibration_places import local_thresholds
from pages.parts.calibration_threshold import quantile
from pages.parts.panels import Panel

METHODS = "tfidf,bm25:strength=0.0,length"
STRUCTURE = sample("math_problems").attributes[0]
STRUCTURE_ASKED = Attribute(STRUCTURE.name, STRUCTURE.definition)
SECTIONS = (
    "Local and pooled",
    "One threshold",
    "Where it differs",
    "Same score, opposite verdict",
    "Repairs",
    "Hubs",
    "The judge",
)


@pytest.fixture
def calibration(open_page):
    """The page on 120 problems, run until its three methods are done."""

    def opened(**query: str):
        wanted = {"corpus": "math_problems", "methods": METHODS, "limit": "120", **query}
        page = open_page("pages/3_Calibration.py", **wanted)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and "attribute" in query and not all_done():
            time.sleep(0.3)
        return page.run()

    return opened


def all_done() -> bool:
    queue = cached.job_queue()
    keys = list(queue.keys())
    return len(keys) >= 3 and all(queue.status(key).finished for key in keys)


def asked() -> dict[str, str]:
    return {"attribute": STRUCTURE.name, "definition": STRUCTURE.definition}


def said(page) -> str:
    return "\n".join(each.value for each in (*page.text, *page.caption, *page.info))


def switch(page, section: str):
    box = next(each for each in page.button_group if section in each.options)
    box.set_value(section).run()
    assert next(each for each in page.button_group if section in each.options).value == section
    return page


def box(page, label: str):
    return next(each for each in page.selectbox if each.label == label)


def test_without_an_attribute_it_asks_for_one(calibration):
    page = calibration()
    assert not page.exception
    assert "Type an attribute" in said(page)


def test_every_section_opens_and_the_truth_is_said(calibration):
    page = calibration(**asked())
    assert "from the label column 'structure'." in said(page)
    assert "Nothing says that" not in said(page)
    assert len(page.metric) == 3
    gaps = [float(each.value) for each in page.metric]
    assert gaps == sorted(gaps, reverse=True), "the widest gap comes first"
    for section in SECTIONS:
        switch(page, section)
        assert not page.exception, section
        assert not page.error, section


def test_a_column_of_the_attribute_s_own_name_is_the_truth_about_it(calibration):
    page = calibration(attribute="story", methods="tfidf,length,random")
    assert box(page, "Truth about pairs").value == "label column: story"
    assert "Nothing says that" not in said(page)
    box(page, "Truth about pairs").set_value("label column: structure").run()
    assert "Nothing says that the column 'structure' labels 'story'." in said(page)


def test_next_turns_to_another_two_pairs(calibration):
    page = switch(calibration(**asked()), "Same score, opposite verdict")
    first = said(page)
    assert "Both pairs score about" in first
    next(each for each in page.button if each.label == "Next").click().run()
    assert page.number_input(key="opposite-place").value == 2
    assert said(page) != first
    next(each for each in page.button if each.label == "Previous").click().run()
    assert said(page) == first


def test_the_shipped_judge_is_a_truth_with_a_section_of_its_own(calibration):
    page = calibration(**asked(), limit="0")
    box(page, "Truth about pairs").set_value(
        "a strong judge's verdicts, shipped with the sample"
    ).run()
    assert not page.exception
    assert "each counts both ways round" in said(page)
    switch(page, "The judge")
    assert not page.exception
    assert "at most 3 share an anchor" in said(page)
    assert "Ask in rings" in "".join(each.value for each in page.markdown)


def test_too_few_answers_give_no_figure(calibration):
    page = calibration(**asked())
    box(page, "Truth about pairs").set_value("my own answers").run()
    assert not page.exception
    assert "0 pairs from my own answers" in said(page)
    assert not page.metric


def planted_panel(title: str, run: Run) -> Panel:
    made = create("tfidf")
    status = JobStatus(title, title, State.DONE)
    return Panel(
        title=title,
        method=made,
        card=card("tfidf"),
        key=title,
        status=status,
        run=run,
        positions=None,
    )


def test_the_card_of_a_planted_gap_names_a_repair():
    """The page's own measuring, on a perfect similarity with one fault planted in it."""
    codes = np.arange(240) % 6
    broken = with_anchor_scales(perfect(codes))
    truth = truth_from_labels(codes, "planted", n_pairs=8000)
    known = Known(truth, "planted", Attribute("planted"), truth.described, column="planted")
    neighbours = broken.neighbours(np.arange(240), 10)
    sound = perfect(codes)
    panels = [
        planted_panel(name, Run(None, each, neighbours))
        for name, each in (("sound", sound), ("broken", broken))
    ]
    st.cache_resource.clear()
    corpus = load_corpus("math_problems").sample(240, seed=0)
    first, second = measure_all(corpus, panels, known, None)
    assert (first.title, second.title) == ("broken", "sound")
    assert "One threshold for all ranks worse" in first.card.gap
    assert "the gap, from" in first.card.repair
    assert second.card.repair == ""
    assert second.card.advice.startswith("One threshold will do")


def test_quantile_counts_pairs_by_their_weights():
    rows = np.arange(4)
    truth = PairTruth(rows, rows + 4, np.array([True, False, True, False]), "me")
    values = np.array([0.1, 0.2, 0.3, 0.4], dtype=np.float32)
    assert quantile(values, truth, 0.5) == pytest.approx(0.2)
    heavy = PairTruth(rows, rows + 4, truth.same, "me", np.array([1.0, 1.0, 1.0, 97.0]))
    assert quantile(values, heavy, 0.5) == pytest.approx(0.4)
    unscored = np.full(4, np.nan, dtype=np.float32)
    assert np.isnan(quantile(unscored, truth, 0.5))


def test_local_thresholds_find_two_halves_of_a_map():
    """Left of the map 0.2 parts same from different, on the right 0.8 does."""
    rng = np.random.default_rng(0)
    n = 80
    left = np.repeat(np.arange(n), 20)
    right = (left + 1 + np.tile(np.arange(20), n)) % n
    same = np.tile(np.arange(20) % 2 == 0, n)
    middle = np.where(left < n // 2, 0.2, 0.8)
    values = (middle + np.where(same, 0.1, -0.1)).astype(np.float32)
    x = np.where(np.arange(n) < n // 2, 0.0, 10.0)
    positions = np.stack([x + rng.normal(size=n) / 9, rng.normal(size=n)], axis=1)
    positions[5] = np.nan
    truth = PairTruth(left, right, same, "planted")
    found = local_thresholds(values, truth, positions.astype(np.float32))
    assert found.of_text[:5] == pytest.approx(0.2, abs=0.01)
    assert found.of_text[n // 2 :] == pytest.approx(0.8, abs=0.01)
    assert np.isnan(found.of_text[5])
    assert found.error == pytest.approx(0.0, abs=1e-6)
    assert found.spread == pytest.approx(0.3, abs=0.01)


def test_a_consistent_judge_fills_the_upper_half_of_the_matrix():
    compared = Comparisons(np.full(3, 5), np.array([7, 7, 9]), np.array([9, 8, 8]))
    found = seriated(compared)
    assert found.wins.tolist() == [[0, 1, 1], [-1, 0, 1], [-1, -1, 0]]
    assert (found.anchor, found.rows.tolist()) == (5, [7, 9, 8])
    assert (found.circles.value, found.circles.n) == (0, 1)


def test_the_anchor_with_most_circles_is_shown():
    """Anchor 1 is asked most, in no ring; anchor 2 in an order; anchor 3 in a circle."""
    anchor = np.array([1, 1, 1, 1, 2, 2, 2, 3, 3, 3])
    winner = np.array([10, 11, 12, 13, 20, 20, 21, 30, 31, 32])
    loser = np.array([14, 15, 16, 17, 21, 22, 22, 31, 32, 30])
    assert seriated(Comparisons(anchor, winner, loser)).anchor == 3


def test_two_comparisons_make_no_matrix_and_the_reason_is_said():
    compared = Comparisons(np.zeros(2, int), np.array([1, 2]), np.array([2, 3]))
    assert seriated(compared) is None
    assert "of 2 decided triplets at most 2 share an anchor" in why_no_circles(compared)
    none = np.empty(0, int)
    assert why_no_circles(Comparisons(none, none, none)).startswith("No triplet was decided")


def test_a_lean_is_said_only_where_its_interval_leaves_out_one_half():
    assert side_sentence(Estimate(0.6, 0.49, 0.7, 50)) == ""
    assert "shown first: 60%" in side_sentence(Estimate(0.6, 0.55, 0.65, 500))
    assert "shown second" in side_sentence(Estimate(0.4, 0.35, 0.45, 500))


def test_interval_of_what_rounds_to_nothing_has_no_sign():
    assert interval(Estimate(-0.0001, -0.002, 0.0, 9)) == "0.000 [-0.002, 0.000]"
    assert interval(Estimate.undefined()) == "–"


class Chosen:
    """A chart's event as Streamlit gives it."""

    def __init__(self, *data):
        self.event = {"selection": {"points": [{"customdata": list(each)} for each in data]}}


def pairs_shown(page):
    return [each.value for each in page.dataframe if "other text" in each.value.columns]


def clicked(monkeypatch, key, *data):
    """Let the chart of that key be clicked, as AppTest can't."""
    real = st.plotly_chart

    def plotly_chart(figure, *args, key=None, **kwargs):
        real(figure, *args, key=key, **kwargs)
        return Chosen(data).event if key.startswith(wanted) else Chosen().event

    wanted = key
    monkeypatch.setattr(st, "plotly_chart", plotly_chart)


@pytest.mark.parametrize(
    ("section", "key", "data", "told"),
    [
        ("Local and pooled", "calibration-gap", ("tfidf", ""), "Different pairs that outrank"),
        ("One threshold", "ridges", ("garden", "tfidf"), "Pairs of garden nearest to the line"),
        ("Repairs", "reliability", (0, -1, 1, 50), "Pairs given a chance of 10% to 20%"),
        ("Hubs", "occurrence", (3,), "Texts that are in 3 lists"),
    ],
)
def test_a_click_leads_to_the_texts(calibration, monkeypatch, section, key, data, told):
    clicked(monkeypatch, key, *data)
    page = switch(calibration(**asked()), section)
    assert not page.exception
    assert told in said(page)
    if section != "Hubs":
        shown = pairs_shown(page)
        assert shown
        assert 0 < len(shown[0]) <= 10
        assert set(shown[0]["truth"]) <= {"same", "different"}


def test_pairs_of_ten_texts_stand_before_a_second_of_one():
    left = np.array([4, 4, 4, 7, 9, 7])
    truth = PairTruth(left, left + 20, np.ones(6, bool), "me")
    assert one_a_text(truth, np.array([1, 0, 3, 5, 4, 2])).tolist() == [1, 3, 4, 0, 5, 2]


def test_a_tuned_method_is_measured_on_texts_it_did_not_learn_from():
    st.cache_resource.clear()
    corpus = load_corpus("math_problems").sample(150, seed=0)
    codes = corpus.label_codes("structure").codes
    truth = truth_from_labels(codes, "structure", n_pairs=4000)
    known = Known(truth, "tuned", STRUCTURE_ASKED, truth.described, column="structure")
    base = create("tfidf").prepare(corpus, STRUCTURE_ASKED, None)
    made = create("repaired", {"of": "tfidf", "repair": "platt"})
    panel = replace(
        planted_panel("fitted", Run(None, base, base.neighbours(np.arange(150), 10))), method=made
    )
    (found,) = measure_all(corpus, [panel], known, None)
    learnt = made.training_rows(corpus, STRUCTURE_ASKED)
    assert found.n_learnt == len(learnt) > 0
    assert not np.isin(found.truth.left, learnt).any()
    assert found.report.n_pairs == found.truth.n_pairs < truth.n_pairs
    assert (np.isnan(found.values) == np.isin(truth.left, learnt)).all()


def test_keys_follow_the_content():
    corpus = load_corpus("math_problems")
    codes = corpus.label_codes("structure").codes
    assert content_of(codes) == content_of(codes.copy())
    assert content_of(codes) != content_of(codes[::-1])
    assert content_of(codes, "a") != content_of(codes, "b")


def every_section_of_a_method_that_scored_one_pair():
    import numpy as np

    from engine.corpus import load_corpus
    from engine.diagnostics.truth import Groups, truth_from_labels
    from engine.jobs import JobStatus, State
    from engine.methods.registry import card, create
    from engine.run import Run
    from engine.similarity import PairSimilarity
    from engine.types import Attribute, Scale
    from pages.parts.calibration_hubs import hubs_view
    from pages.parts.calibration_inputs import Known, Regions
    from pages.parts.calibration_measures import measure_all
    from pages.parts.calibration_opposite import opposite_view
    from pages.parts.calibration_overview import cards_view, gap_view
    from pages.parts.calibration_places import places_view
    from pages.parts.calibration_repairs import repairs_view
    from pages.parts.calibration_threshold import threshold_view
    from pages.parts.panels import Panel

    corpus = load_corpus("math_problems").sample(60, seed=0)
    shortlist = np.full((60, 3), -1)
    few = PairSimilarity(60, Scale.LOGIT, shortlist, known={(0, 1): 0.3})
    truth = truth_from_labels(corpus.label_codes("structure").codes, "structure", n_pairs=2000)
    known = Known(truth, "truth", Attribute("structure"), truth.described, column="structure")
    regions = Regions(Groups(*corpus.label_codes("story"), "story"), "story")
    panel = Panel(
        title="few",
        method=create("tfidf"),
        card=card("tfidf"),
        key="few",
        status=JobStatus("few", "few", State.DONE),
        run=Run(None, few, few.neighbours(np.arange(60), 10)),
        positions=np.zeros((60, 2), np.float32),
    )
    measured = measure_all(corpus, [panel], known, regions)
    cards_view(measured)
    for view in (gap_view, threshold_view, places_view, opposite_view, repairs_view):
        view(corpus, measured, known, regions)
    hubs_view(corpus, measured)


def test_a_method_that_scored_hardly_a_pair_is_said_so():
    page = AppTest.from_function(
        every_section_of_a_method_that_scored_one_pair, default_timeout=60
    ).run()
    assert not page.exception
    assert "the others are left out." in said(page)
    assert page.metric[0].value == "too few texts"
    assert "nothing can be ranked" in said(page)
    assert "8 are needed" in said(page)
