"""Small .safetensors files, header by header, so that a test can make any part wrong."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from dotbench.datasets.models import names
from dotbench.datasets.models.model_file import ModelFile, ModelTensor

CODES = {
    "float32": "F32", "float16": "F16", "float64": "F64", "int8": "I8", "uint8": "U8", "int16": "I16", "int32": "I32",
    "int64": "I64", "bool": "BOOL", "bfloat16": "BF16",
}  # fmt: skip


def raw(header: bytes | str, data: bytes = b"", length: int | None = None) -> bytes:
    """A file of that header, whose length may be a lie."""
    header = header.encode() if isinstance(header, str) else header
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def entry(code: str, shape: tuple[int, ...], begin: int, end: int) -> dict[str, Any]:
    return {"dtype": code, "shape": list(shape), "data_offsets": [begin, end]}


def saved(arrays: dict[str, np.ndarray], metadata: dict[str, str] | None = None) -> bytes:
    """A good file of arrays, one behind the other; data start at a multiple of 8."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, array in arrays.items():
        header[name] = entry(CODES[array.dtype.name], array.shape, len(data), len(data) + array.nbytes)
        data += array.tobytes()
    text = json.dumps(header)
    return raw(text + " " * (-len(text) % 8), data)


RNG = np.random.default_rng(5)


def random(*shape: int, dtype: str = "float32") -> np.ndarray:
    return np.asarray(RNG.normal(0, 40, shape)).astype(dtype)


def read(path: Path, data: bytes, name: str = "model.safetensors") -> ModelFile:
    (path / name).write_bytes(data)
    return names.tensors(path / name)


def by_name(model: ModelFile) -> dict[str, ModelTensor]:
    return {one.name: one for one in model.tensors}
