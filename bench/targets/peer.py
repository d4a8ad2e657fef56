"""What a peer is: somebody else's library that multiplies with the same matrix, called from Python."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dotbench.bench.targets.ours import Target, timed
from dotbench.cdot.library import library, pointer
from dotbench.formats.parameters import Parametrised
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Source

Floats = npt.NDArray[np.float32]


class PeerTarget(Target):
    """A library's product: the call is in the time, and what an empty call costs is in the row.

    ``flush``: arrays that are flushed from the caches before each product; none when warm.
    """

    def __init__(self, call: Callable[[], Any], finish: Callable[[Any], Floats], flush: list[Any]) -> None:
        self._call, self._finish, self._flush = call, finish, flush

    @cached_property
    def call_ns(self) -> float:  # type: ignore[override]
        """Nanoseconds of a call that does nothing, timed the same way."""
        return min(timed(lambda: None, 1000) for _ in range(5)) / 1000

    def product(self) -> Floats:
        return self._finish(self._call())

    def run(self, repeat: int) -> int:
        if not self._flush:
            return timed(self._call, repeat)
        spent = 0
        for _ in range(repeat):
            for array in self._flush:
                library().bench_flush(pointer(array, "const uint8_t *"), array.nbytes)
            spent += timed(self._call, 1)
        return spent


@dataclass(frozen=True)
class Peer(Parametrised, ABC):
    """Base of all peers; the fields of a subclass are its parameters.

    ``packages``: whose versions its figures depend on. ``stored``: it has a size, so `store` writes a file.
    ``repetitive``: it lives on repeated rows or neighbours, so a twin says nothing about it. ``value_types``: dtypes
    of the matrices that it takes. ``timed``: it has a product.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]
    stored: ClassVar[bool] = False
    repetitive: ClassVar[bool] = False
    value_types: ClassVar[tuple[str, ...]] = ("float32",)
    timed: ClassVar[bool] = True
    module: ClassVar[str] = "numpy"  # what it needs; ``cure`` brings it where it is an extra
    cure: ClassVar[str] = ""

    @property
    def lack(self) -> str:
        """Why it cannot be had here, and the line that brings it; empty where it can."""
        return "" if find_spec(self.module) else f"{self.packages[0]} is not installed: {self.cure}"

    @abstractmethod
    def target(self, reference: Payload, path: Path | None, X: Floats, cold: bool) -> Target:
        """What is timed. ``reference``: the matrix as our csc payload; ``path``: what `store` wrote."""

    def store(self, source: Source, path: Path) -> int:
        """Writes what the product reads, and returns its bytes; only called where ``stored``."""
        raise NotImplementedError
