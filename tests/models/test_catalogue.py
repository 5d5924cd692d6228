from __future__ import annotations

import json
import re

import pytest

from engine.errors import BadInput, UnknownName
from engine.models import catalogue
from engine.models.catalogue import Kind, hub_snapshot, known_models, resolve


def make_snapshot(cache, name, commit, shards=("model.safetensors",)):
    folder = cache / f"models--{name.replace('/', '--')}" / "snapshots" / commit
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    for shard in shards:
        (folder / shard).write_bytes(b"weights")
    return folder


def test_packaged_models_come_first_and_are_here():
    names = [entry.name for entry in known_models()]
    assert names[:2] == ["minilm", "smollm2"]
    assert [entry.here for entry in known_models()[:2]] == [True, True]


def test_every_kind_lists_only_its_own_and_names_are_unique():
    assert len({entry.name for entry in known_models()}) == len(known_models())
    for kind in Kind:
        assert known_models(kind)
        assert {entry.kind for entry in known_models(kind)} == {kind}


def test_a_package_that_is_not_installed_is_not_here(monkeypatch):
    missing = catalogue.PackagedWeights("no_such_package_here", "x==1", "w", "", "0" * 64)
    monkeypatch.setitem(catalogue.PACKAGED, "minilm", missing)
    assert not resolve("minilm", Kind.ENCODER).here


def test_any_hub_id_resolves_and_is_here_only_once_in_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert not resolve("someone/some-model", Kind.ENCODER).here
    folder = make_snapshot(tmp_path, "someone/some-model", "abc123")
    entry = resolve("someone/some-model", Kind.ENCODER)
    assert (entry.here, entry.source) == (True, "hub")
    assert hub_snapshot("someone/some-model") == folder


def test_a_snapshot_that_lacks_a_shard_is_not_here(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    folder = make_snapshot(tmp_path, "someone/big", "c0ffee", shards=["a-1.safetensors"])
    index = {"weight_map": {"x": "a-1.safetensors", "y": "a-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert hub_snapshot("someone/big") is None
    (folder / "a-2.safetensors").write_bytes(b"weights")
    assert hub_snapshot("someone/big") == folder


def test_a_folder_resolves_by_its_path(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    entry = resolve(str(tmp_path), Kind.LANGUAGE_MODEL)
    assert (entry.source, entry.here, entry.title) == ("folder", True, tmp_path.name)


@pytest.mark.parametrize(
    ("name", "kind", "error", "said"),
    [
        ("minilmm", Kind.ENCODER, UnknownName, "Did you mean 'minilm'?"),
        ("smollm2", Kind.ENCODER, BadInput, "is a language model, not a sentence encoder"),
        ("./not/a/folder", Kind.ENCODER, BadInput, "No model folder at './not/a/folder'"),
        ("", Kind.CROSS_ENCODER, UnknownName, "No cross-encoder is called ''"),
    ],
)
def test_a_name_that_stands_for_nothing_is_refused(name, kind, error, said):
    with pytest.raises(error, match=re.escape(said)):
        resolve(name, kind)
