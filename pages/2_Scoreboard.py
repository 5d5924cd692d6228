"""Every method held to the same measures on the labels of one corpus, by compute level."""

import streamlit as st

from engine.errors import LikewiseError
from engine.run import RunRequest
from pages.parts import cached, frame
from pages.parts.corpus_line import corpus_line
from pages.parts.scoreboard_inputs import ask_for_missing, choose_asks, choose_methods, choose_size
from pages.parts.scoreboard_view import scoreboard_view
from pages.parts.standings import complete, kept_reports, missing_runs, table


def main() -> None:
    """The page, from top to bottom."""
    view = frame.open_page("Scoreboard", corpus_line)
    corpus = frame.open_corpus(view)
    st.text(
        "Swap accuracy: asked for one attribute, is the text that shares it ranked above the text "
        "that shares the other? A method blind to the attribute scores 0.5, averaged over both."
    )
    asks = choose_asks(view, corpus)
    methods = choose_methods(corpus)
    if not asks or not methods:
        st.info("Choose at least one attribute with its label column, and one method.")
        return
    queue = cached.job_queue()
    missing = missing_runs(queue, corpus, asks, methods)
    ask_for_missing(queue, corpus, missing)
    done = complete(missing, methods)
    if not done:
        return
    n_texts = choose_size()
    keys = tuple(RunRequest(corpus, a.attribute, m).key for a in asks for m in done)
    columns = tuple(ask.column for ask in asks)
    try:
        reports = cached.reports(keys, columns, lambda: kept_reports(queue, corpus, asks, done))
    except LikewiseError as error:
        st.error(str(error))
        return
    scoreboard_view(reports, done, table(reports, done, queue, corpus, n_texts), n_texts)


main()
