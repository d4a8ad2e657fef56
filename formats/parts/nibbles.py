"""Relative indices of four bits: what rle4 and rel15 share; they differ in how long gaps are cut."""

from __future__ import annotations

import struct
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dotbench.formats.parts.counted import Microcontroller, gaps, whole
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Source

LONGEST = 15  # rows that a nibble can step


@dataclass(frozen=True)
class Nibbles(Microcontroller):
    """Base: each entry stands as many rows below the one before it as its nibble says.

    Inserted entries (nibble 15, value 0) cut gaps that are too long for a nibble. Fields: V, entries in all.
    """

    fields_bytes: ClassVar[int] = 4
    coded: ClassVar[bool] = True
    complexity: ClassVar[str] = "open O(V + m) checks, product O(V + m), V entries with the inserted ones"

    @abstractmethod
    def inserted(self, gap: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """How many zeros stand in front of a nonzero with that gap."""

    @abstractmethod
    def counts(self, header: Header) -> Section:
        """The section that says how many entries columns have."""

    @abstractmethod
    def write_counts(self, section: npt.NDArray[np.uint32], ends: npt.NDArray[np.int64]) -> None:
        """Fills it from the entries up to and with each column."""

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        (entries,) = struct.unpack("<I", fields)
        return [
            self.counts(header),
            Section("gaps", "u1", -(-entries // 2), align=1),
            Section("values", "i1", entries, align=1),
        ]

    def write(self, source: Source) -> Payload:
        self.check_inputs(source)
        columns = whole(source)
        gap = gaps(columns)
        zeros = self.inserted(gap)
        ends = np.zeros(columns.nnz + 1, np.int64)
        np.cumsum(zeros + 1, out=ends[1:])
        entries, own = int(ends[-1]), ends[1:] - 1
        self.check_entries(entries)
        nibbles = np.full(entries + entries % 2, LONGEST, np.uint8)
        nibbles[entries:] = 0
        nibbles[own] = gap - LONGEST * zeros
        draft = Draft(self, source, columns.nnz, struct.pack("<I", entries))
        self.write_counts(draft[self.counts_name], ends[columns.indptr[1:]])
        draft["gaps"][:] = nibbles[::2] << 4 | nibbles[1::2]
        draft["values"][own] = columns.values
        return draft.finish()

    counts_name: ClassVar[str]

    def entries(self, source: Source) -> int:
        """V: nonzeros and inserted zeros."""
        gap = gaps(whole(source))
        return len(gap) + int(self.inserted(gap).sum())
