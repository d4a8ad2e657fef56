"""Small files of a cache with a checksum in front: what was damaged since it was written is as if it were not there."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from dotbench.formats.payloads.files import write

DIGEST_BYTES = hashlib.sha256().digest_size


def read_sealed(path: Path) -> bytes | None:
    """What `write_sealed` wrote there; None where there is nothing, or something else."""
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    digest, data = stored[:DIGEST_BYTES], stored[DIGEST_BYTES:]
    return data if hashlib.sha256(data).digest() == digest else None


def write_sealed(path: Path, data: bytes) -> None:
    """Writes whole or not at all; OSError says what to do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, np.frombuffer(hashlib.sha256(data).digest() + data, np.uint8))


def beside(path: Path) -> Path:
    """Where the checksum of a file lies whose bytes are not ours to change."""
    return path.with_name(f"{path.name}.sha256")


def write_beside(path: Path) -> None:
    """Notes the checksum of a file that has just been written."""
    write_sealed(beside(path), _digest(path))


def is_as_noted(path: Path) -> bool:
    """Whether a file is there, and is what it was when its checksum was noted."""
    try:
        return read_sealed(beside(path)) == _digest(path)
    except OSError:
        return False


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
