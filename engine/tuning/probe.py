"""What is linearly readable from a frozen embedding: a measure, and a similarity.

`linear_probe` is MTEB's classification procedure. `fit_probe` reads labelled texts into a
regression whose label distribution, calibrated on texts held back, says how likely two texts are to
carry the same label.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from engine.errors import BadInput
from engine.types import Doubles, Floats, Rows

SAMPLES_PER_LABEL = 8
N_DRAWS = 10
MAX_ITER = 100
MTEB_SEED = 42
RIDGE_C = 10.0
TEMPERATURES = np.geomspace(0.1, 10.0, 41)
N_FOLDS = 5


class ProbeReport(NamedTuple):
    """What a probe read, averaged over its draws of the training texts.

    accuracy, macro_f1: means over draws. accuracies, macro_f1s: (n_draws,) each.
    n_train: labelled texts in each draw.
    """

    accuracy: float
    macro_f1: float
    accuracies: Doubles
    macro_f1s: Doubles
    n_train: int


def linear_probe(
    vectors: Floats,
    codes: Rows,
    train: Rows,
    test: Rows,
    *,
    samples_per_label: int = SAMPLES_PER_LABEL,
    n_draws: int = N_DRAWS,
    seed: int = MTEB_SEED,
) -> ProbeReport:
    """MTEB's classification: a few texts a label, drawn anew ten times, logistic regression.

    Args:
        vectors: (n, d) frozen embedding.
        codes: (n,) labels as whole numbers; -1 = missing, left out.
        train: rows to draw from.
        test: rows that are predicted, all of them in every draw.
        samples_per_label: texts a label; fewer where a label has fewer.
        n_draws: draws.
        seed: of the order of draws.

    Raises:
        BadInput: fewer than two labels in training, or nothing to test.

    Reference: Muennighoff et al. 2023, MTEB, arXiv:2210.07316, section 3.2.
    """
    from sklearn.metrics import f1_score

    order = train[codes[train] >= 0].tolist()
    tested = test[codes[test] >= 0]
    if not len(tested):
        raise BadInput("No text to test on carries a label. Hold some labelled texts out.")
    accuracies, f1s, drawn = [], [], np.zeros(0, dtype=np.int64)
    for _ in range(n_draws):
        # MTEB starts its generator anew for each draw and shuffles the last draw's order further.
        np.random.RandomState(seed).shuffle(order)
        drawn = few_per_label(order, codes, samples_per_label)
        fitted = regression(vectors[drawn], codes[drawn], seed=seed)
        predicted = fitted.predict(vectors[tested])
        accuracies.append(float((predicted == codes[tested]).mean()))
        f1s.append(float(f1_score(codes[tested], predicted, average="macro")))
    return ProbeReport(
        float(np.mean(accuracies)),
        float(np.mean(f1s)),
        np.array(accuracies),
        np.array(f1s),
        len(drawn),
    )


def few_per_label(order: Sequence[int], codes: Rows, most: int) -> Rows:
    """(k,) the first rows of an order, at most so many of each label.

    Example:
        >>> few_per_label([2, 0, 1], np.array([0, 1, 0]), 1).tolist()
        [2, 1]
    """
    seen: Counter[int] = Counter()
    kept = []
    for row in order:
        label = int(codes[row])
        if seen[label] < most:
            kept.append(row)
            seen[label] += 1
    return np.array(kept, dtype=np.int64)


def regression(
    columns: Floats | Doubles,
    labels: Rows,
    *,
    inverse_ridge: float = 1.0,
    max_iter: int = MAX_ITER,
    seed: int = 0,
) -> Any:  # noqa: ANN401 - scikit-learn's own type
    """A logistic regression on labelled rows.

    Args:
        columns: (m, d) features.
        labels: (m,) whole numbers.
        inverse_ridge: C: the larger, the weaker the ridge penalty.
        max_iter: of the solver; stopping there is part of MTEB's procedure and no error.
        seed: of the solver.

    Raises:
        BadInput: fewer than two labels occur.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    n_labels = len(np.unique(labels))
    if n_labels < 2:
        raise BadInput(
            f"{len(labels)} labelled texts carry {n_labels} label; two at least are needed. "
            "Label some more texts."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=inverse_ridge, max_iter=max_iter, random_state=seed)
        return model.fit(columns, labels)


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A fitted regression and the temperature that calibrates it.

    weights: (d, c). bias: (c,). labels: (c,) codes. temperature: logits are divided by it.
    """

    weights: Doubles
    bias: Doubles
    labels: Rows
    temperature: float

    def distribution(self, columns: Floats | Doubles) -> Floats:
        """(n, c) probability of each label, rows that sum to 1."""
        return _softmax((columns @ self.weights + self.bias) / self.temperature)


def fit_probe(
    columns: Floats | Doubles, rows: Rows, codes: Rows, *, inverse_ridge: float = RIDGE_C
) -> Probe:
    """A regression on labelled texts, its temperature chosen on folds that it did not see.

    Args:
        columns: (n, d) features of the corpus.
        rows: (m,) labelled texts, in an order that does not depend on the corpus's.
        codes: (m,) their labels.
        inverse_ridge: C of the regression.

    Raises:
        BadInput: fewer than two labels.

    Reference: Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv:1706.04599.
    """
    seen = np.asarray(columns[rows], dtype=np.float64)
    fitted = regression(seen, codes, inverse_ridge=inverse_ridge, max_iter=1000)
    weights, bias = _both_sides(fitted)
    held_back = _held_back_logits(seen, codes, fitted.classes_, inverse_ridge)
    places = np.searchsorted(fitted.classes_, codes)
    return Probe(weights, bias, fitted.classes_, best_temperature(held_back, places))


def best_temperature(logits: Doubles, labels: Rows) -> float:
    """The temperature with the least log loss on texts that were held back; 1 where none were.

    Args:
        logits: (m, c); rows of NaN are left out.
        labels: (m,) the true column of each row.

    Example:
        >>> sure_and_wrong = np.array([[9.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 0.0]])
        >>> best_temperature(sure_and_wrong, np.array([0, 0, 1, 1])) > 5
        True
    """
    known = np.isfinite(logits).all(axis=1)
    if not known.any():
        return 1.0
    picked = labels[known, None]
    losses = [
        -np.log(np.take_along_axis(_softmax(logits[known] / t), picked, 1) + 1e-12).mean()
        for t in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(losses))])


def _held_back_logits(columns: Doubles, codes: Rows, labels: Rows, inverse_ridge: float) -> Doubles:
    """(m, c) logits of each text from a regression without its fold; NaN where a label was gone."""
    found = np.full((len(codes), len(labels)), np.nan)
    folds = np.arange(len(codes)) % N_FOLDS
    for fold in range(N_FOLDS):
        left, kept = folds == fold, folds != fold
        if not left.any() or len(np.unique(codes[kept])) < len(labels):
            continue
        fitted = regression(columns[kept], codes[kept], inverse_ridge=inverse_ridge, max_iter=1000)
        weights, bias = _both_sides(fitted)
        found[left] = columns[left] @ weights + bias
    return found


def _both_sides(fitted: Any) -> tuple[Doubles, Doubles]:  # noqa: ANN401 - scikit-learn's own type
    """Weights and bias with a column a label, also where there are only two."""
    weights, bias = np.asarray(fitted.coef_).T, np.asarray(fitted.intercept_)
    if weights.shape[1] > 1:
        return weights, bias
    return np.concatenate([-weights, weights], axis=1) / 2, np.concatenate([-bias, bias]) / 2


def _softmax(logits: Doubles) -> Floats:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)
