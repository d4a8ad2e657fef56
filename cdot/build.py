"""Compiling the kernels: one compiler for everybody, one shared library per instruction set.

The compiler is ziglang from the package index, pinned, so the machine code is the same everywhere.
``DOTBENCH_CC`` chooses another (recorded in every row), ``DOTBENCH_CFLAGS`` adds flags (sanitizers),
``DOTBENCH_ISA`` chooses the instruction set. The library is plain C opened by cffi from `core/cdot.h`: no
Python headers are needed and one build serves every Python, so there is no second way to go wrong.

An installed package carries what was built ahead (`CARRIED`), and no compiler is needed; a checkout compiles.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dotbench.cdot import places, plugin_kernels, trust
from dotbench.cdot.build_errors import BuildError as BuildError
from dotbench.cdot.build_errors import NoCompiler as NoCompiler
from dotbench.cdot.build_errors import Rejected as Rejected
from dotbench.cdot.fresh import new_folder, new_path, sweep

FOLDER = places.FOLDER
CARRIED = FOLDER / "built"  # of a wheel: libraries and drivers as NAME-ISA, lists of dependencies, the compiler's name
FLAGS = ("-std=c11", "-O3", "-fomit-frame-pointer", "-Wall", "-Wextra")
CONTRACT = FOLDER / "core" / "cdot.h"
SHARED = ("-fPIC", "-shared")
PROGRAM = ("-rdynamic",)  # the libraries that a program opens find its symbols
BARE = ("-Wl,--strip-debug",)  # four fifths of a library are what debuggers read; the machine code is the same
X86_64_V3 = frozenset({"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"})


@dataclass(frozen=True)
class Target:
    """What a library is built for: ``isa`` is the name rows carry, ``flags`` the compiler's."""

    isa: str
    flags: tuple[str, ...]


TARGETS = {
    "x86_64": Target("x86_64", ("-target", "x86_64-linux-gnu.2.28", "-mcpu=x86_64")),
    "x86_64_v3": Target("x86_64_v3", ("-target", "x86_64-linux-gnu.2.28", "-mcpu=x86_64_v3")),
    "aarch64": Target("aarch64", ("-target", "aarch64-linux-gnu.2.28", "-mcpu=generic")),
    "aarch64_unfused": Target("aarch64", ("-target", "aarch64-linux-gnu.2.28", "-mcpu=generic", "-ffp-contract=off")),
}
GCC_FLAGS = {
    "x86_64": ("-march=x86-64",), "x86_64_v3": ("-march=x86-64-v3",), "aarch64": (),
    "aarch64_unfused": ("-ffp-contract=off",),
}  # fmt: skip


def state_folder() -> Path:
    """Where caches, builds and the journal live: `places.home`."""
    return places.home()


def build_folder() -> Path:
    """Where compiled kernels are: in a home that several share each has a folder of its own, for nobody runs what
    another one has compiled."""
    folder = state_folder() / "build"
    return folder if not folder.exists() or trust.owned(folder) else folder.with_name(f"build-{os.geteuid()}")


def sources() -> list[Path]:
    """The C files of the library, sorted; those in ``drivers/`` are programs."""
    return sorted(path for path in FOLDER.rglob("*.c") if path.parent.name != "drivers")


def headers() -> list[Path]:
    """The headers that they include, sorted."""
    return sorted(FOLDER.rglob("*.h"))


