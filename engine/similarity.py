"""The makers of Similarity: from vectors, from sparse vectors, from one axis, from a pair scorer.

Each can be saved to a folder and loaded again without the model that made it. A fifth, from several
vectors a text, is in `engine.max_sim`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp

from engine.errors import BadInput, StoreError
from engine.types import Floats, Neighbours, Rows, Scale, Similarity

BLOCK_ENTRIES = 8_000_000
"""Similarities held in memory at once while neighbours are searched (32 MB of float32)."""


class Storable(Protocol):
    """A Similarity whose numbers can be kept on disk."""

    def arrays(self) -> dict[str, Any]:
        """Named arrays that `load_similarity` rebuilds it from."""
        ...


def unit_rows(vectors: Floats) -> Floats:
    """Each row scaled to length 1; a row of zeros stays zero.

    Example:
        >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)).tolist()
        [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class VectorSimilarity:
    """Dot products of dense vectors: cosine when their rows have length 1.

    Args:
        vectors: (n, d) float32, the candidates' side.
        anchors: (n, d) float32, the anchors' side where it differs; else the same vectors.
        scale: what the numbers are.
    """

    vectors: Floats
    anchors: Floats | None = None
    scale: Scale = Scale.COSINE

    @property
    def n_texts(self) -> int:
        """How many rows the corpus has."""
        return len(self.vectors)

    def pairs(self, left: Rows, right: Rows) -> Floats:
        """(m,) similarity of each anchor left[i] to right[i]."""
        anchors = self.vectors if self.anchors is None else self.anchors
        out = np.empty(len(left), dtype=np.float32)
        step = max(1, BLOCK_ENTRIES // max(1, self.vectors.shape[1]))
        for start in range(0, len(left), step):
            part = slice(start, start + step)
            out[part] = np.einsum("ij,ij->i", anchors[left[part]], self.vectors[right[part]])
        return out

    def neighbours(self, rows: Rows, k: int) -> Neighbours:
        """The k most alike texts of each row, searched exactly, in blocks."""
        anchors = self.vectors if self.anchors is None else self.anchors
        return nearest(lambda part: anchors[part] @ self.vectors.T, rows, k, self.n_texts)

    def arrays(self) -> dict[str, Any]:
        """The vectors themselves."""
        named = {"vectors": self.vectors}
        return named if self.anchors is None else {**named, "anchors": self.anchors}


@dataclass(frozen=True, slots=True)
class SparseSimilarity:
    """Sparse products of anchor weights with candidate weights, e.g. BM25 or TF-IDF.

    Args:
        anchors: (n, v) CSR matrix, one row an anchor.
        candidates: (n, v) CSR matrix, one row a candidate.
        scale: what the numbers are.
    """

    anchors: sp.csr_array
    candidates: sp.csr_array
    scale: Scale

    @property
    def n_texts(self) -> int:
        """How many rows the corpus has."""
        return int(self.candidates.shape[0])

    def pairs(self, left: Rows, right: Rows) -> Floats:
        """(m,) similarity of each anchor left[i] to right[i]."""
        product = self.anchors[left].multiply(self.candidates[right])
        return np.asarray(product.sum(axis=1), dtype=np.float32).ravel()

    def neighbours(self, rows: Rows, k: int) -> Neighbours:
        """The k most alike texts of each row, searched exactly, in blocks."""
        columns = self.candidates.T.tocsr()
        return nearest(
            lambda part: (self.anchors[part] @ columns).toarray().astype(np.float32),
            rows,
            k,
            self.n_texts,
        )

    def arrays(self) -> dict[str, Any]:
        """Both sides in CSR parts."""
        return {
            **csr_parts("anchors", self.anchors),
            **csr_parts("candidates", self.candidates),
        }


@dataclass(frozen=True, slots=True)
class AxisSimilarity:
    """Texts placed on one axis; the nearer two values, the more alike.

    Args:
        values: (n,) float32 place of each text on the axis; NaN = not placed.
    """

    values: Floats
    scale: Scale = Scale.NEGATIVE_DISTANCE

    @property
    def n_texts(self) -> int:
        """How many rows the corpus has."""
        return len(self.values)

    def pairs(self, left: Rows, right: Rows) -> Floats:
        """(m,) minus the distance between the two places."""
        return np.asarray(-np.abs(self.values[left] - self.values[right]), dtype=np.float32)

    def neighbours(self, rows: Rows, k: int) -> Neighbours:
        """The k texts nearest on the axis."""
        return nearest(
            lambda part: -np.abs(self.values[part][:, None] - self.values[None, :]),
            rows,
            k,
            self.n_texts,
        )

    def arrays(self) -> dict[str, Any]:
        """The places."""
        return {"values": self.values}


@dataclass(slots=True)
class PairSimilarity:
    """Similarities known only for the pairs that a model was paid to score; all others are NaN.

    Args:
        n_texts: how many rows the corpus has.
        scale: what the numbers are.
        scorer: (left, right) → (m,) float32 symmetric similarities, run on demand by `score`.
        shortlist: the candidates of each text, from a cheaper Similarity.
    """

    n_texts: int
    scale: Scale
    shortlist: Rows
    scorer: Callable[[Rows, Rows], Floats] | None = None
    known: dict[tuple[int, int], float] = field(default_factory=dict)

    @property
    def scores_on_demand(self) -> bool:
        """Whether `score` can pay for further pairs; if not, only what is known has a number."""
        return self.scorer is not None

    def pairs(self, left: Rows, right: Rows) -> Floats:
        """(m,) similarities; NaN for a pair that was never scored."""
        keys = zip(left.tolist(), right.tolist(), strict=True)
        values = [self.known.get((min(a, b), max(a, b)), np.nan) for a, b in keys]
        return np.array(values, dtype=np.float32)

    def score(self, left: Rows, right: Rows) -> Floats:
        """Pay for those pairs that are not yet known, then return all of them.

        A result read from disk has no scorer: what it doesn't know stays NaN. `scores_on_demand`
        tells; `engine.reopening` gives it its method's model back.
        """
        wanted = {
            (min(a, b), max(a, b)) for a, b in zip(left.tolist(), right.tolist(), strict=True)
        }
        missing = sorted(wanted - self.known.keys())
        if missing and self.scorer is not None:
            rows = np.array(missing, dtype=np.int64)
            for pair, value in zip(missing, self.scorer(rows[:, 0], rows[:, 1]), strict=True):
                self.known[pair] = float(value)
        return self.pairs(left, right)

    def score_shortlists(self, rows: Rows) -> None:
        """Pay for the whole shortlist of each row."""
        candidates = self.shortlist[rows]
        anchors = np.repeat(rows, candidates.shape[1])
        flat = candidates.ravel()
        real = flat >= 0
        self.score(anchors[real], flat[real])

    def neighbours(self, rows: Rows, k: int) -> Neighbours:
        """The k most alike among the scored pairs of each row; padded where fewer are known.

        Raises:
            BadInput: k < 1.
        """
        _check_k(k)
        by_row: dict[int, list[tuple[float, int]]] = {}
        for (a, b), value in self.known.items():
            if np.isfinite(value):
                by_row.setdefault(a, []).append((-value, b))
                by_row.setdefault(b, []).append((-value, a))
        out_rows = np.full((len(rows), k), -1, dtype=np.int64)
        out = np.full((len(rows), k), np.nan, dtype=np.float32)
        for i, row in enumerate(rows.tolist()):
            for j, (negative, other) in enumerate(sorted(by_row.get(row, []))[:k]):
                out_rows[i, j], out[i, j] = other, -negative
        return Neighbours(out_rows, out)

    def arrays(self) -> dict[str, Any]:
        """The scored pairs and the shortlist."""
        keys = np.array(list(self.known), dtype=np.int64).reshape(-1, 2)
        values = np.array(list(self.known.values()), dtype=np.float32)
        n_texts = np.array(self.n_texts, dtype=np.int64)
        return {"known": keys, "known_values": values, "shortlist": self.shortlist, "n": n_texts}


def nearest(block: Callable[[Rows], Floats], rows: Rows, k: int, n_texts: int) -> Neighbours:
    """The k largest entries of each row of a similarity matrix that is made block by block.

    Args:
        block: rows (b,) → (b, n_texts) similarities; NaN = not scored.
        rows: (q,) anchors; each is left out of its own list by its index.
        k: neighbours wanted; lists are padded with -1 / NaN when the corpus is smaller.
        n_texts: corpus size.

    Raises:
        BadInput: k < 1.
    """
    _check_k(k)
    n_found = min(k, max(0, n_texts - 1))
    out_rows = np.full((len(rows), k), -1, dtype=np.int64)
    out = np.full((len(rows), k), np.nan, dtype=np.float32)
    if n_found == 0:
        return Neighbours(out_rows, out)
    step = max(1, BLOCK_ENTRIES // n_texts)
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        similarities = np.array(block(part), dtype=np.float32)
        similarities[np.isnan(similarities)] = -np.inf
        similarities[np.arange(len(part)), part] = -np.inf
        top_rows, top = _largest(similarities, n_found)
        top_rows[np.isneginf(top)] = -1
        top[np.isneginf(top)] = np.nan
        out_rows[start : start + len(part), :n_found] = top_rows
        out[start : start + len(part), :n_found] = top
    return Neighbours(out_rows, out)


def _check_k(k: int) -> None:
    if k < 1:
        raise BadInput(f"k must be at least 1, not {k}.")


def _largest(similarities: Floats, k: int) -> tuple[Rows, Floats]:
    """Columns and values of the k largest entries of each row, largest first, ties by column."""
    n_columns = similarities.shape[1]
    candidates = np.argpartition(similarities, n_columns - k, axis=1)[:, n_columns - k :]
    last = np.take_along_axis(similarities, candidates, axis=1).min(axis=1, keepdims=True)
    crowded = np.count_nonzero(similarities >= last, axis=1) > k
    candidates[crowded] = _first_columns(similarities[crowded], last[crowded], k)
    candidates = np.sort(candidates, axis=1)
    values = np.take_along_axis(similarities, candidates, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")[:, :k]
    columns = np.take_along_axis(candidates, order, axis=1).astype(np.int64)
    return columns, np.take_along_axis(values, order, axis=1)


def _first_columns(similarities: Floats, last: Floats, k: int) -> Rows:
    """Columns above the k-th largest value, and as many of those equal to it as there is room."""
    above, tied = similarities > last, similarities == last
    n_free = k - above.sum(axis=1, keepdims=True)
    chosen = above | (tied & (np.cumsum(tied, axis=1, dtype=np.int32) <= n_free))
    return np.nonzero(chosen)[1].reshape(-1, k)


def csr_parts(name: str, matrix: sp.csr_array) -> dict[str, Any]:
    """A sparse matrix as named arrays, from which it is put together again."""
    csr = sp.csr_array(matrix)
    return {
        f"{name}_data": csr.data,
        f"{name}_indices": csr.indices,
        f"{name}_indptr": csr.indptr,
        f"{name}_shape": np.array(csr.shape, dtype=np.int64),
    }


def save_similarity(similarity: Similarity, folder: Path) -> None:
    """Write a Similarity into an existing folder; `load_similarity` reads it back."""
    kind = type(similarity).__name__
    if kind not in _LOADERS:
        raise StoreError(f"A {kind} can't be kept on disk. Known: {', '.join(_LOADERS)}.")
    arrays = similarity.arrays()  # type: ignore[attr-defined]
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    header = {"kind": kind, "scale": similarity.scale.value, "arrays": sorted(arrays)}
    (folder / "similarity.json").write_text(json.dumps(header), encoding="utf-8")


def load_similarity(folder: Path) -> Similarity:
    """Read back what `save_similarity` wrote; dense arrays stay on disk until they are used.

    Raises:
        StoreError: the folder holds no readable Similarity.
    """
    try:
        header = json.loads((folder / "similarity.json").read_text(encoding="utf-8"))
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in header["arrays"]}
        return _LOADERS[header["kind"]](arrays, Scale(header["scale"]))
    except (OSError, EOFError, KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"The kept result in {folder} can't be read ({error}). Delete it and run again."
        ) from error


def _load_vectors(arrays: dict[str, Any], scale: Scale) -> Similarity:
    return VectorSimilarity(arrays["vectors"], arrays.get("anchors"), scale)


def _load_sparse(arrays: dict[str, Any], scale: Scale) -> Similarity:
    anchors, candidates = (_csr_from(arrays, side) for side in ("anchors", "candidates"))
    return SparseSimilarity(anchors, candidates, scale)


def _load_max_sim(arrays: dict[str, Any], scale: Scale) -> Similarity:
    from engine.max_sim import MaxSimSimilarity

    sparse = "stacked" not in arrays
    stacked = _csr_from(arrays, "stacked") if sparse else arrays["stacked"]
    return MaxSimSimilarity(stacked, np.array(arrays["present"]), scale)


def _csr_from(arrays: dict[str, Any], name: str) -> sp.csr_array:
    parts = tuple(np.array(arrays[f"{name}_{part}"]) for part in ("data", "indices", "indptr"))
    n_rows, n_columns = arrays[f"{name}_shape"].tolist()
    return sp.csr_array(parts, shape=(n_rows, n_columns))


def _load_axis(arrays: dict[str, Any], scale: Scale) -> Similarity:
    return AxisSimilarity(np.array(arrays["values"]), scale)


def _load_pairs(arrays: dict[str, Any], scale: Scale) -> Similarity:
    keys = [(int(a), int(b)) for a, b in arrays["known"].tolist()]
    known = dict(zip(keys, arrays["known_values"].tolist(), strict=True))
    return PairSimilarity(int(arrays["n"]), scale, np.array(arrays["shortlist"]), None, known)


_LOADERS: dict[str, Callable[[dict[str, Any], Scale], Similarity]] = {
    "VectorSimilarity": _load_vectors,
    "SparseSimilarity": _load_sparse,
    "AxisSimilarity": _load_axis,
    "MaxSimSimilarity": _load_max_sim,
    "PairSimilarity": _load_pairs,
}
