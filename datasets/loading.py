"""From a name to a matrix: mirror, then address, then twin, and what rows say about it."""

from __future__ import annotations

import difflib
import fnmatch
import os
from collections.abc import Sequence
from pathlib import Path

from datasets import files, origins
from datasets.entry import Dataset
from datasets.errors import UnknownDataset, Unreachable
from datasets.matrix import Matrix
from datasets.mirror import how_to_get, mirror_folder, mirrored
from datasets.registry import TWIN, entries, names


def offline() -> bool:
    return os.environ.get("DOTBENCH_OFFLINE") == "1"


def _base(name: str) -> str:
    return name.removesuffix(TWIN)


def resolve(patterns: Sequence[str]) -> list[str]:
    """Names from names, globs and files, in order and without doubles.

    Twins match only globs that end in ~twin. UnknownDataset names the nearest for what is neither.
    """
    found: list[str] = []
    for pattern in patterns:
        known = names(twins=pattern.endswith(TWIN))
        matches = fnmatch.filter(known, pattern) if any(c in pattern for c in "*?[") else []
        if pattern in known:
            matches = [pattern]
        elif not matches and files.is_matrix_file(pattern):
            if not Path(pattern).is_file():
                raise UnknownDataset(f"{pattern}: there is no such file")
            matches = [pattern]
        if not matches:
            near = difflib.get_close_matches(pattern, known, 3, 0.3)
            raise UnknownDataset(
                f"no data set {pattern!r}: did you mean {' or '.join(near) or known[0]}? (dotbench list datasets; "
                f"files end in {', '.join(files.SUFFIXES)})"
            )
        found += matches
    return list(dict.fromkeys(found))


def describe(name: str) -> Dataset:
    """The registry's entry of a name (of its original, for a twin)."""
    try:
        return entries()[_base(name)]
    except KeyError:
        raise UnknownDataset(f"no data set {name!r} in the registry (dotbench list datasets)") from None


def source_now(name: str) -> str:
    """Where a matrix would come from, without asking anybody: mirror, subset, url (if it answers), twin or file."""
    if name.endswith(TWIN):
        return "twin"
    if _base(name) not in entries() and files.is_matrix_file(name):
        return "file"
    entry = describe(name)
    if mirrored(entry):
        return "subset" if entry.subset else "mirror"
    return "url" if entry.remotes and not offline() else "twin"


def load(name: str, *, cache_dir: Path, progress: bool = False, twins: bool = True) -> Matrix:
    """The matrix of a name that `resolve` gave, from the cache or brought into it.

    A twin takes the place of a matrix that cannot be had, and says why (Unreachable, if ``twins`` may not);
    anything that is not what it should be is a DataError.
    """
    if name.endswith(TWIN):
        return origins.from_twin(describe(name), cache_dir, "")
    if name not in entries():
        if resolve([name]) != [name]:
            raise UnknownDataset(f"{name} stands for several data sets: load them one by one")
        return origins.from_file(Path(name), cache_dir)
    entry = describe(name)
    if paths := mirrored(entry):
        return origins.from_mirror(entry, paths, cache_dir)
    try:
        if not entry.remotes:
            raise Unreachable(how_to_get(entry))
        if offline():
            raise Unreachable("DOTBENCH_OFFLINE=1")
        return origins.from_url(entry, cache_dir, progress)
    except Unreachable as error:
        if not twins:
            raise
        folder = mirror_folder()
        where = f"not in the mirror {folder}" if folder else "no mirror"
        return origins.from_twin(entry, cache_dir, f"{where}, and {error}")


def fetch(name: str, cache_dir: Path, progress: bool) -> str:
    """Brings a matrix into the cache; one line that says from where."""
    matrix = load(name, cache_dir=cache_dir, progress=progress)
    n, m = matrix.matrix.shape
    nnz = matrix.matrix.histogram().nnz
    line = f"{matrix.name}: {matrix.source}, {n} x {m}, {nnz} nonzeros, sha256 {matrix.matrix_sha256[:16]}"
    return line + (f" ({matrix.reason})" if matrix.reason else "")


__all__ = ["Matrix", "UnknownDataset", "describe", "fetch", "load", "mirror_folder", "resolve", "source_now"]
