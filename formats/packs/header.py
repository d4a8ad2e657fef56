"""The header of a .safetensors file: which tensors lie where, and a few texts. Read and written without the library.

```
u64 length, little-endian
JSON {NAME: {dtype, shape, data_offsets: [begin, end]}, "__metadata__": {TEXT: TEXT}}
data
```

Places count from where the data begin. They cover the data: no hole, no overlap, nothing behind. Packs begin their data
at a multiple of 64, with spaces behind the JSON.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from dotbench.formats.packs.dtypes import BITS
from dotbench.formats.packs.errors import PackError

LENGTH_BYTES = 8
MOST_HEADER = 100_000_000  # bytes, as the library has it
ALIGN = 64
METADATA = "__metadata__"
MOST_DIMENSION = 2**63 - 1
CUT = "it is cut short or damaged: copy it again"


@dataclass(frozen=True)
class Entry:
    """A tensor's ``name``, type (`dtypes`), shape, and its bytes in the data."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def nbytes(self) -> int:
        return self.end - self.begin


@dataclass(frozen=True)
class Header:
    """``entries`` by name, in the order of their bytes; ``metadata``; where the data ``start`` in the file."""

    entries: dict[str, Entry]
    metadata: dict[str, str]
    start: int


def tensor_bytes(dtype: str, shape: tuple[int, ...]) -> int:
    """What a tensor's numbers take.

    >>> tensor_bytes("BF16", (3, 5)), tensor_bytes("F32", ()), tensor_bytes("F4", (3, 2))
    (30, 4, 3)
    """
    return math.prod(shape) * BITS[dtype] // 8


def read(data: npt.NDArray[np.uint8], what: str) -> Header:
    """The header of a file's bytes; PackError that names ``what`` where they are none. No data is looked at."""
    if len(data) < LENGTH_BYTES:
        raise PackError(f"{what} is no .safetensors file: {len(data)} bytes are less than the length of a header")
    size = int.from_bytes(data[:LENGTH_BYTES].tobytes(), "little")
    if size > MOST_HEADER:
        raise PackError(f"{what} is no .safetensors file: its header would have {size} bytes, and at most 10^8 may be")
    start = LENGTH_BYTES + size
    if start > len(data):
        raise PackError(f"{what} has {len(data)} bytes, and its header ends behind {start}: {CUT}")
    raw = data[LENGTH_BYTES:start].tobytes()
    if not raw.startswith(b"{"):
        raise PackError(f"{what} is no .safetensors file: its header does not start with a brace")
    found = parsed(raw, f"the header of {what}")
    metadata = found.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise PackError(f"{what}: {METADATA} holds something that is no text: {CUT}")
    entries = sorted((_entry(name, told, what) for name, told in found.items()), key=lambda one: (one.begin, one.end))
    _check_cover(entries, len(data) - start, what)
    return Header({entry.name: entry for entry in entries}, metadata, start)


def parsed(raw: bytes | str, what: str) -> dict[str, Any]:
    """A JSON object; PackError for anything else, and for one that has a key twice."""
    try:
        found = json.loads(raw, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise PackError(f"{what} is no JSON that can be read ({error}): {CUT}") from error
    if not isinstance(found, dict):
        raise PackError(f"{what} is no JSON object: {CUT}")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r:.80} is in it twice")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")


def is_count(value: Any) -> TypeGuard[int]:
    """Whether a value of JSON is a whole number from 0 on."""
    return type(value) is int and 0 <= value <= MOST_DIMENSION


def is_shape(value: Any) -> TypeGuard[list[int]]:
    """Whether a value of JSON is a list of these, few enough for numpy."""
    return isinstance(value, list) and len(value) <= 32 and all(map(is_count, value))


def _entry(name: str, told: Any, what: str) -> Entry:
    where = f"{what}, tensor {name!r:.80}"
    if not isinstance(told, dict) or not {"dtype", "shape", "data_offsets"} <= told.keys():
        raise PackError(f"{where}: dtype, shape and data_offsets are not all there: {CUT}")
    dtype, shape, places = told["dtype"], told["shape"], told["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        raise PackError(f"{where}: the type {dtype!r:.40} is not known: there are {', '.join(BITS)}")
    if not is_shape(shape) or not is_shape(places) or len(places) != 2 or places[0] > places[1]:
        raise PackError(f"{where}: shape {shape!r:.80} and data_offsets {places!r:.80} make no sense: {CUT}")
    entry = Entry(name, dtype, tuple(shape), *places)
    if math.prod(shape) * BITS[dtype] != 8 * entry.nbytes:
        raise PackError(f"{where}: {dtype} of shape {shape!r:.80} does not take {entry.nbytes} bytes: {CUT}")
    return entry


def _check_cover(entries: list[Entry], size: int, what: str) -> None:
    at = 0
    for entry in entries:
        if entry.begin != at:
            hole = (
                "overlaps the tensor before it" if entry.begin < at else "leaves bytes before it that are no tensor's"
            )
            raise PackError(f"{what}, tensor {entry.name!r:.80}: it {hole}: {CUT}")
        at = entry.end
    if at != size:
        raise PackError(f"{what} has {size} bytes of data, and its tensors take {at}: {CUT}")


def written(entries: Iterable[Entry], metadata: Mapping[str, str]) -> bytes:
    """Length and JSON, with spaces up to a multiple of 64."""
    told: dict[str, Any] = {METADATA: dict(metadata)} if metadata else {}
    for one in entries:
        told[one.name] = {"dtype": one.dtype, "shape": list(one.shape), "data_offsets": [one.begin, one.end]}
    raw = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
    size = up(LENGTH_BYTES + len(raw)) - LENGTH_BYTES
    if size > MOST_HEADER:
        raise PackError(
            f"the header would have {size} bytes, and .safetensors files have 10^8 at most: pack fewer tensors"
        )
    return size.to_bytes(LENGTH_BYTES, "little") + raw.ljust(size)


def up(size: int) -> int:
    """The next multiple of 64.

    >>> up(0), up(65)
    (0, 128)
    """
    return -(-size // ALIGN) * ALIGN
