"""mkl_csr: the inspector-executor product of Intel's MKL with the compressed columns of W, its handle optimised."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from dotbench.bench.targets.ours import Target
from dotbench.bench.targets.peer import Floats, Peer, PeerTarget
from dotbench.bench.targets.scipy_sparse import columns_of
from dotbench.cdot.places import brings
from dotbench.formats.payloads.payload import Payload

GENERAL, ROW_MAJOR, PLAIN = 20, 101, 10  # of mkl_spblas.h: matrix type, layout, operation
CALLS = 1_000_000  # products that the hint promises: whatever the inspector can do is worth it
DECLARED = """
typedef struct { int type, mode, diag; } matrix_descr;
int mkl_sparse_s_create_csr(void **A, int base, int rows, int columns, int *begins, int *ends, int *indices, float *);
int mkl_sparse_set_mv_hint(void *A, int operation, matrix_descr, int calls);
int mkl_sparse_set_mm_hint(void *A, int operation, matrix_descr, int layout, int batch, int calls);
int mkl_sparse_optimize(void *A);
int mkl_sparse_s_mv(int operation, float alpha, void *A, matrix_descr, float *x, float beta, float *y);
int mkl_sparse_s_mm(int operation, float alpha, void *A, matrix_descr, int layout, float *B, int columns, int ldb,
                    float beta, float *C, int ldc);
int mkl_sparse_destroy(void *A);
void MKL_Somatcopy(char ordering, char transposed, size_t rows, size_t columns, float alpha, float *A, size_t lda,
                   float *B, size_t ldb);
"""


def library_file() -> Path | None:
    """Where the package ``mkl`` has put libmkl_rt; None where it is not installed."""
    try:
        found = [file for file in files("mkl") or () if file.name.startswith("libmkl_rt.so")]
    except PackageNotFoundError:
        return None
    return Path(str(found[0].locate())) if found else None


@cache
def _opened() -> tuple[Any, Any]:
    """cffi and the library; OSError says what the loader said."""
    from cffi import FFI

    ffi, path = FFI(), library_file()
    ffi.cdef(DECLARED)
    return ffi, ffi.dlopen(str(path))


def checked(status: int, call: str) -> None:
    """ArithmeticError where MKL says that a call did not work."""
    if status:
        raise ArithmeticError(f"mkl_sparse_{call} ended with status {status}")


class Handle:
    """A sparse matrix (m, n) in MKL's hands; its arrays are ours and live as long as it."""

    def __init__(self, transposed: Any, batch: int) -> None:
        self.ffi, self.library = _opened()
        self.rows, columns = transposed.shape
        self.arrays = transposed.indptr, transposed.indices, transposed.data
        begins, indices, values = self.arrays
        self.kind, made = self.ffi.new("matrix_descr *", (GENERAL, 0, 0))[0], self.ffi.new("void **")
        call = self.library.mkl_sparse_s_create_csr
        at = self.ints(begins), self.ints(begins[1:]), self.ints(indices), self.floats(values)
        checked(call(made, 0, self.rows, columns, *at), "s_create_csr")
        self.matrix = self.ffi.gc(made[0], self.library.mkl_sparse_destroy)
        if batch == 1:
            checked(self.library.mkl_sparse_set_mv_hint(self.matrix, PLAIN, self.kind, CALLS), "set_mv_hint")
        else:
            hint = PLAIN, self.kind, ROW_MAJOR, batch, CALLS
            checked(self.library.mkl_sparse_set_mm_hint(self.matrix, *hint), "set_mm_hint")
        checked(self.library.mkl_sparse_optimize(self.matrix), "optimize")

    def ints(self, array: Any) -> Any:
        """A pointer to int32 that keeps its array alive; so does `floats`."""
        return self.ffi.from_buffer("int[]", array)

    def floats(self, array: Any) -> Any:
        return self.ffi.from_buffer("float[]", array)


class MklTarget(PeerTarget):
    """A product with a handle, whose arrays MKL goes on reading: they live as long as the target."""

    def __init__(self, handle: Handle, *words: Any) -> None:
        super().__init__(*words)
        self.handle = handle


@dataclass(frozen=True)
class MklCsr(Peer):
    """``csr(W.T) @ X.T`` by ``mkl_sparse_s_mv``, and ``s_mm`` for batches, after hints and ``mkl_sparse_optimize``.

    A batch is transposed by MKL first, as a user has to who holds it as X (batch, n): with that, ``s_mm`` of rows is
    still faster than of columns. Y stays (m, batch). Setting up is not timed.
    """

    name: ClassVar[str] = "mkl_csr"
    summary: ClassVar[str] = "MKL's optimised csr(W.T) @ X.T: columns of W, gathered"
    packages: ClassVar[tuple[str, ...]] = ("mkl",)
    cure: ClassVar[str] = brings("mkl")

    @property
    def lack(self) -> str:
        return "" if library_file() else f"mkl is not installed: {self.cure}"

    def target(self, reference: Payload, path: Path | None, X: Floats, cold: bool) -> Target:
        handle, (batch, n) = Handle(columns_of(reference).T, len(X)), X.shape
        inputs, outputs = np.empty((n, batch), np.float32), np.full((handle.rows, batch), np.nan, np.float32)
        given, x, y = map(handle.floats, (X, inputs, outputs))
        made, kind, library = handle.matrix, handle.kind, handle.library
        one, many, transpose = library.mkl_sparse_s_mv, library.mkl_sparse_s_mm, library.MKL_Somatcopy

        def vector() -> int:
            return int(one(PLAIN, 1.0, made, kind, given, 0.0, y))

        def vectors() -> int:
            transpose(b"R", b"T", batch, n, 1.0, given, n, x, batch)
            return int(many(PLAIN, 1.0, made, kind, ROW_MAJOR, x, batch, batch, 0.0, y, batch))

        def finish(status: int) -> Floats:
            checked(status, "s_mv" if batch == 1 else "s_mm")
            return outputs.T

        return MklTarget(handle, vector if batch == 1 else vectors, finish, [*handle.arrays] if cold else [])
