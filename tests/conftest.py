"""What all tests share: no network, no state left behind, real data only where it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

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
    from bench import callgrind

    try:
        callgrind.valgrind()
    except callgrind.Unavailable as lack:
        pytest.skip(f"no valgrind: {lack}")


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTBENCH_OFFLINE", "1")


@pytest.fixture(autouse=True)
def _host_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads the host's /sys: pyperf and the doctor would."""
    from bench import doctor, machine

    nowhere = Path("/nonexistent")
    monkeypatch.setattr(machine, "pyperf_metadata", lambda: {})
    monkeypatch.setattr(doctor.checks, "__defaults__", (nowhere, nowhere))


@pytest.fixture(autouse=True, scope="session")
def _no_leftovers() -> Iterator[None]:
    """Tests write below tmp_path only (the compiled kernels in .dotbench/build are a cache, and stay)."""
    before = set(ROOT.iterdir())
    yield
    new = {path.name for path in set(ROOT.iterdir()) - before} - {".dotbench", ".pytest_cache", ".hypothesis"}
    assert not [name for name in new if not name.startswith(".coverage")], f"tests left {new} behind"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names the tests that were left out for lack of real data or of valgrind."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason, title in (("no real data", "real data not at hand"), ("no valgrind", "valgrind not at hand")):
        lacking = [report.nodeid for report in skipped if reason in str(report.longrepr)]
        if lacking:
            terminalreporter.section(f"left out: {title}")
            for name in lacking:
                terminalreporter.line(name)
