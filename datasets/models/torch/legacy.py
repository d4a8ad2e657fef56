"""PyTorch's files before 1.6: five pickles, then the numbers.

```
0x1950a86a20f9469cfc6c | 1001 | {"little_endian": True, ...} | what was saved | keys of storages
for each key: int64 number of numbers | numbers
```
"""

from __future__ import annotations

import struct
from typing import IO, Any, cast

from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.models.opened import Opened
from dotbench.datasets.models.torch.pickle import TorchMachine
from dotbench.datasets.models.torch.types import ITEMSIZE

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
MAGIC_BYTES = MAGIC.to_bytes(10, "little")
LOOKED_AT = 64  # bytes from the start that hold the magic number, whatever the pickle's protocol
COUNT = struct.Struct("<q")
Places = dict[str, tuple[int, int]]


def is_legacy(start: bytes) -> bool:
    """Whether a file starts as these do."""
    return start[:1] == b"\x80" and MAGIC_BYTES in start[:LOOKED_AT]


def read(opened: Opened, machine: TorchMachine) -> tuple[Any, Places, int]:
    """What was saved, the storages' places (offset and number of bytes, by key), and the bytes behind the last one."""
    data = cast("IO[bytes]", opened.data)  # a mapping: it has what pickletools asks of a file, and is not empty
    data.seek(0)
    if TorchMachine().run(data) != MAGIC or TorchMachine().run(data) != PROTOCOL:
        raise DataError("it starts as PyTorch's older files do, and is of another version")
    system = TorchMachine().run(data)
    if type(system) is not dict or system.get("little_endian") is not True:
        raise DataError("its byte order is not little-endian: only such files are read. Save it again on this machine")
    saved = machine.run(data)
    keys = TorchMachine().run(data)
    if type(keys) is not list or not all(type(key) is str for key in keys) or len({*keys}) < len(keys):
        raise DataError(f"the keys of its storages are none; {CUT}")
    places, end = _places(opened, machine, keys, data.tell())
    return saved, places, opened.size - end


def _places(opened: Opened, machine: TorchMachine, keys: list[str], at: int) -> tuple[Places, int]:
    places: Places = {}
    for key in keys:
        if key not in machine.storages:
            raise DataError(f"its storage {key!r:.20} is no tensor's, so that nobody knows its dtype; {CUT}")
        known = machine.storages[key]
        header = opened.bytes(at, COUNT.size)
        if len(header) < COUNT.size:
            raise DataError(f"it ends before its storage {key!r:.20}; {CUT}")
        (count,) = COUNT.unpack(header)
        nbytes = known.count * ITEMSIZE[known.dtype]
        if count != known.count or at + COUNT.size + nbytes > opened.size:
            there = opened.size - at - COUNT.size
            raise DataError(
                f"its storage {key!r:.20} of {known.count} numbers has {count} where it lies, with {there} bytes left; "
                f"{CUT}"
            )
        places[key] = at + COUNT.size, nbytes
        at += COUNT.size + nbytes
    return places, at
