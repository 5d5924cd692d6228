"""Another method's similarity, made to mean more nearly the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.corpus import Corpus
from engine.methods.registry import Method, create, inputs_key, method, option
from engine.normalise import repaired
from engine.resources import Resources
from engine.types import Attribute, Family, Level, Similarity


@method(
    "repaired",
    family=Family.REPAIR,
    level=Level.MATRIX,
    rereads="nothing",
    summary="another method after a repair of its calibration; costs that method and a cohort",
    paper="arXiv:1710.04087",
)
@dataclass(frozen=True, slots=True)
class Repaired:
    """Takes a scale and offset out of each text's similarities, so that one threshold serves all.

    Each text is compared with a cohort; no verdict is needed. The Calibration page says which
    repair closes a method's gap, and where one hurts. A new attribute also costs whatever the
    method under repair costs.
    """

    of: Literal[
        "written-projection",
        "raw-embedding",
        "tfidf",
        "bm25",
        "instructed-embedding",
        "one-word",
        "rewrite-bm25",
        "rewrite-embedding",
    ] = option("written-projection", "the method under repair, with its default options")
    repair: Literal["zt-norm", "as-norm", "z-norm", "t-norm", "csls"] = option(
        "zt-norm", "what is done to it"
    )

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Run the method under repair, then repair its similarity."""
        found = self.basis().prepare(corpus, attribute, resources.with_progress(0.0, 0.9))
        return repaired(self.repair, found)

    def basis(self) -> Method:
        """The method under repair."""
        return create(self.of)

    def inputs_key(self, corpus: Corpus, attribute: Attribute) -> str:
        """What the method under repair reads."""
        return inputs_key(self.basis(), corpus, attribute)
