"""scipy_csc and scipy_csr: scipy's sparse products, gathering by columns or scattering by rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from dotbench.bench.targets.ours import Target
from dotbench.bench.targets.peer import Floats, Peer, PeerTarget
from dotbench.formats.payloads.payload import Payload


def columns_of(reference: Payload) -> Any:
    """The matrix as scipy's csc_array (n, m), from the reference payload's own arrays, int32 indices."""
    from scipy.sparse import csc_array

    arrays = (
        np.array(reference.section("values")),
        reference.section("rows").astype(np.int32),
        reference.section("pointers").astype(np.int32),
    )
    return csc_array(arrays, shape=reference.shape)


def product(transposed: Any, X: Floats, cold: bool) -> PeerTarget:
    """``transposed @ X.T`` for a sparse (m, n): for one vector scipy's kernel for vectors."""
    operand, m = X[0] if len(X) == 1 else X.T, transposed.shape[0]
    flush = [transposed.data, transposed.indices, transposed.indptr] if cold else []
    return PeerTarget(lambda: transposed @ operand, lambda y: y.T.reshape(len(X), m), flush)


@dataclass(frozen=True)
class ScipyCsc(Peer):
    """``csr(W.T) @ X.T``: compressed columns of W, each output gathered."""

    name: ClassVar[str] = "scipy_csc"
    summary: ClassVar[str] = "scipy's csr(W.T) @ X.T: columns of W, gathered"
    packages: ClassVar[tuple[str, ...]] = ("scipy", "numpy")

    def target(self, reference: Payload, path: Path | None, X: Floats, cold: bool) -> Target:
        return product(columns_of(reference).T, X, cold)


@dataclass(frozen=True)
class ScipyCsr(Peer):
    """``csc(W.T) @ X.T``: compressed rows of W, each input scattered."""

    name: ClassVar[str] = "scipy_csr"
    summary: ClassVar[str] = "scipy's csc(W.T) @ X.T: rows of W, scattered"
    packages: ClassVar[tuple[str, ...]] = ("scipy", "numpy")

    def target(self, reference: Payload, path: Path | None, X: Floats, cold: bool) -> Target:
        return product(columns_of(reference).tocsr().T, X, cold)
