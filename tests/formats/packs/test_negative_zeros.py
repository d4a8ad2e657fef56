"""Places of negative zeros: both codings give every bit back, the shorter one is taken, damaged ones are found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotbench.cdot.bfloat16 import BITS as BF16
from dotbench.cdot.bfloat16 import to_bfloat16
from dotbench.formats.packs import negative_zeros
from dotbench.formats.packs.errors import PackError
from dotbench.formats.packs.negative_zeros import BITS, GAPS, coded, restore, words_of, zeros_of


def positive(tensor: np.ndarray) -> np.ndarray:
    """As a payload gives it back: without signs of zeros."""
    words = words_of(tensor).copy()
    words[words == 1 << (8 * words.itemsize - 1)] = 0
    return words.view(tensor.dtype).reshape(tensor.shape)


def same(tensor: np.ndarray) -> str:
    """Codes and restores a tensor; which coding it was."""
    zeros = zeros_of(tensor)
    coding, section = coded(tensor, zeros)
    again = positive(tensor)
    restore(again, coding, zeros.negative, section, "it")
    assert again.tobytes() == np.ascontiguousarray(tensor).tobytes()
    return coding


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([0.0, -0.0, 1.5, -2.0, 1e-40]), min_size=1), st.sampled_from(["f2", "f4", "f8", "bf16"])
)
def test_every_bit_comes_back(entries: list[float], dtype: str) -> None:
    tensor = to_bfloat16(entries) if dtype == "bf16" else np.array(entries).astype(dtype)
    zeros = zeros_of(tensor)
    numbers = np.array(entries).astype("f4" if dtype == "bf16" else dtype)
    assert zeros.nonzeros == np.count_nonzero(numbers)
    assert zeros.negative == np.count_nonzero((numbers == 0) & np.signbit(numbers))
    if zeros.negative:
        same(tensor)


@pytest.mark.parametrize("block", [7, 64, 1 << 20])
def test_blocks_do_not_show(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(negative_zeros, "BLOCK", block)
    random = np.random.default_rng(0)
    w = random.standard_normal((50, 31)).astype(np.float32)
    assert same(w * (random.random(w.shape) < 0.1)) == BITS
    w[random.random(w.shape) < 0.9] = 0
    w[::10, 3] = -0.0
    assert same(w) == GAPS


def test_the_shorter_coding() -> None:
    w = np.zeros(80_000, np.float32)
    w[[0, 70_000]] = -0.0
    coding, section = coded(w, zeros_of(w))
    assert (coding, section.dtype, section.tolist()) == (GAPS, np.dtype("<u4"), [0, 70_000])
    w[::2] = -0.0
    coding, section = coded(w, zeros_of(w))
    assert (coding, section.dtype, section.nbytes) == (BITS, np.dtype("u1"), 10_000)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_is_seen(value: float) -> None:
    for dtype in ("f2", "f4", "f8"):
        assert not zeros_of(np.array([1, value], dtype)).finite
        assert zeros_of(np.array([np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal], dtype)).finite
    bits = to_bfloat16([1, value]).view(np.uint16)
    assert not zeros_of(bits.view(BF16)).finite and zeros_of(np.array([0x7F7F, 0xFF7F], "<u2").view(BF16)).finite


DAMAGED = {
    "outside": (GAPS, 2, np.array([0, 9], "u1")),
    "a sum outside": (GAPS, 3, np.array([0, 5, 5], "u1")),
    "an enormous gap": (GAPS, 2, np.array([0, 2**64 - 1], "<u8")),
    "an entry that is no zero": (GAPS, 1, np.array([1], "u1")),
    "a place twice": (GAPS, 2, np.array([2, 0], "u1")),
    "fewer bits than zeros": (BITS, 1, np.array([], "u1")),
    "more bits": (BITS, 1, np.array([1, 0], "u1")),
    "another count": (BITS, 2, np.array([1], "u1")),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_damaged_sections_are_refused(what: str) -> None:
    coding, count, section = DAMAGED[what]
    tensor = np.array([0, 1, 0, 0, 0, 0, 0, 0, 0], np.float32)
    with pytest.raises(PackError, match="damaged"):
        restore(tensor, coding, count, section, "it")
