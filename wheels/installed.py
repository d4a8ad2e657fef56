"""A wheel in an empty environment: how large it is with all that it needs, and how soon the first product comes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

APART = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence.pth", "wheel")  # not ours
MOST_MEGABYTES = 95
MOST_SECONDS = 60
PRODUCT = """
import sys
import dotbench, numpy
W = numpy.eye(64, dtype=numpy.float32) * 3
y = dotbench.encode(W, "sham").dot(numpy.arange(64, dtype=numpy.float32))
assert y.tolist() == [3.0 * number for number in range(64)], y
for name in sys.argv[1:]:
    module = __import__(name)
    assert "dotbench" not in (module.__file__ or ""), f"{name} is {module.__file__}"
from dotbench.cdot import build
print(build.build())
"""


class Failed(RuntimeError):
    """A step did not work; the message has the words of the program."""


@dataclass(frozen=True)
class First:
    """``megabytes``: 10^6 bytes of all files that came with the wheel. ``seconds``: from nothing to a product."""

    megabytes: float
    seconds: float

    def faults(self) -> list[str]:
        """Limits that are passed, a line each.

        >>> First(120, 3).faults()
        ['120.0 MB are installed, at most 95 are allowed']
        """
        found = []
        if self.megabytes > MOST_MEGABYTES:
            found.append(f"{self.megabytes:.1f} MB are installed, at most {MOST_MEGABYTES} are allowed")
        if self.seconds > MOST_SECONDS:
            found.append(f"the first product came after {self.seconds:.0f} s, at most {MOST_SECONDS} are allowed")
        return found


def call(*command: str, folder: Path) -> str:
    """What a program prints; nothing of this checkout is seen by it. Failed with its words."""
    apart = ("PYTHONPATH", "DOTBENCH_HOME", "DOTBENCH_CC", "DOTBENCH_CFLAGS", "DOTBENCH_ISA", "XDG_CACHE_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in apart} | {"HOME": str(folder)}
    environment["PIP_CACHE_DIR"] = os.environ.get("PIP_CACHE_DIR") or str(Path.home() / ".cache" / "pip")
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
    if done.returncode:
        raise Failed(f"{' '.join(command[:6])} ...:\n{(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def empty(folder: Path) -> Path:
    """The Python of a new, empty environment."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    call(sys.executable, "-m", "venv", "--clear", str(folder), folder=folder.parent)
    return folder / "bin" / "python"


def install(python: Path, *what: str) -> None:
    """With pip, from the index or a file."""
    call(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what, folder=python.parent)


def multiply(python: Path, *beside: str) -> str:
    """A product with the installed package in a new process, and modules ``beside`` it imported; which kernels."""
    return call(str(python), "-c", PRODUCT, *beside, folder=python.parent).strip()


def site_packages(python: Path) -> Path:
    """Where this Python's packages lie."""
    code = "import json, sysconfig; print(json.dumps(sysconfig.get_paths()['platlib']))"
    return Path(json.loads(call(str(python), "-c", code, folder=python.parent)))


def megabytes(folder: Path) -> float:
    """Of all files in a folder of packages but those that every environment has."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    ours = [path for path in files if not path.relative_to(folder).parts[0].startswith(APART)]
    return sum(path.stat().st_size for path in ours) / 1e6


def first_product(wheel: Path, folder: Path) -> tuple[Path, First]:
    """An empty environment with the wheel alone in it: its Python, how large it is, how soon it multiplied."""
    start = time.monotonic()
    python = empty(folder)
    install(python, str(wheel))
    kernels = multiply(python)
    seconds = time.monotonic() - start
    place = site_packages(python)
    if place not in Path(kernels).parents:
        raise Failed(f"the kernels are {kernels}, and not those of the wheel")
    if (folder / "bin" / ".cache").exists():
        raise Failed(f"multiplying left caches: {folder / 'bin' / '.cache'}")
    return python, First(megabytes(place), seconds)
