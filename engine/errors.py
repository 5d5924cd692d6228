"""Every error that Likewise raises on purpose.

LikewiseError
├── BadInput            a value the caller gave can't be used
│   ├── UnknownName     no such method, model, corpus, column …
│   └── BadCorpus       a file can't be read as a corpus
├── ModelUnavailable    the weights a method needs are not here
├── Cancelled           the user stopped a run
└── StoreError          something on disk can't be read or written

Each message says what was wrong with its value, what is allowed, and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LikewiseError(Exception):
    """Root of all errors raised on purpose; pages and the CLI catch only this."""


class BadInput(LikewiseError):
    """A value given by the caller can't be used."""


class UnknownName(BadInput):
    """A name that is in no list of known names."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        """Say what was asked for, the nearest known name, and all known names.

        Example:
            >>> str(UnknownName("method", "randm", ["random", "tfidf"]))
            "No method is called 'randm'. Did you mean 'random'? Known: random, tfidf."
        """
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        listed = ", ".join(names) if names else "none"
        super().__init__(f"No {kind} is called {name!r}.{hint} Known: {listed}.")


class BadCorpus(BadInput):
    """A file or table can't be read as a corpus; the message names the row or column."""


class ModelUnavailable(LikewiseError):
    """The weights that a method needs are not here and can't be fetched."""


class Cancelled(LikewiseError):
    """The user stopped a run; what was already computed is kept."""


class StoreError(LikewiseError):
    """Something on disk can't be read or written."""
