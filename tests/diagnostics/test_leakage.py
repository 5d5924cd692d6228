import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diagnostics.leakage import attribute_leakage, partial_correlation
from engine.diagnostics.truth import PairTruth, truth_from_labels
from engine.errors import BadInput


def made(left, same, right=None):
    left = np.asarray(left)
    right = left.max() + 1 + np.arange(len(left)) if right is None else np.asarray(right)
    return PairTruth(left, right, np.asarray(same, dtype=bool), "test")


def test_by_hand():
    # Given = no: values 0, 2 with of = 0, 1. Given = yes: 5, 7, 6 with of = 0, 1, 1.
    # Deviations: x −1, 1 | −1, 1, 0; y −½, ½ | −2/3, 1/3, 1/3.
    # xy = 1 + 1 = 2; xx = 2 + 2 = 4; yy = ½ + 2/3 = 7/6 → 2 / √(14/3).
    values = np.array([0.0, 2, 5, 7, 6])
    of = np.array([False, True, False, True, True])
    given_ = np.array([False, False, True, True, True])
    found = partial_correlation(values, of, given_, made([0, 1, 2, 3, 4], given_))
    assert found.value == pytest.approx(2 / np.sqrt(14 / 3))


@settings(max_examples=30)
@given(st.integers(0, 1000))
def test_equals_the_correlation_of_regression_residuals(seed):
    rng = np.random.default_rng(seed)
    values, of, given_ = rng.normal(size=60), rng.random(60) < 0.4, rng.random(60) < 0.5
    design = np.stack([np.ones(60), given_], axis=1)
    residuals = [y - design @ np.linalg.lstsq(design, y)[0] for y in (values, of.astype(float))]
    found = partial_correlation(values, of, given_, made(np.arange(60), given_))
    assert found.value == pytest.approx(np.corrcoef(*residuals)[0, 1])
    assert -1 <= found.value <= 1


def test_only_what_leaks_is_found_though_labels_go_together():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 3, 200)
    b = np.where(rng.random(200) < 0.7, a, rng.integers(0, 3, 200))
    truth = truth_from_labels(a, "a", n_pairs=8000, n_anchors=100)
    noise = rng.normal(size=truth.n_pairs)
    clean = attribute_leakage(truth.same + noise, truth, b)
    assert clean.leaked.low < 0 < clean.leaked.high
    assert clean.wanted.low > 0.2
    leaky = attribute_leakage(truth.same + noise + (b[truth.left] == b[truth.right]), truth, b)
    assert leaky.leaked.low > 0.2


def test_unlabelled_texts_and_constants_say_nothing():
    truth = made([0, 1, 2], [True, False, True], [3, 4, 5])
    assert attribute_leakage(np.arange(3.0), truth, np.full(6, -1)).leaked.n == 0
    flat = attribute_leakage(np.ones(3), truth, np.zeros(6))
    assert np.isnan(flat.leaked.value)
    with pytest.raises(BadInput, match="lengths"):
        partial_correlation(np.ones(2), truth.same, truth.same, truth)
