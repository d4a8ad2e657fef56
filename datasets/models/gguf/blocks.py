"""The types of numbers in .gguf files, and whole numbers out of blocks of few bits.

A block holds a few numbers of one row, with their scales. A whole number is put together of fields of bits, the low
ones first. ``runs`` numbers stand beside each other, in the same bits of as many bytes; the next run is in the next
bits of the same bytes::

    Q4_0: 2 bytes d, 16 bytes of two fields    byte 2 + i: number i in the low half, number 16 + i in the high one
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

STEP = 1 << 20  # numbers that are unpacked at once
IQ4 = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)  # what 4 bits of IQ4_* stand for
E2M1 = (0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12)  # and of MXFP4, doubled


@dataclass(frozen=True)
class Fields:
    """Fields of ``bits`` in the bytes of a block from ``start`` to ``stop``, ``run`` numbers beside each other."""

    start: int
    stop: int
    bits: int
    run: int

    def values(self, blocks: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """uint8 (blocks, numbers) of blocks (blocks, bytes)."""
        shifts = np.arange(0, 8, self.bits, dtype=np.uint8)[:, None]
        packed = blocks[:, self.start : self.stop].reshape(len(blocks), -1, 1, self.run)
        return ((packed >> shifts) & np.uint8((1 << self.bits) - 1)).reshape(len(blocks), -1)


@dataclass(frozen=True)
class BlockType:
    """``numbers`` in ``nbytes``; ``fields``: where their bits are, the low ones first; each number is that less
    ``zero``, or what it stands for in ``grid``. ``group``: numbers that have a scale together; ``minima``: a group has
    a minimum, too, which is added to what scale and number give."""

    name: str
    numbers: int
    nbytes: int
    fields: tuple[Fields, ...] = ()
    group: int = 32
    zero: int = 0
    grid: tuple[int, ...] = ()
    minima: bool = False

    @property
    def scale_bytes(self) -> int:
        """Of a block, what scales and minima take."""
        return self.nbytes - sum(one.stop - one.start for one in self.fields)

    def unpack(self, data: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
        """int8, as many as the blocks in ``data`` hold.

        >>> block = np.array([[0, 60, *[0x1F] * 16]], np.uint8)  # d = 1, low halves 15, high halves 1
        >>> TYPES[2].unpack(block)[[0, 15, 16, 31]].tolist()
        [7, 7, -7, -7]
        """
        blocks = data.reshape(-1, self.nbytes)
        out = np.empty((len(blocks), self.numbers), np.int8)
        step = STEP // self.numbers
        for begin in range(0, len(blocks), step):
            out[begin : begin + step] = self._whole(blocks[begin : begin + step])
        return out.reshape(-1)

    def _whole(self, blocks: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
        low, *high = self.fields
        values, bits = low.values(blocks), low.bits
        for one in high:
            values |= one.values(blocks) << np.uint8(bits)
            bits += one.bits
        if self.grid:
            found: npt.NDArray[np.int8] = np.array(self.grid, np.int8)[values]
            return found
        return values.view(np.int8) - np.int8(self.zero)


TYPES = {  # by their numbers in files
    2: BlockType("Q4_0", 32, 18, (Fields(2, 18, 4, 16),), zero=8),
    3: BlockType("Q4_1", 32, 20, (Fields(4, 20, 4, 16),), minima=True),
    6: BlockType("Q5_0", 32, 22, (Fields(6, 22, 4, 16), Fields(2, 6, 1, 1)), zero=16),
    7: BlockType("Q5_1", 32, 24, (Fields(8, 24, 4, 16), Fields(4, 8, 1, 1)), minima=True),
    8: BlockType("Q8_0", 32, 34, (Fields(2, 34, 8, 32),)),
    10: BlockType("Q2_K", 256, 84, (Fields(16, 80, 2, 32),), group=16, minima=True),
    11: BlockType("Q3_K", 256, 110, (Fields(32, 96, 2, 32), Fields(0, 32, 1, 32)), group=16, zero=4),
    12: BlockType("Q4_K", 256, 144, (Fields(16, 144, 4, 32),), minima=True),
    13: BlockType("Q5_K", 256, 176, (Fields(48, 176, 4, 32), Fields(16, 48, 1, 32)), minima=True),
    14: BlockType("Q6_K", 256, 210, (Fields(0, 128, 4, 64), Fields(128, 192, 2, 32)), group=16, zero=32),
    20: BlockType("IQ4_NL", 32, 18, (Fields(2, 18, 4, 16),), grid=IQ4),
    23: BlockType("IQ4_XS", 256, 136, (Fields(8, 136, 4, 16),), grid=IQ4),
    35: BlockType("TQ2_0", 256, 66, (Fields(0, 64, 2, 32),), group=256, zero=1),
    39: BlockType("MXFP4", 32, 17, (Fields(1, 17, 4, 16),), grid=E2M1),
}
# what is not read as whole numbers: lattices of several numbers at once, three-valued digits, what files do not hold
UNREAD = {
    9: BlockType("Q8_1", 32, 40),
    15: BlockType("Q8_K", 256, 292),
    16: BlockType("IQ2_XXS", 256, 66),
    17: BlockType("IQ2_XS", 256, 74),
    18: BlockType("IQ3_XXS", 256, 98),
    19: BlockType("IQ1_S", 256, 50),
    21: BlockType("IQ3_S", 256, 110),
    22: BlockType("IQ2_S", 256, 82),
    29: BlockType("IQ1_M", 256, 56),
    34: BlockType("TQ1_0", 256, 54),
    40: BlockType("NVFP4", 64, 36),
    41: BlockType("Q1_0", 128, 18),
}
NUMBERS = {  # numbers as they are, by numpy's names
    0: "float32",
    1: "float16",
    24: "int8",
    25: "int16",
    26: "int32",
    27: "int64",
    28: "float64",
    30: "bfloat16",
}
