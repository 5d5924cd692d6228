"""Runs: what their key holds, what a run records, and what the store does with damage."""

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from engine.errors import StoreError
from engine.methods import registry
from engine.methods.registry import create
from engine.resources import Resources
from engine.run import Cost, RunRequest, RunStore, draw_map, prepare
from engine.types import Attribute

TONE, TOPIC = Attribute("tone"), Attribute("topic")
TEXTS = ("one red fish", "two blue fish", "red and blue", "", "three", "two and three")


@pytest.fixture
def corpus(small_corpus):
    return small_corpus(*[text or "…" for text in TEXTS])


def key(corpus, attribute=TONE, name="bm25", **options):
    return RunRequest(corpus, attribute, create(name, options)).key


@pytest.fixture
def run(corpus):
    return prepare(RunRequest(corpus, TONE, create("tfidf")), Resources())


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def test_the_key_is_the_same_for_the_same_content(small_corpus):
    one, other = small_corpus("a", "b", name="x"), small_corpus("a", "b", name="y")
    assert key(one) == key(other, Attribute(" tone "))


def test_the_key_changes_with_everything_that_changes_the_answer(small_corpus, monkeypatch):
    corpus = small_corpus("a", "b")
    keys = {
        "as it is": key(corpus),
        "text": key(small_corpus("a", "c")),
        "order": key(corpus.subset([1, 0])),
        "attribute": key(corpus, TOPIC),
        "definition": key(corpus, Attribute("tone", "how it is said")),
        "option": key(corpus, strength=0.5),
        "model": key(corpus, model="BAAI/bge-small-en-v1.5"),
        "method": key(corpus, name="instructed-embedding"),
        "shortlist": key(corpus, name="reranker"),
        "other shortlist": key(corpus, name="reranker", shortlist_from="tfidf"),
    }
    card = dataclasses.replace(registry.card("bm25"), version=99)
    monkeypatch.setitem(registry._cards, "bm25", card)
    keys["version"] = key(corpus)
    assert len(set(keys.values())) == len(keys)


def test_the_version_of_the_method_built_upon_counts(corpus, monkeypatch):
    before = key(corpus, name="reranker", shortlist_from="bm25")
    card = dataclasses.replace(registry.card("bm25"), version=99)
    monkeypatch.setitem(registry._cards, "bm25", card)
    assert key(corpus, name="reranker", shortlist_from="bm25") != before


@pytest.mark.parametrize("name", ["bm25", "raw-embedding"])
def test_the_key_changes_with_the_model_s_bytes(corpus, tmp_path, name):
    keys = set()
    for revision in ("one", "two"):
        folder = tmp_path / revision
        folder.mkdir()
        (folder / "config.json").write_text(revision)
        keys.add(key(corpus, name=name, model=str(folder)))
    # The same folder name with other bytes: only the revision differs.
    place = tmp_path / "model"
    for revision in ("one", "two"):
        place.unlink(missing_ok=True)
        place.symlink_to(tmp_path / revision)
        keys.add(key(corpus, name=name, model=str(place)))
    assert len(keys) == 4


def test_a_hub_model_that_arrives_changes_the_key(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    before = key(corpus, model="org/name")
    snapshot = tmp_path / "models--org--name" / "snapshots" / "abc123"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (snapshot / "model.safetensors").write_bytes(b"")
    assert key(corpus, model="org/name") != before


def test_a_control_s_key_ignores_the_attribute(corpus):
    for each in registry.cards():
        same = key(corpus, TONE, each.name) == key(corpus, TOPIC, each.name)
        assert same == (each.family is registry.Family.CONTROL), each.name


def test_a_run_records_what_was_asked_and_what_it_cost(corpus, run):
    record = run.record
    assert record.key == key(corpus, name="tfidf")
    assert (record.method, record.options) == ("tfidf", {})
    assert (record.attribute, record.definition) == ("tone", "")
    assert (record.corpus, record.fingerprint) == ("small", corpus.fingerprint)
    assert (record.n_texts, record.scale) == (6, "cosine")
    assert record.cost.peak_mb > 1
    assert dataclasses.replace(record.cost, seconds=0, peak_mb=0) == Cost()
    assert run.neighbours.rows.shape == (6, 5)


@pytest.mark.models
def test_passes_tokens_and_prompts_are_counted_once(corpus):
    resources = Resources()
    run = prepare(RunRequest(corpus, TONE, create("instructed-embedding")), resources)
    assert (run.record.cost.passes, run.record.cost.n_cached) == (6, 0)
    assert run.record.prompts["minilm"][0] == "tone: one red fish"
    again = prepare(RunRequest(corpus, TONE, create("instructed-embedding")), Resources())
    assert (again.record.cost.passes, again.record.cost.n_cached) == (0, 6)
    np.testing.assert_array_equal(again.neighbours.rows, run.neighbours.rows)


def test_one_text_has_a_run_without_neighbours(small_corpus):
    run = prepare(RunRequest(small_corpus("alone"), TONE, create("tfidf")), Resources())
    assert run.neighbours.rows.tolist() == [[-1]]


def test_a_kept_run_comes_back_the_same(run, store):
    assert not store.has(run.record.key)
    store.save(run)
    assert store.has(run.record.key)
    loaded = store.load(run.record.key)
    assert loaded.record == run.record
    np.testing.assert_array_equal(loaded.neighbours.rows, run.neighbours.rows)
    np.testing.assert_array_equal(loaded.neighbours.similarities, run.neighbours.similarities)
    left, right = np.triu_indices(6)
    np.testing.assert_array_equal(
        loaded.similarity.pairs(left, right), run.similarity.pairs(left, right)
    )
    assert [each.name for each in store.folder.iterdir()] == [run.record.key]


def test_saving_again_replaces(run, store):
    store.save(run)
    store.save(dataclasses.replace(run, record=dataclasses.replace(run.record, attribute="new")))
    assert [record.attribute for record in store.records()] == ["new"]


def test_several_may_keep_the_same_run_at_once(run, store):
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: store.save(run), range(40)))
    assert store.load(run.record.key).record == run.record
    assert [each.name for each in store.folder.iterdir()] == [run.record.key]


