"""The kernels' shared library, opened by cffi from the one declaration header."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import cffi

from cdot import build

ffi: Any = cffi.FFI()


def declarations() -> str:
    """The headers for Python as cffi reads them: without preprocessor lines."""
    names = ("cdot.h", "bench.h", "encode.h", "combining.h", "nested.h", "requantize.h")
    text = "".join((build.FOLDER / name).read_text() for name in names)
    return re.sub(r"^#.*$", "", text, flags=re.MULTILINE)


ffi.cdef(declarations())


@cache
def library(isa: str | None = None) -> Any:
    """The kernels for an instruction set (default: ``DOTBENCH_ISA`` or the best that runs here)."""
    return ffi.dlopen(str(build.build(isa or build.chosen_isa())))


@cache
def decoder(name: str, source: Path | None, isa: str | None = None) -> Any:
    """The kernel table of a format: built in, or exported as ``<name>_decoder`` by a C file."""
    if source is None:
        found = library(isa).cdot_find(name.encode())
        if found == ffi.NULL:
            raise KeyError(f"no kernels for the format {name!r}")
        return found
    plugin: Any = cffi.FFI()
    plugin.include(ffi)
    plugin.cdef(f"extern cdot_decoder {name}_decoder;")
    opened = plugin.dlopen(str(build.build(isa, plugin=source)))
    table = ffi.cast("const cdot_decoder *", plugin.addressof(opened, f"{name}_decoder"))
    _OPENED[table] = opened
    return table


_OPENED: dict[Any, Any] = {}  # a library is closed with its last reference


def pointer(array: Any, kind: str) -> Any:
    """A C pointer to a numpy array's (or buffer's) first byte."""
    return ffi.cast(kind, ffi.from_buffer(array))
