from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ModelUnavailable
from engine.models.gguf_weights import hf_tensor_name, unpermute_rotary


def permute_as_llama_cpp(weights, n_heads):
    """What llama.cpp's converter does to a query or key projection."""
    split = weights.reshape(n_heads, 2, weights.shape[0] // n_heads // 2, weights.shape[1])
    return split.swapaxes(1, 2).reshape(weights.shape)


@pytest.mark.parametrize("n_heads", [1, 3, 9])
def test_unpermuting_undoes_the_permutation(n_heads):
    weights = np.random.default_rng(0).normal(size=(n_heads * 8, 5)).astype(np.float32)
    np.testing.assert_array_equal(
        unpermute_rotary(permute_as_llama_cpp(weights, n_heads), n_heads), weights
    )


def test_an_unknown_tensor_is_refused_rather_than_left_out():
    assert hf_tensor_name("output_norm.weight") == "model.norm.weight"
    with pytest.raises(ModelUnavailable, match=r"blk\.0\.attn_q\.bias"):
        hf_tensor_name("blk.0.attn_q.bias")


@pytest.mark.models
def test_the_copy_is_made_once_and_leaves_nothing_behind(smollm2, shelf):
    from engine.models.catalogue import PACKAGED, package_file
    from engine.models.gguf_weights import converted_folder

    folder = converted_folder(package_file("smollm2"), PACKAGED["smollm2"].sha256)
    made = (folder / "model.safetensors").stat().st_mtime_ns
    assert converted_folder(package_file("smollm2"), PACKAGED["smollm2"].sha256) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == made
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
