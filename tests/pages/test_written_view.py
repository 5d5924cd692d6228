import pytest
from streamlit.testing.v1 import AppTest

from engine.corpus import load_corpus
from engine.methods.registry import create
from engine.projection.categories import Category, CategorySet
from engine.projection.library import CategoryLibrary
from engine.resources import Resources
from engine.types import Attribute

STRUCTURE = Attribute("mathematical structure")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LIKEWISE_HOME", str(tmp_path))


def page(n_proposals=1):
    from engine.corpus import load_corpus
    from engine.methods.registry import card, create
    from engine.types import Attribute
    from pages.parts.panels import Panel
    from pages.parts.written_view import written_view

    made = create("written-projection", {"n_proposals": n_proposals})
    panel = Panel("mine", made, card("written-projection"), "k", None, None, None)
    written_view(load_corpus("math_problems"), Attribute("mathematical structure"), [panel])


def shown(n_proposals=1):
    found = AppTest.from_function(page, kwargs={"n_proposals": n_proposals}).run(timeout=30)
    assert not found.exception
    return found


def names():
    method = create("written-projection")
    return method.categories(load_corpus("math_problems"), STRUCTURE, Resources()).names


def test_merging_two_categories_saves_a_version_with_both_ones_examples():
    before = names()
    found = shown()
    assert found.button(key="merge-now:k").disabled
    found.multiselect(key="merge:k").set_value(list(before[:2])).run()
    found.text_input(key="merge-name:k").set_value("both").run()
    found.button(key="merge-now:k").click().run()
    assert not found.exception
    kept = CategoryLibrary().latest(STRUCTURE)
    assert kept.names == ("both", *before[2:])
    assert kept.origin == "the analyst"
    assert len(kept.get("both").examples) == 12


def test_a_name_that_is_taken_is_said_and_nothing_is_saved():
    before = names()
    found = shown()
    found.multiselect(key="merge:k").set_value(list(before[:2])).run()
    found.text_input(key="merge-name:k").set_value(before[3]).run()
    found.button(key="merge-now:k").click().run()
    assert "rename or merge them" in found.error[0].value
    assert CategoryLibrary().latest(STRUCTURE) is None


def test_every_set_that_is_averaged_is_named_as_plain_text():
    marked = CategorySet("x", (Category("**a**"), Category("b")), origin="![](http://x.invalid)")
    for each in (marked, marked.add(Category("c"))):
        CategoryLibrary().save(STRUCTURE, each)
    found = shown(n_proposals=2)
    told = [element.value for element in found.text]
    assert any("**a**" in line and "Averaged with" in line for line in told)
    assert not any("x.invalid" in each.value for each in (*found.caption, *found.markdown))
