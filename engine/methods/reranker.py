"""A model reads two texts at once, with the attribute, and says how alike they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.corpus import Corpus
from engine.methods.registry import Method, create, method, option
from engine.models.catalogue import DEFAULT_LM, Kind, known_models
from engine.resources import Resources
from engine.similarity import PairSimilarity
from engine.types import Attribute, Family, Floats, Level, Rows, Scale, Similarity, content_key

PROMPT_VERSION = 1
# The wording and the tags are Qwen3-Reranker's (its model card); the chat frame is the model's own.
SYSTEM = (
    "Judge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".'
)
INSTRUCT = "Find texts that are alike in terms of {attribute}, whatever else they say"
PREFIX = (
    "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n"
    "<Instruct>: {instruct}\n<Query>: {anchor}\n<Document>: "
)
SUFFIX = "{candidate}<|im_end|>\n<|im_start|>assistant\n"
CHOICES = ("yes", "no")
CROSS_QUERY = "{attribute}: {anchor}"


@method(
    "reranker",
    family=Family.RERANKER,
    level=Level.PAIR_PASSES,
    rereads="pairs",
    summary="a model reads both texts with the attribute and scores the pair",
    paper="arXiv:2506.05176",
    version=PROMPT_VERSION,
)
@dataclass(frozen=True, slots=True)
class Reranker:
    """A cross-encoder's logit, or a language model's logit of yes against no.

    Scores the shortlist of a cheaper method, in both orders; every other pair stays unscored.
    """

    model: str = option(
        DEFAULT_LM,
        "cross-encoder or language model",
        model_kinds=(Kind.LANGUAGE_MODEL, Kind.CROSS_ENCODER),
    )
    shortlist_from: Literal["raw-embedding", "instructed-embedding", "tfidf", "bm25"] = option(
        "raw-embedding", "the cheaper method that proposes candidates"
    )
    shortlist: int = option(8, "candidates of each anchor", low=1, high=200)
    max_anchors: int = option(100, "anchors scored in advance; others on demand", low=0, high=10**6)
    symmetric: bool = option(True, "score both orders and take the mean; else one, at half price")

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Shortlist with the cheaper method, then score the first anchors' lists."""
        cheap = self.basis().prepare(corpus, attribute, resources.with_progress(0.0, 0.1))
        everyone = np.arange(len(corpus), dtype=np.int64)
        candidates = cheap.neighbours(everyone, self.shortlist).rows
        pairs = resources.with_progress(0.1, 1.0)

        def scorer(left: Rows, right: Rows) -> Floats:
            return self._score(corpus, attribute, pairs, left, right)

        similarity = PairSimilarity(len(corpus), Scale.LOGIT, candidates, scorer)
        similarity.score_shortlists(self._first_anchors(corpus))
        return similarity

    def basis(self) -> Method:
        """The method that proposes candidates: another shortlist, another run."""
        return create(self.shortlist_from)

    def _first_anchors(self, corpus: Corpus) -> Rows:
        """Anchors in an order that their content decides, so that row order is irrelevant."""
        return np.argsort(_content_ranks(corpus))[: self.max_anchors]

    def _score(
        self, corpus: Corpus, attribute: Attribute, resources: Resources, left: Rows, right: Rows
    ) -> Floats:
        if not self.symmetric:
            left, right = _in_content_order(corpus, left, right)
            return self._one_way(corpus, attribute, resources, left, right)
        first, second = resources.with_progress(0.0, 0.5), resources.with_progress(0.5, 1.0)
        forward = self._one_way(corpus, attribute, first, left, right)
        backward = self._one_way(corpus, attribute, second, right, left)
        return np.asarray((forward + backward) / 2, dtype=np.float32)

    def _one_way(
        self, corpus: Corpus, attribute: Attribute, resources: Resources, left: Rows, right: Rows
    ) -> Floats:
        if self._reads_like_a_language_model():
            return self._yes_against_no(corpus, attribute, resources, left, right)
        texts = corpus.texts
        queries = [CROSS_QUERY.format(attribute=attribute.phrase, anchor=texts[i]) for i in left]
        return resources.cross_encode(
            self.model, list(zip(queries, (texts[j] for j in right), strict=True))
        )

    def _reads_like_a_language_model(self) -> bool:
        """Whether the catalogue lists the model as a language model; others are cross-encoders."""
        listed = {entry.name for entry in known_models(Kind.LANGUAGE_MODEL)}
        return self.model in listed

    def _yes_against_no(
        self, corpus: Corpus, attribute: Attribute, resources: Resources, left: Rows, right: Rows
    ) -> Floats:
        """Logit of yes minus logit of no; one prompt prefix an anchor, read once."""
        by_anchor: dict[int, list[int]] = defaultdict(list)
        for position, row in enumerate(left.tolist()):
            by_anchor[row].append(position)
        instruct = INSTRUCT.format(attribute=attribute.phrase)
        out = np.empty(len(left), dtype=np.float32)
        for done, (row, positions) in enumerate(by_anchor.items()):
            prefix = PREFIX.format(system=SYSTEM, instruct=instruct, anchor=corpus.texts[row])
            suffixes = [SUFFIX.format(candidate=corpus.texts[right[p]]) for p in positions]
            low, high = done / len(by_anchor), (done + 1) / len(by_anchor)
            part = resources.with_progress(low, high)
            logits = part.choice_logits_after(self.model, prefix, suffixes, CHOICES)
            out[positions] = logits[:, 0] - logits[:, 1]
        return out


def _content_ranks(corpus: Corpus) -> Rows:
    """(n,) each text's place in an order that ids and texts decide, whatever their rows."""
    keys = [content_key(i, t) for i, t in zip(corpus.ids, corpus.texts, strict=True)]
    return np.argsort(np.argsort(keys)).astype(np.int64)


def _in_content_order(corpus: Corpus, left: Rows, right: Rows) -> tuple[Rows, Rows]:
    """Each pair turned so that the text which comes first in content order is the anchor."""
    ranks = _content_ranks(corpus)
    turned = ranks[left] > ranks[right]
    return np.where(turned, right, left), np.where(turned, left, right)
