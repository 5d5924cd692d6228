"""The probe: MTEB's draws, and a label distribution that says how sure it may be."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from engine.errors import BadInput
from engine.tuning.probe import few_per_label, fit_probe, linear_probe


def blobs(n=120, spread=0.3, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 3
    centres = np.eye(3)[codes]
    return (centres + spread * rng.normal(size=(n, 3))).astype(np.float32), codes


def test_eight_texts_a_label_and_ten_draws():
    vectors, codes = blobs()
    found = linear_probe(vectors, codes, np.arange(60), np.arange(60, 120))
    assert found.n_train == 24
    assert found.accuracies.shape == found.macro_f1s.shape == (10,)
    assert found.accuracy == pytest.approx(found.accuracies.mean())
    assert found.accuracy > 0.8
    assert len(set(found.accuracies.tolist())) > 1


def test_the_draws_are_mteb_s():
    """Worked by hand from its source: one list, shuffled further by a generator begun anew."""
    codes = np.array([0, 1] * 10)
    order = list(range(20))
    first = few_per_label(_shuffled(order), codes, 2)
    second = few_per_label(_shuffled(order), codes, 2)
    assert set(Counter(codes[first]).values()) == {2}
    assert first.tolist() != second.tolist()


def _shuffled(order):
    np.random.RandomState(42).shuffle(order)
    return order


def test_noise_can_not_be_read():
    vectors, codes = blobs()
    shuffled = np.random.default_rng(1).permutation(codes)
    found = linear_probe(vectors, shuffled, np.arange(60), np.arange(60, 120))
    assert found.accuracy < 0.5
    assert found.macro_f1 < 0.5


def test_the_distribution_is_calibrated_on_what_it_did_not_see():
    """Sixty columns of noise make the regression sure of what it memorised."""
    vectors, codes = blobs(n=600, spread=0.6)
    noise = np.random.default_rng(2).normal(size=(600, 60)).astype(np.float32)
    columns = np.concatenate([vectors, noise], axis=1)
    probe = fit_probe(columns, np.arange(90), codes[:90])

    def overconfidence(each):
        sure = each.distribution(columns[90:])
        np.testing.assert_allclose(sure.sum(axis=1), 1, atol=1e-5)
        return sure.max(axis=1).mean() - (sure.argmax(axis=1) == codes[90:]).mean()

    before = overconfidence(replace(probe, temperature=1.0))
    assert before > 0.15
    assert abs(overconfidence(probe)) < 0.5 * before


def test_two_labels_and_one():
    vectors, codes = blobs()
    two = codes < 2
    rows = np.flatnonzero(two)
    found = fit_probe(vectors, rows, codes[rows]).distribution(vectors)
    assert found.shape == (120, 2)
    assert ((found[rows, 1] > 0.5) == (codes[rows] == 1)).mean() > 0.8
    with pytest.raises(BadInput, match="carry 1 label"):
        fit_probe(vectors, rows[:3], np.zeros(3, dtype=np.int64))
    with pytest.raises(BadInput, match="No text to test on"):
        linear_probe(vectors, np.full(120, -1), rows, rows)