@cache
def processor_flags() -> frozenset[str]:
    """What the processor can do, in /proc/cpuinfo's words; empty where there is no such file."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return frozenset()
    lines = [line for line in text.splitlines() if line.startswith(("flags", "Features"))]
    return frozenset(lines[0].partition(":")[2].split()) if lines else frozenset()


def instruction_sets() -> list[str]:
    """The targets that run on this processor, the best first."""
    machine = platform.machine().lower()
    if machine in ("x86_64", "amd64"):
        return ["x86_64_v3", "x86_64"] if processor_flags() >= X86_64_V3 else ["x86_64"]
    if machine in ("aarch64", "arm64"):
        return ["aarch64"]
    raise BuildError(f"no kernels for a {machine} processor: dotbench runs on x86-64 and aarch64 Linux")


def chosen_isa() -> str:
    """``DOTBENCH_ISA`` if it runs here, else the best that does."""
    fits = instruction_sets()
    asked = os.environ.get("DOTBENCH_ISA")
    if asked and asked not in fits:
        raise BuildError(f"DOTBENCH_ISA={asked} does not run on this processor: choose {' or '.join(fits)}")
    return asked or fits[0]


def compiler_command() -> list[str]:
    """How the compiler is called; BuildError with the line that brings it where there is none."""
    chosen = os.environ.get("DOTBENCH_CC")
    return shlex.split(chosen) if chosen else [*pinned_compiler(), "cc"]


def pinned_compiler() -> list[str]:
    """How the pinned compiler is called, whichever is chosen; BuildError as above."""
    try:
        version("ziglang")
    except PackageNotFoundError:
        raise NoCompiler(
            "the compiler is missing: python -m pip install ziglang==0.17.1 (or set DOTBENCH_CC)"
        ) from None
    return [sys.executable, "-m", "ziglang"]


@cache
def compiler_name() -> str:
    """Name and version as rows carry it, for example ``zig-0.17.1``."""
    if said := carried("compiler"):
        return said.read_text().strip()
    command = compiler_command()
    extra = os.environ.get("DOTBENCH_CFLAGS", "").split()
    if not os.environ.get("DOTBENCH_CC"):
        name = f"zig-{version('ziglang')}"
    else:
        try:
            printed = subprocess.run([*command, "-dumpfullversion"], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise BuildError(f"DOTBENCH_CC={shlex.join(command)} does not run: {error}") from error
        name = f"{Path(command[0]).name}-{printed.stdout.strip()}"
    return " ".join([name, *extra])


def compiler_environment(place: Path | None = None) -> dict[str, str]:
    """What the compiler finds in its environment: a cache of its own in the state folder, or in ``place`` where the
    compiler cannot work there."""
    cache_folder = str((place if place and _confuses(state_folder()) else state_folder()) / "zig")
    return dict(os.environ, ZIG_GLOBAL_CACHE_DIR=cache_folder, ZIG_LOCAL_CACHE_DIR=cache_folder)


def _flags(isa: str) -> list[str]:
    target = GCC_FLAGS[isa] if os.environ.get("DOTBENCH_CC") else TARGETS[isa].flags
    extra = shlex.split(os.environ.get("DOTBENCH_CFLAGS", ""))
    guard = [] if os.environ.get("DOTBENCH_CC") else ["-fno-sanitize=all"]
    return [*target, *FLAGS, *guard, *extra]


def carried(name: str) -> Path | None:
    """A file that was built ahead and belongs to the installed package; None in a checkout, and where the environment
    asks for another compiler or other flags."""
    path = CARRIED / name
    chosen = os.environ.get("DOTBENCH_CC") or os.environ.get("DOTBENCH_CFLAGS")
    return path if not chosen and path.is_file() else None


def _built(stem: str, isa: str, kind: tuple[str, ...], files: list[Path], suffix: str = "") -> Path:
    """The file that ``files`` compile to, in the build folder, under a name with the hash of all that it is made of."""
    flags = [*_flags(isa), *kind]
    digest = hashlib.sha256(repr((compiler_name(), flags)).encode())
    for path in [*files, *headers()]:
        near = path.relative_to(FOLDER).as_posix() if FOLDER in path.parents else path.name
        digest.update(near.encode() + b"\0" + path.read_bytes())
    out = build_folder() / f"{stem}-{isa}-{digest.hexdigest()[:16]}{suffix}"
    if not out.exists():
        _compile([*compiler_command(), *flags, f"-I{FOLDER}", *map(str, files)], out)
    return out


def build(isa: str | None = None, plugin: Path | None = None) -> Path:
    """The shared library for ``isa``: the package's own, else compiled if its sources, flags or compiler are new.

    ``plugin``: the C file of a format that lives outside this folder, built with what it needs of ours.
    Its name carries the hash of what it was made from, so libraries of two commits live side by side.
    """
    isa = isa or chosen_isa()
    if plugin:
        files = [plugin, FOLDER / "core" / "payload.c"]
        return plugin_kernels.built(plugin, lambda: _built(plugin.stem, isa, SHARED, files, ".so"))
    return carried(f"cdot-{isa}.so") or _built("cdot", isa, SHARED, sources(), ".so")


def driver(name: str, isa: str | None = None) -> Path:
    """The program ``drivers/<name>.c`` for ``isa``, compiled if it is new; it opens the library by itself."""
    isa = isa or chosen_isa()
    return carried(f"{name}-{isa}") or _built(name, isa, PROGRAM, [FOLDER / "drivers" / f"{name}.c"])


def built_ahead(isa: str) -> dict[str, Path]:
    """What a wheel carries for an instruction set, by its name in `CARRIED`: the library and the drivers."""
    drivers = sorted((FOLDER / "drivers").glob("*.c"))
    programs = {f"{path.stem}-{isa}": _built(path.stem, isa, (*PROGRAM, *BARE), [path]) for path in drivers}
    return {f"cdot-{isa}.so": _built("cdot", isa, (*SHARED, *BARE), sources(), ".so"), **programs}


def _confuses(folder: Path) -> bool:
    """Whether the compiler, which puts paths into its own lists, loses its way in a folder of that name."""
    return any(letter in str(folder) for letter in "%:\n")


def _about_places() -> str:
    return f"\n(the compiler cannot work in {FOLDER}: move the checkout to a path without % and :)" * _confuses(FOLDER)


@contextmanager
def _workplace(beside: Path) -> Iterator[Path]:
    """An empty folder to compile in: beside the result, or elsewhere where the compiler would lose its way."""
    made = Path(tempfile.mkdtemp()) if _confuses(beside) else new_folder(beside, ".new-")
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _move(made: Path, out: Path) -> None:
    """Into its place in one step, with the mode that the umask asks for."""
    if made.parent.parent != out.parent:
        near = new_path(out)
        shutil.copy(made, near)
        made = near
    made.replace(out)


def _compile(command: list[str], out: Path) -> None:
    """Compiles beside ``out`` and moves the result there, so that a killed build leaves nothing half."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        sweep(out.parent, ".new-*")
        with _workplace(out.parent) as place:
            made = place / out.name
            command = [*command, "-o", str(made), "-lpthread", "-ldl"]
            environment = compiler_environment(place)
            done = subprocess.run(command, capture_output=True, text=True, env=environment)
            if done.returncode:
                raise Rejected(f"compiling {out.name} failed:\n{done.stderr.strip()}{_about_places()}")
            _move(made, out)
    except OSError as error:
        raise BuildError(
            f"the kernels cannot be built in {out.parent}: {error.strerror or error}. "
            "Set DOTBENCH_HOME to a folder with room that can be written."
        ) from error
