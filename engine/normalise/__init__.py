"""Repairs: each turns a Similarity into another whose numbers mean more nearly the same everywhere.

They cost O(N · cohort) at most, keep NaN as NaN, and give a Similarity that can be used wherever
the one they started from could.
"""

from engine.normalise.affine import AffineSimilarity
from engine.normalise.batches import aligned_batches
from engine.normalise.cohort import as_norm, csls, t_norm, z_norm, zt_norm
from engine.normalise.group_thresholds import per_group_threshold
from engine.normalise.kept import load_repaired, save_repaired
from engine.normalise.monotone import CalibratedSimilarity, isotonic, platt
from engine.normalise.registry import Ingredients, Repair, repair, repaired, repairs
from engine.normalise.vectors import centred, without_components, without_top_components

__all__ = [
    "AffineSimilarity",
    "CalibratedSimilarity",
    "Ingredients",
    "Repair",
    "aligned_batches",
    "as_norm",
    "centred",
    "csls",
    "isotonic",
    "load_repaired",
    "per_group_threshold",
    "platt",
    "repair",
    "repaired",
    "repairs",
    "save_repaired",
    "t_norm",
    "without_components",
    "without_top_components",
    "z_norm",
    "zt_norm",
]
