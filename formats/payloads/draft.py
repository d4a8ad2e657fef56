"""A payload being written: the buffer, with its sections as arrays that an encoder fills."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.kernel import crc, zeroed
from dotbench.formats.payloads.header import CRC_AT, HEADER_BYTES, Header, offsets
from dotbench.formats.payloads.of_format import OfFormat
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import MAX_DIMENSION, Source
from dotbench.formats.value_types import value_type_of


class Draft:
    """A payload's buffer with its sections as zeroed arrays in ``self[name]``; `finish` seals it."""

    def __init__(self, format_: OfFormat, source: Source, nnz: int, fields: bytes = b"") -> None:
        n, m = source.shape
        if max(n, m) > MAX_DIMENSION:
            raise ValueError(f"{n} by {m} is too large: at most {MAX_DIMENSION} rows and columns")
        self._format = format_
        code = value_type_of(source.dtype).code
        header = Header(format_.format_id, n, m, nnz, len(fields), value_type=code)
        sections = format_.layout(header, fields)
        starts, size = offsets(sections, len(fields))
        self._data = zeroed(size)
        self._data[:HEADER_BYTES] = np.frombuffer(header.pack(), np.uint8)
        self._data[HEADER_BYTES : HEADER_BYTES + len(fields)] = np.frombuffer(fields, np.uint8)
        self._arrays = {
            section.name: self._data[start : start + section.nbytes].view(section.dtype)
            for section, start in zip(sections, starts, strict=True)
        }

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._arrays[name]

    def finish(self) -> Payload:
        """Writes the checksum; the draft must not be written to afterwards."""
        checksum = np.array([crc(self._data)], "<u4")
        self._data[CRC_AT : CRC_AT + 4] = checksum.view(np.uint8)
        return Payload(self._format, self._data)
