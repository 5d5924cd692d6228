"""Which bytes a model name stands for now: part of every cache key, known without loading."""

from __future__ import annotations

from pathlib import Path

from engine.models.catalogue import PACKAGED, hub_snapshot
from engine.models.loading import folder_revision


def model_revision(name: str) -> str:
    """Name and revision of a model; a hub id that is not here yet has no revision.

    Example:
        >>> model_revision("minilm")
        'minilm@53aa51172d142c89'
    """
    if name in PACKAGED:
        return f"{name}@{PACKAGED[name].sha256[:16]}"
    folder = Path(name).expanduser()
    if folder.is_dir():
        return f"{folder.resolve()}@{folder_revision(folder.resolve())[:16]}"
    snapshot = hub_snapshot(name)
    return name if snapshot is None else f"{name}@{snapshot.name[:16]}"
