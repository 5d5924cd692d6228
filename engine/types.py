"""The shapes and words that every part of the engine shares.

Rows        (n,)   int64    positions of texts in one corpus
Floats      any    float32  similarities, vectors; NaN = not scored
Neighbours  (q, k) rows and their similarities; row -1 and NaN pad a short list
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from engine.errors import BadInput

Rows: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]


class Scale(StrEnum):
    """What the numbers of a Similarity are; it travels with them. Higher is always more alike."""

    COSINE = "cosine"
    LOGIT = "logit"
    PROBABILITY = "probability"
    BM25 = "bm25"
    RANK = "rank"
    NEGATIVE_DISTANCE = "negative distance"


class Family(StrEnum):
    """The families of methods, as the comparison groups them."""

    CONTROL = "control"
    INSTRUCTED = "instruction-tuned embedding"
    ONE_WORD = "in-one-word embedding"
    RERANKER = "instruction-tuned reranker"
    LEXICAL = "lexical"
    REWRITING = "rewriting"
    UNIFIED = "unified embedding"
    REPAIR = "repair"
    JUDGE = "LM judge"


class Level(StrEnum):
    """What a NEW attribute costs on N texts: the compute level of a method."""

    FREE = "0"
    MATRIX = "1"
    ONE_CALL = "1+"
    VERDICTS = "2"
    ENCODER_PASSES = "3"
    LM_PASSES = "4"
    GENERATIONS = "5"
    PAIR_PASSES = "6"
    JUDGED_SAMPLE = "7"
    ALL_PAIRS = "8"

    @property
    def cost(self) -> str:
        """The level's cost in words, e.g. 'N encoder passes'."""
        return _LEVEL_COST[self]


_LEVEL_COST = {
    Level.FREE: "nothing, or one query-side encode",
    Level.MATRIX: "a matrix: N × (d·r) multiply-adds",
    Level.ONE_CALL: "one LM call, then a matrix",
    Level.VERDICTS: "about 1,000 verdicts, then a matrix",
    Level.ENCODER_PASSES: "N encoder passes",
    Level.LM_PASSES: "N language-model passes",
    Level.GENERATIONS: "N generations",
    Level.PAIR_PASSES: "N·k pair passes",
    Level.JUDGED_SAMPLE: "verdicts on a sample",
    Level.ALL_PAIRS: "N² verdicts",
}


@dataclass(frozen=True, slots=True)
class Attribute:
    """What the analyst typed: a name, and optionally one sentence that defines it.

    Example:
        >>> Attribute("  tone ").name
        'tone'
    """

    name: str
    definition: str = ""

    def __post_init__(self) -> None:
        """Strip both fields; an empty name is refused."""
        object.__setattr__(self, "name", " ".join(self.name.split()))
        object.__setattr__(self, "definition", " ".join(self.definition.split()))
        if not self.name:
            raise BadInput("An attribute needs a name, such as 'tone' or 'mathematical structure'.")

    @property
    def phrase(self) -> str:
        """Name and definition in one phrase, as prompts use it."""
        return f"{self.name} ({self.definition})" if self.definition else self.name

    @property
    def key(self) -> str:
        """Content key: same name and definition, same key."""
        return content_key(self.name, self.definition)


class Neighbours(NamedTuple):
    """Nearest neighbours of q texts, most alike first.

    rows: (q, k) int64, -1 where there is no further neighbour.
    similarities: (q, k) float32, NaN where rows is -1.
    """

    rows: Rows
    similarities: Floats


class Similarity(Protocol):
    """Scores pairs and lists nearest neighbours over the rows of one corpus."""

    @property
    def scale(self) -> Scale:
        """What the numbers are."""
        ...

    @property
    def n_texts(self) -> int:
        """How many rows the corpus has."""
        ...

    def pairs(self, left: Rows, right: Rows) -> Floats:
        """(m,) similarities of left[i] to right[i]; left is the anchor; NaN = not scored."""
        ...

    def neighbours(self, rows: Rows, k: int) -> Neighbours:
        """The k most alike texts of each row, itself excluded by index."""
        ...


def content_key(*parts: str) -> str:
    """A 32-digit key of the parts; no two different lists of parts share one.

    Example:
        >>> content_key("a", "bc") == content_key("ab", "c")
        False
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", errors="surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:32]
