"""A kept result of a pair scorer, given its model back: it can score further pairs again.

On disk lie only the numbers that were paid for. Nothing is loaded until a pair is asked for that
isn't among them.
"""

from __future__ import annotations

import dataclasses

from engine.corpus import Corpus
from engine.errors import BadInput
from engine.methods.registry import ReadsPairs, create
from engine.resources import Resources
from engine.run import Run
from engine.similarity import PairSimilarity
from engine.types import Attribute, Floats, Rows


def reopened(run: Run, corpus: Corpus, resources: Resources) -> Run:
    """The run with a similarity that scores pairs on demand; any other run as it is.

    What is scored from now on is not written to the kept run.

    Args:
        run: as read from the store.
        corpus: the texts it was made of.
        resources: where the model runs, and what meters it.

    Raises:
        BadInput: the corpus is another one.
    """
    similarity = run.similarity
    if not isinstance(similarity, PairSimilarity) or similarity.scores_on_demand:
        return run
    record = run.record
    made = create(record.method, record.options)
    if not isinstance(made, ReadsPairs):
        return run
    if corpus.fingerprint != record.fingerprint:
        raise BadInput(
            f"Run {record.key} was made of other texts than those of {corpus.name!r}: open the "
            f"corpus {record.corpus!r} as it was then, or run {record.method} again."
        )
    attribute = Attribute(record.attribute, record.definition)

    def scorer(left: Rows, right: Rows) -> Floats:
        return made.score_pairs(corpus, attribute, resources, left, right)

    return dataclasses.replace(run, similarity=dataclasses.replace(similarity, scorer=scorer))
