"""Labels on top of written categories: the categories are the prior, the labels move it.

A logistic regression reads each text's evidence for the written categories beside its embedding.
Its ridge penalty is a Gaussian prior (MAP): the few columns of evidence vary much more than any
one coordinate of the embedding, so with few labels the regression can only re-weigh what the
categories say, and with many it learns directions that they missed. The written profile itself
fades as n / (n + 25).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.errors import BadInput
from engine.projection.profiles import centred, soft_profiles, standardised
from engine.similarity import VectorSimilarity
from engine.types import Doubles, Floats, Rows

HALF_AT = 25
"""Labels at which the fitted profile weighs as much as the written one."""
RIDGE_C = 10.0


def with_labels(
    texts: Floats,
    evidence: Doubles,
    rows: Rows,
    codes: npt.ArrayLike,
    *,
    temperature: float = 1.0,
    half_at: float = HALF_AT,
) -> VectorSimilarity:
    """The written projection, moved by some labelled texts. The labels need not be the categories.

    Args:
        texts: (n, d) vectors of the corpus.
        evidence: (n, c) standardised evidence for the written categories.
        rows: (m,) the labelled texts.
        codes: (m,) their labels as whole numbers.
        temperature: softening of both profiles.
        half_at: labels at which both profiles weigh the same, ≥ 0; 0 leaves the labels alone.

    Raises:
        BadInput: fewer than two labels occur, or lengths differ.
    """
    if half_at < 0:
        raise BadInput(f"half_at is {half_at}; it must be 0 or more, such as 25.")
    columns = [standardised(evidence) / np.sqrt(evidence.shape[1]), centred(texts)]
    fitted = _fitted(np.concatenate(columns, axis=1), rows, codes)
    share = len(rows) / (len(rows) + half_at)
    parts = [
        np.sqrt(1 - share) * soft_profiles(standardised(evidence), temperature),
        np.sqrt(share) * soft_profiles(fitted, temperature),
    ]
    return VectorSimilarity(np.concatenate(parts, axis=1).astype(np.float32))


def labels_alone(
    texts: Floats, rows: Rows, codes: npt.ArrayLike, *, temperature: float = 1.0
) -> VectorSimilarity:
    """The same regression without any written category: what the labels are worth by themselves.

    Args:
        texts: (n, d) vectors of the corpus.
        rows: (m,) the labelled texts.
        codes: (m,) their labels as whole numbers.
        temperature: softening of the profile.

    Raises:
        BadInput: fewer than two labels occur, or lengths differ.
    """
    return VectorSimilarity(soft_profiles(_fitted(centred(texts), rows, codes), temperature))


def _fitted(columns: Floats | Doubles, rows: Rows, codes: npt.ArrayLike) -> Doubles:
    """(n, k) standardised log-odds of each label."""
    from sklearn.linear_model import LogisticRegression

    labels = np.asarray(codes, dtype=np.int64)
    if labels.shape != rows.shape:
        raise BadInput(f"{len(rows)} texts are labelled with {len(labels)} labels; give one each.")
    n_labels = len(np.unique(labels))
    if n_labels < 2:
        raise BadInput(
            f"{len(rows)} labelled texts carry {n_labels} label; two at least are needed. "
            "Label some more texts."
        )
    fitted = LogisticRegression(C=RIDGE_C, max_iter=1000).fit(columns[rows], labels)
    decided = np.asarray(fitted.decision_function(columns))
    return standardised(np.stack([-decided, decided], axis=1) if decided.ndim == 1 else decided)
