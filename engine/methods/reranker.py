"""A model reads two texts at once, with the attribute, and says how alike they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.corpus import Corpus
from engine.methods.content_order import content_ranks, first_anchors
from engine.methods.registry import Method, create, method, option
from engine.models.architecture import is_causal_language_model
from engine.models.catalogue import DEFAULT_LM, Kind, known_models
from engine.models.instructions import CLOSED_SET
from engine.models.reranker_formats import (
    BODY,
    FORMATS_VERSION,
    INSTRUCT,
    QWEN3,
    SYSTEM,
    RerankerFormat,
    named_format,
    reranker_format,
)
from engine.resources import Resources
from engine.similarity import PairSimilarity
from engine.types import Attribute, Family, Floats, Level, Rows, Scale, Similarity

CROSS_QUERY = "{attribute}: {anchor}"


@method(
    "reranker",
    family=Family.RERANKER,
    level=Level.PAIR_PASSES,
    rereads="pairs",
    summary="a model reads both texts with the attribute and scores the pair",
    paper="arXiv:2506.05176",
    version=FORMATS_VERSION,
)
@dataclass(frozen=True, slots=True)
class Reranker:
    """A cross-encoder's logit, or a language model's logit of yes against no, never squashed.

    A reranker gets the prompt that its authors publish; any other language model gets the words of
    Qwen3-Reranker in its own chat template. Scores the shortlist of a cheaper method, in both
    orders; every other pair stays unscored.
    """

    model: str = option(
        DEFAULT_LM,
        "cross-encoder or language model",
        model_kinds=(Kind.LANGUAGE_MODEL, Kind.CROSS_ENCODER),
    )
    prompt: Literal[
        "auto", "chat", "qwen3-reranker", "mxbai-rerank-v2", "bge-reranker-v2-gemma"
    ] = option("auto", "prompt of a language model; auto goes by its hub id, a folder has none")
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
            return self.score_pairs(corpus, attribute, pairs, left, right)

        similarity = PairSimilarity(len(corpus), Scale.LOGIT, candidates, scorer)
        similarity.score_shortlists(first_anchors(corpus, self.max_anchors))
        return similarity

    @property
    def caution(self) -> str:
        """What to know about the model: cross-encoders were trained without instructions."""
        form = self._format()
        if form is not None:
            return form.caution
        return "" if self._reads_like_a_language_model() else CLOSED_SET

    def basis(self) -> Method:
        """The method that proposes candidates: another shortlist, another run."""
        return create(self.shortlist_from)

    def score_pairs(
        self, corpus: Corpus, attribute: Attribute, resources: Resources, left: Rows, right: Rows
    ) -> Floats:
        """(m,) logits of pairs, whatever the shortlist.

        Args:
            corpus: the texts.
            attribute: what they are compared in.
            resources: where the model runs.
            left: (m,) rows.
            right: (m,) rows.
        """
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
        """Whether yes and no are read off a language model; other models are cross-encoders."""
        if self._format() is not None or self.prompt == "chat":
            return True
        listed = {entry.name: entry.kind for entry in known_models()}
        if self.model in listed:
            return listed[self.model] is Kind.LANGUAGE_MODEL
        return is_causal_language_model(self.model)

    def _format(self) -> RerankerFormat | None:
        return reranker_format(self.model) if self.prompt == "auto" else named_format(self.prompt)

    def _yes_against_no(
        self, corpus: Corpus, attribute: Attribute, resources: Resources, left: Rows, right: Rows
    ) -> Floats:
        """The format's logit, in prompts whose common beginning is read once an anchor."""
        form = self._format()
        by_anchor: dict[int, list[int]] = defaultdict(list)
        for position, row in enumerate(left.tolist()):
            by_anchor[row].append(position)
        out = np.empty(len(left), dtype=np.float32)
        for done, positions in enumerate(by_anchor.values()):
            prompts = [
                self._prompt(
                    form, attribute, corpus.texts[left[p]], corpus.texts[right[p]], resources
                )
                for p in positions
            ]
            part = resources.with_progress(done / len(by_anchor), (done + 1) / len(by_anchor))
            prefix = _common_beginning(prompts)
            suffixes = [prompt[len(prefix) :] for prompt in prompts]
            answer = form or QWEN3
            logits = part.choice_logits_after(
                self.model, prefix, suffixes, answer.choices, raw=not answer.no
            )
            out[positions] = logits[:, 0] - (logits[:, 1] if answer.no else 0)
        return out

    def _prompt(
        self,
        form: RerankerFormat | None,
        attribute: Attribute,
        anchor: str,
        candidate: str,
        resources: Resources,
    ) -> str:
        """The string sent; special tokens spelt out in it by a text are broken up."""
        lm = resources.language_model(self.model)
        if form is None:
            instruct = INSTRUCT.format(attribute=attribute.phrase)
            body = BODY.format(instruct=instruct, anchor=anchor, candidate=candidate)
            return lm.chat(SYSTEM, body)
        return form.filled(lm.plain(attribute.phrase), lm.plain(anchor), lm.plain(candidate))


def _in_content_order(corpus: Corpus, left: Rows, right: Rows) -> tuple[Rows, Rows]:
    """Each pair turned so that the text which comes first in content order is the anchor."""
    ranks = content_ranks(corpus)
    turned = ranks[left] > ranks[right]
    return np.where(turned, right, left), np.where(turned, left, right)


def _common_beginning(prompts: list[str]) -> str:
    """What all prompts begin with; what the first and the last by the alphabet do."""
    first, last = min(prompts), max(prompts)
    place = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), None)
    return first if place is None else first[:place]
