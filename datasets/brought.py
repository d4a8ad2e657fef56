"""What somebody has in an archive, by the names and hashes of the registry: into a folder laid out as the mirror is.

Of the archive nothing is believed: only files that the registry names are taken, to places that the registry names,
each held against its hash where one is published. Links, devices and paths out of the archive are refused, with all of
it, and so is what grows without end when it is unpacked.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import IO, Any

from dotbench.datasets import readers
from dotbench.datasets.addresses import FULL
from dotbench.datasets.entry import Dataset
from dotbench.datasets.errors import DataError
from dotbench.datasets.mirror import brought_folder
from dotbench.datasets.models import packages, zoo
from dotbench.datasets.registry import entries
from dotbench.datasets.room import room

OPENERS: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
GROWTH, ALWAYS = 256, 1 << 30  # an archive may grow so many times, or to so many bytes
MOST_MEMBERS = 1 << 18
MOST_AT_ONCE = 1 << 24  # what is read in one go: headers in which names stand, too
STEP = 1 << 20


@dataclass(frozen=True)
class Place:
    """Where a file of a data set belongs in a mirror, its hash ("" where none is published), and what its address ends
    in, by which files of one name are told apart where there is no hash."""

    path: str
    sha256: str
    address: str = ""

    def likeness(self, member: str) -> int:
        """How many parts at the end of a member's name are those of the address."""
        pairs = zip(reversed(PurePosixPath(member).parts), reversed(PurePosixPath(self.address).parts), strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


@dataclass
class Taken:
    """``files``: what was taken, by its place; ``others``: files of known names that are not the published ones, and
    why; ``unknown``: members of which the registry knows nothing."""

    files: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def tell_others(self, others: dict[str, str], known: dict[str, list[Place]]) -> None:
        """Members of known names with other hashes: no news where the right file of that name was there, too."""
        for member, sha in others.items():
            places = known[PurePosixPath(member).name]
            if any(place.path in self.files for place in places):
                self.unknown.append(member)
                continue
            wanted = " or ".join(dict.fromkeys(place.sha256[:16] for place in places))
            self.others.append(f"{member} is not the published file: its sha256 is {sha[:16]}, not {wanted}")

    def data_sets(self) -> list[tuple[str, list[str]]]:
        """Names of data sets of which something was taken, and what each still lacks: one of several files."""
        found = []
        for name, entry in _all().items():
            ways = [[place.path for place in way] for way in _ways(entry)]
            reached = [way for way in ways if any(path in self.files for path in way)]
            if reached:
                lacks = [[path for path in way if not (brought_folder() / path).is_file()] for way in reached]
                found.append((name, min(lacks, key=len)))
        return found


def take(archive: Path) -> Taken:
    """Everything of the registry that a .tar, .tar.gz, .tar.bz2 or .tar.xz holds, into `brought_folder`.

    DataError where it is damaged or hostile; then nothing of it is taken.
    """
    known, folder = _by_name(), brought_folder()
    taken, ranks, others = Taken(), dict[str, tuple[bool, int]](), dict[str, str]()
    with room(folder, ".new-", "does not take what the archive has") as scratch, _opened(archive) as tar:
        for number, member in enumerate(_members(tar, archive)):
            name = PurePosixPath(member.name).name
            if name not in known:
                taken.unknown.append(member.name)
                continue
            made = scratch / str(number)
            sha = _copy(tar, member, made)
            fitting = [place for place in known[name] if place.sha256 in ("", sha)]
            for place in fitting:
                rank = (bool(place.sha256), place.likeness(member.name))
                if place.path not in ranks or rank > ranks[place.path]:
                    ranks[place.path], taken.files[place.path] = rank, str(made)
            if not fitting:
                others[member.name] = sha
        taken.tell_others(others, known)
        for place_, made_ in taken.files.items():
            (folder / place_).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(made_, scratch / "new")
            (scratch / "new").replace(folder / place_)
    return taken


def discard(name: str) -> None:
    """Takes the files of a data set out again: they turned out to be others."""
    for way in _ways(_all()[name]):
        for place in way:
            (brought_folder() / place.path).unlink(missing_ok=True)


def _all() -> dict[str, Dataset]:
    return {**entries(), **zoo.entries(), **packages.entries()}


def _ways(entry: Dataset) -> list[list[Place]]:
    """Each way to have a data set: its file, or all files of its addresses, or the wheel."""
    sha = "" if entry.hearsay else entry.mirror_sha256
    ways = [[Place(entry.mirror, sha)]]
    if entry.by_hand:
        ways += [[Place(entry.mirror + ending, "")] for ending in readers.endings(readers.of_matrices())]
    if entry.remotes:
        beside = PurePosixPath(entry.mirror)
        ways.append([Place(str(beside.with_name(one.name)), one.sha256, one.url) for one in entry.remotes])
    if entry.wheel:
        ways.append([Place(f"models/{entry.wheel.file}", entry.wheel.sha256)])
    return ways


def _by_name() -> dict[str, list[Place]]:
    """All files of the registry, by what they are called."""
    found: dict[str, list[Place]] = {}
    for place in dict.fromkeys(place for entry in _all().values() for way in _ways(entry) for place in way):
        found.setdefault(PurePosixPath(place.path).name, []).append(place)
    return found


def _members(tar: tarfile.TarFile, archive: Path) -> Iterator[tarfile.TarInfo]:
    """The files in an archive, in its order; DataError for what no honest archive has."""
    for number, member in enumerate(tar):
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or "\0" in member.name:
            raise DataError(f"{archive} is refused: its member {member.name!r:.80} leads out of it")
        if not (member.isreg() or member.isdir()) or member.issparse():
            raise DataError(f"{archive} is refused: its member {member.name!r:.80} is a link, a device or sparse")
        if number >= MOST_MEMBERS:
            raise DataError(f"{archive} is refused: it has more than {MOST_MEMBERS} members")
        if member.isreg():
            yield member


def _copy(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> str:
    """Writes a member, and gives its SHA-256."""
    digest, stream = hashlib.sha256(), tar.extractfile(member)
    assert stream is not None
    with path.open("wb") as file:
        while part := stream.read(STEP):
            digest.update(part)
            file.write(part)
    return digest.hexdigest()


class _Limited:
    """An unpacked stream that ends with a DataError where it grows too far, or where too much is asked of it."""

    def __init__(self, stream: IO[bytes], most: int, archive: Path) -> None:
        self._stream, self._most, self._archive = stream, most, archive

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MOST_AT_ONCE:
            raise DataError(f"{self._archive} is refused: one of its headers takes {size} bytes")
        self._check(self._stream.tell() + size)
        return self._stream.read(size)

    def seek(self, at: int) -> int:
        self._check(at)
        return self._stream.seek(at)

    def tell(self) -> int:
        return self._stream.tell()

    def _check(self, at: int) -> None:
        if at > self._most:
            raise DataError(
                f"{self._archive} is refused: unpacked it takes more than {self._most} bytes, {GROWTH} times its size"
            )


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    try:
        with archive.open("rb") as raw:
            start = raw.read(8)
        opener = next((one for magic, one in OPENERS.items() if start.startswith(magic)), open)
        most = max(archive.stat().st_size * GROWTH, ALWAYS) + 2 * MOST_AT_ONCE
        with opener(archive, "rb") as stream:
            limited: Any = _Limited(stream, most, archive)
            with tarfile.open(fileobj=limited, mode="r:") as tar:
                yield tar
    except (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError, UnicodeError, OverflowError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{archive} cannot be read as a .tar.gz: {error}") from error
    except OSError as error:
        if error.errno in FULL:
            raise
        raise DataError(f"{archive} cannot be read: {error.strerror or error}") from error
