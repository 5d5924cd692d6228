"""Batches of judging put on one scale by the items that all of them scored."""

from __future__ import annotations

import numpy as np

from engine.diagnostics.drift import BatchScores, shared_scores
from engine.diagnostics.truth import Groups
from engine.errors import BadInput
from engine.normalise.affine import AffineSimilarity
from engine.types import Similarity


def aligned_batches(
    similarity: Similarity, scored: BatchScores, batches: Groups
) -> AffineSimilarity:
    """Similarities of each batch's anchors, stretched and shifted to the batches' mean scale.

    On the shared items every batch gets the mean and the spread that their averages over all
    batches have.

    Args:
        similarity: any whose anchors were scored batch by batch.
        scored: the shared items' scores in each batch; see `engine.diagnostics.drift`.
        batches: which batch each text was scored in as the anchor; -1 stays as it is.

    Raises:
        BadInput: fewer than two shared items, a batch without shared items, or one whose shared
            items all score alike.

    Reference: mean-and-sigma linking; Kolen & Brennan 2014, Test Equating, §6.3.
    """
    if len(batches.codes) != similarity.n_texts:
        raise BadInput(
            f"{len(batches.codes)} batch codes for {similarity.n_texts} texts; one each."
        )
    table, names = shared_scores(scored)
    missing = [name for name in batches.names if name not in names]
    if missing or len(table) < 2:
        raise BadInput(
            f"{len(table)} items were scored in every batch, and these batches share none: "
            f"{', '.join(missing) or 'none'}. Score at least two items in all of them."
        )
    means, spreads = table.mean(axis=0), table.std(axis=0)
    if (spreads == 0).any():
        raise BadInput("The shared items of a batch all score alike; share items that differ.")
    target = table.mean(axis=1)
    gain = np.ones(len(batches.names) + 1)
    offset = np.zeros(len(batches.names) + 1)
    for code, name in enumerate(batches.names):
        column = names.index(name)
        gain[code] = target.std() / spreads[column]
        offset[code] = gain[code] * means[column] - target.mean()
    nothing = np.zeros(similarity.n_texts, dtype=np.float32)
    return AffineSimilarity(
        similarity,
        gain[batches.codes].astype(np.float32),
        nothing,
        offset[batches.codes].astype(np.float32),
        nothing,
        similarity.scale,
    )
