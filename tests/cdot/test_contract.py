"""The kernel contract: its version, what is prepared of x, one column at a time."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dotbench import formats
from dotbench.cdot import build
from dotbench.cdot.bfloat16 import converted, dtype_of
from dotbench.cdot.errors import KernelError
from dotbench.cdot.kernel import Kernel, Pool, aligned
from dotbench.cdot.library import ffi, library, pointer

SOURCE = Path(__file__).with_name("doubled.c")
N, M = 37, 101
UNPREPARED, RANGE = -19, -10


def matrix(dtype: type = np.float32) -> np.ndarray:
    rng = np.random.default_rng(5)
    return (rng.integers(-9, 10, (N, M)) * (rng.random((N, M)) < 0.4)).astype(dtype)


@pytest.fixture(scope="module")
def kernel() -> Kernel:
    return Kernel("doubled", formats.get("dense").encode(matrix()).data, SOURCE)


def calls() -> int:
    """How often the test's format has prepared something."""
    return ctypes.c_uint32.in_dll(ctypes.CDLL(str(build.build(plugin=SOURCE))), "doubled_calls").value


@pytest.mark.parametrize("batch", [1, 3, 8, 17])
@pytest.mark.parametrize("threads", [1, 4])
def test_prepared_once_for_all_threads(kernel: Kernel, batch: int, threads: int) -> None:
    X = np.random.default_rng(batch).integers(-50, 50, (batch, N)).astype(np.float32)
    Y = np.full((batch, M), np.nan, np.float32)
    with Pool(threads) as pool:
        before = calls()
        kernel.dot(X, Y, (0, M), pool, kernel.scratch(batch, threads))
        assert calls() == before + 1 and np.array_equal(Y, X @ matrix())
        Y[:] = 7
        kernel.dot(X, Y, (3, 90), pool, kernel.scratch(batch, threads))
        assert np.array_equal(Y[:, 3:90], X @ matrix()[:, 3:90])
        assert kernel.bench_dot(X, Y, (0, M), pool, kernel.scratch(batch, threads), 3) > 0
        assert calls() == before + 5 and np.array_equal(Y, X @ matrix())


def test_a_vector_job_prepares_too(kernel: Kernel) -> None:
    x, y, job, _ = kernel.vector_job()
    for step in range(3):
        x[:] = np.arange(N) + step
        assert kernel.vector(job) == 0 and np.array_equal(y, (np.arange(N) + step) @ matrix())


def test_its_error_is_the_products(kernel: Kernel) -> None:
    X, Y = np.full((1, N), -1, np.float32), np.zeros((1, M), np.float32)
    with pytest.raises(KernelError, match="the column range is out of order"):
        kernel.dot(X, Y, (0, M), None, kernel.scratch(1, 1))
    x, _, job, _ = kernel.vector_job()
    x[:] = -1
    assert kernel.vector(job) == RANGE


def arrays(kernel: Kernel) -> tuple[Any, Any, Any, Any]:
    x = np.random.default_rng(2).integers(-9, 9, kernel.shape[0]).astype(kernel.arithmetic.inputs)
    y = np.zeros(kernel.shape[1], kernel.arithmetic.outputs)
    return x, y, aligned(int(kernel.view.scratch_bytes)), aligned(int(kernel.view.prepared_bytes))


def test_a_product_that_was_not_prepared_is_refused(kernel: Kernel) -> None:
    x, y, scratch, _ = arrays(kernel)
    memory, inputs, outputs = pointer(scratch, "void *"), pointer(x, "float *"), pointer(y, "float *")
    assert library().cdot_dot(kernel.view, inputs, 1, outputs, 1, 1, 0, M, memory) == UNPREPARED
    assert library().cdot_column(kernel.view, inputs, 0, outputs, memory) == UNPREPARED


def columns_one_by_one(kernel: Kernel) -> tuple[Any, Any]:
    """x, and its product by cdot_column."""
    x, y, scratch, room = arrays(kernel)
    memory, inputs, outputs = pointer(scratch, "void *"), pointer(x, "void *"), pointer(y, "void *")
    view = ffi.new("cdot_view *")
    assert library().cdot_prepare(kernel.view, inputs, 1, 1, pointer(room, "void *"), view) == 0
    for column in range(len(y)):
        assert library().cdot_column(view, inputs, column, outputs, memory) == 0
    assert library().cdot_column(view, inputs, len(y), outputs, memory) == RANGE
    return x, y


def test_columns_by_the_formats_own_function(kernel: Kernel) -> None:
    x, y = columns_one_by_one(kernel)
    assert np.array_equal(y, x @ matrix())


@pytest.mark.parametrize("format_", formats.standard_of_all(), ids=str)
def test_columns_by_the_ranges_of_all_others(format_: formats.Format) -> None:
    for value_type in format_.value_types:
        payload = format_.encode(converted(matrix(), dtype_of(value_type)))
        x, y = columns_one_by_one(payload.kernel)
        assert y.dtype == payload.kernel.arithmetic.outputs
        assert np.array_equal(y, payload.dot(x))


def test_the_counting_driver_prepares(tmp_path: Path, kernel: Kernel) -> None:
    path = tmp_path / "w.dbp"
    path.write_bytes(kernel.data.tobytes())
    words = [build.driver("count"), build.build(), "doubled", path, build.build(plugin=SOURCE), "0", str(M)]
    done = subprocess.run(list(map(str, words)), cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout == "ready\n0 1 2\n", done.stderr
    steps = np.arange(N, dtype=np.uint32) * np.uint32(2654435761) >> np.uint32(24)
    y = np.fromfile(tmp_path / "product-0", np.float32)
    assert np.allclose(y, (steps - 127.5) @ matrix().astype(np.float64), rtol=1e-5)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("    .version = 1,\n", "were written for version 1 of the kernel contract"),
        ("", "were written before the kernel contract had versions"),
    ],
)
def test_kernels_of_another_contract_are_refused_by_name(tmp_path: Path, line: str, said: str) -> None:
    source = tmp_path / "doubled.c"
    source.write_text(SOURCE.read_text().replace("    .version = CDOT_VERSION,\n", line))
    payload = formats.get("dense").encode(matrix())
    with pytest.raises(
        build.BuildError, match=rf"doubled\.c {said}, and this dotbench has version 2: .*cdot\.h.*again"
    ):
        Kernel("doubled", payload.data, source)
    (tmp_path / "w.dbp").write_bytes(payload.data.tobytes())
    words = [build.driver("count"), build.build(), "doubled", "w.dbp", build.build(plugin=source), "0", str(M)]
    done = subprocess.run(list(map(str, words)), cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout == "ready\n-18 0 0\n"
