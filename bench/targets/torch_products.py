"""torch_csr and torch_dense: PyTorch's products with a sparse tensor and with a dense one."""

from __future__ import annotations

import warnings
from abc import ABC
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from dotbench.bench.targets.blas_dense import dense
from dotbench.bench.targets.ours import Target
from dotbench.bench.targets.peer import Floats, Peer, PeerTarget
from dotbench.bench.targets.scipy_sparse import columns_of
from dotbench.cdot.places import brings
from dotbench.formats.payloads.payload import Payload


def without_gradient(multiply: Any) -> Any:
    """The call as inference makes it: nothing is recorded for training."""
    import torch

    return torch.inference_mode()(multiply)


@dataclass(frozen=True)
class OfTorch(Peer, ABC):
    """What both have in common: where they come from."""

    packages: ClassVar[tuple[str, ...]] = ("torch",)
    module: ClassVar[str] = "torch"
    cure: ClassVar[str] = brings("torch")


@dataclass(frozen=True)
class TorchCsr(OfTorch):
    """``torch.mv`` of a sparse CSR tensor of W.T with a vector, ``torch.mm`` with the view X.T for batches."""

    name: ClassVar[str] = "torch_csr"
    summary: ClassVar[str] = "PyTorch's sparse_csr(W.T) @ X.T: columns of W, gathered"

    def target(self, reference: Payload, path: Path | None, X: Floats, cold: bool) -> Target:
        import torch

        W, m = columns_of(reference).T, reference.shape[1]
        arrays = [W.indptr, W.indices, W.data]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # sparse CSR is called beta
            sparse = torch.sparse_csr_tensor(*map(torch.from_numpy, arrays), size=W.shape)
        operand = torch.from_numpy(X[0] if len(X) == 1 else X.T)
        multiply = torch.mv if len(X) == 1 else torch.mm
        call = without_gradient(lambda: multiply(sparse, operand))
        return PeerTarget(call, lambda y: y.numpy().T.reshape(len(X), m), arrays if cold else [])


@dataclass(frozen=True)
class TorchDense(OfTorch):
    """``X @ W``, W float32 (n, m) in C order: PyTorch's own BLAS."""

    name: ClassVar[str] = "torch_dense"
    summary: ClassVar[str] = "PyTorch's X @ W on the dense tensor"

    def target(self, reference: Payload, path: Path | None, X: Floats, cold: bool) -> Target:
        import torch

        W = dense(reference)
        x, w = torch.from_numpy(X), torch.from_numpy(W)
        return PeerTarget(without_gradient(lambda: torch.mm(x, w)), lambda y: y.numpy(), [W] if cold else [])
