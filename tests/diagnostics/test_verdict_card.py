import dataclasses

import numpy as np
import pytest

from engine.diagnostics.calibration_report import calibration_report
from engine.diagnostics.estimate import Estimate
from engine.diagnostics.planted import (
    perfect,
    shards_of,
    with_anchor_scales,
    with_hubs,
    with_leak,
    with_shard_offsets,
)
from engine.diagnostics.truth import PairTruth, split_by_anchor, truth_from_labels
from engine.diagnostics.verdict_card import (
    gap_sentence,
    meaning_sentence,
    region_sentence,
    verdict_card,
)
from engine.errors import BadInput
from engine.normalise import Ingredients, repaired

N = 300
RNG = np.random.default_rng(3)
CODES, OTHER = RNG.integers(0, 3, N), RNG.integers(0, 3, N)
SHARDS = shards_of(N, 3)
TRUTH = truth_from_labels(CODES, "topic", n_pairs=12_000, n_anchors=150)
FIT, HELD_OUT = split_by_anchor(TRUTH)
BASE = perfect(CODES)
SHIFTED = with_shard_offsets(BASE, SHARDS, np.array([-0.3, 0.0, 0.3]))


def report(similarity, truth=HELD_OUT):
    return calibration_report(similarity, truth, SHARDS, other_codes=OTHER)


def after(similarity, *names):
    given = Ingredients(FIT, SHARDS)
    return {name: report(repaired(name, similarity, given)) for name in names}


def test_a_gap_is_told_with_its_region_and_its_repair():
    card = verdict_card(report(SHIFTED), after(SHIFTED, "isotonic", "per-group-threshold"))
    assert card.gap.startswith("One threshold for all ranks worse")
    assert "means same for shard 0" in card.meaning
    assert "different for shard 2" in card.meaning
    assert card.worst_region.split()[1] in ("0", "2")
    assert card.repair.startswith("per-group-threshold closes the gap")
    assert (
        card.advice
        == "Use the similarity after per-group-threshold wherever one threshold is " + ("applied.")
    )
    assert card.rests_on.endswith("from the label column 'topic'.")
    assert len(card.sentences) == 6


def test_what_the_data_do_not_support_is_absent():
    card = verdict_card(report(BASE), after(BASE, "z-norm"))
    assert card.gap.startswith("One threshold for all ranks about as well")
    assert card.meaning == card.worst_region == card.repair == ""
    assert card.advice == "One threshold will do."


def test_a_gap_that_rounds_to_nothing_has_no_sign():
    nothing = Estimate(-0.0001, -0.0004, 0.0003, 300)
    found = report(BASE)
    calm = dataclasses.replace(found, discrimination=found.discrimination._replace(gap=nothing))
    assert "gap 0.000 [0.000, 0.000]" in verdict_card(calm).gap


def test_a_repair_that_does_not_help_is_not_praised():
    bent = with_anchor_scales(BASE)
    card = verdict_card(report(bent), after(bent, "isotonic"))
    assert card.repair == "None of the repairs tried (isotonic) narrows the gap measurably."
    assert "no common threshold" in card.advice


def test_other_faults_lead_to_other_advice():
    assert "leaks in" in verdict_card(report(with_leak(BASE, OTHER))).advice
    assert "hubs down" in verdict_card(report(with_hubs(BASE))).advice


def test_a_small_gap_does_not_hide_that_one_threshold_serves_unequally():
    # Each anchor's spread differs, around a common middle: the order over all pairs is as good.
    rng = np.random.default_rng(1)
    gain = np.exp(1.2 * rng.normal(size=(N, 1)))
    bent = dataclasses.replace(BASE, matrix=((BASE.matrix - 0.5) * gain).astype(np.float32))
    found = report(bent)
    assert found.discrimination.gap.high < 0.02
    calm = found.discrimination._replace(gap=Estimate(0.004, 0.0, 0.008, 75))
    card = verdict_card(dataclasses.replace(found, discrimination=calm))
    assert card.advice.startswith("AUC hides it, but one threshold serves texts unequally")
    near = found.discrimination._replace(gap=Estimate(0.012, 0.004, 0.03, 75))
    open_card = verdict_card(dataclasses.replace(found, discrimination=near))
    assert open_card.advice.startswith("One threshold serves texts unequally")


def test_a_weak_ranking_is_the_first_thing_to_say():
    rng = np.random.default_rng(2)
    noise = dataclasses.replace(BASE, matrix=rng.normal(size=(N, N)).astype(np.float32))
    assert verdict_card(report(noise)).advice.startswith("Compare other methods first")


def test_too_few_anchors_say_only_that():
    few = HELD_OUT.where(HELD_OUT.left < np.sort(np.unique(HELD_OUT.left))[8])
    card = verdict_card(report(SHIFTED, few))
    assert card.gap == ""
    assert card.advice.startswith("Judge more pairs")


def test_an_unsettled_gap_is_said_to_be_unsettled():
    found = report(BASE).discrimination._replace(gap=Estimate(0.012, -0.004, 0.03, 40))
    assert gap_sentence(found).startswith("Whether one threshold ranks as well")
    above = found._replace(gap=Estimate(0.013, 0.009, 0.016, 40))
    assert "but whether by more than 0.01 is not settled" in gap_sentence(above)
    open_card = verdict_card(dataclasses.replace(report(BASE), discrimination=above))
    assert open_card.advice == ""


def test_sentences_carry_their_figures():
    whole = report(SHIFTED)
    gap = whole.discrimination.gap
    assert f"{gap.value:.3f} [{gap.low:.3f}, {gap.high:.3f}]" in gap_sentence(whole.discrimination)
    high = whole.contrast.same_in
    assert f"{high.same.value:.0%} of {high.n_pairs} pairs" in meaning_sentence(whole.contrast)
    assert meaning_sentence(None) == ""
    assert region_sentence(dataclasses.replace(whole, regions=())) == ""


def test_nothing_scored_is_reported_not_raised(from_matrix):
    empty = report(from_matrix(np.full((N, N), np.nan)))
    assert empty.n_pairs == 0
    assert empty.n_not_scored == HELD_OUT.n_pairs
    assert empty.reliability is None
    assert any("Reliability needs" in note for note in empty.notes)
    assert any("Shares of variance need 20 anchors" in note for note in empty.notes)
    assert verdict_card(empty).gap == ""


def test_a_handful_of_verdicts_is_reported_not_raised():
    few = PairTruth(np.array([0, 1, 2]), np.array([3, 4, 5]), np.array([True, False, True]), "me")
    found = report(SHIFTED, few)
    assert found.n_pairs == 3
    assert found.discrimination.gap.n == 0
    assert "3 pairs (2 same, 1 different) from me" in verdict_card(found).rests_on


def test_groups_that_do_not_fit_are_refused():
    with pytest.raises(BadInput, match="group codes"):
        calibration_report(BASE, TRUTH, shards_of(N - 1))
    with pytest.raises(BadInput, match="other attribute"):
        calibration_report(BASE, TRUTH, other_codes=OTHER[1:])
