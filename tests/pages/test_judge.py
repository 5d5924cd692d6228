"""The Judge page: what it asks, what it may spend, what it says of a judge, what it takes in."""

import json
import time
from dataclasses import replace

import anthropic_double
import chat_double
import numpy as np
import pytest
import streamlit as st

from engine.choosing.weighing import Basis
from engine.diagnostics.transitivity import comparisons, intransitive_triads
from engine.errors import BadInput
from engine.judge_jobs import AskingState, AskingStatus, Tally
from engine.judges.kinds import Choice, Kind, Status
from engine.judges.local_prompts import LOCAL_VERSION
from engine.judges.prompts import Guide
from engine.judges.questions import ComparisonQuestion, PairQuestion, Verdict
from engine.run import Run
from engine.samples import sample
from engine.similarity import AxisSimilarity, VectorSimilarity, unit_rows
from engine.types import Attribute
from pages.parts import cached
from pages.parts.judge_batches import BATCH, NOW
from pages.parts.judge_choice import ANTHROPIC, LABELS, LOCAL, NO_KEY, SERVER, maker
from pages.parts.judge_choice import Choice as Choosing
from pages.parts.judge_quality import Evidence, basis_sentence, figures
from pages.parts.judge_questions import (
    AT_RANDOM,
    BORDERS,
    IN_RINGS,
    SOURCES,
    TELLING,
    WEIGHTED,
    Chosen,
    Need,
    both_orders,
    sources_for,
)
from pages.parts.judge_strip import progress_line
from pages.parts.judge_words import dollars, said

STRUCTURE = sample("math_problems").attributes[0]
ATTRIBUTE = Attribute(STRUCTURE.name, STRUCTURE.definition)
PATIENCE_SECONDS = 60
CLAUDE = "anthropic: claude-sonnet-5-5"


@pytest.fixture
def judge(open_page):
    def opened(**query: str):
        asked = {"attribute": STRUCTURE.name, "definition": STRUCTURE.definition, **query}
        return open_page("pages/4_Judge.py", corpus="math_problems", **asked)

    return opened


def words(page) -> str:
    kinds = ("text", "caption", "info", "warning", "error", "code", "success")
    return "\n".join(str(each.value) for kind in kinds for each in page.get(kind))


def box(page, label: str):
    return next(each for each in page.selectbox if each.label == label)


def choose(page, who: str):
    return box(page, "Who judges?").select(who).run()


def ask(page):
    page.button(key="judge-start").click().run()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not all(job.status.finished for job in cached.judge_jobs()._jobs.values()):
        assert time.monotonic() < deadline, "the judge did not come to an end"
        time.sleep(0.02)
    page.run()
    assert not page.exception
    return page


def look_at(page, section: str):
    page.button_group[0].set_value(section).run()
    assert not page.exception
    return page


def test_without_an_attribute_it_asks_for_one(judge):
    page = judge(attribute="", definition="")
    assert not page.exception
    assert "Type an attribute" in page.info[0].value


def test_the_shipped_judge_is_replayed_without_a_key(judge):
    page = judge()
    assert "no key, no dollars" in words(page)
    assert "How alike are the two texts" in words(page), "the prompt is shown before anything"
    before = cached.ledger().n_verdicts
    ask(page)
    assert "100 of 100 came in" in words(page)
    assert "100 of them known before · no dollars" in words(page)
    assert len(page.dataframe[0].value) == 5
    assert cached.ledger().n_verdicts == before, "a replay records nothing"


def test_an_attribute_that_nobody_judged_can_not_be_replayed(judge):
    page = judge(attribute="rhyme", definition="")
    assert not page.exception
    assert "said nothing on 'rhyme'" in words(page)
    for section in ("Spot-check yourself", "Ledger", "Quality"):
        look_at(page, section)
    assert "There is no verdict on this attribute yet" in words(page)


