from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import BadInput, StoreError
from engine.store import VectorStore, data_dir

ONE = np.array([[1.5, -2.0]], dtype=np.float32)


@pytest.fixture
def store(tmp_path):
    return VectorStore(tmp_path / "vectors.sqlite")


def test_what_was_put_is_got_by_space_and_text(store):
    store.put("minilm", ["a"], ONE)
    store.put("smollm2", ["a"], -ONE)
    vectors, found = store.get("minilm", ["b", "a", "a"])
    assert found.tolist() == [False, True, True]
    assert np.isnan(vectors[0]).all()
    np.testing.assert_array_equal(vectors[1:], np.vstack([ONE, ONE]))
    assert vectors.dtype == np.float32
    assert store.spaces() == {"minilm": 1, "smollm2": 1}


@settings(max_examples=25)
@given(
    st.dictionaries(
        st.text(),
        st.floats(width=32, allow_nan=False, allow_infinity=False),
        min_size=1,
        max_size=8,
    )
)
def test_any_text_keeps_its_own_vector_to_the_bit(tmp_path_factory, values):
    store = VectorStore(tmp_path_factory.mktemp("store") / "v.sqlite")
    vectors = np.array([[value, 0] for value in values.values()], dtype=np.float32)
    store.put("space", list(values), vectors)
    got, found = store.get("space", list(values))
    store.close()
    assert found.all()
    np.testing.assert_array_equal(got, vectors)


def test_more_texts_than_one_query_holds(store):
    texts = [f"text {number}" for number in range(1203)]
    store.put("space", texts[::2], np.arange(602, dtype=np.float32)[:, None])
    vectors, found = store.get("space", texts)
    assert found.tolist() == [number % 2 == 0 for number in range(1203)]
    assert vectors[::2, 0].tolist() == list(range(602))


def test_a_second_put_replaces_the_first_and_forget_removes_it(store):
    store.put("space", ["a"], ONE)
    store.put("space", ["a"], 2 * ONE)
    assert store.get("space", ["a"])[0].tolist() == [[3.0, -4.0]]
    assert store.forget("space") == 1
    assert not store.get("space", ["a"])[1].any()


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        (np.ones((2, 2), np.float32), "1 texts need"),
        (np.ones(2, np.float32), "1 texts need"),
        (np.array([[np.nan, 1]], np.float32), "hold NaN or infinity"),
    ],
)
def test_vectors_that_cannot_be_kept_are_refused(store, vectors, said):
    with pytest.raises(BadInput, match=said):
        store.put("space", ["a"], vectors)
    assert not store.get("space", ["a"])[1].any()


@pytest.mark.parametrize("damage", ["x'00000000'", "zeroblob(8)", "zeroblob(12)", "'text'"])
def test_a_damaged_row_says_what_to_delete(store, damage):
    store.put("space", ["a", "b"], np.vstack([ONE, ONE]))
    with sqlite3.connect(store.path) as db:
        db.execute(f"UPDATE vectors SET vector = {damage} WHERE rowid = 1")  # noqa: S608
    with pytest.raises(StoreError, match=r"is damaged.*delete vectors\.sqlite"):
        store.get("space", ["a", "b"])


def test_a_file_that_is_no_database_says_what_to_delete(store):
    store.path.write_bytes(b"not a database, but long enough to be read as one" * 40)
    with pytest.raises(StoreError, match=r"is damaged.*delete vectors\.sqlite"):
        store.get("space", ["a"])


def test_a_folder_that_cannot_be_made_says_what_to_set(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LIKEWISE_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(StoreError, match="Set LIKEWISE_HOME"):
        data_dir()
    with pytest.raises(StoreError, match="set LIKEWISE_HOME"):
        VectorStore(tmp_path / "file" / "v.sqlite").get("space", ["a"])


def test_the_data_folder_is_made_at_the_first_use_only(tmp_path, monkeypatch):
    monkeypatch.setenv("LIKEWISE_HOME", str(tmp_path / "home"))
    store = VectorStore()
    assert not (tmp_path / "home").exists()
    store.put("space", ["a"], ONE)
    assert (tmp_path / "home" / "vectors.sqlite").is_file()


def test_a_killed_process_loses_nothing_it_put(store):
    code = (
        "import os, sys, numpy as np; from pathlib import Path\n"
        "from engine.store import VectorStore\n"
        "VectorStore(Path(sys.argv[1])).put('space', ['a'], np.ones((1, 2), np.float32))\n"
        "os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(store.path)], check=False)
    assert done.returncode == 9
    assert store.get("space", ["a"])[0].tolist() == [[1.0, 1.0]]


def test_threads_write_to_one_store_at_the_same_time(store):
    def write(number):
        for part in range(10):
            value = np.array([[number, part]], dtype=np.float32)
            store.put("space", [f"{number}/{part}"], value)
        store.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = [f"{number}/{part}" for number in range(4) for part in range(10)]
    vectors, found = store.get("space", names)
    assert found.all()
    assert vectors[13].tolist() == [1.0, 3.0]
