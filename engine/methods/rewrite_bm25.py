"""A language model rewrites each text to what matters; words of the rewrites are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.corpus import Corpus
from engine.lexical import bm25_weights, term_counts, tfidf_rows
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_LM, Kind
from engine.resources import Resources
from engine.rewriting.prompts import PROMPT_VERSION
from engine.rewriting.rewrites import Rewrites
from engine.rewriting.writers import Prices
from engine.rewriting.writing import MAX_NEW_TOKENS, Choice, Source, rewrites_of
from engine.similarity import SparseSimilarity
from engine.types import Attribute, Family, Level, Scale, Similarity


@dataclass(frozen=True, slots=True)
class FromRewrites:
    """The options that all methods over rewrites share: where the rewrites come from."""

    source: Source = option(  # noqa: RUF009 - a dataclass field
        "auto",
        "who writes: the file, else those shipped with a sample, else the local model; "
        "anthropic and openai-compatible send the texts to a server",
    )
    file: str = option("", "JSON-lines file of {id, rewrite}; empty = none")
    model: str = option(
        DEFAULT_LM, "language model of source local", model_kinds=(Kind.LANGUAGE_MODEL,)
    )
    max_new_tokens: int = option(MAX_NEW_TOKENS, "most tokens of a local rewrite", low=8, high=200)
    hosted_model: str = option("", "model of source anthropic or openai-compatible")
    server: str = option("", "address of an OpenAI-compatible server; empty = $LIKEWISE_LM_URL")
    dollars_in: float = option(
        0.0, "dollars a million tokens read by the hosted model; 0 = not known", low=0
    )
    dollars_out: float = option(
        0.0, "dollars a million tokens written by the hosted model; 0 = not known", low=0
    )

    @property
    def choice(self) -> Choice:
        """Where the rewrites come from."""
        return Choice(
            source=self.source,
            file=self.file,
            model=self.model,
            max_new_tokens=self.max_new_tokens,
            hosted_model=self.hosted_model,
            server=self.server,
            prices=Prices(self.dollars_in, self.dollars_out),
        )

    def rewrites(
        self, corpus: Corpus, attribute: Attribute, resources: Resources | None = None
    ) -> Rewrites:
        """The rewrites that the method compares; without resources only those already kept."""
        return rewrites_of(corpus, attribute, self.choice, resources)


@method(
    "rewrite-bm25",
    family=Family.REWRITING,
    level=Level.GENERATIONS,
    rereads="documents",
    summary="a language model rewrites each text to what matters, then BM25 or TF-IDF",
    version=int(PROMPT_VERSION),
)
@dataclass(frozen=True, slots=True)
class RewriteBm25(FromRewrites):
    """Each text becomes one line of at most 25 words about the attribute; words are compared.

    As good as the rewriter: a strong model that words like things alike all but decides the
    ranking, a very small one writes lines that fit any text. A text whose rewrite was refused,
    empty or nonsense stands for itself and is marked.
    """

    weighting: Literal["bm25", "tfidf"] = option("tfidf", "how the words of rewrites are weighed")

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Get the rewrites, and build both sides of the sparse product."""
        counts, _ = term_counts(self.rewrites(corpus, attribute, resources).used)
        if self.weighting == "bm25":
            return SparseSimilarity(counts, bm25_weights(counts), Scale.BM25)
        rows = tfidf_rows(counts)
        return SparseSimilarity(rows, rows, Scale.COSINE)
