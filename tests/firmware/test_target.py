"""The kernels on the target: the host's bits, exact counts, and what is said when things go wrong."""

from __future__ import annotations

import os
import select
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dotbench import formats
from dotbench.firmware import host, packages, protocol, toolchain
from dotbench.firmware.errors import DoesNotFit, TargetFailed, TargetHung, WrongProduct
from dotbench.firmware.jobs import PLACEMENTS, Job
from dotbench.firmware.measure import checked, in_places, instructions_by_ticks, job_of, on_qemu
from dotbench.firmware.runners.board import Board
from dotbench.firmware.runners.qemu import Qemu

DOUBLED = Path(__file__).parents[1] / "cdot" / "doubled.c"  # a format of tests that prepares something
TCM, SRAM, DDR = PLACEMENTS["tcm"], PLACEMENTS["sram"], PLACEMENTS["ddr"]
LABELS = [
    "dense",
    "csc",
    "csc_min",
    "csc_palette",
    "im",
    "im_packed",
    "cells",
    "bitmap",
    "bitmap[values=codebook]",
    "bsr",
    "cser",
]
LABELS += ["eie", "eie[coding=huffman]", "ham", "sham", "nested"]


def payload_job(label: str) -> Job:
    rng = np.random.default_rng(7)
    W = np.where(rng.random((96, 40)) < 0.2, rng.integers(1, 17, (96, 40)) / 8 - 1, 0).astype(np.float32)
    return job_of(formats.parse(label).encode(W))


@pytest.mark.parametrize("label", LABELS)
def test_the_products_bits_are_the_hosts_and_counts_are_the_same_each_time(qemu: Qemu, label: str) -> None:
    job = payload_job(label)
    first, second = on_qemu(qemu, job, TCM), on_qemu(qemu, job, TCM)
    assert first == second
    assert {one.kernel for one in first} >= {"open", "dot"}
    for one in first:
        assert one.columns["cycles_est_low"] <= one.columns["cycles_est_mid"] <= one.columns["cycles_est_high"]
        assert one.columns["code_bytes"] > 500
        assert one.columns["data_bytes"] >= len(job.data)


BUILT_IN = {kind.name for kind in formats.registry.BUILT_IN}
INT8 = [str(one) for one in formats.standard("int8") if one.name in BUILT_IN]


@pytest.mark.parametrize("label", INT8)
def test_int8_products_have_the_hosts_bits(qemu: Qemu, label: str) -> None:
    rng = np.random.default_rng(3)
    W = np.where(rng.random((100, 48)) < 0.2, rng.integers(-127, 128, (100, 48)), 0).astype(np.int8)
    job = job_of(formats.parse(label).encode(W))
    report = checked(job, qemu.run(job, TCM))
    assert (report.y.view(np.int32) == job.x.astype(np.int32) @ W.astype(np.int32)).all()


@pytest.mark.parametrize("label", formats.names("float16"))
def test_float16_has_the_hosts_bits(qemu: Qemu, label: str) -> None:
    rng = np.random.default_rng(11)
    W = np.where(rng.random((100, 48)) < 0.4, rng.standard_normal((100, 48)), 0).astype(np.float16)
    W[3, 4], W[5, 6] = 6e-8, 65504  # a subnormal one, the largest one
    job = job_of(formats.get(label).encode(W))
    report = checked(job, qemu.run(job, TCM))
    assert np.allclose(report.y.view(np.float32), job.x.astype(np.float64) @ W.astype(np.float64), rtol=1e-5)


def test_what_a_format_prepares_is_prepared_here_too(qemu: Qemu) -> None:
    """For the vector, and for each tile of a layer."""
    W = np.where(np.arange(96 * 40).reshape(96, 40) % 7 == 0, np.arange(40) - 20, 0).astype(np.float32)
    made = job_of(formats.get("dense").encode(W), pixels=70)
    job = replace(made, format="doubled", kernel_source=DOUBLED)
    report = checked(job, qemu.run(job, TCM))
    assert np.allclose(report.y[:40].view(np.float32), job.x.astype(np.float64) @ W, rtol=1e-5)
    assert report.scratch_bytes == 0 and np.count_nonzero(report.y[40:]) > 1000


def test_kernels_of_another_contract_are_refused_on_the_target(qemu: Qemu, tmp_path: Path) -> None:
    source = tmp_path / "doubled.c"
    source.write_text(DOUBLED.read_text().replace(".version = CDOT_VERSION", ".version = 1"))
    job = replace(job_of(formats.get("dense").encode(np.eye(8, dtype=np.float32))), format="doubled")
    job = replace(job, kernel_source=source)
    with pytest.raises(TargetFailed, match="refuses the payload.*built for another version of the kernel contract"):
        protocol.read(qemu.run(job, TCM), job.identity, job.words)


def test_a_wrong_product_is_found(qemu: Qemu) -> None:
    job = payload_job("csc")
    report = protocol.read(qemu.run(job, TCM), job.identity, job.m)
    host.compare(job, report.y)
    report.y[3] ^= 1
    with pytest.raises(WrongProduct, match=r"1 of 40 outputs of csc differ from the host's; the first, column 3"):
        host.compare(job, report.y)


def test_the_boards_counter_gives_the_plugins_instructions(qemu: Qemu) -> None:
    job = payload_job("sham")
    exact = {one.kernel: one.columns["instructions"] for one in on_qemu(qemu, job, TCM)}
    report = checked(job, qemu.ticks(job, TCM))
    for kernel, count in exact.items():
        assert abs(instructions_by_ticks(report, kernel) - count) <= 4


