"""What is compared: one panel a method, with its job and, once it is there, its run."""

from __future__ import annotations

from dataclasses import dataclass

from engine.corpus import Corpus
from engine.jobs import JobQueue, JobStatus
from engine.methods.registry import Card, Method, card, name_of, options_of
from engine.run import Run, RunRequest
from engine.types import Attribute, Floats


@dataclass(frozen=True, slots=True)
class Panel:
    """One method in the comparison. run and positions are None until they are computed."""

    title: str
    method: Method
    card: Card
    key: str
    status: JobStatus
    run: Run | None
    positions: Floats | None


def start(
    queue: JobQueue, corpus: Corpus, attribute: Attribute, methods: list[Method]
) -> list[Panel]:
    """Submit every method (kept runs return at once) and say where each stands, in order."""
    requests = [RunRequest(corpus, attribute, made) for made in methods]
    keys = [queue.submit(request) for request in requests]
    titles = titles_of(methods)
    return [
        Panel(
            title=title,
            method=made,
            card=card(name_of(made)),
            key=key,
            status=queue.status(key),
            run=queue.run(key),
            positions=queue.store.positions(key),
        )
        for title, made, key in zip(titles, methods, keys, strict=True)
    ]


def titles_of(methods: list[Method]) -> list[str]:
    """The methods' names; where one is there twice, with the options that differ.

    Example:
        >>> titles_of([state.parse_spec("one-word"), state.parse_spec("one-word:layer=-1")])
        ['one-word · layer -5', 'one-word · layer -1']
    """
    names = [name_of(made) for made in methods]
    titles = []
    for made, name in zip(methods, names, strict=True):
        twins = [options_of(other) for other in methods if name_of(other) == name]
        values = options_of(made)
        differing = [k for k in values if len({str(twin[k]) for twin in twins}) > 1]
        parts = [name, *(f"{key} {values[key]}" for key in differing)]
        titles.append(" · ".join(parts))
    repeated = {title for title in titles if titles.count(title) > 1}
    return [f"{t} ({i + 1})" if t in repeated else t for i, t in enumerate(titles)]


def ready(panels: list[Panel]) -> list[Panel]:
    """The panels whose neighbours are known."""
    return [panel for panel in panels if panel.run is not None]


def cost_line(panel: Panel) -> str:
    """What the panel's run took, in a few words."""
    if panel.run is None:
        return f"level {panel.card.level}: {panel.card.level.cost}"
    cost = panel.run.record.cost
    parts = [f"{cost.seconds:.1f} s"]
    if cost.passes:
        parts.append(f"{cost.passes:,} passes")
    if cost.n_cached:
        parts.append(f"{cost.n_cached:,} from the store")
    if cost.n_truncated:
        parts.append(f"{cost.n_truncated:,} truncated")
    return f"level {panel.card.level} · {' · '.join(parts)}"
