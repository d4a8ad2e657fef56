"""The process that HDF5 files are read in: its C code has crashed on crafted ones.

A script of its own that imports nothing of the package, so that it starts at once:

```
list START SIZE PATH                       what is in the file, as JSON
read START SIZE PATH NAME DTYPE SHAPE...   the numbers of one data set, raw and little-endian
```

The file is the part of PATH of SIZE bytes from START on: a member of a .keras lies in the archive as it is. It is
opened once, and then nothing more can be opened: whatever leads to another file ends in an error. What cannot be read
is said as ``{"error": ...}`` in JSON in ``list``, and on standard error with status 3 in ``read``.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import math
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

import h5py  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np

MEMORY = 256 << 20  # of addresses beyond what is taken when all is loaded, and beyond the numbers of one data set
SECONDS, BYTES_A_SECOND = 2, 16 << 20  # of the processor, from when all is loaded; more for large files and numbers
SLAB = 8 << 20  # bytes that are read at once
MOST_TEXT = 64 << 20  # letters of names and attributes
MOST_DEPTH = 32
FAILED = 3  # status
ATTRIBUTE = re.compile(r"(layer_names|weight_names)[0-9]{0,6}|model_config|dtype")
FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE}
LINKS = {h5py.h5l.TYPE_SOFT: "a soft link", h5py.h5l.TYPE_EXTERNAL: "a link to another file"}
FLOATS = {  # places of sign, exponent, its bits, mantissa, its bits; bias of the exponent
    (2, (15, 10, 5, 0, 10), 15): "float16",
    (2, (15, 7, 8, 0, 7), 127): "bfloat16",
    (4, (31, 23, 8, 0, 23), 127): "float32",
    (8, (63, 52, 11, 0, 52), 1023): "float64",
}


class Refused(Exception):
    """A file that is not read, and why."""


class Part(io.RawIOBase):
    """A file that is a part of another one."""

    def __init__(self, path: str, start: int, size: int) -> None:
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115, PTH123
        self._start, self._size, self._at = start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        most = max(0, min(len(buffer), self._size - self._at))
        self._file.seek(self._start + self._at)
        count = self._file.readinto(memoryview(buffer)[:most]) or 0
        self._at += count
        return count


@contextlib.contextmanager
def limited(more: int, seconds: int) -> Iterator[None]:
    """No more files, nothing written, and so many bytes of memory and seconds of the processor more than now; where the
    system has such limits."""
    try:
        import resource
    except ImportError:
        yield
        return
    wanted = {resource.RLIMIT_NOFILE: 0, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0}
    wanted[resource.RLIMIT_CPU] = math.ceil(time.process_time()) + seconds
    with contextlib.suppress(OSError), open("/proc/self/statm") as file:  # noqa: PTH123
        wanted[resource.RLIMIT_AS] = int(file.read().split()[0]) * resource.getpagesize() + more
    before = {name: resource.getrlimit(name) for name in wanted}
    for name, most in wanted.items():
        hard = before[name][1]
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(name, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    try:
        yield
    finally:
        for name, limits in before.items():
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(name, limits)


def listing(file: Any) -> dict[str, Any]:
    """``tensors``: of each data set its path and what `described` says; ``groups``: of each group the attributes that
    matter; ``aliases``: paths of what another path leads to, too."""
    out: dict[str, Any] = {"tensors": [], "groups": {}, "aliases": {}}
    seen: dict[int, str] = {}
    text = [MOST_TEXT]
    _walk(file.id, "", out, seen, text, MOST_DEPTH)
    return out


def _walk(group: Any, path: str, out: dict[str, Any], seen: dict[int, str], text: list[int], depth: int) -> None:
    if not depth:
        raise Refused(f"{path[:80]} lies too deep: groups in groups to a depth of {MOST_DEPTH} are read")
    out["groups"][path] = _attributes(group, text)
    for raw in group:
        name = _name(raw, path)
        whole = f"{path}/{name}" if path else name
        _charge(text, len(whole) + 64)
        child = _opened(group, raw, whole)
        address = h5py.h5o.get_info(child).addr
        if address in seen:
            out["aliases"][whole] = seen[address]
            continue
        seen[address] = whole
        if isinstance(child, h5py.h5g.GroupID):
            _walk(child, whole, out, seen, text, depth - 1)
        elif isinstance(child, h5py.h5d.DatasetID):
            out["tensors"].append({"path": whole, **described(child, whole)})


def _charge(text: list[int], amount: int) -> None:
    text[0] -= amount
    if text[0] < 0:
        raise Refused(f"its names and attributes take more than {MOST_TEXT} letters: no model has so many")


def _name(raw: bytes, path: str) -> str:
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        name = ""
    if not name or not name.isprintable():
        raise Refused(f"a name in the group {path or '/'} has letters that cannot be printed: {raw[:80]!r}")
    return name


def _opened(group: Any, name: bytes, path: str) -> Any:
    """An object of a group; Refused where it is behind a link of another kind than those of files and their names."""
    kind = group.links.get_info(name).type
    if kind != h5py.h5l.TYPE_HARD:
        raise Refused(f"{path} is {LINKS.get(kind, 'a link of an unknown kind')}, and links are not followed")
    return h5py.h5o.open(group, name)


def _attributes(group: Any, text: list[int]) -> dict[str, list[str]]:
    """Attributes of strings, of names that Keras gives."""
    out = {}
    for number in range(h5py.h5a.get_num_attrs(group)):
        found = h5py.h5a.open(group, index=number)
        name = found.name.decode("utf-8", "replace")
        _charge(text, len(name))
        if ATTRIBUTE.fullmatch(name):
            out[name] = _strings(found, name, text)
    return out


def _strings(found: Any, name: str, text: list[int]) -> list[str]:
    kind, space = found.get_type(), found.get_space()
    count = space.get_simple_extent_npoints()
    _charge(text, count * kind.get_size())
    if kind.get_class() != h5py.h5t.STRING:
        return []
    values = np.empty(count if space.get_simple_extent_ndims() else (), found.dtype)
    found.read(values)
    strings = [one if isinstance(one, bytes) else str(one).encode() for one in values.reshape(-1).tolist()]
    if kind.is_variable_str():
        _charge(text, sum(map(len, strings)))
    return [one.decode("utf-8", "replace") for one in strings]


def described(found: Any, path: str) -> dict[str, Any]:
    """``dtype``, ``shape``, bytes ``stored``; ``offset`` where numbers lie one after the other as they are, ``why``
    where they are not read."""
    plan = found.get_create_plist()
    layout = plan.get_layout()
    if layout == h5py.h5d.VIRTUAL:
        raise Refused(f"{path} is a virtual data set, made of those of other files, which are not opened")
    if plan.get_external_count():
        raise Refused(f"the numbers of {path} are in another file, which is not opened")
    kind, swapped = _type(found)
    space = found.get_space()
    shape = list(space.get_simple_extent_dims()) if space.get_simple_extent_type() != h5py.h5s.NULL else [0]
    filters = [plan.get_filter(number)[0] for number in range(plan.get_nfilters())]
    plain = layout == h5py.h5d.CONTIGUOUS and not filters and not swapped
    other = sorted({*filters} - FILTERS)
    return {
        "dtype": kind,
        "shape": shape,
        "stored": found.get_storage_size(),
        "offset": found.get_offset() if plain else None,
        "filters": len(filters),
        "why": f"packed by filter {other[0]} of HDF5 (gzip and shuffle are read)" if other else "",
    }


def _type(found: Any) -> tuple[str, bool]:
    """The name of a data set's type as numpy has it, and whether its bytes are the other way round."""
    kind = found.get_type()
    group, size = kind.get_class(), kind.get_size()
    if group == h5py.h5t.OPAQUE and size == 2 and _attributes(found, [1 << 16]).get("dtype") == ["bfloat16"]:
        return "bfloat16", False  # as Keras writes it
    if group not in (h5py.h5t.FLOAT, h5py.h5t.INTEGER):
        return type(kind).__name__.removeprefix("Type").removesuffix("ID").lower(), False
    swapped = size > 1 and kind.get_order() != h5py.h5t.ORDER_LE
    if kind.get_precision() != 8 * size or kind.get_offset():
        return f"numbers of {kind.get_precision()} bits", swapped
    if group == h5py.h5t.FLOAT:
        return FLOATS.get((size, kind.get_fields(), kind.get_ebias()), f"float{8 * size} of another kind"), swapped
    return f"{'u' if kind.get_sign() == h5py.h5t.SGN_NONE else ''}int{8 * size}", swapped


