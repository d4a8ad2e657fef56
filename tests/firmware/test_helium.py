"""Helium kernels of int8 formats on the target: the host's bits for any shape, batch and range, and cycles.

Estimated cycles are exact figures of a deterministic model, so bounds on them are no timed assertions.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from dotbench import formats
from dotbench.firmware.figures import figures, weights
from dotbench.firmware.jobs import PLACEMENTS
from dotbench.firmware.measure import checked, job_of, on_qemu
from dotbench.firmware.runners.qemu import Qemu

TCM = PLACEMENTS["tcm"]
BUILT_IN = {kind.name for kind in formats.registry.BUILT_IN}
INT8 = [str(one) for one in formats.standard("int8") if one.name in BUILT_IN]
FUSED = ["dense_s8", "csr16", "rle4", "rel15", "bitmap", "psr8", "dcsr"]
# Shapes at which steps of 8, 16, 32 and 256 rows, four columns and half bytes end differently.
SHAPES = [(1, 1, 1.0), (47, 9, 0.4), (256, 10, 0.1), (301, 7, 0.25), (600, 6, 0.03), (64, 5, 0.0)]


def matrix(n: int, m: int, density: float) -> npt.NDArray[np.int8]:
    """Every value of int8, -128 too; the last column is full."""
    rng = np.random.default_rng([n, m])
    W = np.where(rng.random((n, m)) < density, rng.integers(-128, 128, (n, m)), 0)
    W[:, -1] = -128 if density else 0
    return W.astype(np.int8)


@pytest.mark.parametrize("label", FUSED)
def test_fused_products_are_right_for_every_shape_and_range(qemu: Qemu, label: str) -> None:
    for shape in SHAPES:
        W = matrix(*shape)
        job = job_of(formats.parse(label).encode(W))
        for cut in {0, W.shape[1] // 2}:
            report = checked(job, qemu.run(replace(job, cut=cut), TCM))
            assert (report.y.view(np.int32) == job.x.astype(np.int32) @ W.astype(np.int32)).all(), (shape, cut)


@pytest.mark.parametrize("label", INT8)
def test_pixels_of_a_layer_are_multiplied_together(qemu: Qemu, label: str) -> None:
    W = matrix(47, 9, 0.4)
    job = job_of(formats.parse(label).encode(W), pixels=21)  # sixteen, four and one
    report = checked(job, qemu.run(job, TCM))
    expected = W.T.astype(np.int32) @ job.xs.astype(np.int32)
    assert (report.y[9:].view(np.int32).reshape(9, 21) == expected).all()


@pytest.mark.parametrize("label", ["dense_s8", "rel15", "psr8"])
def test_the_portable_kernels_can_be_chosen(qemu: Qemu, label: str) -> None:
    job = job_of(formats.parse(label).encode(matrix(256, 10, 0.1)), isa="scalar")
    portable, helium = on_qemu(qemu, job, TCM)[-1], on_qemu(qemu, replace(job, isa="helium"), TCM)[-1]
    assert portable.columns["cycles_est_mid"] > 2 * helium.columns["cycles_est_mid"]


def test_cycles_of_a_fully_connected_layer(qemu: Qemu) -> None:
    """At 95 % zeros; dense at most 0.33 cycles a multiplication, sparse at most 0.35 of that, and of dense pixels."""
    W = weights(256, 256, 0.05)
    cycles = {
        (one.format, one.kernel): one.cycles[1] / one.multiplications
        for label in ("dense_s8", "psr8", "csr16")
        for one in figures(qemu, label, "helium", W, 32)
    }
    assert cycles["dense_s8", "dot"] < 0.2 and cycles["dense_s8", "pixels"] < 0.205
    assert cycles["psr8", "dot"] < 0.5 * cycles["dense_s8", "dot"] < 0.35 * 0.33
    assert cycles["csr16", "pixels"] < 0.35 * cycles["dense_s8", "pixels"]
