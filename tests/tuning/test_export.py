"""An exported folder works in a fresh process without this product, and gives the same numbers."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from engine.corpus import load_corpus
from engine.diagnostics.estimate import Estimate
from engine.errors import BadInput, StoreError
from engine.methods.registry import create
from engine.resources import Resources
from engine.tuning.applying import apply_to
from engine.tuning.export import Exported, export_folder, export_triplets
from engine.tuning.projection import LinearMap
from engine.tuning.triplets import Triplets
from engine.types import Attribute

FRESH = """
import json, sys, numpy as np
from sentence_transformers import SentenceTransformer
texts = json.load(open(sys.argv[1] + "/texts.json"))
vectors = SentenceTransformer(sys.argv[1] + "/model", device="cpu").encode(texts, batch_size=4)
np.save(sys.argv[1] + "/fresh.npy", vectors)
assert not any(name.split(".")[0] == "engine" for name in sys.modules)
"""


@pytest.mark.models
def test_the_folder_gives_the_same_similarities_in_a_fresh_process(tmp_path):
    corpus = load_corpus("math_problems", limit=120)
    attribute = Attribute("mathematical structure")
    made = create("projection", {"start": "written", "n_verdicts": 64})
    fitted, triplets = made.linear_map(corpus, attribute, Resources())
    ordered = sorted(corpus.texts)
    exported = Exported(
        fitted, triplets, ordered, attribute, "minilm", corpus.name, Estimate.undefined()
    )
    folder = export_folder(exported, tmp_path / "out")
    texts = ordered[:20]
    (folder / "texts.json").write_text(json.dumps(texts))
    subprocess.run([sys.executable, "-c", FRESH, str(folder)], check=True, cwd=tmp_path)
    fresh = np.load(folder / "fresh.npy")
    ours = made.prepare(corpus, attribute, Resources())
    rows = np.array([corpus.texts.index(text) for text in texts])
    left, right = np.repeat(rows, 20), np.tile(rows, 20)
    np.testing.assert_allclose((fresh @ fresh.T).ravel(), ours.pairs(left, right), atol=1e-5)
    raw = Resources().embed("minilm", texts)
    np.save(folder / "vectors.npy", raw)
    subprocess.run([sys.executable, "apply.py", "vectors.npy"], check=True, cwd=folder)
    np.testing.assert_allclose(np.load(folder / "projected.npy"), fresh, atol=1e-5)
    with pytest.raises(StoreError, match="not empty"):
        export_folder(exported, folder)


@pytest.mark.models
def test_a_fine_tuned_encoder_gives_the_same_similarities_in_a_fresh_process(tmp_path):
    corpus = load_corpus("support_messages", limit=80)
    attribute = Attribute("tone of voice")
    made = create("tuned-encoder", {"column": "tone", "n_verdicts": 4})
    adapter, triplets = made.adapter(corpus, attribute, Resources())
    assert adapter.layers
    ordered = sorted(corpus.texts)
    exported = Exported(
        adapter, triplets, ordered, attribute, "minilm", corpus.name, Estimate.undefined()
    )
    folder = export_folder(exported, tmp_path / "out")
    texts = ordered[:20]
    (folder / "texts.json").write_text(json.dumps(texts))
    subprocess.run([sys.executable, "-c", FRESH, str(folder)], check=True, cwd=tmp_path)
    fresh = np.load(folder / "fresh.npy")
    resources = Resources()
    ours = made.prepare(corpus, attribute, resources)
    rows = np.array([corpus.texts.index(text) for text in texts])
    left, right = np.repeat(rows, 20), np.tile(rows, 20)
    np.testing.assert_allclose((fresh @ fresh.T).ravel(), ours.pairs(left, right), atol=1e-5)
    raw = resources.embed("minilm", texts)
    assert np.abs(raw @ raw.T - fresh @ fresh.T).max() > 1e-3
    said = (folder / "README.md").read_text()
    assert "A fine-tuned encoder for: tone of voice" in said
    assert "4 verdicts of label column 'tone'" in said
    assert not (folder / "projection.npz").exists()
    assert len((folder / "triplets.jsonl").read_text().splitlines()) == len(triplets)


@pytest.mark.models
def test_a_projection_that_reads_words_is_not_exported_as_a_matrix(problems, structure):
    with pytest.raises(BadInput, match="Choose start 'written' or 'nothing'"):
        create("projection").linear_map(problems, structure, Resources())


def test_triplets_are_written_as_texts(tmp_path):
    one = Triplets(np.array([2]), np.array([0]), np.array([1]), "me", 1)
    export_triplets(one, ["a", "b", "c"], Attribute("tone"), tmp_path)
    wanted = {"anchor": "c", "positive": "a", "negative": "b", "attribute": "tone"}
    assert json.loads((tmp_path / "triplets.jsonl").read_text()) == wanted
    assert pd.read_parquet(tmp_path / "triplets.parquet").to_dict("records") == [wanted]


def test_blocks_give_what_the_whole_gives():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(1000, 12)).astype(np.float32)
    fitted = LinearMap(vectors.mean(axis=0), rng.normal(size=(12, 5)).astype(np.float32))
    whole = fitted.apply(vectors)
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(apply_to(fitted, vectors, block_rows=7), whole, atol=1e-5)
    with pytest.raises(BadInput, match="reads vectors of 12 numbers, not 5"):
        apply_to(fitted, whole)
