"""What the target's product is held against: the host's, from the same sources, bit for bit.

The portable build: no fused multiply-add and no vector kernels, as on the target. Sums are made in the
order of the sources by both, so every bit must be the same.
"""

from __future__ import annotations

import platform

import numpy as np
import numpy.typing as npt

from dotbench.cdot.kernel import Kernel
from dotbench.firmware.errors import WrongProduct
from dotbench.firmware.jobs import Job

ISA = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64_unfused", "arm64": "aarch64_unfused"}


def product(job: Job) -> npt.NDArray[np.uint32]:
    """The bits of the outputs that a job has: of its vector (m), then of its tile (m, tile)."""
    isa = ISA[platform.machine().lower()]
    kernel = Kernel(job.format, job.data, job.kernel_source, isa)
    n, m = kernel.shape
    parts = []
    for X in (job.x.reshape(1, n), job.xs.T):
        Y = np.zeros((len(X), m), kernel.arithmetic.outputs)
        if len(X):
            kernel.dot(np.ascontiguousarray(X), Y, (0, m), None, kernel.scratch(len(X), 1))
        parts.append(np.ascontiguousarray(Y.T).reshape(-1).view(np.uint32))
    return np.concatenate(parts)


def compare(job: Job, y: npt.NDArray[np.uint32]) -> None:
    """WrongProduct, with the first output that differs, where the target's bits are not the host's."""
    expected = product(job)
    differs = np.flatnonzero(expected != y)
    if len(differs):
        first = int(differs[0])
        at = f"column {first}"
        if first >= job.m:
            at = f"column {(first - job.m) // job.tile} of pixel {(first - job.m) % job.tile}"
        raise WrongProduct(
            f"{len(differs)} of {len(y)} outputs of {job.format} differ from the host's; the first, {at}, "
            f"is {y[first]:#010x} instead of {expected[first]:#010x}"
        )
