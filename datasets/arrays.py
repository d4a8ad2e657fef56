"""Arrays of numpy in files: .npy and the members of .npz, held against the file before memory is reserved."""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import dtype_in_file
from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.limits import LEAST_ARRAYS, check_sides, check_unpacked

MAGIC = b"\x93NUMPY"
SHOWN = 8  # names of arrays in an error
OBJECTS = "it holds Python objects, which may hold code and are not read: save numbers, of a dtype like float32"
SPARSE = {"format", "shape", "data"}  # what scipy.sparse.save_npz writes, among other names
CODEBOOK = {"codebook", "index"}
LENGTHS = {1: struct.Struct("<H"), 2: struct.Struct("<I")}  # of a .npy header, by its version
DAMAGED = (ValueError, struct.error)


def read_npy(path: Path) -> npt.NDArray[Any]:
    """The array in a .npy file, mapped."""
    with path.open("rb") as file:
        _check_header(file, path.stat().st_size, str(path))
    loaded = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    return loaded.view(dtype_in_file(loaded.dtype))


def _check_header(file: IO[bytes], size: int, what: str) -> None:
    """DataError where a .npy header claims more, or something else, than numbers that lie behind it."""
    start = file.read(len(MAGIC))
    if start != MAGIC:
        raise DataError(f"{what} cannot be read as a matrix: {_no_array(start)}")
    try:
        version = file.read(2)
        read = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}[version[0]]
        shape, _, dtype = read(_header(file, LENGTHS[version[0]], size))
    except (*DAMAGED, KeyError, IndexError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise DataError(f"{what} cannot be read as a matrix: its header is none of numpy's; {CUT}") from error
    if dtype.hasobject:
        raise DataError(f"{what} cannot be read as a matrix: {OBJECTS}")
    there, needed = size - file.tell(), math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or there < needed:
        raise DataError(
            f"{what} cannot be read as a matrix: it has {there} bytes behind its header, which claims {needed} of "
            f"shape {shape}; {CUT}"
        )


def _header(file: IO[bytes], length: struct.Struct, size: int) -> IO[bytes]:
    """A header and its length, which is held against the file's before so much is read. ValueError, struct.error."""
    start = file.read(length.size)
    (claimed,) = length.unpack(start)
    if claimed > size:
        raise ValueError(f"a header of {claimed} bytes in a file of {size}")
    return io.BytesIO(start + file.read(claimed))


def _no_array(start: bytes) -> str:
    """What a file is that does not start as a .npy file."""
    if start.startswith(b"PK"):
        return "it is a .npz (or another zip archive): rename it"
    if start[:1] == b"\x80":
        return OBJECTS
    if not start or MAGIC.startswith(start):
        return CUT
    if start.isascii() and start.decode("ascii").replace("\n", " ").replace("\r", " ").replace("\t", " ").isprintable():
        return "it is text, not numpy's: rename it to .csv if it is a table of numbers"
    return "it does not start as numpy's files do: numpy.save writes them"


def names(path: Path) -> list[str]:
    """Names of the arrays in a .npz; DataError where it is none."""
    with _archive(path) as archive:
        return list(_members(archive))


def read_npz(path: Path, name: str = "") -> Any:
    """One array of a .npz by its name, or what is in there: a scipy sparse matrix, one 2-D array, or a codebook with
    indices (W = codebook[index])."""
    with _archive(path) as archive:
        members = _members(archive)
        if name:
            if name not in members:
                raise DataError(f"{path} has no array {name!r}: there are {listed(members)}")
            return _array(path, archive, members[name])
        if members.keys() == CODEBOOK:
            return _from_codebook(path, *(_array(path, archive, members[one]) for one in ("codebook", "index")))
        if members.keys() >= SPARSE:
            return _sparse(path, archive, members)
        if len(members) == 1:
            return _array(path, archive, *members.values())
    first = next(iter(members), "NAME")
    raise DataError(
        f"{path} holds {listed(members)}: a .npz needs one array, a scipy sparse matrix, or codebook and index; or say "
        f"which: {path.name}#{first}"
    )


def is_one(found: Sequence[str]) -> bool:
    """Whether arrays of these names are one matrix together."""
    return len(found) == 1 or set(found) == CODEBOOK or set(found) >= SPARSE


def listed(found: Any) -> str:
    """Names of arrays for an error."""
    listed = sorted(found)
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return ", ".join(listed[:SHOWN]) + more or "nothing"


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        with path.open("rb") as file:
            start = file.read(len(MAGIC))
        why = "it is a .npy: rename it" if start == MAGIC else f"{error}; {CUT}"
        raise DataError(f"{path} cannot be read as a matrix: {why}") from error


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Arrays by their names, which stand without .npy."""
    return {one.filename.removesuffix(".npy"): one for one in archive.infolist() if one.filename.endswith(".npy")}


def _array(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> npt.NDArray[Any]:
    _check_member(path, archive, member)
    with archive.open(member) as file:
        loaded = np.asarray(np.lib.format.read_array(file, allow_pickle=False))
    return loaded.view(dtype_in_file(loaded.dtype))


def _check_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    what = f"{path}#{member.filename.removesuffix('.npy')}"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"{what} is packed in a way that numpy does not write: save it with numpy.savez_compressed")
    check_unpacked(what, path.stat().st_size, member.file_size, LEAST_ARRAYS)
    with archive.open(member) as file:
        _check_header(file, member.file_size, what)


def _sparse(path: Path, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> Any:
    """What scipy.sparse.save_npz has written; its indices are checked where it becomes a source."""
    import scipy.sparse

    for member in members.values():
        _check_member(path, archive, member)
    shape = _array(path, archive, members["shape"])
    check_sides(path, tuple(map(int, shape.ravel()[:2])), path.stat().st_size)
    return scipy.sparse.load_npz(path)


def _from_codebook(path: Path, codebook: npt.NDArray[Any], index: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if codebook.ndim != 1 or index.dtype.kind not in "iu":
        raise DataError(f"{path}: codebook has to be 1-D (is {codebook.ndim}-D), index integers ({index.dtype})")
    for outside in index[(index < 0) | (index >= len(codebook))][:1]:
        raise DataError(f"{path}: index {outside} is outside its codebook of {len(codebook)}")
    return np.asarray(codebook[index])
