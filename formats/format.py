"""What a format is: parameters that are its identity, an encoder, a layout, a published size.

A format is a frozen dataclass derived from `Format`. It says what it stores (`layout`), writes it
(`write`) and states its paper's size formula (`paper_bits`). Products, decoding, checks, threads, saving
and loading come from the payload and the kernels, and are the same for all.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Self

from dotbench.cdot.bfloat16 import NAME, is_bfloat16
from dotbench.formats.parameters import Parametrised
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Source, as_source
from dotbench.formats.sources.streaming import Threaded


@dataclasses.dataclass(frozen=True)
class Format(Parametrised, ABC):
    """Base of all formats; the fields of a subclass are its parameters."""

    format_id: ClassVar[int]  # one that nobody else has (`dotbench.formats.ids`)
    value_types: ClassVar[tuple[str, ...]] = ("float32",)  # dtypes of the matrices that it stores
    lossless: ClassVar[bool] = True
    bitwise: ClassVar[bool] = False  # keeps the bits of every entry: the sign of zero, infinities and NaN
    coded: ClassVar[bool] = False  # decoding costs something, so `ceiling:decode` is measured
    kernel_source: ClassVar[Path | None] = None  # C file of a format that is not in cdot/
    fields_bytes: ClassVar[int] = 0
    variants: ClassVar[tuple[str, ...]] = ()  # other parameters that standard runs have: ("coding=huffman",)
    walks: ClassVar[str] = "entries"  # what a product goes through: "entries" of the matrix, or the payload's "bytes"
    complexity: ClassVar[str] = ""  # of opening and of a product, in n, m, nnz and what the format counts
    summary: ClassVar[str]  # one line for `list formats`

    def encode(self, matrix: Any, threads: int = 1) -> Payload:
        """The payload of a matrix: numpy array, scipy sparse matrix or source, n inputs by m outputs.

        With ``threads`` of more than 1, blocks of columns are encoded at the same time, into the same bytes; a
        source of your own is then asked for columns by several threads at once. A matrix of int8, float16 or
        bfloat16 is stored as that by a format that stores it (`value_types`), else, exactly, as what the format does
        store. Raises TypeError or ValueError, naming the place, for what is no finite real matrix, or holds a value
        that the format does not (of int8, or of bfloat16, where that is all that it stores). A format that keeps bits
        (`bitwise`) takes infinities and NaN, too.
        """
        if threads < 1:
            raise ValueError(f"{threads} threads: at least 1")
        source = as_source(matrix, self.value_type(matrix))
        return self.write(source if threads == 1 else Threaded(source, threads))

    def value_type(self, matrix: Any) -> str:
        """As which dtype a matrix is stored: its own if this format stores it, else the format's first."""
        dtype = getattr(matrix, "dtype", "")
        own = NAME if is_bfloat16(dtype) else str(getattr(dtype, "name", dtype))
        return own if own in self.value_types else self.value_types[0]

    @abstractmethod
    def write(self, source: Source) -> Payload:
        """Streams a source into a payload."""

    @abstractmethod
    def layout(self, header: Header, fields: bytes) -> list[Section]:
        """The sections behind header and fields, in order. ValueError if the fields make no sense."""

    def steps(self, payload: Payload) -> int:
        """How many entries, or bytes of ``payload``, a product of one vector goes through at the most."""
        if self.walks == "bytes":
            return payload.nbytes + payload.header.m
        return max(payload.header.n, 1) * payload.header.m

    @abstractmethod
    def paper_bits(self, source: Source) -> int:
        """The published size of this matrix in bits, by the paper's formula."""

    def holds(self, matrix: Any) -> Source:
        """The matrix that the payload of ``matrix`` decodes to: a lossy format's own, else the same."""
        return as_source(matrix, self.value_type(matrix))

    @classmethod
    def stored(cls, header: Header, fields: bytes) -> Self:
        """The format that wrote a payload: one whose parameters are in its fields reads them from there.

        ValueError if the fields make no sense.
        """
        return cls()
