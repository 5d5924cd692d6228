"""The repair of another method: its neighbours, its kept runs, its key."""

import numpy as np

from engine.methods.registry import create
from engine.normalise import repaired
from engine.resources import Resources
from engine.run import RunRequest, RunStore, prepare


def test_equals_the_repair_of_the_method(problems, structure):
    rows = np.arange(len(problems))
    base = create("tfidf").prepare(problems, structure, Resources())
    made = create("repaired", {"of": "tfidf", "repair": "csls"})
    found = made.prepare(problems, structure, Resources())
    left, right = np.repeat(rows, len(rows)), np.tile(rows, len(rows))
    expected = repaired("csls", base).pairs(left, right)
    np.testing.assert_array_equal(found.pairs(left, right), expected)


def test_kept_run_gives_the_same_similarities(problems, structure, tmp_path):
    made = create("repaired", {"of": "tfidf"})
    run = prepare(RunRequest(problems, structure, made), Resources())
    store = RunStore(tmp_path)
    store.save(run)
    loaded = store.load(run.record.key)
    rows = np.arange(len(problems))
    np.testing.assert_allclose(
        loaded.similarity.pairs(rows, rows[::-1].copy()),
        run.similarity.pairs(rows, rows[::-1].copy()),
        rtol=1e-5,
    )


def test_key_follows_the_method_under_repair(problems, structure):
    keys = {
        RunRequest(problems, structure, create("repaired", {"of": of, "repair": repair})).key
        for of in ("tfidf", "bm25")
        for repair in ("csls", "zt-norm")
    }
    assert len(keys) == 4