def write(file: Any, path: str, dtype: str, shape: list[int], out: Any) -> None:
    """The numbers of a data set, which has to be what was listed."""
    found = file.id
    for name in path.split("/"):
        found = _opened(found, name.encode(), path)
    now = described(found, path)
    if (now["dtype"], now["shape"]) != (dtype, shape) or now["why"]:
        raise Refused(f"{path} has changed since the file was looked at")
    kind = found.get_type()
    if kind.get_class() != h5py.h5t.OPAQUE:
        kind = kind.copy()
        kind.set_order(h5py.h5t.ORDER_LE)
    row = math.prod(shape[1:]) * kind.get_size()
    step = max(1, SLAB // max(1, row)) if shape else 1
    for begin in range(0, shape[0] if shape else 1, step):
        space = found.get_space()
        part = [min(step, shape[0] - begin), *shape[1:]] if shape else []
        if shape:
            space.select_hyperslab((begin, *[0] * (len(shape) - 1)), tuple(part))
        numbers = np.zeros(math.prod(part) * kind.get_size(), np.uint8)
        found.read(h5py.h5s.create_simple(tuple(part)) if shape else space, space, numbers, kind)
        out.write(numbers.data)


def main(words: list[str]) -> int:
    verb, start, size, path, *rest = words
    shape = [int(word) for word in rest[2:]]
    part = Part(path, int(start), int(size))
    for encoding in ("ascii", "utf-8", "latin-1"):
        codecs.lookup(encoding)  # or Python would open a file for it later on
    more = 3 * math.prod(shape) * 8 if verb == "read" else 0
    seconds = SECONDS + (more + int(size)) // BYTES_A_SECOND
    try:
        with limited(MEMORY + more, seconds), h5py.File(part, "r") as file:
            if verb == "read":
                write(file, rest[0], rest[1], shape, sys.stdout.buffer)
                sys.stdout.buffer.flush()
                return 0
            found = listing(file)
    except Exception as error:  # a hostile file can raise nearly anything
        why = "it takes more memory than it may" if isinstance(error, MemoryError) else str(error)
        found = {"error": (why or type(error).__name__)[:300]}
    if verb == "read":
        print(found["error"], file=sys.stderr)
        return FAILED
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
