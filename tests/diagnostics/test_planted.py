"""One fault at a time: the right measure fires, the others stay quiet, repairs close the gap."""

from functools import cache

import numpy as np
import pytest

from engine.diagnostics.calibration_report import calibration_report
from engine.diagnostics.drift import batch_drift
from engine.diagnostics.findings import Fault, findings
from engine.diagnostics.planted import (
    MAX_TEXTS,
    perfect,
    shards_of,
    shared_items,
    with_anchor_scales,
    with_flipped_verdicts,
    with_hubs,
    with_leak,
    with_shard_offsets,
)
from engine.diagnostics.transitivity import comparisons, intransitive_triads, order_flips
from engine.diagnostics.truth import split_by_anchor, truth_from_labels
from engine.errors import BadInput
from engine.judges.labels import LabelJudge
from engine.judges.ledger import Ledger
from engine.judges.questions import TripletQuestion
from engine.normalise import Ingredients, aligned_batches, repaired
from engine.types import Attribute

N = 400
RNG = np.random.default_rng(0)
CODES, OTHER = RNG.integers(0, 4, N), RNG.integers(0, 4, N)
SHARDS = shards_of(N)
OFFSETS = np.array([-0.3, -0.15, 0, 0.15, 0.3])
TRUTH = truth_from_labels(CODES, "topic", n_pairs=20_000, n_anchors=200)
FIT, HELD_OUT = split_by_anchor(TRUTH)
BASE = perfect(CODES)
PLANTED = {
    "nothing": BASE,
    "anchor scales": with_anchor_scales(BASE),
    "hubs": with_hubs(BASE),
    "shards": with_shard_offsets(BASE, SHARDS, OFFSETS),
    "leak": with_leak(BASE, OTHER),
}
GAP_FAULTS = {Fault.GAP, Fault.THRESHOLDS, Fault.OPIS, Fault.ANCHOR, Fault.RELIABILITY}


def report(similarity, truth=TRUTH):
    return calibration_report(similarity, truth, SHARDS, other_codes=OTHER)


@cache
def report_of(fault):
    return report(PLANTED[fault])


@cache
def report_after(fault, repair):
    """On the anchors that no repair was fitted on."""
    similarity = PLANTED[fault]
    if repair:
        similarity = repaired(repair, similarity, Ingredients(FIT, SHARDS))
    return report(similarity, HELD_OUT)


def fired(found):
    return {finding.fault for finding in findings(found)}


