"""The cycle model: small cases by hand, and llvm-mca over executed blocks."""

from __future__ import annotations

import numpy as np
import pytest

from dotbench import formats
from dotbench.firmware.errors import Unavailable
from dotbench.firmware.jobs import PLACEMENTS
from dotbench.firmware.measure import job_of
from dotbench.firmware.model import check
from dotbench.firmware.model.operation import operation
from dotbench.firmware.model.pipeline import drained, schedule, steady
from dotbench.firmware.runners.qemu import Qemu


@pytest.mark.parametrize(
    ("code", "cycles"),
    [
        (["add.w r3, r3, r4", "add.w r5, r5, r4"], 2),  # one a cycle
        (["mul r3, r12, r3"], 2),  # waits for itself
        (["ldr.w r3, [r1]", "add.w r4, r5, r3"], 3),  # a load answers after two
        (["vldrw.u32 q0, [r0], #16", "vldrw.u32 q1, [r1], #16", "vfma.f32 q2, q0, q1"], 4),  # two beats each
        (["vldrb.s8 q0, [r0], #16", "vldrb.s8 q1, [r1], #16", "vmladava.s8 r2, q0, q1"], 4),
        (["mov.w r3, #1", "str.w r4, [r5]"], 1),
    ],
)
def test_loops_by_hand(code: list[str], cycles: int) -> None:
    assert steady([operation(4, text) for text in code]) == cycles


def test_pairs_of_narrow_instructions() -> None:
    together = [operation(2, "adds r0, #1"), operation(2, "ldr r1, [r2]")]
    assert schedule(together) == 1
    assert schedule([operation(2, "adds r0, #1"), operation(2, "ldr r1, [r0]")]) == 2


def test_gathers_hold_the_memory_unit_as_long_as_they_are_said_to() -> None:
    gather, load = operation(4, "vldrw.u32 q0, [r0, q1]"), operation(4, "vldrw.u32 q2, [r3]")
    assert gather.gathers
    assert steady([gather, load]) == 4
    assert steady([gather, load], {gather.text: 4.0}) == 6


def test_narrow_sums_are_not_written_before_a_product() -> None:
    product = operation(4, "mul r3, r4, r5")
    assert steady([product, operation(4, "add.w r6, r6, #1")]) == 2
    assert steady([product, operation(2, "adds r6, #1")]) == 3


def test_a_gather_holds_the_memory_behind_a_short_block() -> None:
    gather, add = operation(4, "vldrw.u32 q0, [r0, q1]"), operation(4, "add.w r3, r3, r4")
    assert drained([gather], {gather.text: 9.0}) == (5, 8)
    assert drained([gather, add], {gather.text: 9.0}) == (6, 7)
    assert drained([gather, add, operation(4, "ldr.w r5, [r6]")], {gather.text: 9.0}) == (14, 0)


def test_what_instructions_read_and_write() -> None:
    one = operation(4, "addeq r0, r1, r2")
    assert one.reads == ["r1", "r2", "flags", "r0"] and one.writes == {"r0": 1}
    assert operation(2, "pop {r4, pc}").flow == "return"
    assert operation(4, "le lr, #0x100").flow == "loop_end"
    assert operation(2, "bne #0x100").flow == "branch"
    assert operation(4, "ldrd r0, r1, [r2, #8]!").writes == {"r0": 2, "r1": 2, "r2": 1}
    assert operation(4, "vldrbt.u8 q1, [r2, q0]").reads == ["r2", "q0", "vpr"]
    assert operation(4, "vmlavat.s8 r2, q0, q1").reads == ["q0", "q1", "r2", "vpr"]
    assert operation(4, "vmlavt.s8 r2, q0, q1").reads == ["q0", "q1", "vpr"]


@pytest.fixture
def llvm_mca() -> None:
    try:
        check.find()
    except Unavailable as lack:
        pytest.skip(f"no llvm-mca: {lack}")


def test_within_two_per_cent_of_llvm_mca_over_executed_blocks(qemu: Qemu, llvm_mca: None) -> None:
    rng = np.random.default_rng(1)
    values = rng.choice(np.linspace(-1, 1, 32), (128, 64))
    W = np.where(rng.random((128, 64)) < 0.1, values, 0).astype(np.float32)
    ours = theirs = 0.0
    for name in ("dense", "csc", "csc_palette", "sham"):
        _, profile = qemu.profiled(job_of(formats.get(name).encode(W)), PLACEMENTS["tcm"])
        found = check.against_mca(profile)
        assert found.blocks > 2 * found.refused
        assert abs(found.ratio - 1) < 0.06, f"{name}: {found}"
        ours, theirs = ours + found.ours, theirs + found.theirs
    assert abs(ours / theirs - 1) < 0.02


def test_kernels_that_the_rules_were_not_chosen_on(qemu: Qemu, llvm_mca: None) -> None:
    """int8 products of formats that no rule was looked for on; docs/cycles.md has more of them."""
    rng = np.random.default_rng(2)
    W = np.where(rng.random((200, 40)) < 0.15, rng.integers(-127, 128, (200, 40)), 0).astype(np.int8)
    ours = theirs = 0.0
    for name in ("dcsr", "bcsr2x2", "rle4", "ham"):
        _, profile = qemu.profiled(job_of(formats.get(name).encode(W), pixels=32), PLACEMENTS["tcm"])
        found = check.against_mca(profile, ("dot", "pixels"))
        assert abs(found.ratio - 1) < 0.06, f"{name}: {found}"
        ours, theirs = ours + found.ours, theirs + found.theirs
    assert abs(ours / theirs - 1) < 0.02
