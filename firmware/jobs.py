"""A job: a payload and vectors as one block of bytes, and where on the target it is placed.

Little-endian: thirteen 32-bit words (magic "DOTJ", version, size, id, payload offset and size, x offset and
size, size of y, repetitions, vectors of a tile, pixels, cut), then payload and x, each from a multiple of 16. Behind
the vector x stand those of a tile, (n, tile).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dotbench.firmware.errors import DoesNotFit

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
    """``data``: the payload's bytes; ``x``: n values; ``m``: columns of the matrix; ``repeat``: products.

    A layer is multiplied with ``pixels`` vectors, as many at once as ``xs`` (n, tile) has; without a layer it is
    (n, 0). ``isa``: what the image is built for (`toolchain.ISAS`). ``cut``: the columns before it are a product of
    their own, outside what is measured.
    """

    format: str
    data: npt.NDArray[np.uint8]
    x: npt.NDArray[np.generic]
    m: int
    kernel_source: Path | None = None
    repeat: int = 1
    xs: npt.NDArray[np.generic] = field(default_factory=lambda: np.zeros((0, 0), np.int8))
    pixels: int = 0
    isa: str = "helium"
    cut: int = 0

    @property
    def tile(self) -> int:
        """Vectors that one product of the layer has."""
        return int(self.xs.shape[1])

    @property
    def tiles(self) -> int:
        """Products that the layer takes: what reads the payload once each."""
        return -(-self.pixels // self.tile) if self.tile else 0

    @property
    def words(self) -> int:
        """Outputs that the target tells: of one vector, then of a tile."""
        return self.m * (1 + self.tile)

    @property
    def identity(self) -> int:
        """32 bits that the target gives back, so that no other job's answer is taken for this one's."""
        return zlib.crc32(self._vectors, zlib.crc32(self.data.tobytes(), self.pixels))

    @property
    def _vectors(self) -> bytes:
        return self.x.tobytes() + self.xs.tobytes()

    def pack(self) -> bytes:
        """The bytes that are placed."""
        at_payload = 64
        at_x = -(-(at_payload + len(self.data)) // ALIGN) * ALIGN
        vectors = self._vectors
        size = at_x + -(-len(vectors) // ALIGN) * ALIGN
        sizes = (at_payload, len(self.data), at_x, len(vectors), 4 * self.words)
        words = (*sizes, self.repeat, self.tile, self.pixels, self.cut)
        out = bytearray(size)
        struct.pack_into("<4s12I", out, 0, MAGIC, VERSION, size, self.identity, *words)
        out[at_payload : at_payload + len(self.data)] = self.data.tobytes()
        out[at_x : at_x + len(vectors)] = vectors
        return bytes(out)

    def placed(self, where: Placement) -> bytes:
        """`pack`, or DoesNotFit where that memory is too small."""
        packed = self.pack()
        if len(packed) > where.size:
            raise DoesNotFit(
                f"the {self.format} payload of {len(self.data)} bytes and its vectors do not fit the "
                f"{where.size} bytes of {where.name}: place it elsewhere ({', '.join(PLACEMENTS)})"
            )
        return packed


def mailbox(where: Placement) -> bytes:
    """What `MAILBOX` holds before the start: the job's address."""
    return struct.pack("<4sI", MAGIC, where.address)
