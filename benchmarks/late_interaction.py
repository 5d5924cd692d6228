"""Late interaction over MiniLM's token vectors, tokens weighted by the attribute: is it worth it?

Run: python benchmarks/late_interaction.py; writes benchmarks/results/late_interaction.json.
Similarity of two texts: the weighted mean over one's tokens of the largest cosine to any of the
other's, averaged over both directions. A token's weight is exp(strength · z), z the standardised
cosine of its vector, or of its spelling encoded alone, to the attribute's phrase.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from engine.corpus import load_corpus
from engine.diagnostics.conditioning import draw_swap_triplets, swap_accuracies
from engine.models.encoder import Encoder
from engine.models.shelf import process_shelf
from engine.samples import samples
from engine.similarity import VectorSimilarity, unit_rows
from engine.types import Attribute, Floats

RESULTS = Path(__file__).parent / "results" / "late_interaction.json"
MODEL = "minilm"
N_TEXTS = 80
STRENGTHS = (0.0, 1.0, 2.0, 4.0)


def main() -> None:
    """Measure every sample with each strength and each kind of weight."""
    encoder = process_shelf().encoder(MODEL)
    found: dict[str, Any] = {"model": MODEL, "n_texts": N_TEXTS, "samples": {}}
    for each in samples():
        corpus = load_corpus(each.name).sample(N_TEXTS, seed=0)
        one, other = each.attributes[:2]
        codes = [corpus.label_codes(side.column).codes for side in (one, other)]
        triplets = draw_swap_triplets(*codes, n=1000, seed=0)
        phrases = [Attribute(side.name, side.definition).phrase for side in (one, other)]
        raw = VectorSimilarity(encoder.encode(corpus.texts).vectors)
        rows = {"raw": _figures(raw, raw, triplets)}
        tokens, spelt = token_vectors(encoder, list(corpus.texts))
        for kind, basis in (("in context", tokens), ("spelling", spelt)):
            for strength in STRENGTHS:
                pair = [
                    _as_similarity(max_sim(tokens, weights(basis, encoder, phrase, strength)))
                    for phrase in phrases
                ]
                rows[f"max-sim, weights by {kind}, strength {strength:g}"] = _figures(
                    *pair, triplets
                )
        found["samples"][each.name] = rows
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def token_vectors(encoder: Encoder, texts: list[str]) -> tuple[list[Floats], list[Floats]]:
    """Unit vectors of each text's tokens in context, and of their spellings encoded alone."""
    import torch

    model = encoder._model
    vectors, names = [], []
    for start in range(0, len(texts), 16):
        part = texts[start : start + 16]
        with torch.inference_mode():
            features = model.preprocess(part)
            states = model(features)["token_embeddings"].float().numpy()
        ids, mask = features["input_ids"].numpy(), features["attention_mask"].numpy()
        for row in range(len(part)):
            inside = np.flatnonzero(mask[row])[1:-1]
            vectors.append(unit_rows(states[row, inside]))
            names.append([model.tokenizer.decode([i]).strip("#") or "#" for i in ids[row, inside]])
    vocabulary = sorted({name for text in names for name in text})
    alone = dict(zip(vocabulary, encoder.encode(vocabulary).vectors, strict=True))
    return vectors, [np.stack([alone[name] for name in text]) for text in names]


def weights(basis: list[Floats], encoder: Encoder, phrase: str, strength: float) -> list[Floats]:
    """Each token's weight, summing to 1 over its text."""
    attribute = encoder.encode([phrase]).vectors[0]
    cosines = [text @ attribute for text in basis]
    every = np.concatenate(cosines)
    raised = [np.exp(strength * (text - every.mean()) / every.std()) for text in cosines]
    return [np.asarray(text / text.sum(), dtype=np.float32) for text in raised]


def max_sim(tokens: list[Floats], weighted: list[Floats]) -> Floats:
    """(n, n) symmetric weighted MaxSim."""
    n = len(tokens)
    one_way = np.zeros((n, n), dtype=np.float32)
    for a in range(n):
        for b in range(a, n):
            cosines = tokens[a] @ tokens[b].T
            one_way[a, b] = weighted[a] @ cosines.max(axis=1)
            one_way[b, a] = weighted[b] @ cosines.max(axis=0)
    return np.asarray((one_way + one_way.T) / 2, dtype=np.float32)


def _as_similarity(matrix: Floats) -> VectorSimilarity:
    """A matrix as a Similarity: row a times the b-th unit vector is its entry."""
    return VectorSimilarity(np.eye(len(matrix), dtype=np.float32), matrix)


def _figures(one: Any, other: Any, triplets: Any) -> dict[str, Any]:  # noqa: ANN401
    found = swap_accuracies(one, other, triplets)
    return {
        side: {"value": each.value, "low": each.low, "high": each.high}
        for side, each in zip(found._fields, found, strict=True)
    }


if __name__ == "__main__":
    main()
