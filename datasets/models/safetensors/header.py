"""The header of a .safetensors file, held against the file before anything else is read.

```
u64 length | JSON of that length | data
{"NAME": {"dtype": "F32", "shape": [10, 784], "data_offsets": [begin, end]}, "__metadata__": {"KEY": "TEXT"}}
```

Offsets count from the header's end. Tensors cover the data without hole, overlap or tail. The library `safetensors`
takes a blank before the object and a name that is given twice (the last one wins); both are refused here, for two
readers would see two models.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.models.opened import Opened
from dotbench.datasets.models.safetensors import strict_json
from dotbench.datasets.plain_names import shown

LENGTH = struct.Struct("<Q")
MOST_BYTES = 100_000_000  # of a header, as the library has it
METADATA = "__metadata__"
FIELDS = {"dtype", "shape", "data_offsets"}
FLOAT8, FLOAT6, FLOAT4 = "float8", "float6", "float4"
# by the file's name: numpy's name or ours, and bits
DTYPES: dict[str, tuple[str, int]] = {
    "BOOL": ("bool", 8), "U8": ("uint8", 8), "I8": ("int8", 8), "U16": ("uint16", 16), "I16": ("int16", 16),
    "U32": ("uint32", 32), "I32": ("int32", 32), "U64": ("uint64", 64), "I64": ("int64", 64),
    "F16": ("float16", 16), "BF16": ("bfloat16", 16), "F32": ("float32", 32), "F64": ("float64", 64),
    "C64": ("complex64", 64), "F8_E4M3": (FLOAT8, 8), "F8_E5M2": (FLOAT8, 8), "F8_E8M0": (FLOAT8, 8),
    "F8_E4M3FNUZ": (FLOAT8, 8), "F8_E5M2FNUZ": (FLOAT8, 8), "F6_E2M3": (FLOAT6, 6), "F6_E3M2": (FLOAT6, 6),
    "F4": (FLOAT4, 4),
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One tensor: ``code`` is the file's name of its dtype, ``begin`` and ``end`` its bytes, from the file's start."""

    name: str
    code: str
    shape: tuple[int, ...]
    begin: int
    end: int


def entries(opened: Opened) -> list[Entry]:
    """All tensors of a file, in the header's order; DataError where the header contradicts itself or the file."""
    header, start = raw(opened)
    found = strict_json.parse(header, "its header")
    _check_metadata(found.pop(METADATA, {}))
    tensors = [_entry(name, fields, start) for name, fields in found.items()]
    _check_cover(tensors, start, opened.size)
    return tensors


def raw(opened: Opened) -> tuple[bytes, int]:
    """The header's bytes, and where the data start."""
    if opened.size < LENGTH.size:
        raise DataError(f"it has {opened.size} bytes, and {LENGTH.size} alone hold the length of its header; {CUT}")
    (length,) = LENGTH.unpack(opened.bytes(0, LENGTH.size))
    if length > MOST_BYTES:
        raise DataError(f"its header claims {length} bytes, and at most {MOST_BYTES} are read: it is no .safetensors")
    if length > opened.size - LENGTH.size:
        raise DataError(f"its header claims {length} bytes, and {opened.size - LENGTH.size} are there; {CUT}")
    header = opened.bytes(LENGTH.size, length)
    if header[:1] != b"{":
        raise DataError(f"its header should start with {{, and starts with {header[:8]!r}")
    return header, LENGTH.size + length


def _check_metadata(found: Any) -> None:
    if type(found) is not dict or not all(type(value) is str for value in found.values()):
        raise DataError(f"{METADATA} of its header is no object of strings")


def _entry(name: str, fields: Any, start: int) -> Entry:
    what = f"tensor {shown(name)!r}"
    if type(fields) is not dict or not fields.keys() >= FIELDS:
        raise DataError(f"{what} needs dtype, shape and data_offsets in the header")
    code, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    if type(code) is not str or code not in DTYPES:
        raise DataError(f"{what} has the dtype {code!r:.40}: there are {', '.join(DTYPES)}")
    if not _is_counts(shape) or not _is_counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise DataError(f"{what} has the shape {shape!r:.60} and the data_offsets {offsets!r:.60}")
    bits, there = math.prod(shape) * DTYPES[code][1], offsets[1] - offsets[0]
    if bits != 8 * there:
        raise DataError(f"{what} of {code} and shape {shape!r:.60} takes {bits / 8:g} bytes, and {there} are given")
    return Entry(name, code, tuple(shape), start + offsets[0], start + offsets[1])


def _is_counts(found: Any) -> bool:
    """Whether something is a list of whole numbers that 64 bits hold."""
    return type(found) is list and all(type(one) is int and 0 <= one < 1 << 64 for one in found)


def _check_cover(tensors: list[Entry], start: int, size: int) -> None:
    """No hole, no overlap, no tail."""
    at, before = start, "the header"
    for one in sorted(tensors, key=lambda one: (one.begin, one.end)):
        if one.begin != at:
            what = "overlaps" if one.begin < at else "leaves a hole behind"
            raise DataError(f"tensor {shown(one.name)!r} {what} {before} (byte {one.begin}, and {at} is next)")
        at, before = one.end, f"tensor {shown(one.name)!r}"
    if at != size:
        what = f"{size - at} bytes are no tensor's" if at < size else f"{at - size} bytes are missing"
        raise DataError(f"its tensors end at byte {at}, the file at {size}: {what}; {CUT}")
