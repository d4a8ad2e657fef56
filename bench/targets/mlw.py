"""mlw: Arm's coder of int8 weights for Ethos-U (Vela's ``mlw_codec``), as what a layer's bytes are held against.

It stores the weights alone, in the order of the layer's outputs, without shape or header. An NPU decodes it; there
is no product to time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from dotbench.bench.targets.ours import Target
from dotbench.bench.targets.peer import Floats, Peer
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Source


def compress(source: Source) -> bytes:
    """The coded weights. ArithmeticError where they do not decode to the same; ImportError without Vela."""
    from ethosu import mlw_codec

    n, m = source.shape
    weights = source.columns(0, m).dense(n, np.int8).ravel().tolist()
    data = bytes(mlw_codec.encode(weights))
    if list(mlw_codec.decode(bytearray(data)))[: len(weights)] != weights:
        raise ArithmeticError("mlw_codec decodes other weights than it was given")
    return data


@dataclass(frozen=True)
class Mlw(Peer):
    """Vela's lossless weight coder: runs of zeros and adaptive Golomb codes or palettes."""

    name: ClassVar[str] = "mlw"
    summary: ClassVar[str] = "Arm's weight coder for Ethos-U (ethos-u-vela); bytes only"
    packages: ClassVar[tuple[str, ...]] = ("ethos-u-vela",)
    stored: ClassVar[bool] = True
    value_types: ClassVar[tuple[str, ...]] = ("int8",)
    timed: ClassVar[bool] = False
    module: ClassVar[str] = "ethosu"
    cure: ClassVar[str] = "python -m pip install 'ethos-u-vela==5.2.0'"

    def store(self, source: Source, path: Path) -> int:
        return path.write_bytes(compress(source))

    def target(self, reference: Payload, path: Path | None, X: Floats, cold: bool) -> Target:
        raise NotImplementedError("mlw has no product")
