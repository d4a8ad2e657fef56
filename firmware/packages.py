"""QEMU without root: the distribution's packages, fetched by apt-get and unpacked by dpkg."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from dotbench.cdot import build
from dotbench.firmware.errors import Unavailable

PACKAGE = "qemu-system-arm"
CURE = f"sudo apt-get install {PACKAGE}"


def folder() -> Path:
    """Where it is unpacked."""
    return build.state_folder() / "qemu"


def _program() -> Path:
    return folder() / "usr" / "bin" / PACKAGE


def unpacked() -> str | None:
    """The unpacked program, if there is one."""
    return str(_program()) if _program().exists() else None


def environment(program: str) -> list[str]:
    """How a program is called: an unpacked one with its own libraries and data behind the system's."""
    if program != str(_program()):
        return [program]
    places = [folder() / part / f"{platform.machine()}-linux-gnu" for part in ("usr/lib", "lib")]
    found = os.pathsep.join(map(str, places))
    return ["env", f"LD_LIBRARY_PATH={found}", program, "-L", str(folder() / "usr/share/qemu")]


def needed(listing: str) -> list[str]:
    """The packages that apt-get would install, from what its simulation prints.

    >>> needed("Inst libfdt1 (1.6.1-4 Debian:12 [amd64])\\nConf libfdt1 (1.6.1-4 Debian:12 [amd64])")
    ['libfdt1']
    """
    return re.findall(r"^Inst (\S+) ", listing, re.MULTILINE)


def fetch() -> str:
    """Fetches and unpacks QEMU and what it needs that is not installed; returns the program. Needs no root.

    Raises Unavailable with the line that installs it where there is no apt-get, or a package cannot be had.
    """
    if found := unpacked():
        return found
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Unavailable("qemu-system-arm is not there, and no apt-get to fetch it with", "install QEMU 7.2 or later")
    simulated = _ran(["apt-get", "install", "--simulate", "--no-install-recommends", PACKAGE])
    folder().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder().parent) as scratch:
        # nothing is needed where it is installed, and off the path: then the program alone is
        _ran(["apt-get", "download", *(needed(simulated) or [PACKAGE])], scratch)
        root = Path(scratch) / "root"
        for package in sorted(Path(scratch).glob("*.deb")):
            _ran(["dpkg-deb", "-x", str(package), str(root)])
        if not (root / "usr" / "bin" / PACKAGE).exists():
            raise Unavailable("the packages have no qemu-system-arm", CURE)
        root.replace(folder())
    return str(_program())


def _ran(command: list[str], where: str | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=where, stdin=subprocess.DEVNULL, timeout=600)
    if done.returncode:
        raise Unavailable(f"{command[0]} {command[1]} failed: {done.stderr.strip()[-200:]}", CURE)
    return done.stdout
