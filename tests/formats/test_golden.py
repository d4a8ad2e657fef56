"""Golden payloads: bytes written by this layout version, from synthetic data, that must stay readable.

``python tests/formats/test_golden.py`` writes files for formats that have none yet; it never replaces one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import formats
from formats.header import LAYOUT

sys.path.insert(0, str(Path(__file__).parent.parent))
from matrices import VARIANTS

FOLDER = Path(__file__).parent / "golden"
NAMES = [*(kind.name for kind in formats.registry.BUILT_IN), *VARIANTS]


def matrix() -> np.ndarray:
    """37 x 40, made by integer arithmetic alone: about a third nonzero, eleven values."""
    i, j = np.meshgrid(np.arange(37), np.arange(40), indexing="ij")
    mixed = (i * 7919 + j * 104729 + i * j * 31) % 101
    return np.where(mixed < 33, (mixed % 11 - 5) * 0.125 + 1, 0).astype(np.float32)


def golden_files() -> list[Path]:
    return sorted(FOLDER.glob("*.dbp"))


@pytest.mark.parametrize("path", golden_files(), ids=lambda path: path.name)
def test_old_payloads_decode(path: Path) -> None:
    payload = formats.load(path)
    held = payload.format.holds(matrix()).columns(0, 40)  # the matrix, unless the format is lossy
    assert np.array_equal(payload.decode().T, held.dense(37))


@pytest.mark.parametrize("name", NAMES)
def test_bytes_written_now_are_the_golden_ones(name: str) -> None:
    path = FOLDER / f"{name}-{LAYOUT}.dbp"
    assert formats.parse(name).encode(matrix()).data.tobytes() == path.read_bytes()


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in NAMES:
        path = FOLDER / f"{name}-{LAYOUT}.dbp"
        if not path.exists():
            formats.parse(name).encode(matrix()).save(path)
