"""What the target's product is held against: the host's, from the same sources, bit for bit.

The portable build: no fused multiply-add and no vector kernels, as on the target. Sums are made in the
order of the sources by both, so every bit must be the same.
"""

from __future__ import annotations

import platform

import numpy as np
import numpy.typing as npt

from cdot.kernel import Kernel
from firmware.errors import WrongProduct
from firmware.jobs import Job

ISA = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64_unfused", "arm64": "aarch64_unfused"}


def product(job: Job) -> npt.NDArray[np.uint32]:
    """The bits of the product's outputs: m times the batch, those of a column side by side."""
    isa = ISA[platform.machine().lower()]
    kernel = Kernel(job.format, job.data, job.kernel_source, isa)
    n, m = kernel.shape
    values = kernel.values
    X, Y = np.ascontiguousarray(job.x.reshape(n, job.batch).T), np.zeros((job.batch, m), values.outputs)
    kernel.dot(X, Y, (0, m), None, kernel.scratch(job.batch, 1))
    bits: npt.NDArray[np.uint32] = np.ascontiguousarray(Y.T).ravel().view(np.uint32)
    return bits


def compare(job: Job, y: npt.NDArray[np.uint32]) -> None:
    """WrongProduct, with the first output that differs, where the target's bits are not the host's."""
    expected = product(job)
    differs = np.flatnonzero(expected != y)
    if len(differs):
        j = int(differs[0])
        raise WrongProduct(
            f"{len(differs)} of {len(y)} outputs of {job.format} differ from the host's; the first, column {j // job.batch}, "
            f"is {y[j]:#010x} instead of {expected[j]:#010x}"
        )
