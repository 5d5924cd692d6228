"""Each text becomes its relevances to some queries about the attribute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp

from engine.corpus import Corpus
from engine.errors import BadInput
from engine.lexical import bm25_weights, term_counts
from engine.methods.from_rewrites import FromRewrites
from engine.methods.registry import method, option
from engine.models.catalogue import DEFAULT_ENCODER, Kind
from engine.models.instructions import instruction_format
from engine.projection.profiles import soft_profiles, standardised
from engine.resources import Resources
from engine.rewriting.prompts import PROMPT_VERSION
from engine.rewriting.replies import Status
from engine.rewriting.writing import ready_made
from engine.similarity import VectorSimilarity
from engine.tuning.features import categories_for
from engine.tuning.splits import development_rows
from engine.tuning.truth import canonical_order, trained_rows
from engine.types import Attribute, Doubles, Family, Floats, Level, Rows, Similarity

DEFAULT_CROSS_ENCODER = "cross-encoder/ms-marco-MiniLM-L6-v2"


@method(
    "query-relevance",
    family=Family.REWRITING,
    level=Level.ONE_CALL,
    rereads="nothing",
    summary="each text is its relevances to some queries about the attribute",
    paper="arXiv:2405.16714",
    version=int(PROMPT_VERSION),
)
@dataclass(frozen=True, slots=True)
class QueryRelevance(FromRewrites):
    """Queries about the attribute, each text's relevance to each of them, standardised; cosine.

    The queries are a language model's rewrites of a development sample, so that a new attribute
    costs as many short generations as there are queries, whatever N is, and then a matrix of N × k;
    or they are the sentences written of the attribute's categories, and cost no generation (their
    examples would bring other attributes in). By embedding or BM25 no text is read again. By a
    cross-encoder each text is read with each query: N·k pair passes, which is level 6.
    """

    queries: Literal["auto", "rewrites", "categories"] = option(
        "auto", "auto: rewrites that are shipped or chosen, else known categories, else rewrites"
    )
    n_queries: int = option(64, "texts of the development sample, each gives a query", low=2)
    relevance: Literal["embedding", "bm25", "both", "cross-encoder"] = option(
        "both", "what says how relevant a text is to a query; both: embedding plus BM25"
    )
    temperature: float = option(1.0, "softening of the relevances; 0 = none", low=0, high=100)
    encoder: str = option(DEFAULT_ENCODER, "for embedding and both", model_kinds=(Kind.ENCODER,))
    cross_encoder: str = option(
        DEFAULT_CROSS_ENCODER, "for cross-encoder", model_kinds=(Kind.CROSS_ENCODER,)
    )
    held_out: float = option(0.2, "share of texts never made a query", low=0, high=0.9)
    seed: int = option(0, "which texts are made queries", low=0)

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Get the queries, and compare what each text has to do with them."""
        ordered = corpus.subset(canonical_order(corpus))
        queries = self._queries(ordered, attribute, resources.with_progress(0.0, 0.5))
        resources.meter.note_prompts("queries", queries)
        relevances = self._relevances(corpus, queries, resources.with_progress(0.5, 1.0))
        return VectorSimilarity(soft_profiles(standardised(relevances), self.temperature))

    def training_rows(self, corpus: Corpus, attribute: Attribute) -> Rows:
        """Rows whose rewrites are queries; none where categories are."""
        if self._from_categories(corpus, attribute):
            return np.empty(0, dtype=np.int64)
        return trained_rows(corpus, self._rows)

    def inputs_key(self, corpus: Corpus, attribute: Attribute) -> str:
        """Content of the categories, or of the rewrites that a file or a sample has."""
        if self._from_categories(corpus, attribute):
            known = categories_for(corpus, attribute)
            return "" if known is None else known.key
        return FromRewrites.inputs_key(self, corpus, attribute)

    def _from_categories(self, corpus: Corpus, attribute: Attribute) -> bool:
        if self.queries != "auto":
            return self.queries == "categories"
        if self.source != "auto" or ready_made(corpus, attribute, self.choice) is not None:
            return False
        return categories_for(corpus, attribute) is not None

    def _queries(self, ordered: Corpus, attribute: Attribute, resources: Resources) -> list[str]:
        """The k different queries, in an order that the content decides."""
        if self._from_categories(ordered, attribute):
            known = categories_for(ordered, attribute)
            if known is None:
                raise BadInput(
                    f"No categories are known for {attribute.name!r}. Write and save some under "
                    "written-projection, or set option queries to rewrites."
                )
            return list(dict.fromkeys(each.said for each in known.categories))
        sample = ordered.subset(self._rows(ordered))
        found = self.rewrites(sample, attribute, resources)
        rows = zip(found.used, found.statuses, strict=True)
        return list(dict.fromkeys(text for text, status in rows if status is Status.WRITTEN))

    def _rows(self, ordered: Corpus) -> Rows:
        return development_rows(ordered.texts, self.n_queries, self.held_out, self.seed)

    def _relevances(
        self, corpus: Corpus, queries: Sequence[str], resources: Resources
    ) -> Floats | Doubles:
        """(n, k) how relevant each text is to each query."""
        if self.relevance == "cross-encoder":
            pairs = [(query, text) for text in corpus.texts for query in queries]
            logits = resources.cross_encode(self.cross_encoder, pairs)
            return logits.reshape(len(corpus), len(queries))
        if self.relevance == "bm25":
            return _by_words(corpus.texts, queries)
        form = instruction_format(self.encoder)
        read = [form.without_attribute(text) for text in (*queries, *corpus.texts)]
        vectors = resources.embed(self.encoder, read)
        cosines = vectors[len(queries) :] @ vectors[: len(queries)].T
        if self.relevance == "embedding":
            return cosines
        return standardised(cosines) + standardised(_by_words(corpus.texts, queries))


def _by_words(texts: Sequence[str], queries: Sequence[str]) -> Doubles:
    """(n, k) BM25 of each text for each query; the words' rarity is that of the texts."""
    counts = sp.csr_array(term_counts([*texts, *queries]).counts)
    weights = bm25_weights(sp.csr_array(counts[: len(texts)]))
    return np.asarray((weights @ counts[len(texts) :].T).toarray(), dtype=np.float64)
