"""A job: a payload and a vector as one block of bytes, and where on the target it is placed.

Little-endian: twelve 32-bit words (magic "DOTJ", version, size, id, payload offset and size, x offset and
size, size of y, repetitions, vectors, cut), then payload and x, each from a multiple of 16.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from firmware.errors import DoesNotFit

MAGIC, VERSION, ALIGN = b"DOTJ", 2, 16
MAILBOX = 0x2000FFF0  # target/image.ld


@dataclass(frozen=True)
class Placement:
    """Memory for a job. ``bytes_per_cycle``: what its bus brings, an assumption; None where it never waits."""

    name: str
    address: int
    size: int
    bytes_per_cycle: float | None = None

    def __str__(self) -> str:
        """As rows carry it: ``tcm``, ``ddr@4B/cycle``."""
        return self.name if self.bytes_per_cycle is None else f"{self.name}@{self.bytes_per_cycle:g}B/cycle"


PLACEMENTS = {
    "tcm": Placement("tcm", 0x20010000, 448 << 10),
    "sram": Placement("sram", 0x21000000, 4 << 20, 4.0),
    "ddr": Placement("ddr", 0x60000000, 256 << 20, 1.0),
}


@dataclass(frozen=True)
class Job:
    """``data``: the payload's bytes; ``x``: n values for each of ``batch`` vectors, those of a row side by side;
    ``m``: columns of the matrix; ``repeat``: products; ``isa``: what the image is built for (`toolchain.ISAS`);
    ``cut``: the columns before it are a product of their own, outside what is measured."""

    format: str
    data: npt.NDArray[np.uint8]
    x: npt.NDArray[np.generic]
    m: int
    kernel_source: Path | None = None
    repeat: int = 1
    batch: int = 1
    isa: str = "helium"
    cut: int = 0

    @property
    def identity(self) -> int:
        """32 bits that the target gives back, so that no other job's answer is taken for this one's."""
        return zlib.crc32(self.x.tobytes(), zlib.crc32(self.data.tobytes()))

    def pack(self) -> bytes:
        """The bytes that are placed."""
        at_payload = 48
        at_x = -(-(at_payload + len(self.data)) // ALIGN) * ALIGN
        size = at_x + -(-self.x.nbytes // ALIGN) * ALIGN
        words = (at_payload, len(self.data), at_x, self.x.nbytes, 4 * self.m * self.batch, self.repeat, self.batch, self.cut)
        out = bytearray(size)
        struct.pack_into("<4s11I", out, 0, MAGIC, VERSION, size, self.identity, *words)
        out[at_payload : at_payload + len(self.data)] = self.data.tobytes()
        out[at_x : at_x + self.x.nbytes] = self.x.tobytes()
        return bytes(out)

    def placed(self, where: Placement) -> bytes:
        """`pack`, or DoesNotFit where that memory is too small."""
        packed = self.pack()
        if len(packed) > where.size:
            raise DoesNotFit(
                f"the {self.format} payload of {len(self.data)} bytes and its vector do not fit the "
                f"{where.size} bytes of {where.name}: place it elsewhere ({', '.join(PLACEMENTS)})"
            )
        return packed


def mailbox(where: Placement) -> bytes:
    """What `MAILBOX` holds before the start: the job's address."""
    return struct.pack("<4sI", MAGIC, where.address)
