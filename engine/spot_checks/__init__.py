"""Spot checks: which pairs to ask about, and how far each method agrees with the answers."""

from engine.spot_checks.agreement import (
    Agreement,
    Auc,
    BestAccuracy,
    TripletAgreement,
    agreement,
    auc,
    triplet_agreement,
)
from engine.spot_checks.answers import (
    AnsweredPair,
    AnsweredTriplet,
    answered_pairs,
    answered_triplets,
)
from engine.spot_checks.asking import CheckedPair, ask_queue, question_of
from engine.spot_checks.pairs import both_ways, random_pairs
from engine.spot_checks.queue import SpotCheck, Stratum, replayable_queue, spot_check_queue

__all__ = [
    "Agreement",
    "AnsweredPair",
    "AnsweredTriplet",
    "Auc",
    "BestAccuracy",
    "CheckedPair",
    "SpotCheck",
    "Stratum",
    "TripletAgreement",
    "agreement",
    "answered_pairs",
    "answered_triplets",
    "ask_queue",
    "auc",
    "both_ways",
    "question_of",
    "random_pairs",
    "replayable_queue",
    "spot_check_queue",
    "triplet_agreement",
]
