"""Which measures of a calibration report say that something is wrong, by stated bounds.

A measure fires only when its whole interval lies beyond its bound. The bounds are conventions:
large enough to matter for a threshold, and crossed by none of the planted faults that a measure
is not about.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from engine.diagnostics.calibration_report import CalibrationReport
from engine.diagnostics.estimate import Estimate

GAP = 0.01
BEYOND_CHANCE = 1.5
OUTSIDE = 0.06
VARIANCE = 0.1
QUARTER_ECE = 0.03
SKEW = 1.4
ASYMMETRY = 0.05
ANISOTROPY = 0.3
TRANSFER = 0.03
LEAK = 0.1
TRIANGLES = 0.05


class Fault(StrEnum):
    """What can be wrong, each found by one measure."""

    GAP = "one threshold ranks worse than each text's own"
    THRESHOLDS = "best thresholds differ by anchor"
    OPIS = "one threshold serves anchors unequally"
    FALSE_POSITIVES = "false positives concentrate on some anchors"
    ANCHOR = "similarities depend on the anchor"
    CANDIDATE = "similarities depend on the candidate"
    RELIABILITY = "probabilities are right on average only"
    HUBS = "some texts are everybody's neighbour"
    ASYMMETRY = "a is not as like b as b is like a"
    ANISOTROPY = "all vectors point the same way"
    TRANSFER = "a region's threshold fails in other regions"
    LEAK = "another attribute leaks in"
    TRIANGLES = "verdicts contradict each other"


@dataclass(frozen=True, slots=True)
class Finding:
    """One measure that fired: its figure, and the bound its interval lies beyond."""

    fault: Fault
    figure: Estimate
    bound: float


def findings(report: CalibrationReport) -> list[Finding]:
    """The measures that fired, in the order of `Fault`."""
    candidates = [*_always(report), *_if_measured(report)]
    fired = [Finding(*each) for each in candidates if _lowest(each[1]) > each[2]]
    order = list(Fault)
    return sorted(fired, key=lambda finding: order.index(finding.fault))


def _always(report: CalibrationReport) -> list[tuple[Fault, Estimate, float]]:
    thresholds, score = report.thresholds, report.opis
    return [
        (Fault.GAP, report.discrimination.gap, GAP),
        (Fault.THRESHOLDS, thresholds.spread, BEYOND_CHANCE * thresholds.by_chance),
        (Fault.OPIS, score.score, BEYOND_CHANCE * score.by_chance),
        (Fault.FALSE_POSITIVES, report.false_positives.outside, OUTSIDE),
        (Fault.ANCHOR, report.variance.anchor, VARIANCE),
        (Fault.CANDIDATE, report.variance.candidate, VARIANCE),
        (Fault.ASYMMETRY, report.asymmetry, ASYMMETRY),
    ]


def _if_measured(report: CalibrationReport) -> list[tuple[Fault, Estimate, float]]:
    found: list[tuple[Fault, Estimate, float]] = []
    if report.reliability is not None:
        worst = max(report.reliability.by_quarter, key=lambda quarter: quarter.value)
        found.append((Fault.RELIABILITY, worst, QUARTER_ECE))
    if report.hubness is not None:
        skew = report.hubness.skew
        found.append((Fault.HUBS, Estimate(skew, skew, skew, 0), SKEW))
    if report.anisotropy is not None:
        found.append((Fault.ANISOTROPY, report.anisotropy.mean_cosine, ANISOTROPY))
    if report.transfer is not None:
        found.append((Fault.TRANSFER, report.transfer.loss, TRANSFER))
    if report.leakage is not None:
        found.append((Fault.LEAK, report.leakage.leaked, LEAK))
    if report.triangles is not None:
        found.append((Fault.TRIANGLES, report.triangles, TRIANGLES))
    return found


def _lowest(estimate: Estimate) -> float:
    """The interval's lower end; never beyond any bound where there is no interval."""
    return estimate.low if math.isfinite(estimate.low) else -math.inf
