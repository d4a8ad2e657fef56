"""Kernels of formats that other packages bring: one C file with a table, compiled when it is first used.

What is wrong with them is a BuildError that names the package and ends with what to do. A table is looked at before
anything calls its functions: a NULL among them would end the process.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotbench.cdot import entry_points, places, trust
from dotbench.cdot.build_errors import BuildError, NoCompiler, Rejected

CONTRACT = places.FOLDER / "core" / "cdot.h"
GROUP = "dotbench.formats"
NEEDED = ("open", "seek", "next")  # of a table, as core/cdot.h has it; what else is left out is NULL
SYMBOL = re.compile(rb"\0(\w+)_decoder(?=\0)")


def built(source: Path, make: Callable[[], Path]) -> Path:
    """The library that ``make`` compiles from a C file, if it has a table that can be used."""
    if not source.is_file():
        raise named(source, Rejected(f"the C file {source} is not there"))
    try:
        made = make()
        _check_tables(source, made)
    except BuildError as error:
        raise named(source, error) from error
    return made


def named(source: Path, error: Exception) -> BuildError:
    """An error with the name of the package whose C file it is of, and with what to do at its end."""
    package = next(entry_points.bringing(GROUP, lambda kind: getattr(kind, "kernel_source", None) == source), "")
    who = f"the plug-in {package}" if package else f"the kernels in {source.name}"
    if isinstance(error, NoCompiler):
        return NoCompiler(f"{who}: {source.name} has to be compiled, and {error}")
    if isinstance(error, BuildError) and not isinstance(error, Rejected):
        return BuildError(f"{who}: {error}")  # no fault of the package, and what to do is said
    cure = f"Update it, or pip uninstall {package}" if package else "Mend it"
    return Rejected(
        f'{who}: {str(error).rstrip(".")}.\nFor who writes it: include "core/cdot.h", which is {CONTRACT}, and '
        f"name the functions of the table (.version = CDOT_VERSION, .open, .seek, .next).\n{cure}"
    )


def _check_tables(source: Path, made: Path) -> None:
    """Rejected for a library that lacks the table of its format, or whose tables lack what has to be there."""
    try:
        trust.check(made)
        kernels = ctypes.CDLL(str(made))
    except (trust.Untrusted, OSError):
        return  # whoever opens it says why not
    exported = {
        name for name in map(bytes.decode, SYMBOL.findall(made.read_bytes())) if hasattr(kernels, f"{name}_decoder")
    }
    expected = _formats(source)
    if lacking := sorted(expected - exported) or ([] if exported else ["NAME"]):
        raise Rejected(f"{source.name} defines no table {lacking[0]}_decoder (const cdot_decoder, not static)")
    for name in sorted(expected or exported):
        _check_table(source, kernels, name)


def _formats(source: Path) -> set[str]:
    """The names of the formats of other packages whose kernels are in a C file."""
    found: set[str] = set()

    def fits(kind: Any) -> bool:
        if of := getattr(kind, "kernel_source", None) == source:
            found.add(kind.name)
        return of

    list(entry_points.bringing(GROUP, fits))
    return found


def _check_table(source: Path, kernels: ctypes.CDLL, name: str) -> None:
    """A table of another version of the contract may have other fields: `library.decoder` refuses it."""
    table = _Table.in_dll(kernels, f"{name}_decoder")
    if table.version != _version():
        return
    if missing := [f".{function}" for function in NEEDED if not getattr(table, function)]:
        raise Rejected(
            f"{name}_decoder in {source.name} leaves out {' and '.join(missing)}, and {', '.join(NEEDED)} have to be "
            "there"
        )


def _version() -> int:
    (version,) = re.findall(r"\bCDOT_VERSION = (\d+)", CONTRACT.read_text())
    return int(version)


class _Table(ctypes.Structure):
    """How a table begins, as core/cdot.h has it."""

    _fields_ = (
        ("version", ctypes.c_uint32),
        ("workspace", ctypes.c_void_p),
        ("open", ctypes.c_void_p),
        ("seek", ctypes.c_void_p),
        ("next", ctypes.c_void_p),
    )
