"""An emulated aarch64 with Python, our requirements, and this checkout: what runs on it is called as on the host.

Its packages are wheels of the index, unpacked by the host's pip. What is no machine's is linked from the host's
environment: this checkout (editable), the example of a format from outside, and the compiler, which runs on the host
from within: QEMU gives programs of the host to the host's kernel. So kernels are cross-built at full speed.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from dataclasses import dataclass
from pathlib import Path

from dotbench.cdot import build
from dotbench.firmware.errors import Unavailable
from emulation import debian

ROOT = Path(__file__).resolve().parents[2]
# An ARMv8.0, without dot products and half-precision arithmetic: an instruction beyond what every aarch64 has ends
# the program. The others have both, and larger vectors (max: SVE).
OLDEST, NEWER = "cortex-a72", ("cortex-a76", "max")
TESTERS = ("pytest", "hypothesis")  # of the extra tests; the rest of it has no part in these tests
GLIBCS = range(17, 29)  # 2.N of wheels that are taken: dotbench's own say 2.28
LINKED = ("ziglang", "ziglang-*.dist-info", "dotbench*.dist-info", "__editable__*")
PROGRAMS = "emulated_programs"
OTHERWISE = ("DOTBENCH_CC", "DOTBENCH_CFLAGS", "DOTBENCH_ISA", "PYTHONPATH", "QEMU_CPU")


@dataclass(frozen=True)
class Machine:
    """``python`` is called as any other; ``emulator`` is what runs programs that are none of Python's."""

    python: Path
    emulator: tuple[str, ...]

    def run(self, *words: str, cpu: str = OLDEST, **more: str) -> int:
        """The exit status of ``python WORDS`` on a processor; what it says goes to the screen."""
        given = environment(QEMU_CPU=cpu, DOTBENCH_EMULATOR="\n".join(self.emulator), **more)
        return subprocess.run([str(self.python), *words], cwd=ROOT, env=given).returncode

    def processors(self) -> tuple[list[str], list[str]]:
        """Of `NEWER` those that this emulator knows, and the others."""
        known = subprocess.run([self.emulator[0], "-cpu", "help"], capture_output=True, text=True).stdout.split()
        return [cpu for cpu in NEWER if cpu in known], [cpu for cpu in NEWER if cpu not in known]


def environment(**more: str) -> dict[str, str]:
    """Of what is run here and there: the plain build, and this checkout's modules of tests."""
    plain = {name: value for name, value in os.environ.items() if name not in OTHERWISE}
    return {**plain, "PYTHONPATH": str(ROOT / "tests"), "DOTBENCH_OFFLINE": "1", **more}


def requirements() -> list[str]:
    """What the wheels are asked for: the core, the extras run and bf16, and what runs tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    testers = [one for one in extras["tests"] if one.startswith(TESTERS)]
    return [
        *project["dependencies"],
        *extras["run"],
        *extras["bf16"],
        *(one for one in testers if not one.startswith("pytest-")),
    ]


def prepared() -> Machine:
    """The machine, with all that it needs: seconds where it was prepared before, else a minute or two.

    Unavailable with the line that brings what is missing.
    """
    if platform.machine() != "x86_64":
        raise Unavailable(
            f"this is no x86-64 but {platform.machine()}: its products are what an emulated aarch64 is compared with",
            "on aarch64, nox -s tests runs the same suite without an emulator",
        )
    emulator, system = debian.qemu(), debian.system()
    interpreter = debian.interpreter(system)
    place = debian.folder() / "python"
    packages = place / "lib" / interpreter.name / "site-packages"
    _install(interpreter, place, packages)
    _link(packages)
    for isa in ("aarch64", "aarch64_unfused"):
        build.build(isa)
    command = (emulator, "-L", str(system))
    return Machine(_program(place, command, interpreter), command)


def _install(interpreter: Path, place: Path, packages: Path) -> None:
    """The wheels, once for the same requirements; Unavailable with pip's words."""
    wanted = requirements()
    stamp, said = place / "installed", hashlib.sha256(repr((wanted, interpreter.name)).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == said:
        return
    print("aarch64: fetching wheels (once)", flush=True)
    shutil.rmtree(place, ignore_errors=True)
    done = subprocess.run([*pip(interpreter), "--target", str(packages), *wanted], capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(f"pip could not fetch wheels for aarch64 ({done.stderr.strip()[-300:]})", "try again")
    stamp.write_text(said)


def pip(interpreter: Path) -> list[str]:
    """How the host's pip unpacks wheels for another machine and another Python."""
    major, minor = debian.version(interpreter)
    platforms = [f"--platform=manylinux_2_{glibc}_aarch64" for glibc in reversed(GLIBCS)]
    abis = [f"--abi=cp{major}{minor}", "--abi=abi3", "--abi=none"]
    return [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:",
        "--implementation=cp", f"--python-version={major}.{minor}", *abis, *platforms, "--platform=manylinux2014_aarch64",
    ]  # fmt: skip


def _link(packages: Path) -> None:
    """What is no machine's: links into the environment that this runs in, made anew each time."""
    host = Path(sysconfig.get_paths()["purelib"])
    for pattern in LINKED:
        for old in packages.glob(pattern):
            old.unlink()
        for one in host.glob(pattern):
            (packages / one.name).symlink_to(one)
    shutil.copy(Path(__file__).with_name(f"{PROGRAMS}.py"), packages)
    (packages / f"{PROGRAMS}.pth").write_text(f"import {PROGRAMS}\n")


def _program(place: Path, emulator: tuple[str, ...], interpreter: Path) -> Path:
    """Python's name in an environment: a line for the shell, so that tests start ``sys.executable`` as they do."""
    program = place / "bin" / "python"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.join(emulator)} -0 "$0" {shlex.quote(str(interpreter))} "$@"\n')
    program.chmod(0o755)
    (place / "pyvenv.cfg").write_text(f"home = {interpreter.parent}\ninclude-system-site-packages = false\n")
    return program
