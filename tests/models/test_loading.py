from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from engine.errors import ModelUnavailable
from engine.models import catalogue
from engine.models.catalogue import Kind, resolve
from engine.models.loading import file_sha256, find_weights, folder_revision

HEAVY = "torch transformers sentence_transformers umap pandas sklearn huggingface_hub gguf"


def test_importing_the_interface_imports_nothing_heavy():
    code = (
        "import sys, engine.resources, engine.models.catalogue, engine.models.encoder, "
        "engine.models.language_model, engine.models.cross_encoder\n"
        f"print([name for name in {HEAVY.split()!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_other_bytes_than_the_pinned_ones_are_refused(monkeypatch):
    altered = dataclasses.replace(catalogue.PACKAGED["minilm"], sha256="0" * 64)
    monkeypatch.setitem(catalogue.PACKAGED, "minilm", altered)
    with pytest.raises(ModelUnavailable, match="these aren't the weights that were checked"):
        find_weights(resolve("minilm", Kind.ENCODER))


def test_a_package_that_is_missing_says_what_to_run(monkeypatch):
    missing = dataclasses.replace(catalogue.PACKAGED["smollm2"], package="no_such_package_here")
    monkeypatch.setitem(catalogue.PACKAGED, "smollm2", missing)
    with pytest.raises(
        ModelUnavailable, match=r"Run: likewise models get smollm2\. Works now: min"
    ):
        find_weights(resolve("smollm2", Kind.LANGUAGE_MODEL))


def test_a_folder_changes_its_revision_with_its_content(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"one")
    before = folder_revision(tmp_path)
    assert folder_revision(tmp_path) == before
    (tmp_path / "model.safetensors").write_bytes(b"two")
    file_sha256.cache_clear()
    assert folder_revision(tmp_path) != before


def test_a_hub_id_fails_at_once_when_offline_and_says_what_works(monkeypatch, tmp_path):
    import huggingface_hub.constants

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelUnavailable, match=r"HF_HUB_OFFLINE.*Works now: minilm, smollm2"):
        find_weights(resolve("someone/some-model", Kind.ENCODER))


def test_a_hub_that_cannot_be_reached_is_asked_once(monkeypatch, tmp_path):
    import huggingface_hub

    asked = []

    def unreachable(self, name, **options):
        asked.append((name, options["timeout"]))
        raise ConnectionError("Name or service not known")

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", unreachable)
    with pytest.raises(ModelUnavailable, match=r"can't be reached .*hf download someone/m"):
        find_weights(resolve("someone/m", Kind.ENCODER))
    assert asked == [("someone/m", 4.0)]