def test_a_killed_process_leaves_no_run(run, store, monkeypatch):
    """Killed before the last step: nothing has the run's name yet, and all else is removable."""

    def killed(part, target):
        assert (part / "run.json").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr("engine.run._put_in_place", killed)
    with pytest.raises(KeyboardInterrupt):
        store.save(run)
    assert not store.has(run.record.key)
    assert store.records() == []


def test_runs_are_kept_in_the_data_folder(likewise_home):
    assert RunStore().folder == likewise_home / "runs"
    assert RunStore().records() == []


def test_the_latest_run_is_listed_first(run, store):
    for name, day in (("old", "2024-01-01"), ("new", "2025-01-01"), ("middle", "2024-06-01")):
        record = dataclasses.replace(run.record, key=name, finished=f"{day}T00:00:00+00:00")
        store.save(dataclasses.replace(run, record=record))
    assert [record.key for record in store.records()] == ["new", "middle", "old"]


def test_a_record_is_read_once_until_another_process_replaces_it(run, store, monkeypatch):
    store.save(run)
    first = store.record(run.record.key)
    with monkeypatch.context() as closed:
        closed.setattr(Path, "read_text", lambda *_, **__: pytest.fail("read again"))
        assert store.records() == [first]
    later = dataclasses.replace(run.record, finished="2099-01-01T00:00:00+00:00")
    RunStore(store.folder).save(dataclasses.replace(run, record=later))
    assert store.record(run.record.key).finished == later.finished


def test_what_a_killed_process_left_half_written_is_ignored(run, store):
    store.save(run)
    left_behind = store.folder / "part-xyz" / run.record.key
    left_behind.parent.mkdir()
    store.folder.joinpath(run.record.key).rename(left_behind)
    assert store.records() == []
    assert not store.has(run.record.key)
    store.save(run)
    assert [record.key for record in store.records()] == [run.record.key]


def cut_header(folder):
    (folder / "run.json").write_text('{"key": ')


def older_header(folder):
    raw = json.loads((folder / "run.json").read_text())
    del raw["finished"]
    (folder / "run.json").write_text(json.dumps(raw))


@pytest.mark.parametrize("damage", [cut_header, older_header])
def test_a_run_whose_record_cannot_be_read_is_as_good_as_none(run, store, damage):
    store.save(run)
    damage(store.folder / run.record.key)
    assert not store.has(run.record.key)
    assert store.records() == []
    with pytest.raises(StoreError, match=f"no readable run {run.record.key}.*run it again"):
        store.load(run.record.key)
    store.save(run)
    assert store.load(run.record.key).record == run.record


@pytest.mark.parametrize("name", ["neighbour_rows.npy", "neighbour_similarities.npy"])
@pytest.mark.parametrize("content", [None, b"", b"rubbish"])
def test_damaged_neighbours_are_a_store_error(run, store, name, content):
    store.save(run)
    place = store.folder / run.record.key / name
    place.unlink() if content is None else place.write_bytes(content)
    with pytest.raises(StoreError, match=r"can't be read.*Delete it and run again"):
        store.load(run.record.key)


def test_a_folder_that_cannot_be_written_to_says_what_to_do(run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="LIKEWISE_HOME"):
        RunStore(tmp_path / "file" / "runs").save(run)


def test_a_similarity_that_cannot_be_kept_leaves_nothing_behind(run, store):
    class Homemade:
        scale = run.similarity.scale

    with pytest.raises(StoreError, match="Homemade"):
        store.save(dataclasses.replace(run, similarity=Homemade()))
    assert list(store.folder.iterdir()) == []


def test_a_map_is_drawn_once_and_aligned_to_one_reference_a_corpus(corpus, run, store):
    store.save(run)
    assert store.positions(run.record.key) is None
    drawn = draw_map(run, corpus, store)
    assert drawn.shape == (6, 2)
    assert np.isfinite(drawn).all()
    np.testing.assert_array_equal(store.positions(run.record.key), drawn)
    reference = store.reference(corpus)
    np.testing.assert_array_equal(RunStore(store.folder).reference(corpus), reference)
    assert len(list(store.folder.parent.glob("references/*.npy"))) == 1


def test_key_follows_a_file_that_the_method_reads(small_corpus, tmp_path):
    corpus, file = small_corpus("one", "two"), tmp_path / "rewrites.jsonl"
    file.write_text('{"id": "a", "rewrite": "x"}\n', encoding="utf-8")
    request = RunRequest(corpus, Attribute("tone"), create("rewrite-bm25", {"file": str(file)}))
    before = request.key
    file.write_text('{"id": "a", "rewrite": "y"}\n', encoding="utf-8")
    assert request.key != before


def test_key_of_unreadable_inputs_is_a_key_still(small_corpus):
    made = create("written-projection", {"source": "file", "file": "no-such-file.json"})
    assert len(RunRequest(small_corpus("one", "two"), Attribute("tone"), made).key) == 32
