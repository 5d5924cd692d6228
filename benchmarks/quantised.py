"""Is the packaged encoder faster in int8, and are its vectors still the same?

Run: OMP_NUM_THREADS=1 python benchmarks/quantised.py [--n-texts 500] [--rounds 3]
ONNX Runtime needs onnx, onnxruntime and onnxscript; OpenVINO needs openvino and nncf. None of them
is a dependency: what isn't installed is left out, and the results say so. All ways read the same
batches of tokens on one thread and take turns; their vectors are compared with Encoder's.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from models_load import sample_texts

from engine.models.batching import length_sorted_batches
from engine.models.catalogue import package_file
from engine.models.encoder import Encoder
from engine.similarity import unit_rows
from engine.types import Floats

RESULTS = Path(__file__).parent / "results" / "quantised.json"
NEEDS = {"onnx": ("onnx", "onnxruntime", "onnxscript"), "openvino": ("openvino", "nncf")}
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
BUDGET, MOST_TEXTS = 2048, 32
"""The encoder's own batches on a CPU."""
N_DIMS = 384

Feed = dict[str, np.ndarray]
Forward = Callable[[Feed], np.ndarray]
"""Token ids and mask, each (b, t) int64 → token states (b, t, d)."""


def main() -> None:
    """Measure every way that is installed, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-texts", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    texts = sample_texts(asked.n_texts)
    encoder = Encoder("minilm")
    with tempfile.TemporaryDirectory() as folder:
        ways = all_ways(Path(folder), sample_texts(2 * asked.n_texts)[asked.n_texts :])
        report = {
            "machine": f"{platform.machine()}, {cpu_flags()}",
            "load_average_before": [round(load, 1) for load in os.getloadavg()],
            "installed": {name: found(parts) for name, parts in NEEDS.items()},
            "torch": version("torch"),
            "n_texts": len(texts),
            "rounds": asked.rounds,
            "ways": compare(encoder, ways, texts, asked.rounds),
            "load_average_after": [round(load, 1) for load in os.getloadavg()],
        }
    text = json.dumps(report, indent=1)
    print(text)
    asked.results.write_text(text + "\n", encoding="utf-8")


def compare(
    encoder: Encoder, ways: dict[str, Forward], texts: list[str], n_rounds: int
) -> dict[str, Any]:
    """Seconds of each way against those of the encoder in the same round, and the least cosine."""
    tokenizer = tokeniser()

    def read(forward: Forward) -> Floats:
        return vectors(forward, tokenizer, texts, encoder.max_tokens)

    works: dict[str, Callable[[], Floats]] = {"encoder fp32": lambda: encoder.encode(texts).vectors}
    works |= {name: lambda forward=forward: read(forward) for name, forward in ways.items()}
    wanted = encoder.encode(texts).vectors
    cosines = {name: (work() * wanted).sum(axis=1) for name, work in works.items()}
    taken = [{name: seconds(work) for name, work in works.items()} for _ in range(n_rounds)]
    return {name: figures(name, taken, cosines[name]) for name in works}


def figures(
    name: str, taken: list[dict[str, tuple[float, float]]], cosines: Floats
) -> dict[str, Any]:
    """One way's row: processor and wall seconds of its best round, its ratio round by round."""
    cpu = [round_[name][0] for round_ in taken]
    wall = [round_[name][1] for round_ in taken]
    ratios = [round_["encoder fp32"][0] / round_[name][0] for round_ in taken]
    return {
        "cpu_seconds": round(min(cpu), 2),
        "wall_seconds": round(min(wall), 2),
        "times_as_fast_each_round": [round(ratio, 2) for ratio in ratios],
        "times_as_fast": round(float(np.median(ratios)), 2),
        "least_cosine": round(float(cosines.min()), 4),
        "mean_cosine": round(float(cosines.mean()), 4),
    }


def seconds(work: Callable[[], Floats]) -> tuple[float, float]:
    """Processor and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def vectors(forward: Forward, tokenizer: Any, texts: list[str], window: int) -> Floats:  # noqa: ANN401
    """(n, d) unit vectors: the mean of the token states, in the encoder's own batches."""
    out = np.empty((len(texts), N_DIMS), dtype=np.float32)
    for rows, feed in batches(tokenizer, texts, window):
        weights = feed["attention_mask"][:, :, None].astype(np.float32)
        out[rows] = unit_rows((forward(feed) * weights).sum(axis=1) / weights.sum(axis=1))
    return out


def batches(tokenizer: Any, texts: list[str], window: int) -> Iterator[tuple[list[int], Feed]]:  # noqa: ANN401
    """Rows and padded tokens of each batch."""
    ids = tokenizer(texts, truncation=True, max_length=window)["input_ids"]
    planned = length_sorted_batches(
        [len(row) for row in ids], texts, token_budget=BUDGET, max_texts=MOST_TEXTS
    )
    for rows in planned:
        tokens = np.zeros((len(rows), max(len(ids[row]) for row in rows)), dtype=np.int64)
        mask = np.zeros_like(tokens)
        for place, row in enumerate(rows):
            tokens[place, : len(ids[row])], mask[place, : len(ids[row])] = ids[row], 1
        yield rows, dict(zip(INPUTS, (tokens, mask, np.zeros_like(tokens)), strict=True))


