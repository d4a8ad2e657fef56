"""From a name to a matrix: mirror, then address, then twin, and what rows say about it."""

from __future__ import annotations

import difflib
import fnmatch
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from datasets import addresses, files, sham_archive, twins
from datasets.cache import VERSION, CachedSource, write_cache
from datasets.errors import ROOM, DataError, UnknownDataset, Unreachable
from datasets.file_hashes import file_sha256
from datasets.registry import TWIN, Dataset, entries, names
from formats.source import Source, as_source

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Matrix:
    """A matrix and what rows say of it: ``name`` (with ~twin for one), ``source`` (mirror, url, twin or
    file), hashes of content and file, and in ``reason`` what else should be known."""

    name: str
    source: str
    matrix: CachedSource
    file_sha256: str = ""
    reason: str = ""

    @property
    def matrix_sha256(self) -> str:
        return self.matrix.matrix_sha256


def mirror_folder() -> Path | None:
    """The local mirror: ``DOTBENCH_DATA``, or ../shared/data beside the checkout; None without one."""
    named = os.environ.get("DOTBENCH_DATA")
    if named:
        if not Path(named).is_dir():
            raise DataError(f"DOTBENCH_DATA={named} is no folder: name the mirror, or unset it")
        return Path(named)
    beside = CHECKOUT.parent / "shared" / "data"
    return beside if beside.is_dir() else None


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
    """Where a matrix would come from, without asking anybody: mirror, url (if it answers), twin or file."""
    if name.endswith(TWIN):
        return "twin"
    if _base(name) not in entries() and files.is_matrix_file(name):
        return "file"
    folder = mirror_folder()
    if folder and (folder / describe(name).mirror).is_file():
        return "mirror"
    return "twin" if offline() else "url"


def load(name: str, *, cache_dir: Path, progress: bool = False) -> Matrix:
    """The matrix of a name that `resolve` gave, from the cache or brought into it.

    A twin takes the place of a matrix that cannot be had, and says why; anything that is not what it
    should be is a DataError.
    """
    if name.endswith(TWIN):
        return _twin(describe(name), cache_dir, "")
    if name not in entries():
        if resolve([name]) != [name]:
            raise UnknownDataset(f"{name} stands for several data sets: load them one by one")
        return _file(Path(name), cache_dir)
    entry = describe(name)
    folder = mirror_folder()
    if folder and (folder / entry.mirror).is_file():
        return _from_mirror(entry, folder / entry.mirror, cache_dir)
    try:
        if offline():
            raise Unreachable("DOTBENCH_OFFLINE=1")
        return _from_url(entry, cache_dir, progress)
    except Unreachable as error:
        where = f"not in the mirror {folder}" if folder else "no mirror"
        return _twin(entry, cache_dir, f"{where}, and {error}")


def fetch(name: str, cache_dir: Path, progress: bool) -> str:
    """Brings a matrix into the cache; one line that says from where."""
    matrix = load(name, cache_dir=cache_dir, progress=progress)
    n, m = matrix.matrix.shape
    nnz = matrix.matrix.histogram().nnz
    line = f"{matrix.name}: {matrix.source}, {n} x {m}, {nnz} nonzeros, sha256 {matrix.matrix_sha256[:16]}"
    return line + (f" ({matrix.reason})" if matrix.reason else "")


# ---- the four sources


def _cached(key: str, cache_dir: Path, read: Callable[[], Source]) -> CachedSource:
    """The cached matrix of a key, read and stored if it is not there or damaged."""
    digest = hashlib.sha256(f"{key} {VERSION}".encode()).hexdigest()[:32]
    folder = cache_dir / "matrices" / digest
    try:
        return CachedSource(folder)
    except DataError:
        return write_cache(read(), folder)


def _verified(entry: Dataset, found: CachedSource, where: str) -> CachedSource:
    if found.matrix_sha256 != entry.matrix_sha256:
        raise DataError(
            f"{where} holds another matrix than {entry.name} (content {found.matrix_sha256[:16]}, "
            f"{entry.matrix_sha256[:16]} expected)"
        )
    return found


def _from_mirror(entry: Dataset, path: Path, cache_dir: Path) -> Matrix:
    sha = file_sha256(path, cache_dir)
    if sha != entry.mirror_sha256:
        raise DataError(
            f"{path} is not the published file: its sha256 is {sha}, {entry.mirror_sha256} expected. Copy it again, "
            "or remove it to use the network or a twin"
        )
    found = _cached(sha, cache_dir, lambda: files.read(path)[0])
    return Matrix(entry.name, "mirror", _verified(entry, found, str(path)), sha)


def _from_url(entry: Dataset, cache_dir: Path, progress: bool) -> Matrix:
    folder = cache_dir / "downloads" / entry.name.replace("/", "_")
    paths = [addresses.fetch(remote, folder, progress) for remote in entry.remotes]
    shas = [file_sha256(path, cache_dir) for path in paths]  # all of them: a stream means nothing without its code

    def read() -> tuple[Source, str]:
        if entry.member:
            return files.read(addresses.extract(paths[0], entry.member, folder))
        return as_source(sham_archive.decode(sham_archive.read(paths[0], paths[1]), entry.shape[0])), ""

    def read_or_remove() -> tuple[Source, str]:
        with _removing(paths):
            return read()

    found, reason = _cached_noted(" ".join(shas), cache_dir, read_or_remove)
    with _removing(paths):
        _verified(entry, found, entry.remotes[0].url)
    return Matrix(entry.name, "url", found, shas[0], reason)


@contextmanager
def _removing(paths: list[Path]) -> Iterator[None]:
    """Removes downloads that turn out wrong: they would be found, and be wrong, the next time too."""
    try:
        yield
    except DataError as error:
        for path in paths:
            path.unlink(missing_ok=True)
        raise DataError(f"{error}. The download was removed; try again, or put the file into the mirror") from error


def _twin(entry: Dataset, cache_dir: Path, reason: str) -> Matrix:
    found = _cached(f"{entry.name}{TWIN} {twins.VERSION}", cache_dir, lambda: as_source(twins.make(entry.name)))
    return Matrix(entry.name + TWIN, "twin", found, "", reason)


def _file(path: Path, cache_dir: Path) -> Matrix:
    sha = file_sha256(path, cache_dir)
    found, reason = _cached_noted(sha, cache_dir, lambda: files.read(path))
    return Matrix(str(path), "file", found, sha, reason)


def _cached_noted(key: str, cache_dir: Path, read: Callable[[], tuple[Source, str]]) -> tuple[CachedSource, str]:
    """The cached matrix of a key and what was done to it in reading, which is kept beside it."""
    notes = cache_dir / "matrices" / f"{key[:32]}.note"

    def noted() -> Source:
        source, done = read()
        if done:
            _write_note(notes, done)
        return source

    return _cached(key, cache_dir, noted), notes.read_text() if notes.exists() else ""


def _write_note(notes: Path, done: str) -> None:
    try:
        notes.parent.mkdir(parents=True, exist_ok=True)
        notes.write_text(done)
    except OSError as error:
        notes.unlink(missing_ok=True)
        raise DataError(f"{notes} cannot be written: {error.strerror}. {ROOM}") from error


__all__ = ["Matrix", "UnknownDataset", "describe", "fetch", "load", "resolve", "source_now"]
