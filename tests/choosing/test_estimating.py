import numpy as np
import pytest

from engine.choosing.drawing import Why, draw
from engine.choosing.estimating import assisted_mean, total_mean, weighted_mean
from engine.errors import BadInput


def test_weights_by_hand():
    """A rare answer drawn for certain stands for itself, the other for four."""
    assert weighted_mean([1.0, 0.0], [1.0, 0.25]).value == pytest.approx(1 / 5)
    assert total_mean([1.0, 0.0], [1.0, 0.25], 5).value == pytest.approx(1 / 5)
    alike = weighted_mean([1, 1, 0, 0], [0.5] * 4)
    # (1 − p) · 4/3 · Σ(y − ½)² · (1/p)² / N̂² with N̂ = 8: half the width is 1.96 · 0.204.
    assert alike.high - alike.value == pytest.approx(1.959964 * np.sqrt(0.5 * (4 / 3) * 4 / 64))
    assert weighted_mean([1, 0], [1.0, 1.0])[1:3] == (0.5, 0.5)


def test_nothing_and_one_answer():
    assert np.isnan(weighted_mean([], []).value)
    assert np.isnan(weighted_mean([1.0], [0.5]).low)
    for wrong in ([0.0], [1.5], [0.5, 0.5]):
        with pytest.raises(BadInput):
            weighted_mean([1.0], wrong)
    with pytest.raises(BadInput):
        total_mean([1, 1], [0.5, 0.5], 1)


def test_pooled_estimates_are_unbiased_and_their_intervals_hold_where_plain_means_are_off():
    """600 pairs; the disagreed-on ones are three times as often the same. 400 samples of 120."""
    rng = np.random.default_rng(0)
    priority = rng.random(600) ** 3
    answers = (rng.random(600) < 0.1 + 0.6 * priority).astype(float)
    truth = answers.mean()
    shares = {Why.DISAGREEMENT: 0.7, Why.RANDOM: 0.3}
    found, plain, held = {"hajek": [], "ht": []}, [], {"hajek": 0, "ht": 0}
    n_runs = 400
    for seed in range(n_runs):
        drawn = draw(600, {Why.DISAGREEMENT: priority}, shares, n=120, seed=seed)
        seen = answers[drawn.positions]
        plain.append(seen.mean())
        for name, each in (
            ("hajek", weighted_mean(seen, drawn.probabilities)),
            ("ht", total_mean(seen, drawn.probabilities, 600)),
        ):
            found[name].append(each.value)
            held[name] += each.low <= truth <= each.high
    for name, values in found.items():
        error = np.std(values) / np.sqrt(n_runs)
        assert abs(np.mean(values) - truth) < 3.5 * error
        assert held[name] / n_runs > 0.88
    assert abs(np.mean(plain) - truth) > 0.1


def test_a_cheap_judge_narrows_and_never_biases():
    rng = np.random.default_rng(1)
    n_all, n_dear, n_runs = 4000, 150, 300
    truth = 0.3
    widths, held, values = {"alone": [], "helped": [], "liar": []}, dict.fromkeys(
        ("alone", "helped", "liar"), 0), {"helped": [], "liar": []}  # fmt: skip
    for _ in range(n_runs):
        dear = (rng.random(n_all) < truth).astype(float)
        helpful = np.where(rng.random(n_all) < 0.9, dear, 1 - dear)
        liar = rng.random(n_all)
        for name, cheap, power in (("alone", liar, 0.0), ("helped", helpful, None),
                                   ("liar", liar, None)):  # fmt: skip
            each = assisted_mean(dear[:n_dear], cheap[:n_dear], cheap[n_dear:], power=power)
            widths[name].append(each.high - each.low)
            held[name] += each.low <= truth <= each.high
            if name in values:
                values[name].append(each.value)
    assert np.mean(widths["helped"]) < 0.75 * np.mean(widths["alone"])
    assert np.mean(widths["liar"]) < 1.02 * np.mean(widths["alone"])
    assert min(held.values()) / n_runs > 0.9
    for each in values.values():
        assert abs(np.mean(each) - truth) < 0.01


def test_power_by_hand():
    """Plain PPI: the cheap mean plus the mean error; power 0: the dear mean alone."""
    dear, cheap, everything = [1, 0, 1, 1], [1, 0, 0, 1], [1, 0, 0, 0]
    assert assisted_mean(dear, cheap, everything, power=1.0).value == pytest.approx(0.25 + 0.25)
    assert assisted_mean(dear, cheap, everything, power=0.0).value == pytest.approx(0.75)
    constant = assisted_mean(dear, [1, 1, 1, 1], [1, 1])
    assert constant.value == pytest.approx(0.75)
    with pytest.raises(BadInput, match="power is 2"):
        assisted_mean(dear, cheap, everything, power=2)
    with pytest.raises(BadInput, match="as many"):
        assisted_mean(dear, cheap[:2], everything)


def test_a_weighted_dear_sample_is_corrected_too():
    rng = np.random.default_rng(2)
    answers = (rng.random(500) < 0.2).astype(float)
    cheap = np.clip(answers + 0.3 * rng.normal(size=500), 0, 1)
    values = []
    for seed in range(200):
        drawn = draw(500, {Why.DISAGREEMENT: cheap + 0.05},
                     {Why.DISAGREEMENT: 0.6, Why.RANDOM: 0.4}, n=80, seed=seed)  # fmt: skip
        values.append(assisted_mean(answers[drawn.positions], cheap[drawn.positions], cheap,
                                    probabilities=drawn.probabilities).value)  # fmt: skip
    assert np.mean(values) == pytest.approx(answers.mean(), abs=0.015)
