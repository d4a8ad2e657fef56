"""Our int8 outputs against TFLite's own interpreter, with its reference kernels, on a model of the mirror."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dotbench import formats
from dotbench.formats.payloads.requantize import Requantization

LAYERS = [  # inputs, weights, bias, outputs: tensors of the four 1 x 1 convolutions and the dense layer
    *((29 + 2 * k, 8 + 4 * k, 9 + 4 * k, 30 + 2 * k) for k in range(4)),
    (39, 23, 24, 40),
]


@pytest.fixture(scope="module")
def interpreter() -> Any:
    return pytest.importorskip(
        "ai_edge_litert.interpreter", reason="no TFLite interpreter: pip install -e '.[litert]' brings it"
    )


def scale(details: dict[str, Any]) -> np.ndarray:
    found: np.ndarray = details["quantization_parameters"]["scales"]
    return found


def zero_point(details: dict[str, Any]) -> int:
    return int(details["quantization_parameters"]["zero_points"][0])


@pytest.mark.real_data("dcsr_models")
@pytest.mark.parametrize("name", ["sparse_s_90", "sparse_s_70", "dense_s"])
def test_layers_of_a_keyword_spotter(mirror: Path, interpreter: Any, name: str) -> None:
    path = str(mirror / "dcsr_models" / f"{name}.tflite")
    reference = interpreter.OpResolverType.BUILTIN_REF
    model = interpreter.Interpreter(
        path, experimental_preserve_all_tensors=True, experimental_op_resolver_type=reference
    )
    model.allocate_tensors()
    details = {one["index"]: one for one in model.get_tensor_details()}
    rng = np.random.default_rng(0)
    for _ in range(3):
        model.set_tensor(0, rng.normal(0, 80, (1, 49, 10, 1)).astype(np.float32))
        model.invoke()
        for x, w, b, y in LAYERS:
            weights, expected = model.get_tensor(w), model.get_tensor(y)
            payload = formats.get("dcsr").encode(weights.reshape(len(weights), -1).T)
            X = model.get_tensor(x).reshape(-1, payload.shape[0])
            scales = np.float64(scale(details[x])) * np.float64(scale(details[w])) / np.float64(scale(details[y]))
            layer = Requantization.of(
                scales, model.get_tensor(b), zero_point(details[y]), (-128, 127), payload, zero_point(details[x])
            )
            assert np.array_equal(layer(payload.dot(X)), expected.reshape(-1, payload.shape[1])), (x, w)
