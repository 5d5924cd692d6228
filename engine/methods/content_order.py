"""An order of texts that their content decides, so that the order of rows changes nothing."""

from __future__ import annotations

import numpy as np

from engine.corpus import Corpus
from engine.types import Rows, content_key


def first_anchors(corpus: Corpus, n: int) -> Rows:
    """At most n rows, the first in content order."""
    return np.argsort(content_ranks(corpus))[:n]


def content_ranks(corpus: Corpus) -> Rows:
    """(n,) each text's place in an order that ids and texts decide, whatever their rows."""
    keys = [content_key(i, t) for i, t in zip(corpus.ids, corpus.texts, strict=True)]
    return np.argsort(np.argsort(keys)).astype(np.int64)
