"""Seeded layers for the microcontroller: the same everywhere, with no data at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.bench.microcontroller.networks import Work
from dotbench.formats.sources.source import as_source, matrix_sha256


@dataclass(frozen=True)
class Layer:
    """A seeded layer: n inputs, m outputs, a share of nonzeros, at most 32 distinct values."""

    n: int
    m: int
    density: float
    dtype: str = "float32"

    def work(self) -> Work:
        """What is run of it."""
        source = as_source(self.matrix(), self.dtype)
        return Work(self.name, self.name, self.name, source, matrix_sha256(source), "seeded", 1)

    @property
    def name(self) -> str:
        return f"seeded-{self.dtype}/{self.n}x{self.m}-{100 - round(100 * self.density)}"

    def matrix(self) -> npt.NDArray[Any]:
        """The same matrix everywhere."""
        rng = np.random.default_rng([self.n, self.m, round(100 * self.density)])
        values = rng.integers(1, 33, (self.n, self.m)) / 8 - 2.0625
        kept = np.where(rng.random((self.n, self.m)) < self.density, values, 0)
        return (kept * 16).astype(np.int8) if self.dtype == "int8" else kept.astype(np.float32)


LAYERS = (Layer(64, 64, 0.1), Layer(256, 256, 0.1), Layer(256, 256, 0.1, "int8"))
