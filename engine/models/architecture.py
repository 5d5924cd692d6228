"""What a model's own configuration says it is, read without loading it."""

from __future__ import annotations

import json
from pathlib import Path

from engine.models.catalogue import hub_snapshot


def is_causal_language_model(model: str) -> bool:
    """Whether the configuration of a model on this machine names a causal language model.

    Args:
        model: a folder or a hub id; one that is not on this machine is not known to be one.
    """
    folder = Path(model).expanduser()
    place = folder if folder.is_dir() else hub_snapshot(model)
    if place is None or not (place / "config.json").is_file():
        return False
    said = json.loads((place / "config.json").read_text(encoding="utf-8"))
    return any(str(name).endswith("ForCausalLM") for name in said.get("architectures") or [])
