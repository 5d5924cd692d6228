"""The Compare page: what it asks, what it shows, what it keeps."""

from engine.judges.ledger import Ledger
from pages.parts import state


def text_of(page) -> str:
    return "\n".join(
        str(each.value)
        for kind in ("text", "caption", "markdown", "info")
        for each in page.get(kind)
    )


def test_asks_for_an_attribute_first(open_page):
    page = open_page("pages/1_Compare.py", corpus="math_problems")
    assert not page.exception
    assert "Type an attribute" in page.info[0].value
    offered = [button.label for button in page.button]
    assert "mathematical structure" in offered


def test_offered_attribute_brings_its_definition(open_page):
    page = open_page("pages/1_Compare.py", corpus="math_problems", methods="tfidf,length")
    button = next(b for b in page.button if b.label == "mathematical structure")
    button.click().run()
    assert not page.exception
    view = page.session_state[state.VIEW]
    assert view.attribute == "mathematical structure"
    assert view.definition.startswith("which computation")


def test_neighbours_and_agreement_are_shown(compare):
    page = compare(attribute="mathematical structure")
    assert not page.exception
    assert not page.error
    assert "tfidf and bm25 share" in text_of(page)


def test_costs_name_the_level(compare):
    page = compare(attribute="mathematical structure")
    page.session_state["compare-view"] = "Costs and prompts"
    page.run()
    assert not page.exception
    table = page.dataframe[0].value
    assert list(table["method"]) == ["tfidf", "bm25", "length"]
    assert set(table["level"]) == {"0"}


def test_answers_are_on_disk_at_once_and_undone(compare, likewise_home):
    page = compare(attribute="mathematical structure")
    page.session_state["compare-view"] = "Spot checks"
    page.run()
    assert not page.exception
    next(b for b in page.button if b.label == "Same").click().run()
    ledger = Ledger(likewise_home / "ledger.sqlite")
    assert [v.choice for v in ledger.verdicts(judge="person")] == ["same"]
    next(b for b in page.button if b.label == "Undo").click().run()
    assert ledger.verdicts(judge="person") == []


def test_shipped_verdicts_replay_without_a_key(compare):
    definition = "which computation solves the problem, whatever the story"
    page = compare(attribute="mathematical structure", definition=definition, limit="0")
    page.session_state["compare-view"] = "Spot checks"
    page.run()
    source = next(box for box in page.selectbox if box.label == "Who answers?")
    source.select(next(o for o in source.options if "shipped" in o)).run()
    assert not page.exception
    assert "Agreement rests on" in text_of(page)
    assert "Agreement rests on 0 answers" not in text_of(page)


def test_label_column_answers(compare):
    page = compare(attribute="mathematical structure")
    page.session_state["compare-view"] = "Spot checks"
    page.run()
    source = next(box for box in page.selectbox if box.label == "Who answers?")
    source.select("label column: structure").run()
    assert not page.exception
    assert "Agreement rests on 40 answers" in text_of(page)


def test_unknown_corpus_in_a_link_is_told(open_page):
    page = open_page("pages/1_Compare.py", corpus="math_problem")
    assert not page.exception
    assert "Did you mean 'math_problems'?" in page.error[0].value


def test_unknown_method_in_a_link_is_left_out(open_page):
    page = open_page("pages/1_Compare.py", corpus="math_problems", methods="tfidf,nonsense")
    assert not page.exception
    assert page.session_state[state.VIEW].methods == ("tfidf",)


def test_model_that_is_not_here_says_what_works(compare):
    page = compare(
        attribute="tone", methods="tfidf,length,raw-embedding:model=no-such/model-anywhere"
    )
    page.run()
    assert not page.exception
    assert any("Works now: minilm" in str(error.value) for error in page.error)


def test_link_cannot_name_a_file_of_the_server(open_page):
    page = open_page("pages/1_Compare.py", corpus="/etc/hostname")
    assert not page.exception
    assert "No sample is called" in page.error[0].value


def test_rewrites_are_shown_and_categories_can_be_edited(compare):
    definition = "which computation solves the problem, whatever the story"
    page = compare(
        attribute="mathematical structure",
        definition=definition,
        methods="tfidf,length,rewrite-bm25",
    )
    page.session_state["compare-view"] = "Categories and rewrites"
    page.run()
    assert not page.exception
    table = page.dataframe[0].value
    assert list(table.columns) == ["id", "text", "rewrite", "status"]
    assert set(table["status"]) == {"written"}
