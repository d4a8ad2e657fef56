"""Exponents of bfloat16 counted, and written as a Rice code of their ranks: `ranks.c` with its types checked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dotbench.cdot.errors import check
from dotbench.cdot.library import ffi, library, pointer

Bits = npt.NDArray[np.uint16]
SPARE = 8  # bytes behind the last code


class Written(NamedTuple):
    """Of some columns, whose weights went where they were asked to: ``stream`` uint8, whose code begins at the bit that
    was asked for; ``ends``, the bit behind each column; how many entries of each are ``listed``, their ``rows`` and
    ``exponents``."""

    stream: npt.NDArray[np.uint8]
    ends: npt.NDArray[np.uint64]
    listed: npt.NDArray[np.uint32]
    rows: npt.NDArray[np.uint32]
    exponents: npt.NDArray[np.uint8]


def count_exponents(bits: Bits) -> tuple[npt.NDArray[np.uint64], int]:
    """How often each of the 256 exponents occurs, and how many entries are not 0.

    >>> counts, nonzeros = count_exponents(np.array([0x3F80, 0x8000, 0x3FC0], np.uint16))
    >>> counts[[0, 127]].tolist(), nonzeros
    ([1, 2], 2)
    """
    flat, counts = np.ascontiguousarray(bits, np.uint16).reshape(-1), np.zeros(256, np.uint64)
    nonzeros = library().encode_exponents(pointer(flat, "const uint16_t *"), len(flat), pointer(counts, "uint64_t *"))
    return counts, int(nonzeros)


def write_rice(
    bits: Bits, codes: npt.NDArray[np.uint32], weights: npt.NDArray[np.uint8], bit: int, size: int, room: int
) -> Written:
    """Columns (columns, n): signs and mantissas to ``weights`` (columns n,), codes of ``size`` bits from ``bit`` (0 to
    7) on. ``codes`` are as ranks.h has them; ``room`` is for entries that are listed. KernelError where memory is too
    small."""
    columns, n = bits.shape
    bits, codes = np.ascontiguousarray(bits, np.uint16), np.ascontiguousarray(codes, np.uint32)
    if len(codes) != 256 or len(weights) != bits.size or int((codes >> 16 & 255).max()) > 16:
        check(-13)
    stream = np.zeros((bit + size + 7) // 8 + SPARE, np.uint8)
    ends, listed = np.zeros(columns, np.uint64), np.zeros(columns, np.uint32)
    rows, exponents = np.zeros(room, np.uint32), np.zeros(room, np.uint8)
    into = ffi.new("encode_ranked *")
    into.bits, into.codes = pointer(bits, "const uint16_t *"), pointer(codes, "const uint32_t *")
    into.columns, into.n = columns, n
    found = check(
        library().encode_rice_ranks(
            into,
            pointer(weights, "uint8_t *"),
            pointer(stream, "uint8_t *"),
            len(stream),
            bit,
            pointer(ends, "uint64_t *"),
            pointer(listed, "uint32_t *"),
            pointer(rows, "uint32_t *"),
            pointer(exponents, "uint8_t *"),
            room,
        )
    )
    return Written(stream[:-SPARE], ends, listed, rows[:found], exponents[:found])
