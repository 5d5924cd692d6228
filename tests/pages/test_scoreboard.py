"""The scoreboard: what is missing is offered, what is kept is measured."""

import time

from pages.parts import cached, standings


def choose(page, *names: str):
    box = next(each for each in page.multiselect if each.label == "Methods")
    box.set_value(list(names)).run()
    return page


def test_missing_runs_are_offered_run_and_measured(open_page):
    page = open_page("pages/2_Scoreboard.py", corpus="math_problems", limit="80")
    choose(page, "tfidf", "length")
    assert not page.exception
    assert not page.dataframe
    next(b for b in page.button if b.label == "Run what is missing (4)").click().run()
    queue = cached.job_queue()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not all(queue.status(k).finished for k in queue.keys()):  # noqa: SIM118
        time.sleep(0.2)
    page.run()
    assert not page.exception
    assert not page.error
    table = page.dataframe[0].value
    assert sorted(set(table["method"])) == ["length", "tfidf"]
    blind = table[table["method"] == "tfidf"]["swap accuracy"]
    assert abs(blind.mean() - 0.5) < 1e-9


def test_own_labels_under_the_analysts_words(open_page):
    rows = "".join(
        f"{i},words of text number {i} about {'cats' if i % 2 else 'dogs'},"
        f"{'cat' if i % 2 else 'dog'},{'long' if i % 3 else 'short'}\n"
        for i in range(40)
    )
    source = cached.keep_upload("pets.csv", ("id,text,animal,size\n" + rows).encode())
    page = open_page("pages/2_Scoreboard.py", corpus=source)
    assert not page.exception
    labels = [each.label for each in page.text_input]
    assert "The attribute that animal holds" in labels


def test_best_of_a_level_needs_intervals_apart():
    from engine.diagnostics.estimate import Estimate

    def standing(title: str, low: float, high: float) -> standings.MeanStanding:
        return standings.MeanStanding(title, "3", Estimate((low + high) / 2, low, high, 9), None)

    clear = standings.mark_best([standing("a", 0.7, 0.8), standing("b", 0.5, 0.6)])
    assert [each.is_best for each in clear] == [True, False]
    close = standings.mark_best([standing("a", 0.55, 0.8), standing("b", 0.5, 0.6)])
    assert [each.is_best for each in close] == [False, False]
    alone = standings.mark_best([standing("a", 0.7, 0.8)])
    assert [each.is_best for each in alone] == [False]
