"""QEMU where it is installed; elsewhere what needs it is skipped by name."""

from __future__ import annotations

import pytest

from dotbench.firmware.errors import Unavailable
from dotbench.firmware.runners import qemu as runners


@pytest.fixture(scope="session")
def qemu() -> runners.Qemu:
    """QEMU's MPS3 AN547."""
    try:
        return runners.Qemu(runners.find())
    except Unavailable as lack:
        pytest.skip(f"no QEMU: {lack}")
