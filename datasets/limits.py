"""What reading one file may take, held against its size before anything is reserved.

A small file can claim any number of columns, and can unpack to any number of bytes. Both have a stated limit, which
``DOTBENCH_READ_BYTES`` raises for who knows where a file comes from.
"""

from __future__ import annotations

import os
from pathlib import Path

from dotbench.datasets.errors import DataError

VARIABLE = "DOTBENCH_READ_BYTES"
TIMES = 200  # its own size: what a file may unpack to, besides the bytes that any file may
LEAST_TEXT, LEAST_ARRAYS = 32 << 20, 256 << 20  # text is parsed, arrays are only copied
LEAST_SIDE, SIDE_TIMES = 1 << 17, 8  # rows and columns that any file may have, and how many for each byte
SIDE_BYTES = 8  # what a column costs: its pointer


def check_unpacked(what: str | Path, size: int, unpacked: int, least: int = LEAST_TEXT) -> None:
    """DataError where ``unpacked`` bytes come out of a file of ``size``, and so many may not."""
    most = max(least + TIMES * size, _raised())
    if unpacked > most:
        raise DataError(
            f"{what} unpacks to more than {most} bytes, from {size}: at most {least} and {TIMES} times its size are "
            f"read. If it is meant to be so, set {VARIABLE} to the bytes that it may have"
        )


def check_sides(what: str | Path, shape: tuple[int, ...], size: int) -> None:
    """DataError where a file of ``size`` bytes claims more rows or columns than so few bytes may."""
    most = max(LEAST_SIDE + SIDE_TIMES * size, _raised() // SIDE_BYTES)
    if max(shape, default=0) > most:
        raise DataError(
            f"{what} claims {' x '.join(map(str, shape))} entries in {size} bytes: at most {LEAST_SIDE} rows or "
            f"columns and {SIDE_TIMES} for each byte are read. If it is meant to be so, set {VARIABLE} to "
            f"{SIDE_BYTES * max(shape)}"
        )


def _raised() -> int:
    text = os.environ.get(VARIABLE, "0")
    if not text.isascii() or not text.isdigit():
        raise DataError(f"{VARIABLE}={text[:40]!r} is no number of bytes: write 1000000000, or leave it out")
    return int(text)
