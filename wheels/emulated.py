"""The kernels of another machine's wheel, run under QEMU: every format's product, held against numpy's.

Driver and library are those that the wheel carries; x is what the driver takes (`callgrind.vector`).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dotbench import formats
from dotbench.bench.counting.callgrind import vector
from dotbench.cdot.arithmetic import tolerance_of
from dotbench.cdot.bfloat16 import converted, dtype_of, numbers

SYSTEM = Path("/usr/aarch64-linux-gnu")  # Debian's libc6-arm64-cross
CURE = "sudo apt-get install qemu-user libc6-arm64-cross"


def lack() -> str:
    """What is missing for it, with the line that brings it; "" for nothing."""
    if not shutil.which("qemu-aarch64"):
        return f"no qemu-aarch64 here: {CURE}"
    return "" if (SYSTEM / "lib" / "ld-linux-aarch64.so.1").exists() else f"no C library for aarch64 here: {CURE}"


def matrix(dtype: str) -> npt.NDArray[np.generic]:
    """100 inputs by 60 outputs, 70 % zeros, small whole numbers: every sum of a product is exact."""
    rng = np.random.default_rng(28)
    values = rng.integers(-8, 9, (100, 60))
    return converted(np.where(rng.random(values.shape) < 0.7, 0, values), dtype_of(dtype))


def wrong_products(wheel: Path) -> list[str]:
    """Formats, with their values, whose product on an emulated aarch64 is not numpy's; RuntimeError where the driver
    does not run. A lossy format's is held against what it decodes to, whose sums are not exact."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        driver, library = _unpacked(wheel, folder)
        payloads = [
            (kind.name, dtype, formats.get(kind.name).encode(matrix(dtype)))
            for kind in formats.registry.BUILT_IN
            for dtype in kind.value_types
        ]
        arguments = []
        for number, (format_, _, payload) in enumerate(payloads):
            payload.save(folder / f"{number}.dbp")
            arguments += [format_, str(folder / f"{number}.dbp"), "-", "0", str(payload.shape[1])]
        command = ["qemu-aarch64", "-L", str(SYSTEM), str(driver), str(library), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300)
        if done.returncode:
            raise RuntimeError(f"the driver for aarch64 does not run under QEMU: {done.stderr.strip()}")
        wrong = []
        for number, (format_, dtype, payload) in enumerate(payloads):
            whole = np.int32 if dtype == "int8" else np.float32
            x, W = vector(100, dtype_of(dtype)).astype(whole), numbers(payload.decode()).astype(whole)
            limit = 0 if payload.format.lossless else tolerance_of(np.float32) * (np.abs(x) @ np.abs(W))
            if not (np.abs(np.fromfile(folder / f"product-{number}", whole) - x @ W) <= limit).all():
                wrong.append(f"{format_} ({dtype})")
    return wrong


def _unpacked(wheel: Path, folder: Path) -> tuple[Path, Path]:
    """Driver and library of a wheel for aarch64, in a folder."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(("built/count-aarch64", "built/cdot-aarch64.so")):
                (folder / Path(name).name).write_bytes(archive.read(name))
    driver = folder / "count-aarch64"
    driver.chmod(0o755)
    return driver, folder / "cdot-aarch64.so"
