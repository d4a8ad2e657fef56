"""dcsr: delta-compressed rows, groups of 16 indices as a slope, a minimum and deltas of 4 to 8 bits."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dotbench.formats.parts.counted import Microcontroller, whole
from dotbench.formats.parts.dcsr_groups import LANES, Groups, padded
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.header import Header, Section
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import Columns, Source

EXTENSIONS = 4  # bits that a delta may have above its four
OFFSETS = 1 << 15  # counts are 16-bit, signed, around their mean


@dataclass(frozen=True)
class Entries:
    """What is stored of a matrix: ``values`` int8 with inserted zeros, ``counts`` of each output, and its
    groups' ``deltas`` (groups, 16) and ``steps``."""

    values: npt.NDArray[Any]
    counts: npt.NDArray[np.int64]
    deltas: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int64]

    @classmethod
    def of(cls, columns: Columns, n: int) -> Entries:
        values, counts, found = [np.zeros(0, np.int8)], [], [Groups.of(np.zeros(0, np.int64), n)]
        for first, last in zip(columns.indptr, columns.indptr[1:], strict=False):
            indices = columns.rows[first:last].astype(np.int64)
            zeros, groups = padded(indices, n)
            order = np.argsort(np.concatenate([zeros, indices]), kind="stable")
            values.append(np.concatenate([np.zeros(len(zeros), np.int8), columns.values[first:last]])[order])
            counts.append(len(order))
            found.append(groups)
        deltas, steps = ([getattr(groups, name) for groups in found] for name in ("deltas", "steps"))
        every = np.array(counts, np.int64)
        return cls(np.concatenate(values), every, np.concatenate(deltas), np.concatenate(steps))

    def masks(self) -> npt.NDArray[np.bool_]:
        """Extension bits of the lanes: (groups, 4, 16)."""
        weights = np.arange(EXTENSIONS)[None, :, None] + 4
        return (self.deltas[:, None, :] >> weights & 1).astype(bool)

    def sizes(self) -> tuple[int, int, int]:
        """N entries, G groups, K masks that have a bit set."""
        return len(self.values), len(self.steps), int(self.masks().any(2).sum())


@dataclass(frozen=True)
class Dcsr(Microcontroller):
    """The published arrays of dCSR, bit for bit; an output's entries in groups of 16.

    The index of lane i of a group is a running base plus i times the output's slope (its mean distance,
    recomputed when decoding) plus a delta of 4 bits and up to four extension bits, each a mask over the
    lanes. Where something does not fit, zeros are inserted into the largest gaps: more than about 94 % of
    zeros are not used. The published encoder casts deltas to 8 bits before it tests them and corrupts
    columns with gaps of 256 and more inside a last group; this one never does.
    Fields: N entries, G groups, K masks (uint32 each). Sections: ``nnze`` uint32, N again; ``bitmasks`` uint16
    (K,), bit i for lane i; ``row_offsets`` int16 (m,), entries of each column minus floor(N / m); ``values``
    int8 (N,); ``delta_indices``, 16 bytes for two groups, the first in the high nibbles; ``bitmaps``, 4 bits a
    group: which extensions it has; ``group_minimums`` int8 (G,).
    Published size: N + 16 ceil(G / 2) + ceil(G / 2) + 2 K + G + 2 m + 4 bytes (Trommer et al., dCSR).
    ValueError for more than 65 535 inputs, or for counts that no row offset reaches.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> formats.get("dcsr").encode(np.eye(4)).sections["values"]
    4
    """

    name: ClassVar[str] = "dcsr"
    format_id: ClassVar[int] = 38
    coded: ClassVar[bool] = True
    fields_bytes: ClassVar[int] = 12
    summary: ClassVar[str] = "groups of 16 indices as slope, minimum and deltas of 4 to 8 bits (dCSR)"
    complexity: ClassVar[str] = "open O(N + m) checks, product O(N + m), N entries with the inserted ones"

    def layout(self, header: Header, fields: bytes) -> list[Section]:
        entries, groups, masks = struct.unpack("<III", fields)
        return [
            Section("nnze", "<u4", 1),
            Section("bitmasks", "<u2", masks, align=2),
            Section("row_offsets", "<i2", header.m, align=2),
            Section("values", "i1", entries, align=1),
            Section("delta_indices", "u1", LANES * -(-groups // 2), align=1),
            Section("bitmaps", "u1", -(-groups // 2), align=1),
            Section("group_minimums", "i1", groups, align=1),
        ]

    def write(self, source: Source) -> Payload:
        self.check_inputs(source)
        n, m = source.shape
        columns = whole(source)
        entries = Entries.of(columns, n)
        count, groups, masks = entries.sizes()
        self.check_entries(count)
        offsets = entries.counts - (count // m if m else 0)
        if m and not -OFFSETS <= offsets.min() <= offsets.max() < OFFSETS:
            raise ValueError(f"an output has {entries.counts.max()} entries and the mean is {count // m}: no int16")
        draft = Draft(self, source, columns.nnz, struct.pack("<III", count, groups, masks))
        draft["nnze"][:] = count
        draft["row_offsets"][:] = offsets
        draft["values"][:] = entries.values
        draft["group_minimums"][:] = entries.steps
        self._write_deltas(draft, entries)
        return draft.finish()

    def _write_deltas(self, draft: Draft, entries: Entries) -> None:
        low = np.zeros((len(entries.steps) + 1) // 2 * 2 * LANES, np.uint8).reshape(-1, 2, LANES)
        low.reshape(-1)[: entries.deltas.size] = entries.deltas.reshape(-1) & 15
        draft["delta_indices"][:] = (low[:, 0] << 4 | low[:, 1]).reshape(-1)
        masks = entries.masks()
        used = np.asarray(masks.any(2))
        maps = np.zeros(len(low) * 2, np.uint8)
        maps[: len(entries.steps)] = (used << np.arange(EXTENSIONS)).sum(1)
        draft["bitmaps"][:] = maps[::2] << 4 | maps[1::2]
        draft["bitmasks"][:] = (masks[used].astype(np.int64) << np.arange(LANES)).sum(1)

    def paper_bits(self, source: Source) -> int:
        n, m = source.shape
        count, groups, masks = Entries.of(whole(source), n).sizes()
        pairs = -(-groups // 2)
        return 8 * (count + LANES * pairs + pairs + 2 * masks + groups + 2 * m + 4)
