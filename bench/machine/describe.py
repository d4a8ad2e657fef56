"""Which machine measured: a short name for the CSV, and all that is known of it for the journal."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from dotbench.bench.metrics.place import Place
from dotbench.bench.run.processes import environment
from dotbench.cdot import build

LIBRARIES = ("numpy", "scipy", "cffi", "ziglang", "pyperf", "psutil", "threadpoolctl")


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name, or the architecture where the system does not say."""
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name" and value.strip():
            return " ".join(value.split())
    return platform.machine()


def machine_id(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Processor and number of logical cores: the same on every boot, for example ``AMD EPYC x2``."""
    return f"{cpu_model(cpuinfo)} x{psutil.cpu_count() or 1}"


def place() -> Place:
    """This machine, the instruction set that is chosen here, and the compiler of the kernels."""
    return Place(machine_id(), build.chosen_isa(), build.compiler_name())


def boot_id(path: Path = Path("/proc/sys/kernel/random/boot_id")) -> str:
    """What changes when the machine is started anew."""
    try:
        return path.read_text().strip()
    except OSError:
        return f"{psutil.boot_time():.0f}"


def metadata() -> dict[str, Any]:
    """pyperf's metadata (processor, frequency, governor, turbo, load), memory, libraries, BLAS."""
    return {
        **pyperf_metadata(),
        "architecture": platform.machine(),
        "memory_bytes": psutil.virtual_memory().total,
        "affinity": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "libraries": {name: _version(name) for name in LIBRARIES},
        "blas": blas(),
        "OPENBLAS_CORETYPE": os.environ.get("OPENBLAS_CORETYPE"),
    }


def pyperf_metadata() -> dict[str, Any]:
    """What ``python -m pyperf collect_metadata`` says; where it does not run, why, as ``pyperf_error``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metadata.json"
        command = [sys.executable, "-m", "pyperf", "collect_metadata", "--output", str(path)]
        try:
            subprocess.run(command, capture_output=True, check=True, timeout=60)
            known = json.loads(path.read_text())["metadata"]
        except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
            return {"pyperf_error": str(error)}
    return {name: value for name, value in known.items() if name not in ("hostname", "unit")}


BLAS = """
import json, sys, numpy, threadpoolctl
numpy.ones((2, 2)) @ numpy.ones((2, 2))
found = [one for one in threadpoolctl.threadpool_info() if one.get("user_api") == "blas"]
wanted = "internal_api", "version", "architecture", "num_threads", "threading_layer"
json.dump([{name: one.get(name) for name in wanted} for one in found], sys.stdout)
"""


def blas() -> list[dict[str, Any]]:
    """The BLAS that numpy uses in measuring processes: library, version, kernel choice, threads."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", BLAS], env=environment(1), capture_output=True, text=True, check=True, timeout=60
        )
        found: list[dict[str, Any]] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return []
    return found


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
