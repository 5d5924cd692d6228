"""From a model's entry to a local folder of weights and a revision; hub, device, precision.

Every load reads a local folder with local_files_only, so a model that is here never phones home.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from engine.errors import ModelUnavailable
from engine.models.catalogue import PACKAGED, ModelEntry, hub_snapshot, known_models, package_file

_PROBE_SECONDS = 4.0
_DESCRIBING = (".json", ".txt", ".model", ".safetensors", ".bin", ".gguf", ".jinja")
_UNUSED_FILES = [
    "*.onnx",
    "*.h5",
    "*.msgpack",
    "*.ot",
    "*.gguf",
    "onnx/*",
    "openvino/*",
    "*.mlmodel",
]


class Weights(NamedTuple):
    """A local folder (or one weight file) and the revision that its content is."""

    path: Path
    revision: str


class Device(NamedTuple):
    """Where a model runs, and in which precision."""

    name: str
    dtype: Any
    suffix: str


def find_weights(entry: ModelEntry) -> Weights:
    """The entry's weights on this machine; a hub id that isn't here is downloaded.

    Raises:
        ModelUnavailable: not installed, not the pinned bytes, or not to be had from the hub.
    """
    if entry.source == "package":
        return _packaged(entry.name)
    if entry.source == "folder":
        folder = Path(entry.name).resolve()
        return Weights(folder, folder_revision(folder))
    snapshot = hub_snapshot(entry.name) or _download(entry)
    return Weights(snapshot, snapshot.name)


def pick_device() -> Device:
    """The first of CUDA (bfloat16), MPS (bfloat16) and CPU (float32) that is there."""
    import torch

    if torch.cuda.is_available():
        return Device("cuda", torch.bfloat16, ":bf16")
    if torch.backends.mps.is_available():
        return Device("mps", torch.bfloat16, ":bf16")
    return Device("cpu", torch.float32, "")


def model_key(entry: ModelEntry, weights: Weights, device: Device) -> str:
    """Name, revision and precision: what a model's numbers depend on."""
    return f"{entry.name}@{weights.revision[:16]}{device.suffix}"


@functools.cache
def file_sha256(path: Path) -> str:
    """The sha256 of a file, read once per process."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_revision(folder: Path) -> str:
    """A key of everything in a model folder that its numbers can depend on."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in _DESCRIBING:
            digest.update(f"{path.relative_to(folder)}:{file_sha256(path)}\n".encode())
    return digest.hexdigest()


def unavailable(name: str, why: str) -> ModelUnavailable:
    """The error for a model that can't be had: why, which ones work now, and what to do."""
    here = ", ".join(entry.name for entry in known_models() if entry.here) or "none"
    return ModelUnavailable(f"Model {name!r} is not available: {why} Works now: {here}.")


@contextlib.contextmanager
def without_progress_bars() -> Iterator[None]:
    """Load models without drawing on the terminal; what was set before is put back."""
    from transformers.utils import logging

    was_enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if was_enabled:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _packaged(name: str) -> Weights:
    pinned = PACKAGED[name]
    path = package_file(name)
    if path is None:
        raise unavailable(
            name, f"{pinned.distribution} isn't installed. Run: likewise models get {name}."
        )
    found = file_sha256(path)
    if found != pinned.sha256:
        raise unavailable(
            name,
            f"{path} has sha256 {found}, and should have {pinned.sha256}: these aren't the weights "
            f"that were checked. Reinstall {pinned.distribution}: likewise models get {name}.",
        )
    return Weights(path, pinned.sha256)


def _download(entry: ModelEntry) -> Path:
    if importlib.util.find_spec("huggingface_hub") is None:
        raise unavailable(entry.name, "huggingface_hub isn't installed.")
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        info = huggingface_hub.HfApi().model_info(entry.name, timeout=_PROBE_SECONDS)
        unused = list(_UNUSED_FILES)
        if any(file.rfilename.endswith(".safetensors") for file in info.siblings or []):
            unused.append("*.bin")
        return Path(
            huggingface_hub.snapshot_download(
                entry.name, revision=info.sha, ignore_patterns=unused, etag_timeout=_PROBE_SECONDS
            )
        )
    except OfflineModeIsEnabled as error:
        raise unavailable(
            entry.name, "HF_HUB_OFFLINE is set, and it isn't in the cache."
        ) from error
    except (HfHubHTTPError, HFValidationError) as error:
        raise unavailable(entry.name, f"the hub refused it ({_first_line(error)}).") from error
    except _network_errors() as error:
        raise unavailable(
            entry.name,
            f"it isn't on this machine, and the model hub can't be reached ({_first_line(error)}). "
            f"With a network: hf download {entry.name}; or name a folder that holds it.",
        ) from error


def _network_errors() -> tuple[type[Exception], ...]:
    import huggingface_hub

    # The hub's client has changed its HTTP library before: ask it which one it uses.
    library = type(huggingface_hub.get_session()).__module__.split(".")[0]
    return (importlib.import_module(library).HTTPError, OSError)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
