"""The Tune page: what verdicts are worth, and what is done with the result."""

import io
import json
import time
import zipfile

import pytest

from pages.parts import cached, state
from pages.parts.tune_export import export_zip, with_method
from pages.parts.tune_inputs import choose_tuning

PAGE = "pages/5_Tune.py"
STRUCTURE = {"corpus": "math_problems", "attribute": "mathematical structure"}


def text_of(page) -> str:
    return "\n".join(str(each.value) for kind in ("text", "caption") for each in page.get(kind))


def choose(page, label, option):
    next(box for box in page.selectbox if box.label == label).select(option).run()


def run_until(page, words):
    deadline = time.monotonic() + 200
    while words not in text_of(page) and time.monotonic() < deadline:
        time.sleep(0.5)
        page.run()
    assert words in text_of(page)


def test_asks_for_an_attribute_first(open_page):
    page = open_page(PAGE, corpus="math_problems")
    assert not page.exception
    assert "Type an attribute" in page.info[0].value


def test_a_truth_that_is_too_small_says_so(open_page):
    page = open_page(PAGE, **STRUCTURE, limit="30")
    assert not page.exception
    assert "can be held out as anchors to measure with; it takes 10" in page.info[0].value
    choose(page, "Truth to tune on", "my own answers")
    assert "Answer some spot checks" in page.info[0].value


def test_a_method_that_learns_from_labels_refuses_verdicts(open_page):
    page = open_page(PAGE, **STRUCTURE)
    choose(page, "Truth to tune on", "my own answers")
    choose(page, "Method to tune", "probe")
    assert not page.exception
    assert "probe learns from labelled texts" in page.info[0].value


def test_the_tuned_method_takes_a_free_slot_else_the_last():
    assert with_method(("a", "b"), "c") == ("a", "b", "c")
    assert with_method(("a", "b", "c", "d"), "e") == ("a", "b", "c", "e")
    assert with_method(("a", "b"), "a") == ("b", "a")


@pytest.mark.models
def test_curve_flips_gains_export_and_use(open_page):
    page = open_page(PAGE, **STRUCTURE, limit="150", methods="tfidf,length")
    run_until(page, "more than the raw embedding")
    assert not page.exception
    assert not page.error
    told = text_of(page)
    assert "from label column 'structure'; nothing is learnt from these texts." in told
    assert "projection from written categories, 1,024 verdicts: 0." in told

    run_until_done(page)
    page.session_state["tune-view:3"] = "Mended and broken"
    page.run()
    assert "held-out triplets, tuning mended" in text_of(page)

    page.session_state["tune-view:3"] = "Who gained what"
    page.run()
    table = page.dataframe[0].value
    assert list(table["method"]) == ["projection"]
    assert list(table["verdicts"]) == [1024]
    assert table["accuracy"][0] - table["gain over raw"][0] < 0.5

    choose(page, "Method to tune", "distilled-rewrite")
    assert "Tune distilled-rewrite" in [button.label for button in page.button]
    assert len(cached.job_queue().keys()) == 2, "a slow method is run only when asked for"

    choose(page, "Method to tune", "projection")
    next(button for button in page.button if button.label == "Use it everywhere").click().run()
    assert not page.exception
    assert page.session_state[state.VIEW].methods == ("tfidf", "length", "projection:start=written")

    check_export(page.session_state[state.VIEW])
    run_until_done(page)


def run_until_done(page):
    queue = cached.job_queue()
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        if all(queue.status(key).finished for key in queue.keys()):  # noqa: SIM118 - a method
            break
        time.sleep(0.5)
    page.run()


def check_export(view):
    """The zip holds the model, the matrix, the triplets and the card."""
    corpus = cached.corpus(view.corpus, view.columns, view.limit)
    tuning = choose_tuning(view, corpus, view.asked)
    packed = zipfile.ZipFile(io.BytesIO(export_zip(tuning, tuning.chosen)))
    assert packed.testzip() is None
    names = packed.namelist()
    assert {"README.md", "apply.py", "projection.npz", "triplets.parquet"} <= set(names)
    assert "model/modules.json" in names
    lines = packed.read("triplets.jsonl").decode().splitlines()
    assert list(json.loads(lines[0])) == ["anchor", "positive", "negative", "attribute"]
    card = packed.read("README.md").decode()
    assert "Accuracy on triplets of texts it never saw: 0." in card
    held = {corpus.texts[row] for row in tuning.tested.anchor}
    learnt = {text for line in lines for text in list(json.loads(line).values())[:3]}
    assert not held & learnt
