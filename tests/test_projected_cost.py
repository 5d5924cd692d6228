"""Costs scaled to more texts, by hand."""

import pytest

from engine.methods.registry import card
from engine.projected_cost import projected_seconds
from engine.run import Cost, RunRecord


def record(method: str, **cost) -> RunRecord:
    return RunRecord(
        key="k", method=method, options={}, attribute="tone", definition="", corpus="c",
        fingerprint="f", n_texts=100, scale="cosine", cost=Cost(**cost), prompts={}, finished="",
    )  # fmt: skip


def test_a_control_serves_all_attributes():
    found = projected_seconds(record("tfidf", seconds=3.0), card("tfidf"), 10_000)
    assert found.seconds == 0.0


def test_every_text_is_read_again():
    # 100 texts in 20 s are 0.2 s a text; a million take 200,000 s.
    found = projected_seconds(
        record("one-word", seconds=20.0, passes=100), card("one-word"), 1_000_000
    )
    assert found.seconds == pytest.approx(200_000)


def test_several_passes_a_text_are_all_reckoned_with():
    # 100 texts, each rewritten three times, one of them kept: 200 passes of 0.1 s were measured.
    cost = {"seconds": 20.0, "passes": 200, "n_cached": 100}
    found = projected_seconds(record("multi-summary", **cost), card("multi-summary"), 10_000)
    assert found.seconds == pytest.approx(0.1 * 3 * 10_000)
    assert found.formula == "0.1 s a pass × 3 passes a text × N"


def test_queries_on_kept_texts_project_at_most_their_growth_with_the_texts():
    cost = {"seconds": 2.0, "passes": 6, "n_cached": 100}
    found = projected_seconds(record("query-relevance", **cost), card("query-relevance"), 1_000)
    assert found.seconds == pytest.approx(20.0)
    assert "at most" in found.formula


def test_a_run_from_the_store_projects_nothing():
    found = projected_seconds(
        record("one-word", seconds=0.1, passes=0, n_cached=100), card("one-word"), 1_000_000
    )
    assert found.seconds is None
    assert "store" in found.formula


def test_a_flat_method_scales_with_the_matrix():
    cost = {"seconds": 0.5, "passes": 0, "n_cached": 100}
    found = projected_seconds(record("bm25", **cost), card("bm25"), 1_000)
    assert found.seconds == pytest.approx(5.0)


def test_a_flat_method_that_read_the_corpus_projects_nothing():
    found = projected_seconds(record("bm25", seconds=9.0, passes=100), card("bm25"), 1_000)
    assert found.seconds is None


def test_pairs_grow_with_the_texts():
    found = projected_seconds(
        record("reranker", seconds=10.0, passes=500), card("reranker"), 10_000
    )
    assert found.seconds == pytest.approx(1_000)
