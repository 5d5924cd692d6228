"""What methods that learn from triplets share: whose truth, which rows, and the key of it all."""

from __future__ import annotations

from engine.corpus import Corpus
from engine.tuning.features import categories_for
from engine.tuning.triplets import Triplets
from engine.tuning.truth import TruthName, Wanted, trained_rows, triplets_of, truth_key
from engine.types import Attribute, Rows, content_key


class Learns:
    """A method whose options say what triplets it learns from.

    The options themselves are the method's own fields: their order and help differ.
    """

    __slots__ = ()
    truth: TruthName
    column: str
    n_verdicts: int
    held_out: float
    noise: float
    seed: int

    @property
    def wanted(self) -> Wanted:
        """Whose truth it learns from, and how much."""
        return Wanted(
            self.truth, self.column, self.n_verdicts, self.held_out, self.seed, self.noise
        )

    def triplets(self, ordered: Corpus, attribute: Attribute) -> Triplets:
        """What it learns from.

        Args:
            ordered: the corpus in canonical order.
            attribute: the respect.
        """
        return triplets_of(ordered, attribute, self.wanted)

    def training_rows(self, corpus: Corpus, attribute: Attribute) -> Rows:
        """Rows whose texts occur in a triplet that it learnt from."""
        return trained_rows(corpus, lambda ordered: self.triplets(ordered, attribute).rows)

    def inputs_key(self, corpus: Corpus, attribute: Attribute) -> str:
        """Content key of the truth and of the categories that are read."""
        given = categories_for(corpus, attribute)
        written = "" if given is None else given.key
        return content_key(truth_key(corpus, attribute, self.wanted), written)
