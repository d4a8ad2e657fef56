"""bfloat16 in numpy, with ml_dtypes and without: conversions bit for bit, and which dtype arrays have."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from dotbench import formats
from dotbench.cdot import build
from dotbench.cdot.bfloat16 import (
    BITS,
    bfloat16_dtype,
    bits_of,
    converted,
    cut,
    dtype_of,
    is_bfloat16,
    name_of,
    widened,
)

ml_dtypes = pytest.importorskip("ml_dtypes", reason="no ml_dtypes: pip install -e '.[bf16]' brings it")
EVERY = np.arange(1 << 16, dtype=np.uint16)


def test_every_value_there_and_back() -> None:
    every = formats.bfloat16_from_bits(EVERY)
    assert every.dtype == np.dtype(ml_dtypes.bfloat16) == bfloat16_dtype()
    wide = widened(every)
    assert np.array_equal(wide.view(np.uint32), EVERY.astype(np.uint32) << 16)
    assert np.array_equal(bits_of(cut(wide)), EVERY) and np.array_equal(bits_of(converted(wide, every.dtype)), EVERY)
    finite = np.isfinite(wide)
    assert np.array_equal(wide[finite], every[finite].astype(np.float32))
    swapped = every[finite].astype(every.dtype.newbyteorder(">"))
    assert np.array_equal(bits_of(swapped), EVERY[finite]) and np.array_equal(widened(swapped), wide[finite])


def test_rounding_is_to_the_nearest_with_ties_to_even() -> None:
    """As ml_dtypes rounds: random floats of all sizes, halves between two neighbours, and what becomes infinite."""
    random = np.random.default_rng(0).integers(0, 1 << 32, 100_000, np.uint32).view(np.float32)
    halves = ((EVERY.astype(np.uint32) << 16) | 0x8000).view(np.float32)
    for values in (random, halves, np.float32([3.4e38, -3.4e38, 0, -0.0, np.inf, 1e-45])):
        values = values[~np.isnan(values)]
        with np.errstate(over="ignore"):
            expected = values.astype(ml_dtypes.bfloat16)
        assert np.array_equal(bits_of(formats.to_bfloat16(values)), bits_of(expected))
    assert np.isnan(widened(formats.to_bfloat16([np.nan, -np.nan]))).all()
    assert bits_of(formats.to_bfloat16([[1.0, 1e39]])).tolist() == [[0x3F80, 0x7F80]]


def test_names_and_dtypes() -> None:
    own = bfloat16_dtype()
    assert name_of(own) == name_of(BITS) == "bfloat16" and name_of(np.float32) == "float32"
    assert dtype_of("bfloat16") == dtype_of(own) == dtype_of(BITS) == own and dtype_of("<f4") == np.float32
    assert is_bfloat16(own) and not is_bfloat16(np.dtype(np.uint16)) and not is_bfloat16(None)
    with pytest.raises(TypeError, match="bits of bfloat16 are uint16, and this array is of int32"):
        formats.bfloat16_from_bits(np.zeros(3, np.int32))


WITHOUT = """
import sys
sys.modules["ml_dtypes"] = None
import numpy as np
from dotbench import formats
rng = np.random.default_rng(0)
bits = rng.integers(0, 1 << 16, (70, 33)).astype(np.uint16)
finite = formats.to_bfloat16(rng.standard_normal((70, 33))).view(np.uint16)
W = formats.bfloat16_from_bits(finite)
assert W.dtype.names == ("bfloat16",) and formats.to_bfloat16([1.0]).view(np.uint16) == 0x3F80
x = rng.standard_normal((3, 70)).astype(np.float32)
wide = (finite.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
for label in ("rank", "rank[coding=rice]", "dense", "csc", "csc_min", "sham", "ham"):
    payload = formats.parse(label).encode(W)
    assert payload.shape == (70, 33) and formats.load(payload.data.tobytes()).format == payload.format
    assert np.allclose(payload.dot(x), x @ wide, rtol=1e-4, atol=1e-4)
    print(label, payload.header.value_type, payload.header.crc)
    if label.startswith("rank"):
        payload = formats.parse(label).encode(formats.bfloat16_from_bits(bits))
        assert np.array_equal(payload.decode().view(np.uint16), bits)
"""


def test_without_ml_dtypes() -> None:
    """The same payloads from bits; formats of float32 alone take them, too."""
    environment = {"PYTHONPATH": str(build.FOLDER.parent), "PATH": "", "DOTBENCH_HOME": str(build.state_folder())}
    done = [
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        for code in (
            WITHOUT,
            WITHOUT.replace('sys.modules["ml_dtypes"] = None', "").replace("W.dtype.names ==", "True or"),
        )
    ]
    assert [one.returncode for one in done] == [0, 0], done[0].stderr + done[1].stderr
    assert done[0].stdout == done[1].stdout and done[0].stdout.count(" 4 ") == 6