def test_labels_with_bias_in_both_orders_are_measured(judge):
    page = choose(judge(), LABELS)
    box(page, "What is asked?").select(Kind.TRIPLET).run()
    page.slider(key="judge-bias").set_value(50).run()
    page.toggle(key="judge-both").set_value(True).run()
    ask(page)
    given = cached.ledger().verdicts(judge="labels: structure")
    assert len(given) == 200
    assert {verdict.stratum for verdict in given} == {"random"}
    assert {verdict.probability for verdict in given} == {100 / (500 * 499 * 498 / 2)}
    assert len({verdict.unordered_key for verdict in given}) == 100
    look_at(page, "Quality")
    assert "of 100 triplets" in words(page)
    assert "the corpus: all its questions were drawn at random" in words(page)
    assert "leans to the side shown first" in words(page)
    assert "Agreement with you: there are not two different answers" in words(page)


def test_another_wording_is_another_judge(judge):
    page = choose(judge(), LABELS)
    ask(page)
    page.slider(key="judge-noise").set_value(20).run()
    ask(page)
    look_at(page, "Quality")
    wordings = next(each for each in page.selectbox if each.label.startswith("Wording"))
    assert len(wordings.options) == 2
    assert "of 100 verdicts" in words(page)


def test_claude_without_a_key_says_how_to_set_one(judge, monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    page = choose(judge(), ANTHROPIC)
    assert NO_KEY in [each.value for each in page.info]
    assert "judge-start" not in [each.key for each in page.button]


@pytest.fixture
def service(monkeypatch):
    """A double of Anthropic's API, with a key; `script` says what it answers."""
    with anthropic_double.Double() as running:
        running.turn_away, running.message = anthropic_double.Status, anthropic_double.message
        running.good_answer = anthropic_double.good_answer
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
        yield running


def test_the_cap_is_never_passed_and_the_rest_follows(judge, service):
    service.script = lambda body, n: service.message(
        service.good_answer(body), usage={"input_tokens": 400, "output_tokens": 1000}
    )
    page = choose(judge(), ANTHROPIC)
    page.number_input(key="judge-n").set_value(12).run()
    assert [each.label for each in page.metric] == ["Expected", "At most"]
    assert all(each.value.startswith("$") for each in page.metric)
    page.number_input(key="judge-cap").set_value(0.05).run()
    ask(page)
    assert "The cap is reached." in words(page)
    assert "Raise the cap to go on" in words(page)
    assert 0 < service.n_billed < 12
    assert service.n_billed == len(cached.ledger().verdicts(judge=CLAUDE))
    assert f"{12 - service.n_billed} questions are new; {service.n_billed} more" in words(page)
    assert "would narrow the interval from" in words(page)
    page.number_input(key="judge-cap").set_value(5.0).run()
    ask(page)
    assert "12 of 12 came in" in words(page)
    assert service.n_billed == 12, "nothing was paid for twice"
    assert service.n_counted == 0, "prompts are counted only when that is asked for"


def batches_idle(page):
    """The page when the worker has done what it was asked for."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while cached.batch_jobs().status().looking:
        assert time.monotonic() < deadline, "the worker did not come to an end"
        time.sleep(0.01)
    page.run()
    assert not page.exception
    return page


@pytest.fixture
def batching(judge, service):
    """The page of Claude with twelve questions, to be sent as a batch."""
    page = choose(judge(), ANTHROPIC)
    page.number_input(key="judge-n").set_value(12).run()
    now = [each.value for each in page.metric]
    page.radio(key="judge-when").set_value(BATCH).run()
    assert [each.value for each in page.metric] != now
    yield page
    cached.batch_jobs().close()


def send(page):
    page.button(key="judge-start").click().run()
    return batches_idle(page)


def test_a_batch_costs_half_and_its_verdicts_land_by_looking_again(batching, service):
    def in_dollars():
        return [float(each.value.strip("$")) for each in page.metric]

    page = batching
    half = in_dollars()
    page.radio(key="judge-when").set_value(NOW).run()
    assert half == pytest.approx([each / 2 for each in in_dollars()], abs=0.0002)
    page.radio(key="judge-when").set_value(BATCH).run()
    assert page.button(key="judge-start").label == "Send 12 questions as a batch"
    service.batch_ends_after = 2
    send(page)
    assert "12 pairs on “mathematical structure”" in words(page)
    assert "Submitted." in words(page)
    assert "All of these questions wait in a batch" in words(page)
    assert "judge-start" not in [each.key for each in page.button]
    page.number_input(key="judge-n").set_value(15).run()
    assert "12 of these questions wait in a batch" in words(page)
    assert page.button(key="judge-start").label == "Send 3 questions as a batch"
    page.number_input(key="judge-n").set_value(12).run()
    page.button(key="look-at-batches").click().run()
    assert "In progress: 12 of 12 not answered yet; looked at" in words(batches_idle(page))
    page.button(key="look-at-batches").click().run()
    batches_idle(page)
    given = cached.ledger().verdicts(judge=CLAUDE)
    spent = dollars(sum(verdict.dollars for verdict in given))
    assert "The last batch collected" in words(page)
    assert f"12 verdicts for {spent}." in words(page)
    assert {verdict.stratum for verdict in given} == {"random"}
    assert {verdict.probability for verdict in given} == {12 / (500 * 499 / 2)}
    assert "look-at-batches" not in [each.key for each in page.button]
    assert "12 more are in the ledger" in words(page)
    assert service.n_asked == 0


def test_a_batch_survives_a_restart_of_the_app(batching, service, judge):
    send(batching)
    cached.batch_jobs().close()
    st.cache_resource.clear()
    page = batches_idle(judge())
    assert "12 verdicts for $" in words(page)
    assert len(cached.ledger().verdicts(judge=CLAUDE)) == service.n_billed == 12


def test_a_batch_is_cancelled_and_what_was_paid_for_is_collected(batching, service):
    service.batch_ends_after, service.n_done_at_cancel = 2, 5
    page = send(batching)
    next(each for each in page.button if each.label == "Cancel").click().run()
    batches_idle(page)
    assert "Being cancelled" in words(page)
    assert next(each for each in page.button if each.label == "Cancel").disabled
    page.button(key="look-at-batches").click().run()
    batches_idle(page)
    assert "5 verdicts for $" in words(page)
    assert "7 failed, expired or were cancelled, and cost nothing" in words(page)
    assert page.button(key="judge-start").label == "Send 7 questions as a batch"


def test_a_batch_must_fit_under_the_cap_and_what_goes_wrong_is_said(batching, service):
    page = batching
    page.number_input(key="judge-cap").set_value(0.05).run()
    assert "so all of it must fit at its highest price: raise the cap to $0." in words(page)
    assert page.button(key="judge-start").disabled
    page.number_input(key="judge-cap").set_value(5.0).run()
    service.on_batch = lambda body: service.turn_away(401)
    send(page)
    assert "Something went wrong with a batch." in words(page)
    assert "The batch was turned away" in words(page)
    assert not page.button(key="judge-start").disabled


def test_tokens_are_counted_when_that_is_asked_for(judge, service):
    page = choose(judge(), ANTHROPIC)
    page.number_input(key="judge-n").set_value(3).run()
    next(each for each in page.button if each.label == "Count the tokens").click().run()
    assert not page.exception
    assert service.n_counted == 3
    assert "Count the tokens" not in [each.label for each in page.button]


def test_a_bad_key_is_said_and_nothing_more_is_sent(judge, service):
    service.script = lambda body, n: service.turn_away(401)
    page = choose(judge(), ANTHROPIC)
    ask(page)
    assert "The judge did not answer." in words(page)
    assert "status 401" in words(page)
    assert service.n_asked < 100


def test_an_unknown_price_is_said_and_must_be_accepted(judge):
    good = '{"reason": "![x](http://elsewhere/x.png)", "grade": 4}'
    with chat_double.ChatDouble(lambda body, n: good) as server:
        page = choose(judge(), SERVER)
        assert "Name the model" in words(page)
        page.text_input(key="judge-url").set_value(server.url).run()
        page.text_input(key="judge-model").set_value("some-model").run()
        page.number_input(key="judge-n").set_value(2).run()
        assert [each.value for each in page.metric] == ["unknown price"] * 2
        assert page.button(key="judge-start").disabled
        page.checkbox(key="judge-unpriced").set_value(True).run()
        ask(page)
    assert "2 of 2 came in" in words(page)
    assert "unknown price: 2 calls" in words(page)
    look_at(page, "Ledger")
    shown = [each.value for each in page.text]
    assert "Its reason: ![x](http://elsewhere/x.png)" in shown, "as text, not as Markdown"
    assert all("elsewhere" not in each.value for each in page.markdown)


def test_a_wrong_address_is_said(judge):
    page = choose(judge(), SERVER)
    page.text_input(key="judge-model").set_value("some-model").run()
    page.text_input(key="judge-url").set_value("localhost:1").run()
    assert not page.exception
    assert "'localhost:1' is no address of a server" in words(page)


def test_the_small_model_is_offered_with_its_figures(judge):
    page = choose(judge(), LOCAL)
    assert not page.exception
    assert "close to chance" in page.warning[0].value
    assert "Answer Yes or No" in words(page)


def test_the_analyst_answers_the_same_pairs_and_takes_back(judge):
    page = judge()
    ask(page)
    look_at(page, "Spot-check yourself")
    first = [each.value for each in page.text][-2:]
    for choice in (Choice.SAME, Choice.UNSURE, Choice.DIFFERENT):
        page.button(key=f"answer:{choice}").click().run()
    mine = cached.ledger().verdicts(judge="person")
    assert [verdict.choice for verdict in mine] == ["same", "unsure", "different"]
    asked = {v.unordered_key for v in cached.ledger().verdicts(attribute=ATTRIBUTE, kind=Kind.PAIR)
             if v.judge != "person"}  # fmt: skip
    assert asked >= {verdict.unordered_key for verdict in mine}, "the judge's own queue"
    page.button(key="undo-answer").click().run()
    assert len(cached.ledger().verdicts(judge="person")) == 2
    assert first != [each.value for each in page.text][-2:]
    assert "say the same of" not in words(page), "blind until asked for"
    page.toggle(key="judge-check-shown").set_value(True).run()
    assert "of the 2 pairs you both answered" in words(page)


def test_a_verdict_is_opened_with_both_orders(judge):
    page = look_at(judge(), "Ledger")
    table = page.dataframe[0].value
    assert len(table) == 330
    assert "tokens unknown · unknown price · batch 2" in words(page)
    first = words(page)
    page.button(key="ledger-step:1").click().run()
    assert page.number_input(key="judge-place").value == 2
    assert words(page) != first
    newest_first = cached.ledger().verdicts(ATTRIBUTE)[::-1]
    keys = [verdict.unordered_key for verdict in newest_first]
    place = next(i for i, key in enumerate(keys) if keys.count(key) == 2)
    page.number_input(key="judge-place").set_value(place + 1).run()
    assert "Asked with the sides swapped: " in words(page)


def test_filters_narrow_the_ledger(judge):
    page = look_at(judge(), "Ledger")
    box(page, "Kind").select("pair").run()
    assert set(page.dataframe[0].value["kind"]) == {"pair"}
    page.toggle(key="ledger-unread").set_value(True).run()
    assert not page.dataframe
    assert "None of the 330 verdicts on this attribute is like that" in words(page)


def upload(page, content: bytes):
    page.file_uploader[0].upload("mine.jsonl", content)
    next(each for each in page.button if each.label == "Import").click().run()
    assert not page.exception
    return page


def test_a_file_that_can_not_be_read_is_named_with_its_line(judge):
    page = look_at(judge(), "Ledger")
    before = cached.ledger().n_verdicts
    good = {"kind": "pair", "attribute": "t", "left": "math-001", "right": "math-002", "grade": 3}
    bad = {**good, "right": "math-999"}
    upload(page, "\n".join(map(json.dumps, (good, bad))).encode())
    assert "Nothing was imported." in words(page)
    assert "Line 2 of mine.jsonl is not a verdict: no text has the id 'math-999'" in words(page)
    assert cached.ledger().n_verdicts == before
    upload(page, b"\xff\xfe\x00not text")
    assert "Nothing was imported." in words(page)


def test_a_good_file_is_taken_in_once_and_goes_out_again(judge):
    page = look_at(judge(), "Ledger")
    line = {"kind": "pair", "attribute": "t", "left": "math-001", "right": "math-002", "grade": 3}
    upload(page, json.dumps(line).encode())
    assert "1 new verdict from mine.jsonl." in words(page)
    upload(page, json.dumps(line).encode())
    assert "0 new verdicts from mine.jsonl: the ledger had them all." in words(page)
    from pages.parts.judge_files import exported

    lines = exported().decode().splitlines()
    assert len(lines) == cached.ledger().n_verdicts
    assert "math-001" not in lines[-1]


def test_a_smaller_number_asks_the_first_of_the_same_questions(problems):
    for kind in (Kind.PAIR, Kind.TRIPLET, Kind.POINT, Kind.GROUP):
        need = Need(problems, ATTRIBUTE, kind, 20)
        many = SOURCES[AT_RANDOM].choose(need)
        few = SOURCES[AT_RANDOM].choose(Need(problems, ATTRIBUTE, kind, 7))
        assert [one.question for one in few] == [one.question for one in many[:7]]
        assert len({one.question.unordered_key for one in many}) == len(many) == 20


def kept_runs(corpus) -> dict[str, tuple[str, Run]]:
    """Two runs of the corpus without a model: an embedding by its labels, and lengths."""
    codes = corpus.label_codes("structure").codes
    vectors = np.eye(int(codes.max()) + 1, dtype=np.float32)[codes]
    vectors += np.random.default_rng(0).normal(scale=0.2, size=vectors.shape).astype(np.float32)
    embedding = VectorSimilarity(unit_rows(vectors))
    lengths = AxisSimilarity(np.array([len(text) for text in corpus.texts], dtype=np.float32))
    rows = np.arange(len(corpus))
    return {
        name: (name, Run(None, each, each.neighbours(rows, 5)))
        for name, each in (("embedding", embedding), ("lengths", lengths))
    }


@pytest.mark.parametrize(
    ("source", "kind", "whys"),
    [
        (WEIGHTED, Kind.PAIR, {"random", "disagreement", "coverage"}),
        (BORDERS, Kind.TRIPLET, {"random", "border"}),
    ],
)
def test_questions_are_chosen_by_what_methods_found(problems, source, kind, whys):
    runs = kept_runs(problems)
    found = SOURCES[source].choose(Need(problems, ATTRIBUTE, kind, 20, runs=runs))
    assert 10 <= len(found) <= 20
    assert {one.question.kind for one in found} == {kind}
    assert {one.stratum for one in found} == whys
    assert all(0 < one.probability <= 1 for one in found)
    with pytest.raises(BadInput, match="Run them under Compare"):
        SOURCES[source].choose(Need(problems, ATTRIBUTE, kind, 20))


def test_borders_need_an_embedding(problems):
    runs = {"lengths": kept_runs(problems)["lengths"]}
    with pytest.raises(BadInput, match="has an embedding"):
        SOURCES[BORDERS].choose(Need(problems, ATTRIBUTE, Kind.TRIPLET, 20, runs=runs))


def test_rings_show_a_judges_circles(problems):
    need = Need(problems, ATTRIBUTE, Kind.TRIPLET, 40)
    found = SOURCES[IN_RINGS].choose(need)
    assert IN_RINGS in sources_for(Kind.TRIPLET, replays=False)
    assert len(found) == 30, "two rings of six candidates; a third does not fit"
    assert {(one.stratum, one.probability) for one in found} == {("ring", None)}
    # Always the side shown first: each candidate beats those after it. With the first against the
    # third turned round these two and the second go in a circle, and no other three do.
    given = [Verdict.of(one.question, "me", choice=Choice.LEFT) for one in found[:15]]
    assert intransitive_triads(comparisons(given))[::3] == (0.0, 20)
    given[1] = replace(given[1], choice=Choice.RIGHT)
    assert intransitive_triads(comparisons(given))[::3] == (1 / 20, 20)
    few = SOURCES[IN_RINGS].choose(replace(need, n=5))
    assert len(few) == 3, "a ring of three"
    with pytest.raises(BadInput, match="no room for a ring"):
        SOURCES[IN_RINGS].choose(replace(need, n=2))


def test_what_tells_most_follows_the_verdicts(problems):
    texts = problems.texts
    given = [
        Verdict.of(ComparisonQuestion(ATTRIBUTE, texts[i], texts[i + 1]), "me", choice=Choice.LEFT)
        for i in range(20)
    ]
    need = Need(problems, ATTRIBUTE, Kind.COMPARISON, 10, verdicts=given)
    found = SOURCES[TELLING].choose(need)
    assert [one.stratum for one in found].count("random") == 1
    assert {one.stratum for one in found} == {"random", "uncertain"}
    with pytest.raises(BadInput, match="Ask some of either"):
        SOURCES[TELLING].choose(Need(problems, ATTRIBUTE, Kind.COMPARISON, 10))


def test_a_definition_card_goes_into_the_prompt(judge, service):
    page = choose(judge(), ANTHROPIC)
    page.number_input(key="judge-n").set_value(2).run()
    plain = page.code[0].value
    card = next(each for each in page.selectbox if each.label.startswith("Definition card"))
    card.select("strong judge, shipped with math_problems").run()
    page.text_area[0].set_value("Same: the same computation.").run()
    assert not page.exception
    assert "Same: the same computation." in page.code[0].value
    assert "set by 130 pairs judged before" in page.code[0].value
    assert len(page.code[0].value) > len(plain)
    ask(page)
    (version,) = {v.prompt_version for v in cached.ledger().verdicts(judge=CLAUDE)}
    assert version.startswith("judge-1+")


@pytest.mark.parametrize("who", [LOCAL, SERVER])
def test_a_card_goes_into_the_prompt_of_every_model_and_into_its_version(who, judge, problems):
    page = choose(judge(), who)
    if who == SERVER:
        page.text_input(key="judge-model").set_value("some-model").run()
    plain, question = [each.value for each in page.code]
    card = next(each for each in page.selectbox if each.label.startswith("Definition card"))
    card.select("strong judge, shipped with math_problems").run()
    page.text_area[0].set_value("Same: the same computation.").run()
    assert not page.exception
    shown, same_question = [each.value for each in page.code]
    assert shown.startswith(plain)
    assert "Same: the same computation." in shown
    assert "set by 130 pairs judged before" in shown
    assert shown.count("<text-") > plain.count("<text-"), "examples, between their own lines"
    assert same_question == question


def test_the_local_judge_and_the_servers_get_the_guide(problems):
    guide = Guide("Same: the same computation.")
    local = maker(Choosing(LOCAL, model="smollm2", guide=guide), problems, None)(lambda: False)
    assert local.prompt_version == guide.version_of(LOCAL_VERSION) != LOCAL_VERSION
    asked = Choosing(SERVER, model="some-model", base_url="http://localhost:1/v1", guide=guide)
    assert maker(asked, problems, None)(lambda: False).guide == guide


def test_small_corpora_give_what_they_have(small_corpus):
    corpus = small_corpus("a", "b", "a")
    found = SOURCES[AT_RANDOM].choose(Need(corpus, ATTRIBUTE, Kind.PAIR, 20))
    assert len(found) == 1, "a text is not held against itself"
    assert found[0].probability == pytest.approx(1 / 3)


def test_a_random_question_has_the_chance_of_any_other(small_corpus):
    corpus = small_corpus("a", "b", "c", "d", "e")
    # Of 5 texts: 10 pairs, 5 · 6 triplets, 5 points; of groups of three and rankings under one.
    n_possible = {Kind.PAIR: 10, Kind.TRIPLET: 30, Kind.POINT: 5, Kind.GROUP: 10, Kind.RANK: 30}
    for kind, n in n_possible.items():
        found = SOURCES[AT_RANDOM].choose(Need(corpus, ATTRIBUTE, kind, 4, n_texts=3))
        assert {one.probability for one in found} == {4 / n}


def test_both_orders_swap_the_sides_and_keep_the_reason():
    pair = Chosen(PairQuestion(ATTRIBUTE, "a", "b"), "random", 0.5)
    assert both_orders([pair]) == [pair, Chosen(PairQuestion(ATTRIBUTE, "b", "a"), "random", 0.5)]


def pair_verdict(place, judge, grade, stratum, chance):
    question = PairQuestion(ATTRIBUTE, f"text {place}", "another")
    return Verdict.of(question, judge, value=grade, stratum=stratum, probability=chance)


def test_figures_weigh_chosen_questions_and_say_so_or_stand_for_what_was_asked(problems):
    chances = (1.0, 1.0, 0.25, 0.25)
    given = [
        pair_verdict(i, "judge", grade, "uncertain" if chance == 1 else "random", chance)
        for i, (grade, chance) in enumerate(zip((4.0, 4.0, 4.0, 0.0), chances, strict=True))
    ]
    mine = [pair_verdict(i, "person", 4.0 if i else 0.0, "", None) for i in range(4)]
    found = shown_figures(problems, given, mine)
    # Weights 1, 1, 4 and 4: the same are 6 of 10, and agreed on are 5 of 10.
    assert found["Pairs called the same"].value.startswith("0.60 ")
    assert found["Pairs called the same"].basis is Basis.WEIGHED
    assert found["Agreement with you: share"].value.startswith("0.50 ")
    assert found["Agreement with you: κ"].basis is Basis.ASKED
    assert "each counts by 1 / chance" in basis_sentence(list(found.values()))
    unknown = [replace(one, probability=None) for one in given]
    found = shown_figures(problems, unknown, mine)
    assert found["Pairs called the same"].value.startswith("0.75 ")
    assert basis_sentence(list(found.values())) == (
        "A figure stands for … the questions asked: the chances of its questions are not known, or "
        "it can't be weighed by them, so it does not speak for the corpus."
    )


def shown_figures(corpus, verdicts, person):
    return {each.name: each for each in figures(corpus, Evidence(verdicts, [], person, [], ""))}


def test_only_replays_are_asked_what_was_answered():
    assert AT_RANDOM not in sources_for(Kind.PAIR, replays=True)
    assert sources_for(Kind.GROUP, replays=False) == [AT_RANDOM]


def test_dollars_are_never_shown_as_none_where_there_are_some():
    assert dollars(0.00004) == "< $0.0001"
    assert dollars(None) == "unknown price"


def test_words_for_what_is_no_answer():
    verdict = Verdict(
        Kind.PAIR, ATTRIBUTE, ("x", "y"), "me", status=Status.UNPARSED, reason="the reply is empty"
    )
    assert said(verdict) == "unparsed: the reply is empty"


def test_the_meter_tells_dollars_tokens_and_what_is_no_answer():
    tally = Tally(5, 1, {Status.PARSED: 3, Status.REFUSED: 2}, 1200, 80)
    status = AskingStatus(
        "1",
        "Claude",
        AskingState.RUNNING,
        10,
        tally,
        seconds=4.2,
        costs=True,
        spent=0.0123,
        cap=2.0,
    )
    assert progress_line(status) == (
        "5 of 10 came in · 4 s · 1 of them known before · 2 refused · "
        "1,200 tokens read, 80 written · $0.0123 spent of at most $2.00"
    )
