"""What the methods over rewrites share: the options that say where the rewrites come from."""

from __future__ import annotations

from dataclasses import dataclass

from engine.corpus import Corpus
from engine.methods.registry import option
from engine.models.catalogue import DEFAULT_LM, Kind
from engine.resources import Resources
from engine.rewriting.rewrites import Rewrites
from engine.rewriting.writers import Prices
from engine.rewriting.writing import (
    MAX_NEW_TOKENS,
    Choice,
    Source,
    ready_made_key,
    rewrites_of,
)
from engine.types import Attribute


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

    def inputs_key(self, corpus: Corpus, attribute: Attribute) -> str:
        """Content of the rewrites that a file or a sample has: it can change between two runs."""
        return ready_made_key(corpus, attribute, self.choice)
