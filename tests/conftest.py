"""What all tests share: no network, no state left behind, real data only where it is."""

from __future__ import annotations

import ctypes
import os
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent


def mirror_folder() -> Path | None:
    """The local mirror: ``DOTBENCH_DATA`` or ../shared/data beside the checkout."""
    folder = Path(os.environ.get("DOTBENCH_DATA") or ROOT.parent / "shared" / "data")
    return folder if folder.is_dir() else None


@pytest.fixture
def mirror() -> Path:
    """The mirror; without one the test is skipped by name. With one, a missing file is a failure."""
    folder = mirror_folder()
    if folder is None:
        pytest.skip("no real data: set DOTBENCH_DATA to a mirror, or put it at ../shared/data")
    return folder


@pytest.fixture
def valgrind() -> None:
    """A valgrind that counts instructions; without one the test is skipped by name."""
    from dotbench.bench.counting import callgrind

    try:
        callgrind.valgrind()
    except callgrind.Unavailable as lack:
        pytest.skip(f"no valgrind: {lack}")


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTBENCH_OFFLINE", "1")
    monkeypatch.delenv("COLUMNS", raising=False)  # a terminal's, or that of pytest's own processes


@pytest.fixture(autouse=True)
def _host_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads the host's /sys: pyperf, the doctor and energy meters would (workers' too)."""
    from dotbench.bench.machine import describe, doctor

    nowhere = Path("/nonexistent")
    monkeypatch.setattr(describe, "pyperf_metadata", lambda: {})
    monkeypatch.setattr(doctor.checks, "__defaults__", (nowhere, nowhere, nowhere))
    monkeypatch.setenv("DOTBENCH_ENERGY", "none")


@pytest.fixture(autouse=True, scope="session")
def _no_leftovers() -> Iterator[None]:
    """Tests write below tmp_path only (the compiled kernels in .dotbench/build are a cache, and stay)."""
    before = set(ROOT.iterdir())
    yield
    new = {path.name for path in set(ROOT.iterdir()) - before} - {".dotbench", ".pytest_cache", ".hypothesis"}
    assert not [name for name in new if not name.startswith(".coverage")], f"tests left {new} behind"


def _ending_exactly(size: int, alignment: int = 64) -> np.ndarray:
    """`dotbench.cdot.kernel.aligned`, with all that lies behind the last byte poisoned for AddressSanitizer."""
    sanitizer = ctypes.CDLL(None)
    memory = np.empty(size + 2 * alignment, np.uint8)
    offset = -memory.ctypes.data % alignment
    slack = ctypes.c_void_p(memory.ctypes.data + offset + size), ctypes.c_size_t(2 * alignment - offset)
    sanitizer.__asan_poison_memory_region(*slack)
    weakref.finalize(memory, sanitizer.__asan_unpoison_memory_region, *slack)
    return memory[offset : offset + size]


@pytest.fixture(autouse=True, scope="session")
def _buffers_end_where_they_end() -> Iterator[None]:
    """In the sanitizer session the first byte read behind a payload or a scratch is found: allocations are
    larger than what they align, and a reader could go on in the rest unseen."""
    from dotbench.cdot import kernel

    with pytest.MonkeyPatch.context() as patch:
        if hasattr(ctypes.CDLL(None), "__asan_poison_memory_region"):
            plain = kernel.aligned
            for module in [module for module in sys.modules.values() if getattr(module, "aligned", None) is plain]:
                patch.setattr(module, "aligned", _ending_exactly)
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names the tests that were left out for lack of real data or of valgrind."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason, title in (("no real data", "real data not at hand"), ("no valgrind", "valgrind not at hand")):
        lacking = [report.nodeid for report in skipped if reason in str(report.longrepr)]
        if lacking:
            terminalreporter.section(f"left out: {title}")
            for name in lacking:
                terminalreporter.line(name)