def test_memory_changes_the_estimate_by_its_bandwidth_and_no_instruction(qemu: Qemu) -> None:
    job = payload_job("csc")
    tcm, ddr = ({one.kernel: one.columns for one in on_qemu(qemu, job, where)} for where in (TCM, DDR))
    assert tcm["dot"]["instructions"] == ddr["dot"]["instructions"]
    assert ddr["dot"]["cycles_est_mid"] - tcm["dot"]["cycles_est_mid"] == len(job.data)


def test_a_layers_pixels_in_tiles(qemu: Qemu) -> None:
    """70 vectors are two tiles of 32 and one of 6; the payload is read three times."""
    W = np.where(np.arange(96 * 40).reshape(96, 40) % 7 == 0, np.arange(40) - 20, 0).astype(np.int8)
    job = job_of(formats.get("psr8").encode(W), pixels=70)
    assert (job.tile, job.tiles, job.words) == (32, 3, 40 * 33)
    report = checked(job, qemu.run(job, TCM))
    exact = W.T.astype(np.int32) @ job.xs.astype(np.int32)
    assert (report.y[40:].view(np.int32).reshape(40, 32) == exact).all()
    found = in_places(qemu, job, (TCM, DDR))
    assert found[TCM] == on_qemu(qemu, job, TCM) and found[DDR] == on_qemu(qemu, job, DDR)
    tcm = {one.kernel: one.columns for one in found[TCM]}
    assert tcm["pixels"]["pixels"] == 70 and tcm["dot"]["pixels"] == 1


def test_a_wrong_pixel_is_found(qemu: Qemu) -> None:
    job = job_of(formats.get("rel15").encode(np.eye(9, 5, dtype=np.int8)), pixels=4)
    report = protocol.read(qemu.run(job, TCM), job.identity, job.words)
    report.y[5 + 2 * 4 + 3] ^= 1
    with pytest.raises(WrongProduct, match=r"1 of 25 outputs of rel15 .* the first, column 2 of pixel 3, is"):
        host.compare(job, report.y)


def test_uart_says_what_semihosting_says(qemu: Qemu) -> None:
    job = payload_job("ham")
    assert (checked(job, replace(qemu, output="uart").run(job, SRAM)).y == host.product(job)).all()


def test_a_damaged_payload_is_refused_on_the_target(qemu: Qemu) -> None:
    job = payload_job("csc")
    data = job.data.copy()
    data[-1] = 0xFF  # a row index beyond n
    with pytest.raises(TargetFailed, match=r"refuses the payload on the target: an index in it is out of range"):
        on_qemu(qemu, replace(job, data=data), TCM)


def test_a_payload_larger_than_its_memory(qemu: Qemu) -> None:
    job = replace(payload_job("csc"), data=np.zeros(500_000, np.uint8))
    with pytest.raises(DoesNotFit, match=r"do not fit the 458752 bytes of tcm: place it elsewhere"):
        qemu.run(job, TCM)
    large = job_of(formats.get("csc").encode(np.eye(20, 130_000, dtype=np.float32)))
    with pytest.raises(DoesNotFit, match=r"the product needs \d+ bytes more on the target, and \d+ are left"):
        checked(large, qemu.run(large, SRAM))


def test_as_many_vectors_at_once_as_fit_beside_the_payload(qemu: Qemu) -> None:
    """320 x 1280 int8 leave 48 KB of 448: sums of four vectors at once, not of nine."""
    W = np.zeros((320, 1280), np.int8)
    W[:, ::7] = 3
    job = job_of(formats.get("dense_s8").encode(W), pixels=9)
    found = in_places(qemu, job, [TCM, DDR])
    with pytest.raises(DoesNotFit):
        on_qemu(qemu, job, TCM)
    assert [one.kernel for one in found[TCM]] == [one.kernel for one in found[DDR]] == ["open", "dot", "pixels"]
    assert {one.columns["pixels"] for one in (found[TCM][-1], found[DDR][-1])} == {9}
    assert (
        in_places(qemu, replace(job, data=np.zeros(500_000, np.uint8)), [TCM])[TCM]
        .args[0]
        .endswith("place it elsewhere (tcm, sram, ddr)")
    )


def test_a_target_that_hangs(qemu: Qemu) -> None:
    job = replace(payload_job("csc"), repeat=2**31)
    with pytest.raises(TargetHung, match=r"QEMU did not end within 1\.5 s; it said last: "):
        replace(qemu, seconds=1.5).run(job, TCM)


def test_packages_of_a_simulated_installation() -> None:
    listing = "Reading...\nInst libfdt1 (1.6 [amd64])\nInst qemu-system-arm (1:7.2 [amd64])\nConf libfdt1 (1.6)\n"
    assert packages.needed(listing) == ["libfdt1", "qemu-system-arm"]


class Pipes:
    """QEMU's UART 0 as a board's line."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, size: int) -> bytes:
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], 0.1)
        return os.read(self.process.stdout.fileno(), size) if ready else b""

    def write(self, data: bytes) -> int | None:
        assert self.process.stdin
        self.process.stdin.write(b"\x00noiseDO" + data)
        self.process.stdin.flush()
        return len(data)

    def close(self) -> None:
        """The line stays: the next job goes to the image that took the first."""


def test_the_real_image_takes_one_job_after_the_other_over_its_uart(qemu: Qemu) -> None:
    job = payload_job("sham")
    elf = str(toolchain.image("sham", None, "uart").path)
    line = Pipes(
        [qemu.program, "-M", "mps3-an547", "-nographic", "-monitor", "none", "-serial", "stdio", "-kernel", elf]
    )
    board = Board("qemu", "pipes", seconds=30, opened=lambda port, baud: line)
    try:
        for where in (SRAM, TCM):
            assert (checked(job, board.run(job, where)).y == host.product(job)).all()
    finally:
        line.process.kill()
        line.process.communicate()
