"""What a converted tensor takes in a pack, and whether that is less enough than as it is."""

from __future__ import annotations

from dotbench.formats.packs.negative_zeros import Zeros

LEAST_SAVED = 0.02  # of a tensor's bytes; below, it stays as it is


def most_bytes(nbytes: int) -> int:
    """What a payload with all that belongs to it may take, of a tensor of ``nbytes``.

    >>> most_bytes(1000)
    980
    """
    return int(nbytes * (1 - LEAST_SAVED))


def list_bytes(zeros: Zeros) -> int:
    """What the section of negative zeros takes at the most: a bit for each zero, or a gap of 1 to 8 bytes."""
    if not zeros.negative:
        return 0
    width = 1 if zeros.entries <= 1 << 8 else 2 if zeros.entries <= 1 << 16 else 4 if zeros.entries <= 1 << 32 else 8
    return min(-(-(zeros.entries - zeros.nonzeros) // 8), width * zeros.negative)
