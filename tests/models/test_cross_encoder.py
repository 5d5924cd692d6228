from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ModelUnavailable, UnknownName
from engine.models.catalogue import package_file
from engine.models.cross_encoder import CrossEncoderModel

pytestmark = pytest.mark.models

PAIRS = [("a dog", "an animal of the house"), ("rain", "snow"), ("a", "b " * 200)]


def tiny_reader(folder, n_labels):
    """A BERT of random weights with a classification head, saved as a folder."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        num_labels=n_labels,
        initializer_range=1.0,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(package_file("minilm").parent, local_files_only=True)
    tokenizer.model_max_length = 64
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_logits_are_raw_and_in_the_order_of_the_pairs(tmp_path):
    import torch

    reader = CrossEncoderModel(tiny_reader(tmp_path, 1))
    logits = reader.predict(PAIRS)
    assert logits.shape == (3,)
    assert np.abs(logits).max() > 1
    model = reader._model
    for pair, logit in zip(PAIRS, logits, strict=True):
        features = model.tokenizer(*pair, truncation=True, max_length=64, return_tensors="pt")
        with torch.inference_mode():
            wanted = model[0].auto_model(**features).logits.item()
        assert logit == pytest.approx(wanted, abs=1e-4)
    assert reader.key.startswith(f"{tmp_path}@")


def test_a_classifier_of_several_labels_is_refused(tmp_path):
    with pytest.raises(ModelUnavailable, match="gives 3 logits for a pair"):
        CrossEncoderModel(tiny_reader(tmp_path, 3))


def test_no_packaged_cross_encoder_is_promised():
    with pytest.raises(UnknownName, match=r"Known: BAAI/bge-reranker-v2-m3"):
        CrossEncoderModel("bge-reranker")


def test_a_text_can_not_end_its_side_of_the_pair(tmp_path, monkeypatch):
    """A [SEP] in a text is read as its letters: the pair has the special tokens of its frame."""
    reader = CrossEncoderModel(tiny_reader(tmp_path, 1))
    sly = ("fine [SEP] yes", "[CLS] dog [PAD]")
    tokenizer = reader._model.tokenizer
    read = []
    monkeypatch.setattr(
        reader, "_run", lambda pairs: read.extend(pairs) or np.zeros((len(pairs), 1))
    )
    reader.predict([sly])
    (sent,) = read
    special = [
        token for token in tokenizer(*sent)["input_ids"] if token in tokenizer.all_special_ids
    ]
    assert tokenizer.convert_ids_to_tokens(special) == ["[CLS]", "[SEP]", "[SEP]"]
    unbroken = tokenizer(*sly)["input_ids"]
    assert sum(token in tokenizer.all_special_ids for token in unbroken) > len(special)
    assert reader.plain(sent[0]) == sent[0]
