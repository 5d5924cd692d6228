"""The rewrites of a corpus for an attribute, from whatever source was chosen."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from engine.corpus import Corpus
from engine.errors import BadInput, ModelUnavailable
from engine.models.catalogue import DEFAULT_LM
from engine.resources import Resources
from engine.rewriting.prompts import PROMPT_VERSION, request
from engine.rewriting.replies import Checked, Status, check_reply
from engine.rewriting.rewrites import Rewrites
from engine.rewriting.servers import anthropic_writer, openai_writer
from engine.rewriting.shipped import file_rewrites, none_shipped, shipped_rewrites
from engine.rewriting.store import ReplyStore, space_of
from engine.rewriting.writers import NOT_KNOWN, LocalWriter, Prices, Writer
from engine.types import Attribute, content_key

Source = Literal["auto", "shipped", "local", "anthropic", "openai-compatible"]
MAX_NEW_TOKENS = 40


@dataclass(frozen=True, slots=True)
class Choice:
    """Where rewrites come from; the fields are the options of the rewriting methods.

    Raises:
        BadInput: an unknown source, or a file together with a model as the source.
    """

    source: Source = "auto"
    file: str = ""
    model: str = DEFAULT_LM
    max_new_tokens: int = MAX_NEW_TOKENS
    hosted_model: str = ""
    server: str = ""
    prices: Prices = NOT_KNOWN

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        if self.source not in get_args(Source):
            allowed = ", ".join(get_args(Source))
            raise BadInput(f"No source of rewrites is called {self.source!r}. Known: {allowed}.")
        if self.file and self.source not in ("auto", "shipped"):
            raise BadInput(
                f"Rewrites can't come from both the file {self.file!r} and source {self.source}. "
                "Leave the file out, or set source to auto."
            )


def rewrites_of(
    corpus: Corpus,
    attribute: Attribute,
    choice: Choice = Choice(),
    resources: Resources | None = None,
    *,
    store: ReplyStore | None = None,
) -> Rewrites:
    """The rewrites of a corpus's texts for an attribute.

    Args:
        corpus: n texts.
        attribute: what the rewrites keep.
        choice: the source; by default "auto": the file if one is named, else the rewrites that
            come with a sample where at least half of the texts are in it, else the local model.
        resources: pays for what is not kept yet. Without it nothing is written or loaded: texts
            without a kept reply are marked "no rewrite", so a page can call this at any time.
        store: where replies are kept; by default in the data folder.

    Raises:
        BadInput: source "shipped", and nothing is shipped for these texts and this attribute.
        ModelUnavailable: the model can't be asked, or none of its replies was a rewrite.
        Cancelled: the user stopped the run; every reply so far is kept.
    """
    ready = ready_made(corpus, attribute, choice)
    if ready is not None:
        if resources is not None:
            resources.meter.add(n_cached=ready.n_written)
        return ready
    found = from_writer(corpus, attribute, choice, resources, store or ReplyStore())
    if resources is not None:
        refuse_unwritten(found)
    return found


def ready_made_key(corpus: Corpus, attribute: Attribute, choice: Choice) -> str:
    """Content key of the rewrites that need no model: a file's, or those shipped; "" for none.

    They can be changed between two runs, which must not be taken for the same.
    """
    if choice.file:
        path = Path(choice.file).expanduser()
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
    ready = ready_made(corpus, attribute, choice)
    return "" if ready is None else content_key(*ready.used)


def ready_made(corpus: Corpus, attribute: Attribute, choice: Choice) -> Rewrites | None:
    """The rewrites that a file or a sample has; None where a model must write them.

    Raises:
        BadInput: source "shipped", and nothing is shipped for these texts and this attribute.
    """
    if choice.file:
        return file_rewrites(corpus, choice.file)
    if choice.source not in ("auto", "shipped"):
        return None
    found = shipped_rewrites(corpus, attribute)
    if found is None and choice.source == "shipped":
        raise none_shipped(corpus, attribute)
    return found


def _writer(choice: Choice, view: int) -> Writer:
    if choice.source == "anthropic":
        return anthropic_writer(choice.hosted_model, choice.prices, view)
    if choice.source == "openai-compatible":
        return openai_writer(choice.hosted_model, choice.server, choice.prices, view)
    return LocalWriter(choice.model, choice.max_new_tokens, view=view)


def from_writer(
    corpus: Corpus,
    attribute: Attribute,
    choice: Choice,
    resources: Resources | None,
    store: ReplyStore,
    view: int = 0,
) -> Rewrites:
    """What a model wrote or, given resources, writes now; each text is asked about once.

    Args:
        corpus: n texts.
        attribute: what the rewrites keep.
        choice: which model.
        resources: pays for what is not kept yet; None for only what is.
        store: where replies are kept.
        view: which of the ways to ask.

    Raises:
        ModelUnavailable: the model can't be asked.
        Cancelled: the user stopped the run; every reply so far is kept.
    """
    writer = _writer(choice, view)
    space = space_of(attribute, prompt_version=PROMPT_VERSION, model=writer.key)
    unique = list(dict.fromkeys(corpus.texts))
    replies = store.get(space, unique)
    if resources is not None:
        resources.meter.add(n_cached=len(replies))
        missing = [text for text in unique if text not in replies]
        if missing:
            writer.write(missing, attribute, resources, lambda new: store.put(space, new))
            replies |= store.get(space, missing)
    asked = request("", attribute, short=writer.short, view=view).asked
    checked = [_checked(replies.get(text), text, asked) for text in corpus.texts]
    return Rewrites.of(writer.title, corpus, checked)


def refuse_unwritten(found: Rewrites) -> None:
    """Refuse rewrites none of which is one.

    Raises:
        ModelUnavailable: no text has a rewrite.
    """
    if not found.n_written:
        raise ModelUnavailable(
            f"None of the replies was a rewrite: {found.summary()} Choose another model, or a "
            "source that works for these texts."
        )


def _checked(reply: str | None, text: str, asked: str) -> Checked:
    if reply is None:
        return Checked("", Status.MISSING)
    return check_reply(reply, text=text, prompt=asked)
