"""Python for aarch64 from the distribution's packages, unpacked in .dotbench and not installed; needs no root.

apt-get keeps the lists and the files of that architecture in a folder of its own, so the system's are as before.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from dotbench.cdot import build
from dotbench.firmware.errors import Unavailable
from dotbench.firmware.packages import needed

QEMU_CURE = "sudo apt-get install qemu-user"
SOURCES = {  # where each distribution has this architecture
    "debian": "http://deb.debian.org/debian {} main",
    "ubuntu": "http://ports.ubuntu.com/ubuntu-ports {} main universe",
}
WANTED = ("python3", "libstdc++6")  # the second is of wheels
SECONDS = 600  # that a program of the distribution may take


def qemu() -> str:
    """The emulator of one program; Unavailable with the line that brings it."""
    for name in ("qemu-aarch64", "qemu-aarch64-static"):
        if found := shutil.which(name):
            return found
    raise Unavailable("no qemu-aarch64 here", QEMU_CURE)


def folder() -> Path:
    """All that is of the emulated machine: its system, its Python, what was computed on it."""
    return build.state_folder() / "aarch64"


def system() -> Path:
    """The unpacked system, fetched where it is not there yet; Unavailable where its packages cannot be had."""
    place = folder() / "system"
    if not place.exists():
        if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
            raise Unavailable(
                "no apt-get here to fetch Python for aarch64 with",
                f"unpack Debian's arm64 packages of {' and '.join(WANTED)} into {place}",
            )
        folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder()) as scratch:
            _fetch(Path(scratch)).replace(place)
    return place


def interpreter(place: Path) -> Path:
    """Python in an unpacked system.

    Unavailable where there is none, or one that is too old for us.
    """
    found = sorted(place.glob("usr/bin/python3.*[0-9]"), key=version)
    if not found or version(found[-1]) < (3, 11):
        raise Unavailable(f"no Python 3.11 or later in {place}", "use Debian 12, Ubuntu 24.04, or a later one")
    return found[-1]


def version(program: Path) -> tuple[int, ...]:
    """Of a Python, by its name.

    >>> version(Path("/usr/bin/python3.11"))
    (3, 11)
    """
    return tuple(int(number) for number in re.findall(r"\d+", program.name))


def _fetch(scratch: Path) -> Path:
    """Packages with all that they need, unpacked into a folder of ``scratch``."""
    apt = ["apt-get", *options(scratch)]
    updated = _ran([*apt, "--quiet", "update"], scratch)  # a source without this architecture fails, another may do
    simulated = _ran([*apt, "install", "--simulate", "--no-install-recommends", *WANTED], scratch)
    if simulated.returncode or not needed(simulated.stdout):
        raise Unavailable(f"apt-get has no Python for aarch64 here ({_words(updated, simulated)})", source())
    downloaded = _ran([*apt, "download", *needed(simulated.stdout)], scratch)
    if downloaded.returncode:
        raise Unavailable(f"apt-get could not fetch it ({_words(downloaded)})", "try again with a network")
    root = scratch / "root"
    for package in sorted(scratch.glob("*.deb")):
        unpacked = _ran(["dpkg-deb", "-x", str(package), str(root)], scratch)
        if unpacked.returncode:
            raise Unavailable(f"{package.name} could not be unpacked ({_words(unpacked)})", "try again")
    interpreter(root)
    return root


def source() -> str:
    """The line that tells apt-get where this distribution has packages of aarch64."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    where = SOURCES.get(release.get("ID", "debian"), SOURCES["debian"])
    line = f"deb [arch=arm64] {where.format(release.get('VERSION_CODENAME', 'stable'))}"
    return f"echo '{line}' | sudo tee /etc/apt/sources.list.d/arm64.list"


def _words(*done: subprocess.CompletedProcess[str]) -> str:
    """The last of what programs complained of, in a line."""
    return " ".join("".join(one.stderr for one in done).split())[-300:]


def options(place: Path) -> list[str]:
    """Of apt-get: another architecture, nothing installed, lists and files in ``place``."""
    for name in ("state", "lists/partial", "cache/archives/partial"):
        (place / name).mkdir(parents=True, exist_ok=True)
    (place / "status").touch()
    said = {
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Sandbox::User": "root",  # the folder is its user's, and closed to apt's own
        "Dir::State": place / "state",
        "Dir::State::lists": place / "lists",
        "Dir::State::status": place / "status",
        "Dir::Cache": place / "cache",
    }
    return [word for name, value in said.items() for word in ("-o", f"{name}={value}")]


def _ran(command: list[str], where: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, cwd=where, stdin=subprocess.DEVNULL, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} said nothing in {SECONDS} s", "try again with a network") from None
