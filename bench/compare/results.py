"""Results, wherever they are: a revision, a folder, or one file (somebody else's, too)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dotbench.bench.compare.errors import CompareError
from dotbench.bench.compare.repository import Repository
from dotbench.bench.metrics import registry
from dotbench.bench.metrics.metric import Row
from dotbench.bench.record import csv_file

PICKS = "pick.csv"  # of `dotbench pick`: no rows of figures, but which format each layer takes


@dataclass
class Results:
    """Rows and columns by file. ``alone``: only one file was asked for; ``notes``: what was left unread, and why."""

    label: str
    rows: dict[str, list[Row]] = field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    alone: bool = False
    notes: list[str] = field(default_factory=list)

    def add(self, file: str, data: bytes, where: str) -> None:
        """Reads one file; CompareError names the line where it is not what it should be."""
        try:
            metric, found = registry.get(file), csv_file.read(text_of(data), file)
            if (column := metric.headline.column) not in found.columns:
                raise ValueError(f"line 1: column {column} is missing, and without it {file}.csv has no figures")
            self.rows[file], self.columns[file] = found.rows(apart=metric.equal), found.columns
        except ValueError as error:
            raise CompareError(f"{where}, {error}") from error


def text_of(data: bytes) -> str:
    """A CSV's text; ValueError where it is none."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start}: this is not text in UTF-8") from error


def find(name: str, folder: Path) -> Results:
    """What a name on the command line stands for; ``folder`` is where this checkout has its results.

    A file or folder of that name comes first; CompareError where a revision has the same name.
    """
    path = Path(name)
    if not name or not path.exists():
        if name.endswith((".csv", "/")) or name.startswith(("/", "./", "../")):
            raise CompareError(f"there is no file or folder {name}")
        return of_revision(name, folder)
    if path.name == name and _is_revision(name, folder):
        raise CompareError(f"{name} is a path and a revision: write ./{name} for the path, {name}^0 for the revision")
    return of_folder(path, name) if path.is_dir() else of_file(path)


def _is_revision(name: str, folder: Path) -> bool:
    try:
        return Repository(folder).find(name) is not None
    except CompareError:  # no repository, no revision
        return False


def of_revision(name: str, folder: Path) -> Results:
    """The results that were committed in ``folder`` at a revision."""
    repository = Repository(folder)
    commit = repository.commit(name)
    date = commit.date[:10]
    is_hash = commit.sha.startswith(name.lower())
    found = Results(f"{commit.short} ({date})" if is_hash else f"{name} ({commit.short}, {date})")
    names = repository.names(commit.sha)
    where = f"{repository.prefix or '.'} at {name}"
    for file in _known(names, where, found):
        found.add(file, repository.file(commit.sha, f"{file}.csv"), f"{repository.prefix}/{file}.csv at {name}")
    return found


def of_folder(folder: Path, label: str) -> Results:
    """The results in a folder."""
    found = Results(label)
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError as error:
        raise CompareError(f"{folder} cannot be read: {error.strerror}") from error
    for file in _known(names, str(folder), found):
        found.add(file, _bytes(folder / f"{file}.csv"), str(folder / f"{file}.csv"))
    return found


def _known(names: list[str], where: str, found: Results) -> Iterator[str]:
    """The results files among names, in this version's order; others are noted."""
    files = [file for file in registry.names() if f"{file}.csv" in names]
    if not files:
        what = ", ".join(f"{file}.csv" for file in registry.names())
        raise CompareError(f"no results in {where}: none of {what}")
    for name in sorted(names):
        if name.endswith(".csv") and name != PICKS and not registry.is_known(name.removesuffix(".csv")):
            found.notes.append(f"{where}: {name} is not read, this version does not know it")
    yield from files


def of_file(path: Path) -> Results:
    """One results file; its name or its columns say which."""
    found = Results(str(path), alone=True)
    data = _bytes(path)
    found.add(path.stem if registry.is_known(path.stem) else _kind(path, data), data, str(path))
    return found


def _kind(path: Path, data: bytes) -> str:
    """Which results file has these columns; what is wrong with them is said when it is read."""
    header = next(csv.reader(data.decode("utf-8", "replace").removeprefix("\ufeff").splitlines()), [])
    own = {metric.name: {column.name for column in metric.columns} for metric in registry.shown()}
    shared = {file: len(names & set(header)) / len(names) for file, names in own.items()}
    best = max(shared, key=lambda file: shared[file])
    if not shared[best] and not data.lstrip().startswith(b"<<<<<<<"):
        raise CompareError(f"{path} is no results file: its first line has the columns of none. Name it {best}.csv?")
    return best


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CompareError(f"{path} cannot be read: {error.strerror}") from error
