"""What to say of a name that is no data set: of which kind the file is, or what is like it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import PurePath

from dotbench.datasets import readers
from dotbench.datasets.own_files import kinds
from dotbench.datasets.plain_names import is_file, is_folder, shown
from dotbench.datasets.reader import PACKED

LIKENESS = 0.6  # of a name, from which on it is a hint: difflib's ratio, 1 for the same name
LONGEST_LIKE = 200  # letters of a name that can be like another
SAVE = 'numpy.save("w.npy", W)'
# How to make an array of what cannot be read yet.
CURES = {
    ".mat": f'W = scipy.io.loadmat(PATH)["NAME"]; {SAVE}',
    ".parquet": f"W = pandas.read_parquet(PATH).to_numpy(); {SAVE}",
    ".tsv": "a table needs commas: tr '\\t' ',' < PATH > w.csv",
    ".pkl": f"a pickle may hold code and is not read: {SAVE}",
    ".dbp": "it is a payload: formats.load(PATH)",
    ".pb": SAVE,
    ".xlsx": "save it as .csv",
    ".npy.gz": "unpack it (gunzip), or save it with numpy.savez_compressed",
    ".txt": "a table with commas is read as .csv, numbers between blanks are: tr -s ' ' ',' < PATH > w.csv",
}
SAME = {
    ".pickle": ".pkl",
    ".npy.xz": ".npy.gz", ".npy.bz2": ".npy.gz",
    ".xls": ".xlsx", ".ods": ".xlsx", ".dat": ".txt", ".data": ".txt",
}  # fmt: skip


def words(name: str, known: Sequence[str]) -> str:
    """The error for ``name``, where ``known`` are the names of data sets."""
    ending = _ending(name)
    packed = " and ".join(suffix for reader in readers.of_matrices() if reader.packed for suffix in reader.suffixes)
    models = readers.endings(readers.of_models())
    can = f"what can be read: {', '.join((*kinds(), *models))} ({packed} also {', '.join(PACKED[1:])})"
    if is_folder(name):
        return f"{shown(name)} is a folder: name a file in it ({can})"
    if is_file(name) or ending in CURES or ending in SAME:
        cure = CURES.get(SAME.get(ending, ending), f"from Python: {SAVE}")
        kind = f"{ending} yet" if ending else "files whose names have no ending"
        return f"{shown(name)}: cannot read {kind}: {cure} ({can})"
    near = _like(name, known)
    hint = f"did you mean {' or '.join(near)}? (dotbench list datasets; " if near else "(dotbench list datasets; "
    every = (*readers.endings(readers.of_matrices()), *readers.endings(readers.of_models()))
    return f"no data set {shown(name)!r}{':' if near else ''} {hint}files end in {', '.join(every)})"


def _like(name: str, known: Sequence[str]) -> list[str]:
    """The names that are most like one, whatever their case; none for what is hardly like any."""
    if len(name) > LONGEST_LIKE:
        return []
    by_lower = {one.lower(): one for one in known}
    return [by_lower[one] for one in difflib.get_close_matches(name.lower(), by_lower, 3, LIKENESS)]


def _ending(name: str) -> str:
    """What a name ends in, with what it is packed in: ``.npy.gz``."""
    path = PurePath(name.partition("#")[0])
    parts = [one.lower() for one in path.suffixes[-2:]]
    return "".join(parts) if parts and parts[-1] in PACKED else "".join(parts[-1:])
