"""One card for a method: how bad the gap is, where, whether a repair closes it, what to do.

Every sentence is computed, carries its interval, and is left out when the data do not support it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from engine.diagnostics.calibration_report import CalibrationReport
from engine.diagnostics.discrimination import Discrimination
from engine.diagnostics.estimate import Estimate
from engine.diagnostics.findings import GAP, Fault, findings
from engine.diagnostics.regions import Contrast, Meaning

MIN_ANCHORS = 20
WEAK = 0.6
"""Local AUC below which no threshold is worth choosing: the ranking itself is the trouble."""
LOCAL_HARM = 0.01
"""Local AUC that a repair may cost before the card says so."""
UNEQUAL = {Fault.THRESHOLDS, Fault.OPIS, Fault.FALSE_POSITIVES, Fault.RELIABILITY, Fault.TRANSFER}
"""Faults that make one threshold unequal although the ranking over all pairs is as good."""


@dataclass(frozen=True, slots=True)
class Card:
    """The verdict in sentences; an empty one is not supported by the data.

    Attributes:
        gap: how large the calibration gap is.
        meaning: one similarity that means two things in two regions.
        worst_region: which region loses most by the common threshold.
        repair: whether a repair closes the gap, and at what price.
        advice: what to do.
        rests_on: source and number of pairs; always there.
    """

    gap: str
    meaning: str
    worst_region: str
    repair: str
    advice: str
    rests_on: str

    @property
    def sentences(self) -> tuple[str, ...]:
        """Those that the data support, in reading order."""
        said = (self.gap, self.meaning, self.worst_region, self.repair, self.advice, self.rests_on)
        return tuple(sentence for sentence in said if sentence)


def verdict_card(
    before: CalibrationReport, after: Mapping[str, CalibrationReport] | None = None
) -> Card:
    """Put a calibration report, and those of the repairs tried, into a few sentences.

    Args:
        before: of the method as it is.
        after: by repair, measured on the same pairs; none of them fitted on those.
    """
    repairs = after or {}
    return Card(
        gap_sentence(before.discrimination),
        meaning_sentence(before.contrast),
        region_sentence(before),
        repair_sentence(before, repairs),
        advice_sentence(before, repairs),
        f"Measured on {before.truth}.",
    )


def gap_sentence(found: Discrimination) -> str:
    """How large the gap is; empty with fewer than 20 anchors."""
    gap = found.gap
    if gap.n < MIN_ANCHORS or not math.isfinite(gap.low):
        return ""
    figures = (
        f"local AUC {found.local.value:.3f}, pooled {found.pooled.value:.3f}, "
        f"gap {_interval(gap)} over {gap.n} anchors"
    )
    if gap.low > GAP:
        return f"One threshold for all ranks worse than each text's own: {figures}."
    if gap.high <= GAP:
        return f"One threshold for all ranks about as well as each text's own: {figures}."
    if gap.low > 0:
        return (
            "One threshold for all ranks worse than each text's own, but whether by more than "
            f"{GAP} is not settled: {figures}."
        )
    return f"Whether one threshold ranks as well as each text's own is not settled: {figures}."


def meaning_sentence(found: Contrast | None) -> str:
    """What one similarity means in two regions; empty when there is no such similarity."""
    if found is None:
        return ""
    return (
        f"{found.similarity:.2f} means same for {found.same_in.name} ({_meant(found.same_in)}) "
        f"and different for {found.different_in.name} ({_meant(found.different_in)})."
    )


def region_sentence(report: CalibrationReport) -> str:
    """Which region loses most by the common threshold; empty unless its interval is above 0."""
    if not report.regions:
        return ""
    worst = report.regions[0]
    if not worst.loss.low > 0:
        return ""
    return (
        f"{worst.name} loses most: its own threshold is {worst.own:.3g}, the common one "
        f"{worst.common:.3g}, and that costs it {_interval(worst.loss)} of sensitivity plus "
        f"specificity ({worst.loss.n} anchors)."
    )


def repair_sentence(before: CalibrationReport, after: Mapping[str, CalibrationReport]) -> str:
    """What the best repair does to the gap; empty when there is no gap or none was tried."""
    gap = before.discrimination.gap
    if not after or not gap.low > GAP:
        return ""
    name = best_repair(before, after)
    if name is None:
        return f"None of the repairs tried ({', '.join(after)}) narrows the gap measurably."
    left = after[name].discrimination
    verb = "closes" if left.gap.low <= GAP and left.gap.value <= gap.value / 5 else "narrows"
    cost = before.discrimination.local.value - left.local.value
    price = f", at the price of {cost:.3f} of local AUC" if cost > LOCAL_HARM else ""
    return f"{name} {verb} the gap, from {gap.value:.3f} to {_interval(left.gap)}{price}."


def best_repair(before: CalibrationReport, after: Mapping[str, CalibrationReport]) -> str | None:
    """The repair after which one threshold ranks best, if that is clearly better than before.

    Clearly: the gap's interval lies below that of before, and pooled AUC is higher.
    """
    gap, pooled = before.discrimination.gap, before.discrimination.pooled
    better = {
        name: report.discrimination.pooled.value
        for name, report in after.items()
        if report.discrimination.gap.high < gap.low
        and report.discrimination.pooled.value > pooled.value
    }
    return max(better, key=lambda name: better[name]) if better else None


def advice_sentence(before: CalibrationReport, after: Mapping[str, CalibrationReport]) -> str:
    """What to do; empty when too little is known to advise anything."""
    gap = before.discrimination.gap
    if gap.n < MIN_ANCHORS or not math.isfinite(gap.low):
        return "Judge more pairs: fewer than 20 texts have both a same and a different one."
    if before.discrimination.local.high < WEAK:
        return (
            f"Compare other methods first: around each text it hardly tells same from different "
            f"(local AUC {_interval(before.discrimination.local)})."
        )
    if gap.low > GAP:
        name = best_repair(before, after)
        if name is not None:
            return f"Use the similarity after {name} wherever one threshold is applied."
        return (
            "Read neighbours text by text, and set no common threshold: per region, or not at all."
        )
    return _other_advice(before)


def _other_advice(report: CalibrationReport) -> str:
    faults = {finding.fault for finding in findings(report)}
    is_settled = report.discrimination.gap.high <= GAP
    if faults & UNEQUAL:
        said = "AUC hides it, but one threshold" if is_settled else "One threshold"
        return (
            f"{said} serves texts unequally: look at precision and recall by region before using "
            "one."
        )
    if not is_settled:
        return ""
    if Fault.LEAK in faults:
        return "One threshold will do, but the other attribute leaks in: compare other methods."
    if Fault.HUBS in faults:
        return "One threshold will do; for neighbour lists take hubs down by t-norm or csls."
    return "One threshold will do."


def _meant(found: Meaning) -> str:
    share = found.same
    return f"{share.value:.0%} of {found.n_pairs} pairs, {share.low:.0%} to {share.high:.0%}"


def _interval(estimate: Estimate) -> str:
    # Adding 0.0 takes the sign off a figure that rounds to nothing.
    value, low, high = (f"{round(part, 3) + 0.0:.3f}" for part in estimate[:3])
    return f"{value} [{low}, {high}]"
