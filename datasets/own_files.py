"""Names of matrices in files of one's own: ``w.npy``, ``w.npz#fc1``, and ``w.npy~transposed`` for outputs by inputs."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, replace
from pathlib import Path

from dotbench.datasets import arrays, files, reader_calls, readers
from dotbench.datasets.errors import UnknownDataset
from dotbench.datasets.plain_names import is_file, is_folder, shown

TRANSPOSED = "~transposed"


def kinds() -> tuple[str, ...]:
    """What names of such files end in, for an error.

    >>> kinds()
    ('.npy', '.npz', '.mtx', '.csv')
    """
    return tuple(suffix for reader in readers.of_matrices() for suffix in reader.suffixes)


@dataclass(frozen=True)
class OwnFile:
    """A file, the array of it ("" for all that it holds), and whether it holds the matrix transposed."""

    file: str
    member: str = ""
    transposed: bool = False

    @classmethod
    def of(cls, name: str) -> OwnFile | None:
        """What a name stands for; None where it does not end like a file that can be read here.

        >>> OwnFile.of("nets/a.npz#fc1~transposed")
        OwnFile(file='nets/a.npz', member='fc1', transposed=True)
        """
        plain = name.removesuffix(TRANSPOSED)
        transposed = plain != name
        known = readers.of_matrices()
        several = readers.split(plain, [reader for reader in known if reader.members])
        if several and not is_file(plain):
            return cls(*several, transposed)
        return cls(plain, "", transposed) if readers.find(plain, known) else None

    @property
    def path(self) -> Path:
        return Path(self.file)

    @property
    def reader_version(self) -> str:
        """For the cache's key: of readers that have one, which."""
        reader = readers.find(self.file, readers.of_matrices())
        return f" {reader.name} {reader.version}" if reader and reader.version else ""

    @property
    def name(self) -> str:
        """As rows have it."""
        return f"{self.file}{'#' * bool(self.member)}{self.member}{TRANSPOSED * self.transposed}"


def transpose(name: str) -> str:
    """The name of the transposed matrix of a file; UnknownDataset for what is no file of one's own."""
    found = OwnFile.of(name)
    if found is None:
        raise UnknownDataset(
            f"{shown(name)} cannot be transposed: --transpose is for files of your own ({', '.join(kinds())}); of "
            "data sets and models it is known what is input and what is output"
        )
    return replace(found, transposed=not found.transposed).name


def expand(name: str) -> list[str]:
    """The full names that the name of a file stands for: several where it has a glob of a file's arrays.

    UnknownDataset where there is no such file or array, or where a file has several and none is named.
    """
    found = OwnFile.of(name)
    assert found is not None
    if not is_file(found.file):
        what = "this is a folder, not a file" if is_folder(found.file) else "there is no such file"
        raise UnknownDataset(f"{shown(found.file)}: {what}")
    reader = readers.find(found.file, readers.of_matrices())
    assert reader is not None
    if reader.members is None:
        return [name]
    known = reader_calls.members(reader, found.path)
    if not found.member:
        if not reader_calls.is_whole(reader, found.path, known):
            files.read(found.path)  # says what there is, and how to choose
        return [name]
    chosen = [found.member] if found.member in known else fnmatch.filter(known, found.member)
    if not chosen:
        raise UnknownDataset(f"{shown(name)}: no such array in there, which has {arrays.listed(known)}")
    return [replace(found, member=one).name for one in chosen]
