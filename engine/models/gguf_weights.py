"""A LLaMA-architecture GGUF file, dequantised once into a model folder that loads in seconds.

llama.cpp stores the query and key projections with the two halves of each rotary pair interleaved;
they are put back as transformers wants them. Values are kept as float32: nothing is rounded.
"""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import ModelUnavailable, StoreError
from engine.store import data_dir
from engine.types import Floats

if TYPE_CHECKING:
    from gguf import ReaderTensor
    from tokenizers import Tokenizer
    from transformers import LlamaConfig

_VERSION = "1"
_BLOCK_NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_OUTER_NAMES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
_CONTROL_TOKEN = 3


def converted_folder(gguf_path: Path, sha256: str) -> Path:
    """The folder with the float32 copy of a GGUF file; made at the first call.

    Args:
        gguf_path: the GGUF file.
        sha256: its checksum; another file gets another folder.

    Returns:
        A folder that transformers loads: config.json, model.safetensors, the tokenizer.

    Raises:
        ModelUnavailable: the file isn't of the LLaMA architecture.
        StoreError: the copy can't be written.
    """
    target = data_dir() / "models" / f"{gguf_path.stem}-{sha256[:12]}-v{_VERSION}"
    if (target / "config.json").is_file():
        return target
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        part.mkdir(parents=True)
        _write_folder(gguf_path, part)
        _settle(part, target)
    except OSError as error:
        raise StoreError(
            f"Can't write the converted model to {target}: {error}. It needs about 550 MB; free "
            "some space, or set LIKEWISE_HOME to a folder on another disk."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def hf_tensor_name(name: str) -> str:
    """The transformers name of a llama.cpp tensor.

    Example:
        >>> hf_tensor_name("blk.3.attn_q.weight")
        'model.layers.3.self_attn.q_proj.weight'
    """
    if name in _OUTER_NAMES:
        return _OUTER_NAMES[name]
    match name.split("."):
        case ["blk", block, part, "weight"] if part in _BLOCK_NAMES:
            return f"model.layers.{block}.{_BLOCK_NAMES[part]}.weight"
    raise ModelUnavailable(f"The GGUF file holds a tensor {name!r} that this reader doesn't know.")


def unpermute_rotary(weights: Floats, n_heads: int) -> Floats:
    """Undo llama.cpp's interleaving of rotary pairs in a query or key projection.

    Args:
        weights: (n_heads · head_dim, d) as stored.
        n_heads: heads of this projection (the key-value heads for keys).

    Example:
        >>> rows = np.arange(4, dtype=np.float32)[:, None]  # one head: pairs (0, 1), (2, 3)
        >>> unpermute_rotary(rows, 1).ravel().tolist()
        [0.0, 2.0, 1.0, 3.0]
    """
    half = weights.shape[0] // n_heads // 2
    pairs = weights.reshape(n_heads, half, 2, weights.shape[1])
    return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(weights.shape))


def _settle(part: Path, target: Path) -> None:
    try:
        part.rename(target)
    except OSError:
        # Another process finished the same conversion first: its copy is as good as ours.
        if not (target / "config.json").is_file():
            raise


def _write_folder(gguf_path: Path, folder: Path) -> None:
    from gguf import GGUFReader

    reader = GGUFReader(gguf_path)
    fields = {name: field for name, field in reader.fields.items() if "." in name}
    architecture = _value(fields, "general.architecture")
    if architecture != "llama":
        raise ModelUnavailable(
            f"{gguf_path} is of architecture {architecture!r}; only 'llama' GGUF files can be read."
        )
    _write_tokenizer(fields, folder)
    config = _config(fields, tied=all(tensor.name != "output.weight" for tensor in reader.tensors))
    _write_tensors(reader.tensors, config, folder)
    # config.json comes last: a folder that has it is complete.
    config.save_pretrained(folder)
    _sync(folder)


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _value(fields: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - a field holds a text, a number or a list
    if name not in fields:
        raise ModelUnavailable(f"The GGUF file lacks the field {name!r}.")
    return fields[name].contents()


def _config(fields: dict[str, Any], *, tied: bool) -> LlamaConfig:
    from transformers import LlamaConfig

    n_heads = _value(fields, "llama.attention.head_count")
    n_dims = _value(fields, "llama.embedding_length")
    return LlamaConfig(
        architectures=["LlamaForCausalLM"],
        vocab_size=_value(fields, "llama.vocab_size"),
        hidden_size=n_dims,
        intermediate_size=_value(fields, "llama.feed_forward_length"),
        num_hidden_layers=_value(fields, "llama.block_count"),
        num_attention_heads=n_heads,
        num_key_value_heads=_value(fields, "llama.attention.head_count_kv"),
        head_dim=n_dims // n_heads,
        max_position_embeddings=_value(fields, "llama.context_length"),
        rms_norm_eps=_value(fields, "llama.attention.layer_norm_rms_epsilon"),
        rope_parameters={
            "rope_type": "default",
            "rope_theta": _value(fields, "llama.rope.freq_base"),
        },
        bos_token_id=_value(fields, "tokenizer.ggml.bos_token_id"),
        eos_token_id=_value(fields, "tokenizer.ggml.eos_token_id"),
        pad_token_id=_value(fields, "tokenizer.ggml.padding_token_id"),
        tie_word_embeddings=tied,
        dtype="float32",
    )


def _write_tensors(tensors: list[ReaderTensor], config: LlamaConfig, folder: Path) -> None:
    from gguf import dequantize
    from safetensors.numpy import save_file

    n_query_heads = config.num_attention_heads
    heads = {"attn_q": n_query_heads, "attn_k": config.num_key_value_heads or n_query_heads}
    weights: dict[str, Floats] = {}
    for tensor in tensors:
        values = np.ascontiguousarray(dequantize(tensor.data, tensor.tensor_type), np.float32)
        part = tensor.name.split(".")[-2]
        if part in heads:
            values = unpermute_rotary(values, heads[part])
        weights[hf_tensor_name(tensor.name)] = values
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _write_tokenizer(fields: dict[str, Any], folder: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    pre = _value(fields, "tokenizer.ggml.pre")
    if (_value(fields, "tokenizer.ggml.model"), pre) != ("gpt2", "smollm"):
        raise ModelUnavailable(f"The GGUF file's tokenizer {pre!r} isn't one this reader knows.")
    tokens: list[str] = _value(fields, "tokenizer.ggml.tokens")
    special = {
        f"{role}_token": tokens[_value(fields, f"tokenizer.ggml.{name}_token_id")]
        for role, name in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding"))
    }
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=_byte_pair_tokenizer(fields, tokens),
        padding_side="left",
        model_max_length=_value(fields, "llama.context_length"),
        clean_up_tokenization_spaces=False,
        **special,
    )
    tokenizer.chat_template = _value(fields, "tokenizer.chat_template")
    tokenizer.save_pretrained(folder)


def _byte_pair_tokenizer(fields: dict[str, Any], tokens: list[str]) -> Tokenizer:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    merges = [tuple(merge.split(" ", 1)) for merge in _value(fields, "tokenizer.ggml.merges")]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, fuse_unk=False))
    # SmolLM splits every digit off before anything else is joined.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    kinds = _value(fields, "tokenizer.ggml.token_type")
    tokenizer.add_special_tokens(
        [
            AddedToken(token, special=True, normalized=False)
            for token, kind in zip(tokens, kinds, strict=True)
            if kind == _CONTROL_TOKEN
        ]
    )
    return tokenizer
