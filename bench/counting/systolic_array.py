"""A systolic array's view of column combining: tiles, cycles, utilization, error, energy (formats.md section 5).

Rows and columns of an array are the source paper's: a cell holds the weight of one output (row) and one
input or group of inputs (column), and inputs stream through (Kung, McDanel and Zhang, ASPLOS 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dotbench.bench.targets.checked import reference
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Columns, Source, blocks

if TYPE_CHECKING:
    from scipy.sparse import csc_array

ADD_PJ, MULTIPLY_PJ = 0.9, 3.7  # 32 bits; picojoules of the spec's table (measurement.md section 3)
WORD_PJ = 5.0  # one access of 32 bits to a buffer of up to 8 KB
VECTORS = 16  # inputs over which the error of products is averaged
SEED = 2019


@dataclass(frozen=True)
class Setting:
    """An array of ``rows`` by ``columns`` cells, inputs that stream through at once, cycles a word.

    ``word_cycles`` is 1, or the accumulator's bits where arithmetic is bit-serial.

    >>> Setting(32, 32, 256, 1).detail
    'array=32x32,input_length=256,word_cycles=1'
    """

    rows: int
    columns: int
    input_length: int
    word_cycles: int

    @property
    def array(self) -> str:
        return f"{self.rows}x{self.columns}"

    @property
    def detail(self) -> str:
        """What a cell of a plan carries; `parse` is its inverse."""
        return f"array={self.array},input_length={self.input_length},word_cycles={self.word_cycles}"

    @classmethod
    def parse(cls, details: dict[str, str]) -> Setting:
        """From a cell's details."""
        rows, columns = details["array"].split("x")
        return cls(int(rows), int(columns), int(details["input_length"]), int(details["word_cycles"]))

    def tiles(self, outputs: int, columns: int) -> int:
        """Tiles of the array that ``outputs`` by ``columns`` weights take.

        >>> Setting(32, 32, 1, 1).tiles(128, 16)
        4
        """
        return -(-outputs // self.rows) * -(-columns // self.columns)

    def cycles(self, outputs: int, columns: int) -> int:
        """w [sum over tiles (L + r + c - 2) + r of the first tile], r and c the used rows and columns of a tile.

        >>> Setting(32, 32, 1, 1).cycles(128, 128), Setting(32, 32, 256, 1).cycles(128, 16)
        (1040, 1240)
        """
        down, across = -(-outputs // self.rows), -(-columns // self.columns)
        used = outputs * across + columns * down  # r and c summed over all tiles
        first = min(outputs, self.rows) if across else 0
        return self.word_cycles * ((self.input_length - 2) * down * across + used + first)

    @property
    def rho(self) -> float:
        """Energy of a full array's buffer accesses over that of its arithmetic.

        The spec leaves it open; here it is 32-bit words of the spec's energy table: an input is read once
        for the cells of an array column, an output written once for those of an array row, and every
        cell multiplies and adds. 0.068 for 32 x 32.
        """
        return (WORD_PJ / self.rows + WORD_PJ / self.columns) / (ADD_PJ + MULTIPLY_PJ)

    def energy(self, utilization: float) -> float | None:
        """(1 / U + rho) / (1 + rho): energy a useful weight, relative to a full array; None where U is 0.

        ``utilization`` in per cent. Cells without a weight compute as well, so arithmetic grows with 1 / U.
        """
        return (100 / utilization + self.rho) / (1 + self.rho) if utilization else None


STANDARD = (Setting(32, 32, 1, 1), Setting(32, 32, 256, 1), Setting(32, 32, 256, 32))


@dataclass(frozen=True)
class Packing:
    """What a packed matrix has to do with the one it was made from.

    ``outputs``, ``inputs``: the matrix; ``used_outputs``, ``used_inputs``: those with a nonzero; ``groups``:
    packed columns; ``nnz``, ``nnz_packed``: weights before and after; errors relative to the matrix and to
    its products, in the Frobenius and the Euclidean norm.
    """

    outputs: int
    inputs: int
    used_outputs: int
    used_inputs: int
    groups: int
    nnz: int
    nnz_packed: int
    error_frobenius: float
    error_product: float

    @classmethod
    def of(cls, source: Source, payload: Payload) -> Packing:
        """Of a matrix and its column_combined payload, streamed once and multiplied with 16 seeded vectors."""
        n, m = source.shape
        wrong = norm = 0.0
        used = 0
        for begin, end, columns in blocks(source):
            before, after = _sparse(columns, n), _sparse(payload.columns(begin, end), n)
            wrong += float(((before - after).data ** 2).sum())
            norm += float((before.data**2).sum())
            used += int(np.count_nonzero(columns.counts()))
        return cls(
            outputs=m,
            inputs=n,
            used_outputs=used,
            used_inputs=len(payload.section("rows")),
            groups=len(payload.section("sizes")),
            nnz=source.histogram().nnz,
            nnz_packed=payload.nnz,
            error_frobenius=(wrong / norm) ** 0.5 if norm else 0.0,
            error_product=product_error(source, payload),
        )

    @property
    def utilization_before(self) -> float:
        """Nonzeros per cell of used outputs by used inputs, in per cent."""
        return _percent(self.nnz, self.used_outputs * self.used_inputs)

    @property
    def utilization_after(self) -> float:
        """Weights that stayed per cell of used outputs by groups, in per cent."""
        return _percent(self.nnz_packed, self.used_outputs * self.groups)

    def columns_of_row(self, setting: Setting) -> dict[str, Any]:
        """The columns of systolic.csv. Tiles before are of the inputs in use, cycles before of all inputs."""
        return {
            "groups": self.groups,
            "utilization_before": self.utilization_before,
            "utilization_after": self.utilization_after,
            "tiles_before": setting.tiles(self.outputs, self.used_inputs),
            "tiles_after": setting.tiles(self.outputs, self.groups),
            "cycles_before": setting.cycles(self.outputs, self.inputs),
            "cycles_after": setting.cycles(self.outputs, self.groups),
            "pruned_share": (self.nnz - self.nnz_packed) / self.nnz if self.nnz else 0.0,
            "error_frobenius": self.error_frobenius,
            "error_product": self.error_product,
            "energy_relative": setting.energy(self.utilization_after),
        }


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _sparse(columns: Columns, n: int) -> csc_array:
    from scipy.sparse import csc_array  # slow to import

    arrays = (columns.values.astype(np.float64), columns.rows, columns.indptr)
    return csc_array(arrays, shape=(n, len(columns.indptr) - 1))


def product_error(source: Source, held: Source) -> float:
    """Mean of |Y - Y'| / |Y| over `VECTORS` standard normal inputs, Y' the product of what is held."""
    exact = reference(source, VECTORS, SEED).Y
    wrong = np.linalg.norm(exact - reference(held, VECTORS, SEED).Y, axis=1)
    size = np.linalg.norm(exact, axis=1)
    return float(np.divide(wrong, size, out=np.zeros_like(wrong), where=size > 0).mean())
