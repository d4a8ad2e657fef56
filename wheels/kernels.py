"""What a wheel carries beside the code: kernels and drivers for a machine, built ahead by the pinned compiler.

``DOTBENCH_WHEEL`` names the machine, x86_64 or aarch64 (default: this one); the compiler builds for either on both.
"""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from dotbench.cdot import build, dependencies

LEVELS = {"x86_64": ("x86_64", "x86_64_v3"), "aarch64": ("aarch64",)}  # of each machine, as `build.TARGETS` has them
NAMES = {"amd64": "x86_64", "arm64": "aarch64"}
GLIBC = "manylinux_2_28"  # what `build.TARGETS` asks the compiler for


def machine() -> str:
    """The machine that a wheel is for; SystemExit where it has no kernels."""
    asked = os.environ.get("DOTBENCH_WHEEL") or platform.machine().lower()
    name = NAMES.get(asked, asked)
    if name not in LEVELS:
        raise SystemExit(f"no kernels for {name}: DOTBENCH_WHEEL may be {' or '.join(LEVELS)}")
    return name


def platform_tag() -> str:
    """Of the wheel's name, for example ``manylinux_2_28_x86_64``."""
    return f"{GLIBC}_{machine()}"


def build_into(folder: Path) -> list[Path]:
    """Kernels, drivers, the compiler's list of what they include and the compiler's name, as `build.carried` finds
    them; what was in the folder is gone. BuildError with the compiler's words."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for isa in LEVELS[machine()]:
        for name, path in build.built_ahead(isa).items():
            shutil.copy(path, folder / name)
    shutil.copy(dependencies.stored(), folder)
    (folder / "compiler").write_text(f"{build.compiler_name()}\n")
    return sorted(folder.iterdir())
