"""Payloads in files: written whole or not at all, read by mapping, trusted only after a checksum."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dotbench.cdot.errors import PayloadError
from dotbench.cdot.fresh import new_file
from dotbench.cdot.kernel import aligned


def write(path: Path, data: npt.NDArray[np.uint8]) -> None:
    """Writes beside ``path`` and moves the file there, so that a kill leaves the old one or the new one.

    OSError says what, where and what to do.
    """
    made = None
    try:
        file, made = new_file(path)
        with file:
            file.write(data.data)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    except OSError as error:
        if made:
            made.unlink(missing_ok=True)
        raise OSError(
            error.errno,
            f"the payload ({len(data)} bytes) cannot be written: {error.strerror}. "
            "Free some room or choose another folder",
            str(path),
        ) from error


def read(payload: str | Path | bytes | bytearray | memoryview) -> tuple[npt.NDArray[np.uint8], str]:
    """The bytes of a payload (a file is mapped, read-only), and its name for messages."""
    if isinstance(payload, (bytes, bytearray, memoryview)):
        data = aligned(len(payload))
        data[:] = np.frombuffer(payload, np.uint8)
        return data, f"the payload of {len(payload)} bytes"
    path = Path(payload)
    if path.stat().st_size == 0:
        raise PayloadError(f"{path} is empty, so it is no payload: it was cut short")
    return np.memmap(path, np.uint8, mode="r"), str(path)
