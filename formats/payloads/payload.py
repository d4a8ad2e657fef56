"""A matrix in a format: one contiguous buffer, the same on a host, in a file and in flash.

A payload is a source again, so it can be encoded into another format without the matrix it came from.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import converted
from dotbench.cdot.errors import PayloadError
from dotbench.cdot.kernel import Kernel, crc
from dotbench.cdot.limits import Limits
from dotbench.formats.payloads.files import write
from dotbench.formats.payloads.header import HEADER_BYTES, Header, Section, offsets
from dotbench.formats.payloads.of_format import OfFormat
from dotbench.formats.payloads.product import Product, product_of
from dotbench.formats.sources.source import Columns, Histogram, blocks, ranges, tally


class Payload:
    """The bytes that a format stores for one matrix, and what can be done with them.

    Attributes: ``format``; ``data`` (the bytes, uint8); ``shape`` (n, m); ``nnz``; ``dtype``.
    """

    def __init__(
        self,
        format_: OfFormat,
        data: npt.NDArray[np.uint8],
        what: str = "the payload",
        limits: Limits | None = None,
    ) -> None:
        self.format = format_
        self.data = data
        self.header = Header.unpack(data, what)
        self._what, self._limits = what, limits

    def __repr__(self) -> str:
        """Format, shape, bytes, and how many times smaller than the dense matrix.

        >>> import numpy as np
        >>> from dotbench import formats
        >>> formats.get("sham").encode(np.eye(100))
        <Payload sham, 100 x 100 float32, 100 nonzeros: 252 bytes, 158.73 x smaller than dense>
        """
        (n, m), ratio = self.shape, self.shape[0] * self.shape[1] * self.dtype.itemsize / self.nbytes
        return (
            f"<Payload {self.format}, {n} x {m} {self.dtype}, {self.nnz} nonzeros: {self.nbytes} bytes, "
            f"{ratio:.2f} x smaller than dense>"
        )

    @property
    def nbytes(self) -> int:
        """Length in bytes, all of it: header, tables and seek points too."""
        return len(self.data)

    @property
    def shape(self) -> tuple[int, int]:
        return self.header.n, self.header.m

    @property
    def nnz(self) -> int:
        return self.header.nnz

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.header.dtype

    @property
    def fields(self) -> bytes:
        """The format's own fields behind the header."""
        return self.data[HEADER_BYTES : HEADER_BYTES + self.header.fields_bytes].tobytes()

    def _layout(self) -> tuple[list[Section], list[int]]:
        sections = self.format.layout(self.header, self.fields)
        starts, size = offsets(sections, self.header.fields_bytes)
        if size != self.nbytes:
            raise PayloadError(f"{self._what} has {self.nbytes} bytes, and its sections need {size}")
        return sections, starts

    @property
    def sections(self) -> dict[str, int]:
        """Bytes of every section; ``header`` has header, fields and all padding. They add up to nbytes."""
        sizes = {section.name: section.nbytes for section in self._layout()[0]}
        return {"header": self.nbytes - sum(sizes.values()), **sizes}

    @property
    def header_bytes(self) -> int:
        """Bytes of header, fields and padding."""
        return self.sections["header"]

    def section(self, name: str) -> npt.NDArray[Any]:
        """One section as an array; KeyError if there is none of that name."""
        for section, start in zip(*self._layout(), strict=True):
            if section.name == name:
                return self.data[start : start + section.nbytes].view(section.dtype)
        raise KeyError(f"{self.format} has no section {name!r}")

    @cached_property
    def kernel(self) -> Kernel:
        """The opened payload; PayloadError if it is damaged in a way that kernels can see."""
        return Kernel(self.format.name, self.data, self.format.kernel_source, limits=self._limits)

    @cached_property
    def _product(self) -> Product:
        return product_of(self.kernel, self.format.steps(self))

    @property
    def scratch_bytes(self) -> int:
        """Memory that a product needs besides the payload (tables, blocks), in bytes."""
        return self.kernel.scratch_bytes

    def dot(self, X: npt.ArrayLike, threads: int = 1, columns: tuple[int, int] | None = None) -> npt.NDArray[Any]:
        """X W: (batch, n) gives (batch, m), (n,) gives (m,); with ``columns`` only these of W.

        float32 gives float32. A payload of int8 takes int8 and gives int32: exact where the sums fit, as they
        always do below 131 072 rows, else modulo 2^32.
        ``threads``: at most so many, from a pool that stands ready, with the same result. Fewer are taken where there
        are fewer cores, or where the product is short: each thread has 500 000 nonzeros or 2 MB of the payload at the
        least, times a quarter of the vectors (`parallel`). Who calls while another thread of Python uses the
        pool multiplies on one thread. Ctrl-C ends a product of many seconds between two ranges of columns.
        Raises ValueError for a wrong length or range, TypeError for an x of another dtype than W's.

        >>> import numpy as np
        >>> from dotbench import formats
        >>> formats.get("sham").encode(np.diag([1.0, 2.0, 3.0])).dot(np.ones(3, np.float32))
        array([1., 2., 3.], dtype=float32)
        """
        return self._product(X, threads, columns)

    def columns(self, begin: int, end: int) -> Columns:
        """The nonzeros of a range of columns, decoded; PayloadError where a damaged one has a row twice."""
        if not 0 <= begin <= end <= self.shape[1]:
            raise ValueError(f"columns {begin} to {end} are not a range of a matrix with {self.shape[1]} columns")
        rows, values, indptr = self.kernel.decode(begin, end)
        decoded = Columns(rows, converted(values, self.dtype), indptr)
        ordered = decoded.in_row_order()
        if ordered is not decoded and not ordered.has_each_row_once():
            raise PayloadError(f"{self._what} is damaged: a column of {begin} to {end} has one of its rows twice")
        return ordered

    def entries(self, begin: int, end: int) -> npt.NDArray[Any]:
        """All entries of a range of columns, (columns, n) of ``dtype``: row k is column ``begin`` + k of W.

        A format that keeps bits (`Format.bitwise`) gives zeros with their signs, and NaN with its bits.
        """
        if not 0 <= begin <= end <= self.shape[1]:
            raise ValueError(f"columns {begin} to {end} are not a range of a matrix with {self.shape[1]} columns")
        if self.format.bitwise:
            return converted(self.kernel.entries(begin, end), self.dtype)
        return self.columns(begin, end).dense(self.shape[0], self.dtype)

    def histogram(self) -> Histogram:
        """Distinct nonzero values and their counts."""
        return tally(self)

    def decode(self) -> npt.NDArray[Any]:
        """The whole matrix as a dense array (n, m) of ``dtype``, in column order."""
        out = np.zeros(self.shape, self.dtype, order="F")
        if self.format.bitwise:
            for begin, end in ranges(self):
                out[:, begin:end] = self.entries(begin, end).T
            return out
        for begin, end, columns in blocks(self):
            out[:, begin:end] = columns.dense(self.shape[0]).T
        return out

    def save(self, path: str | Path) -> None:
        """Writes the bytes to a file, whole or not at all."""
        write(Path(path), self.data)


def check_crc(data: npt.NDArray[np.uint8], what: str) -> Header:
    """The header of a payload whose checksum fits; PayloadError otherwise."""
    header = Header.unpack(data, what)
    found = crc(data)
    if found != header.crc:
        raise PayloadError(
            f"{what} is damaged: its CRC-32C is {found:08x} and its header says {header.crc:08x}. "
            "Encode the matrix again, or fetch the file again."
        )
    return header
