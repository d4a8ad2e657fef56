"""Payloads cut short, flipped, and damaged with a checksum that fits: what every format has to refuse."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from dotbench import formats
from dotbench.cdot.errors import PayloadError
from dotbench.cdot.kernel import Kernel, aligned, crc
from dotbench.formats.payloads.payload import Payload

LEAST_REFUSED = 40  # of the 180 damaged payloads of `check_damaged`


def resealed(data: np.ndarray) -> bytes:
    """With the checksum that fits the damage."""
    copy = aligned(len(data))
    copy[:] = data
    copy[24:28] = np.frombuffer(struct.pack("<I", crc(copy)), np.uint8)
    return copy.tobytes()


def refused(data: bytes) -> bool:
    """Opens and uses a payload that may be damaged; whether it was refused. Only clear errors pass."""
    try:
        payload = formats.load(data)
        n, m = payload.shape
        if n * m > 1 << 24:
            return True
        payload.sections  # noqa: B018
        inputs = payload.kernel.arithmetic.inputs
        payload.dot(np.ones((2, n), inputs), threads=2)
        payload.dot(np.ones(n, inputs), columns=(m // 2, m))
        payload.decode()
    except PayloadError:
        return True
    return False


def check_damaged(data: np.ndarray) -> None:
    """No crash, no hang, no access outside (the sanitize session sees to that), whatever the bytes say."""
    rng = np.random.default_rng(len(data))
    count = 0
    for trial in range(150):
        damaged = data.copy()
        region = 64 if trial % 2 else len(data)  # header and fields are the dangerous part
        for at in rng.integers(4, min(region, len(data)), rng.integers(1, 5)):
            damaged[at] = rng.integers(0, 256)
        count += refused(resealed(damaged))
    for length in rng.integers(32, len(data), 30):
        count += refused(resealed(data[:length]))
    assert count > LEAST_REFUSED


def check_cut_short_and_flipped(data: np.ndarray) -> None:
    """The checksum finds every truncation and every flipped bit."""
    for length in {0, 3, 31, 32, 40, len(data) // 2, len(data) - 1}:
        with pytest.raises(PayloadError, match="cut short|damaged"):
            formats.load(data[:length].tobytes())
    rng = np.random.default_rng(0)
    for bit in rng.integers(0, 8 * len(data), 200):
        flipped = data.copy()
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(PayloadError):
            formats.load(flipped.tobytes())


def check_longer(payload: Payload) -> None:
    """Kernels themselves refuse bytes behind the last section, as they refuse what is too short."""
    longer = np.append(payload.data, np.zeros(16, np.uint8))
    with pytest.raises(PayloadError, match="length"):
        Kernel(payload.format.name, np.frombuffer(resealed(longer), np.uint8), payload.format.kernel_source)
