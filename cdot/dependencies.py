"""Which headers each C file includes, by the compiler's own list (``-MM``), kept beside the library.

Taken for all processors, whichever this is: hashes of what a figure depends on (`bench.record.code_hash`) are the same
on every machine. System headers are left out. The list is of exactly the files whose hash its name carries.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from dotbench.cdot import build

# Compiling for hosts, any of them, and for the microcontroller: what the preprocessor's conditions depend on.
TARGETS: dict[str, tuple[tuple[str, ...], ...]] = {
    "host": (
        ("--target=x86_64-linux-gnu", "-march=x86-64"),
        ("--target=x86_64-linux-gnu", "-march=x86-64-v3"),
        ("--target=aarch64-linux-gnu",),
    ),
    "microcontroller": (("--target=thumbv8.1m.main-none-eabihf", "-mcpu=cortex-m55", "-mfloat-abi=hard"),),
}
OPTIONS = ("-std=gnu11", "-MM", "-MG", "-nostdinc", "-w")  # a header that is not there is one of the system's
Lists = dict[str, dict[str, list[str]]]  # by target and C file


def included(target: str, files: Sequence[Path], folders: Sequence[Path]) -> dict[Path, list[Path]]:
    """Each file with those that it includes, itself among them; BuildError with the compiler's words."""
    found: dict[Path, set[Path]] = {path.resolve(): set() for path in files}
    for flags in TARGETS[target]:
        search = [f"-I{folder}" for folder in folders]
        command = [*build.pinned_compiler(), "clang", *flags, *OPTIONS, *search, *map(str, found)]
        environment = build.compiler_environment()
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=build.FOLDER)
        if done.returncode:
            raise build.Rejected(f"listing what the kernels include failed:\n{done.stderr.strip()}")
        for rule in done.stdout.replace("\\\n", " ").splitlines():
            paths = [(build.FOLDER / name).resolve() for name in _names(rule.partition(": ")[2])]
            found[paths[0]] |= {path for path in paths if path.exists()}
    return {path: sorted(files) for path, files in found.items()}


def _names(rule: str) -> list[str]:
    r"""File names as make writes them.

    >>> _names(r"a.c  two\ words/b.h ")
    ['a.c', 'two words/b.h']
    """
    words = re.split(r"(?<!\\)\s+", rule.strip())
    return [word.replace("\\ ", " ").replace("\\#", "#").replace("$$", "$") for word in words if word]


def _digest(root: Path, files: Iterable[Path]) -> str:
    digest = hashlib.sha256(repr((TARGETS, OPTIONS)).encode())
    for path in sorted(files):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def of_checkout(root: Path = build.FOLDER.parent) -> Lists:
    """The lists of all C files of a checkout, paths relative to it: stored ones (an installed package carries its
    own), else taken and stored now."""
    path = _path(root)
    try:
        stored: Lists = json.loads((build.carried(path.name) or path).read_text())
        return stored
    except (OSError, ValueError):
        made = _taken(root)
    _write(path, made)
    return made


def stored(root: Path = build.FOLDER.parent) -> Path:
    """The file that keeps the lists of a checkout, written now if it is not there."""
    of_checkout(root)
    return _path(root)


def _path(root: Path) -> Path:
    every = {*(root / "cdot").rglob("*.[ch]"), *(root / "firmware").rglob("*.[ch]")}
    return build.state_folder() / "build" / f"dependencies-{_digest(root, every)}.json"


def _taken(root: Path) -> Lists:
    cdot, firmware = root / "cdot", root / "firmware" / "target"
    files = sorted(cdot.rglob("*.c"))
    kernels = [path for path in files if path.parent.name != "drivers"]
    units = {"host": files, "microcontroller": sorted([*kernels, *firmware.glob("*.c")])}
    return {target: _relative(root, included(target, files, [cdot, firmware])) for target, files in units.items()}


def with_plugin(source: Path | None) -> Lists:
    """The same, and those of the C file of a format from elsewhere, as ``kernel/NAME``."""
    lists = {target: dict(units) for target, units in of_checkout().items()}
    if source:
        root, folder = build.FOLDER.parent.resolve(), source.resolve().parent
        for target, units in lists.items():
            for files in included(target, [source], [build.FOLDER]).values():
                near = {
                    path: f"kernel/{path.relative_to(folder).as_posix()}" for path in files if folder in path.parents
                }
                ours = {path: path.relative_to(root).as_posix() for path in files if root in path.parents}
                units[near[source.resolve()]] = [(ours | near)[path] for path in files if path in ours | near]
    return lists


def _relative(root: Path, lists: dict[Path, list[Path]]) -> dict[str, list[str]]:
    def name(path: Path) -> str:
        return path.relative_to(root.resolve()).as_posix()

    return {name(unit): [name(one) for one in files] for unit, files in lists.items()}


def _write(path: Path, lists: Lists) -> None:
    """Whole or not at all; where it cannot be kept it is taken again the next time."""
    new = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(json.dumps(lists, indent=0, sort_keys=True))
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
