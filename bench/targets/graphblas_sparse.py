"""graphblas_csr: SuiteSparse:GraphBLAS's product with the compressed columns of W."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from dotbench.bench.targets.ours import Target
from dotbench.bench.targets.peer import Floats, Peer, PeerTarget
from dotbench.bench.targets.scipy_sparse import columns_of
from dotbench.cdot.places import brings
from dotbench.formats.payloads.payload import Payload


@dataclass(frozen=True)
class GraphblasCsr(Peer):
    """``W.T.mxv(x)`` over plus and times, ``W.T.mxm(X.T)`` for batches. Its vectors are full, and made beforehand: X.T
    for nothing, which only favours it."""

    name: ClassVar[str] = "graphblas_csr"
    summary: ClassVar[str] = "SuiteSparse:GraphBLAS's csr(W.T) @ X.T: columns of W, gathered"
    packages: ClassVar[tuple[str, ...]] = ("suitesparse-graphblas", "python-graphblas")
    module: ClassVar[str] = "graphblas"
    cure: ClassVar[str] = brings("graphblas")

    def target(self, reference: Payload, path: Path | None, X: Floats, cold: bool) -> Target:
        import graphblas

        W, m = columns_of(reference).T, reference.shape[1]
        sparse, plus_times = graphblas.io.from_scipy_sparse(W.tocsr()), graphblas.semiring.plus_times
        if len(X) == 1:
            operand = graphblas.Vector.from_dense(X[0])
            out = graphblas.Vector(graphblas.dtypes.FP32, m)
            product = sparse.mxv(operand, plus_times)
        else:
            operand = graphblas.Matrix.from_dense(np.ascontiguousarray(X.T))
            out = graphblas.Matrix(graphblas.dtypes.FP32, m, len(X))
            product = sparse.mxm(operand, plus_times)

        def call() -> None:
            out << product

        def finish(_: None) -> Floats:
            dense = out.to_dense(fill_value=0, dtype=graphblas.dtypes.FP32)
            return np.asarray(dense).T.reshape(len(X), m)

        return PeerTarget(call, finish, [W.indptr, W.indices, W.data] if cold else [])
