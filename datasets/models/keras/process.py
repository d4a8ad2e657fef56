"""What is asked of the process that HDF5 files are read in, and what is said where it does not answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import bfloat16_from_bits
from dotbench.datasets.errors import CUT, DataError

CHILD = Path(__file__).with_name("child.py")  # run by its path: so it starts without the package
SECONDS, BYTES_A_SECOND = 60, 4 << 20  # how long an answer may take: so long, and for a MB of numbers a little more
NO_PLUGINS = {"HDF5_PLUGIN_PRELOAD": "::"}  # filters of other packages are never loaded


@dataclass(frozen=True)
class Part:
    """Where an HDF5 file lies: ``size`` bytes of ``path`` from ``start`` on."""

    path: Path
    start: int
    size: int


def listing(part: Part) -> dict[str, Any]:
    """What is in a file, as `child.listing` says it; DataError where it cannot be read."""
    status, said, words = _asked(part, "list")
    if status:
        raise _died(part, status, words)
    found: dict[str, Any] = json.loads(said)
    if "error" in found:
        raise DataError(f"{part.path} cannot be read as a model: {found['error']}")
    return found


def numbers(part: Part, name: str, dtype: str, shape: tuple[int, ...], nbytes: int) -> npt.NDArray[Any]:
    """The numbers of one data set; DataError where they cannot be had. ``nbytes`` is what it should be."""
    status, said, words = _asked(part, "read", name, dtype, *map(str, shape), nbytes=nbytes)
    if status or len(said) != nbytes:
        what = f"{part.path}#{name} cannot be read"
        raise _died(part, status, words) if status < 0 else DataError(f"{what}: {words or CUT}")
    return viewed(np.frombuffer(said, np.uint8), dtype, shape)


def viewed(data: npt.NDArray[np.uint8], dtype: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Bytes, little-endian, as numbers of a type that is named as numpy does, or ``bfloat16``."""
    if dtype == "bfloat16":
        return bfloat16_from_bits(data.view("<u2").reshape(shape))
    return data.view(np.dtype(dtype).newbyteorder("<")).reshape(shape)


def _asked(part: Part, verb: str, *words: str, nbytes: int = 0) -> tuple[int, bytes, str]:
    """Status, what was said, and the last line of what was complained of. DataError where it takes too long."""
    command = [sys.executable, "-P", str(CHILD), verb, str(part.start), str(part.size), str(part.path.absolute())]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HDF5_")} | NO_PLUGINS
    seconds = SECONDS + nbytes // BYTES_A_SECOND
    with subprocess.Popen(
        [*command, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        try:
            said, complained = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise DataError(f"{part.path} cannot be read: HDF5 has not ended after {seconds} s with it") from error
        finally:
            process.kill()
    return process.returncode, said, (complained.decode("utf-8", "replace").strip().splitlines() or [""])[-1][:300]


def _died(part: Part, status: int, words: str) -> DataError:
    """The error for a process that crashed, or ended otherwise than it should."""
    how = f"ended with status {status}"
    if status == -getattr(signal, "SIGXCPU", 0):
        how = "has not ended in time"
    elif status < 0:
        known = status in [-one.value for one in signal.Signals]
        how = f"crashed ({signal.Signals(-status).name if known else -status})"
    return DataError(f"{part.path} cannot be read: HDF5 {how} on it{f': {words}' if words else ''}. {CUT.capitalize()}")
