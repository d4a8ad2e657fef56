"""PyTorch's files since 1.6: a zip archive, whose members are stored as they are, so that numbers can be mapped.

```
ROOT/data.pkl     a pickle, which names storages by key
ROOT/byteorder    "little" or "big"; left out by older versions
ROOT/data/KEY     the numbers of one storage
```
"""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import dataclass

from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.models.opened import Opened

LOCAL = struct.Struct("<4s22xHH")  # signature, lengths of name and of what follows
SIGNATURE = b"PK\x03\x04"
PICKLE, BYTE_ORDER = "data.pkl", "byteorder"
MOST_PICKLE = 256 << 20
ENCRYPTED = 1
TORCHSCRIPT = (
    'it is TorchScript, which is code: torch.save(torch.jit.load(PATH).state_dict(), "w.pt") keeps the weights alone'
)
PACKAGE = "it is a torch.package, which is code: torch.save(MODEL.state_dict(), PATH) keeps the weights alone"


@dataclass(frozen=True)
class Archive:
    """The pickle's bytes, and where the storages' bytes are: offset and number, by key."""

    pickle: bytes
    storages: dict[str, tuple[int, int]]


def read(opened: Opened) -> Archive:
    """The members of an archive that torch.save wrote; DataError for all else."""
    members = _members(opened)
    root = _root(members)
    if f"{root}constants.pkl" in members or any(name.startswith(f"{root}code/") for name in members):
        raise DataError(TORCHSCRIPT)
    if any(name.startswith((f"{root}.data/extern_modules", f"{root}extern_modules")) for name in members):
        raise DataError(PACKAGE)
    order = _bytes(opened, members[f"{root}{BYTE_ORDER}"], 16) if f"{root}{BYTE_ORDER}" in members else b"little"
    if order.strip() != b"little":
        raise DataError(
            f"its byte order is {order.decode('ascii', 'replace')!r}: only little-endian files are read. "
            "torch.save(torch.load(PATH, weights_only=True), PATH) on this machine turns it"
        )
    data = f"{root}data/"
    return Archive(
        _bytes(opened, members[f"{root}{PICKLE}"], MOST_PICKLE),
        {name.removeprefix(data): _place(opened, one) for name, one in members.items() if name.startswith(data)},
    )


def _members(opened: Opened) -> dict[str, zipfile.ZipInfo]:
    """By name, no name twice."""
    found: dict[str, zipfile.ZipInfo] = {}
    with zipfile.ZipFile(opened.path) as archive:
        for one in archive.infolist():
            if one.filename in found:
                raise DataError("its archive has two members of one name")
            found[one.filename] = one
    return found


def _root(members: dict[str, zipfile.ZipInfo]) -> str:
    """The folder that all is in, with its stroke."""
    roots = [name.removesuffix(PICKLE) for name in members if name.endswith(f"/{PICKLE}") and name.count("/") == 1]
    if len(roots) == 1:
        return roots[0]
    if any(name.endswith("/constants.pkl") or "/code/" in name for name in members):
        raise DataError(TORCHSCRIPT)
    if any(name.endswith(".npy") for name in members):
        raise DataError("it is a zip archive of numpy's arrays: rename it to .npz")
    raise DataError(f"it is a zip archive without {PICKLE}: it is no file that torch.save wrote")


def _bytes(opened: Opened, member: zipfile.ZipInfo, most: int) -> bytes:
    offset, count = _place(opened, member)
    if count > most:
        raise DataError(f"its member {member.filename!r:.60} has {count} bytes, and at most {most} are read")
    return opened.bytes(offset, count)


def _place(opened: Opened, member: zipfile.ZipInfo) -> tuple[int, int]:
    """Offset and number of a member's bytes in the file; DataError where they are packed or not in there."""
    what = f"its member {member.filename!r:.60}"
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & ENCRYPTED:
        raise DataError(f"{what} is packed, and torch.save packs nothing: unpack it, or save it again")
    if member.file_size != member.compress_size:
        raise DataError(f"{what} claims two sizes; {CUT}")
    header = opened.bytes(max(member.header_offset, 0), LOCAL.size)
    if member.header_offset < 0 or len(header) < LOCAL.size or not header.startswith(SIGNATURE):
        raise DataError(f"{what} is not where the archive says; {CUT}")
    _, name_length, more = LOCAL.unpack(header)
    offset = member.header_offset + LOCAL.size + name_length + more
    if offset + member.file_size > opened.size:
        raise DataError(f"{what} of {member.file_size} bytes leads out of the file; {CUT}")
    return offset, member.file_size


def pickle_of(archive: Archive) -> io.BytesIO:
    """The pickle as a file, which gives no more than it has, however much is asked for."""
    return io.BytesIO(archive.pickle)