def tokeniser() -> Any:  # noqa: ANN401 - transformers has no types
    """The packaged encoder's tokenizer."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(model_folder(), local_files_only=True)


def all_ways(folder: Path, texts: list[str]) -> dict[str, Forward]:
    """Every way of running the model that is installed here; texts calibrate what must be."""
    ways: dict[str, Forward] = {"torch int8": torch_int8()}
    if found(NEEDS["onnx"]):
        ways |= onnx_ways(folder)
    if found(NEEDS["openvino"]):
        ways |= openvino_ways([feed for _, feed in batches(tokeniser(), texts, 256)])
    return ways


def torch_int8() -> Forward:
    """Torch's own dynamic quantisation of the linear layers."""
    import torch

    model = torch.ao.quantization.quantize_dynamic(
        plain_model(), {torch.nn.Linear}, dtype=torch.qint8
    )

    def forward(feed: Feed) -> np.ndarray:
        with torch.inference_mode():
            given = {name: torch.from_numpy(array) for name, array in feed.items()}
            return model(**given).numpy()

    return forward


def onnx_ways(folder: Path) -> dict[str, Forward]:
    """ONNX Runtime with the exported weights, and with dynamic quantisation to int8."""
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain = folder / "model.onnx"
    down = exported(plain)
    kinds = {"onnx fp32": plain}
    for name, kept in {"onnx int8": [], "onnx int8 but for down-projections": down}.items():
        kinds[name] = folder / f"{name.replace(' ', '_')}.onnx"
        quantize_dynamic(
            plain,
            kinds[name],
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Gemm"],
            nodes_to_exclude=kept,
        )
    one_thread = onnxruntime.SessionOptions()
    one_thread.intra_op_num_threads = 1

    def opened(path: Path) -> Forward:
        session = onnxruntime.InferenceSession(
            str(path), one_thread, providers=["CPUExecutionProvider"]
        )
        return lambda given: session.run(["states"], given)[0]

    return {name: opened(path) for name, path in kinds.items()}


def exported(path: Path) -> list[str]:
    """Write the model as ONNX; the names of its down-projections, whose inputs vary most."""
    import onnx
    import torch

    torch.onnx.export(
        plain_model(),
        tuple(torch.ones((2, 8), dtype=torch.long) for _ in INPUTS),
        str(path),
        input_names=list(INPUTS),
        output_names=["states"],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in INPUTS},
        dynamo=False,
        opset_version=17,
    )
    products = [node.name for node in onnx.load(path).graph.node if node.op_type == "MatMul"]
    return [name for name in products if "/output/dense" in name and "/attention/" not in name]


def openvino_ways(feeds: list[Feed]) -> dict[str, Forward]:
    """OpenVINO in fp32, with int8 weights, and with int8 activations calibrated on some texts."""
    import nncf
    import openvino
    import torch

    core = openvino.Core()
    shown = {name: torch.ones((2, 8), dtype=torch.long) for name in INPUTS}

    def converted() -> Any:  # noqa: ANN401 - no types
        return openvino.convert_model(plain_model(), example_input=shown)

    def compiled(model: Any, **more: Any) -> Forward:  # noqa: ANN401
        one_thread = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32", **more}
        ready = core.compile_model(model, "CPU", one_thread)
        return lambda given: ready(given)[0]

    weights = nncf.compress_weights(converted(), mode=nncf.CompressWeightsMode.INT8_SYM)
    calibrated = nncf.quantize(
        converted(), nncf.Dataset(feeds), model_type=nncf.ModelType.TRANSFORMER
    )
    return {
        "openvino fp32": compiled(converted()),
        "openvino int8 weights": compiled(weights, DYNAMIC_QUANTIZATION_GROUP_SIZE="32"),
        "openvino int8 calibrated": compiled(calibrated),
    }


def plain_model() -> Any:  # noqa: ANN401 - transformers has no types
    """The packaged encoder's transformer without its pooling: three inputs, one output."""
    import torch
    from transformers import AutoModel

    class TokenStates(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = AutoModel.from_pretrained(model_folder(), local_files_only=True)

        def forward(
            self,
            input_ids: torch.Tensor,
            attention_mask: torch.Tensor,
            token_type_ids: torch.Tensor,
        ) -> torch.Tensor:
            read = self.model(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            )
            return read.last_hidden_state

    return TokenStates().eval()


def model_folder() -> str:
    """Where the packaged encoder lies."""
    weights = package_file("minilm")
    if weights is None:
        raise SystemExit("The packaged encoder isn't installed: likewise models get minilm")
    return str(weights.parent)


def found(parts: tuple[str, ...]) -> dict[str, str]:
    """The versions of some packages; {} unless all are installed."""
    if any(importlib.util.find_spec(part) is None for part in parts):
        return {}
    return {part: version(part) for part in parts}


def cpu_flags() -> str:
    """The vector instructions that int8 lives by."""
    wanted = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8")
    info = Path("/proc/cpuinfo")
    flags = info.read_text(encoding="utf-8").split() if info.exists() else []
    return ", ".join(flag for flag in wanted if flag in flags) or "none of " + ", ".join(wanted)


if __name__ == "__main__":
    main()