# What each fault must set off, and what it also may: an anchor's own gain makes s(a, b) ≠ s(b, a).
EXPECTED = {
    "nothing": (set(), set()),
    "anchor scales": (GAP_FAULTS, {Fault.ASYMMETRY, Fault.FALSE_POSITIVES}),
    "hubs": ({Fault.CANDIDATE, Fault.HUBS}, {Fault.ASYMMETRY}),
    "shards": (GAP_FAULTS | {Fault.TRANSFER, Fault.FALSE_POSITIVES}, {Fault.ASYMMETRY}),
    "leak": ({Fault.LEAK}, set()),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_the_right_measures_fire_and_the_others_stay_quiet(fault):
    must, may = EXPECTED[fault]
    found = fired(report_of(fault))
    assert must <= found
    assert found <= must | may


@pytest.mark.parametrize("fault", PLANTED)
def test_local_auc_stays(fault):
    # Gains and offsets of an anchor change no order; hubs and leaks are noise to every anchor.
    lost = report_of("nothing").discrimination.local.value - (
        report_of(fault).discrimination.local.value
    )
    assert lost == pytest.approx(0, abs=1e-3 if fault in ("anchor scales", "shards") else 0.02)


@pytest.mark.parametrize("fault", ["anchor scales", "shards"])
def test_the_gap_opens(fault):
    assert report_of("nothing").discrimination.gap.high < 0.002
    assert report_of(fault).discrimination.gap.low > 0.08


@pytest.mark.parametrize("fault", ["hubs", "leak"])
def test_the_gap_stays_closed_where_anchors_agree(fault):
    assert report_of(fault).discrimination.gap.high < 0.002


@pytest.mark.parametrize("fault", ["anchor scales", "shards"])
@pytest.mark.parametrize(
    ("repair", "share_left"), [("z-norm", 0.02), ("zt-norm", 0.02), ("as-norm", 0.35)]
)
def test_cohorts_close_what_anchors_opened(fault, repair, share_left):
    # The mean of the two norms keeps the anchor's share of the candidate's: it can't close all.
    before = report_after(fault, None).discrimination
    after = report_after(fault, repair).discrimination
    assert after.gap.value < share_left * before.gap.value
    assert after.local.value > before.local.value - 0.005


def test_z_norm_quiets_everything_that_fired():
    assert not fired(report_after("anchor scales", "z-norm")) & GAP_FAULTS


@pytest.mark.parametrize("repair", ["isotonic", "platt"])
def test_a_common_curve_makes_probabilities_but_closes_no_gap(repair):
    before = report_after("shards", None).discrimination
    after = report_after("shards", repair)
    assert after.reliability.ece.value < 0.05
    assert max(quarter.low for quarter in after.reliability.by_quarter) > 0.1
    assert after.discrimination.gap.value > 0.8 * before.gap.value


def test_thresholds_by_group_close_shards_and_nothing_else():
    assert report_after("shards", "per-group-threshold").discrimination.gap.value < 0.002
    untouched = report_after("anchor scales", "per-group-threshold").discrimination.gap
    assert untouched.value > 0.1


def test_shared_items_find_the_drift_and_close_it():
    items = shared_items(BASE, SHARDS, OFFSETS)
    drifts = {found.batch: found for found in batch_drift(items)}
    # Against the mean of the other four: offset · 5/4.
    for name, offset in zip(SHARDS.names, OFFSETS, strict=True):
        assert drifts[name].offset.value == pytest.approx(offset * 5 / 4, abs=0.02)
    assert drifts["shard 0"].drifted
    assert drifts["shard 4"].drifted
    closed = report(aligned_batches(PLANTED["shards"], items, SHARDS))
    assert closed.discrimination.gap.value < 0.002
    assert not fired(closed) & GAP_FAULTS


def test_shared_items_of_honest_shards_show_no_drift():
    drifts = batch_drift(shared_items(BASE, SHARDS, np.zeros(5)))
    assert sum(found.drifted for found in drifts) <= 1
    assert max(abs(found.offset.value) for found in drifts) < 0.02


@pytest.mark.parametrize("repair", ["t-norm", "zt-norm"])
def test_hubs_are_taken_down(repair):
    before, after = report_after("hubs", None), report_after("hubs", repair)
    assert after.hubness.skew < before.hubness.skew / 2
    assert after.discrimination.local.value > before.discrimination.local.value + 0.005


def test_no_repair_removes_a_leak():
    for repair in ("as-norm", "zt-norm", "csls", "isotonic"):
        assert Fault.LEAK in fired(report_after("leak", repair))


def test_judge_noise_breaks_triangles_and_lowers_both_aucs_alike():
    noisy = report(BASE, with_flipped_verdicts(TRUTH))
    assert fired(noisy) == {Fault.TRIANGLES}
    assert report_of("nothing").triangles.value == 0
    assert noisy.discrimination.local.value < 0.9
    assert noisy.discrimination.gap.high < 0.01


def judged(tmp_path, **faults):
    """Every text of twelve as anchor, all pairs of six others, both ways round."""
    texts = [f"text {number}" for number in range(12)]
    labels = {text: str(number) for number, text in enumerate(texts)}
    questions = []
    for row, anchor in enumerate(texts):
        others = [texts[(row + step) % 12] for step in range(1, 7)]
        questions += [
            TripletQuestion(Attribute("size"), anchor, left, right)
            for left in others
            for right in others
            if left != right
        ]
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        judge = LabelJudge(labels, ledger, ordered=True, **faults)
        return list(judge.answer(questions))


def test_an_honest_judge_contradicts_himself_nowhere(tmp_path):
    verdicts = judged(tmp_path)
    assert order_flips(verdicts).flipped.value == 0
    assert intransitive_triads(comparisons(verdicts)).value == 0


def test_judge_noise_flips_orders_and_closes_circles(tmp_path):
    verdicts = judged(tmp_path, noise=0.2)
    flips = order_flips(verdicts)
    assert flips.flipped.low > 0.2
    assert flips.first_side.low < 0.5 < flips.first_side.high
    assert intransitive_triads(comparisons(verdicts)).low > 0


def test_position_bias_shows_on_the_first_side(tmp_path):
    flips = order_flips(judged(tmp_path, position_bias=0.3))
    assert flips.first_side.low > 0.55
    assert flips.flipped.low > 0.15


def test_a_planted_similarity_is_small():
    with pytest.raises(BadInput, match="holds all pairs"):
        perfect(np.zeros(MAX_TEXTS + 1))
