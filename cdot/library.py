"""The kernels' shared library, opened by cffi from the one declaration header."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import cffi

from dotbench.cdot import build, trust

ffi: Any = cffi.FFI()


def declarations() -> str:
    """The headers for Python as cffi reads them: without preprocessor lines."""
    names = (
        "core/cdot.h", "timing/bench.h", "encode/encode.h", "encode/combining.h", "formats/nested/nested.h",
        "core/requantize.h", "encode/ranks.h",
    )  # fmt: skip
    text = "".join((build.FOLDER / name).read_text() for name in names)
    return re.sub(r"^#.*$", "", text, flags=re.MULTILINE)


ffi.cdef(declarations())


@cache
def library(isa: str | None = None) -> Any:
    """The kernels for an instruction set (default: ``DOTBENCH_ISA`` or the best that runs here)."""
    return opened(ffi, build.build(isa or build.chosen_isa()))


def opened(by: Any, path: Path) -> Any:
    """A compiled library, if it is one that this user may run; BuildError says why not and what to do."""
    try:
        if build.CARRIED not in path.parents:  # whose file this is, as is the Python that runs
            trust.check(path)
        return by.dlopen(str(path))
    except trust.Untrusted as error:
        raise build.BuildError(f"the kernels are not loaded: {error}") from error
    except OSError as error:
        noexec = os.statvfs(path).f_flag & os.ST_NOEXEC
        why = f"{path.parent} is on a file system that is mounted noexec" if noexec else str(error)
        raise build.BuildError(
            f"the kernels cannot be loaded: {why}. Set DOTBENCH_HOME to a folder where programs may run"
        ) from error


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
    kernels = opened(plugin, build.build(isa, plugin=source))
    table = ffi.cast("const cdot_decoder *", plugin.addressof(kernels, f"{name}_decoder"))
    _check_version(table.version, source)
    _OPENED[table] = kernels
    return table


def _check_version(version: int, source: Path) -> None:
    """BuildError for kernels of another contract: what their functions take and give is not what is called here."""
    wanted = library().CDOT_VERSION
    if version != wanted:
        said = f"for version {version} of the kernel contract" if version else "before the kernel contract had versions"
        raise build.BuildError(
            f"the kernels in {source.name} were written {said}, and this dotbench has version {wanted}: follow "
            f"{build.FOLDER / 'core' / 'cdot.h'}, write .version = CDOT_VERSION first in the table, and build them "
            "again with its headers"
        )


_OPENED: dict[Any, Any] = {}  # a library is closed with its last reference


def pointer(array: Any, kind: str) -> Any:
    """A C pointer to a numpy array's (or buffer's) first byte."""
    return ffi.cast(kind, ffi.from_buffer(array))
