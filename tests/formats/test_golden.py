"""Golden payloads: bytes written by this layout version, from synthetic data, that must stay readable.

``python tests/formats/test_golden.py`` writes files for formats that have none yet; it never replaces one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from dotbench import formats
from dotbench.formats.payloads.header import LAYOUT

sys.path.insert(0, str(Path(__file__).parent.parent))
from matrices import VARIANTS

FOLDER = Path(__file__).parent / "golden"
BUILT_IN = [kind.name for kind in formats.registry.BUILT_IN]
NAMES = [*(name for name in BUILT_IN if name in formats.names("float32")), *VARIANTS]
INT8_NAMES = [f"{one}-int8" for one in formats.standard("int8") if one.name in BUILT_IN]
HALF_NAMES = [
    f"{one}-{dtype}" for dtype in ("float16", "bfloat16") for one in formats.standard(dtype) if one.name in BUILT_IN
]


def matrix() -> np.ndarray:
    """37 x 40, made by integer arithmetic alone: about a third nonzero, eleven values."""
    i, j = np.meshgrid(np.arange(37), np.arange(40), indexing="ij")
    mixed = (i * 7919 + j * 104729 + i * j * 31) % 101
    return np.where(mixed < 33, (mixed % 11 - 5) * 0.125 + 1, 0).astype(np.float32)


def int8_matrix() -> np.ndarray:
    """The same as int8: values from 3 to 13, and -128 in the first row."""
    W = (matrix() * 8).astype(np.int8)
    W[0] = np.where(W[0], -128, 0)
    return W


def matrix_of(value_type: str) -> np.ndarray:
    """Of a dtype, "" for float32; float16 and bfloat16 hold all values of the first."""
    if value_type == "bfloat16":
        return formats.to_bfloat16(matrix())
    return int8_matrix() if value_type == "int8" else matrix().astype(value_type or "float32")


def encoded(name: str) -> formats.Payload:
    """The payload of a golden file, by its name without layout."""
    label, _, value_type = name.partition("-")
    return formats.parse(label).encode(matrix_of(value_type))


def golden_files() -> list[Path]:
    return sorted(FOLDER.glob("*.dbp"))


@pytest.mark.parametrize("path", golden_files(), ids=lambda path: path.name)
def test_old_payloads_decode(path: Path) -> None:
    payload = formats.load(path)
    held = payload.format.holds(matrix_of(payload.dtype.name)).columns(0, 40)  # the matrix, unless the format is lossy
    assert np.array_equal(payload.decode().T, held.dense(37))


@pytest.mark.parametrize("name", [*NAMES, *INT8_NAMES, *HALF_NAMES])
def test_bytes_written_now_are_the_golden_ones(name: str) -> None:
    path = FOLDER / f"{name}-{LAYOUT}.dbp"
    assert encoded(name).data.tobytes() == path.read_bytes()


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in [*NAMES, *INT8_NAMES, *HALF_NAMES]:
        path = FOLDER / f"{name}-{LAYOUT}.dbp"
        if not path.exists():
            encoded(name).save(path)
