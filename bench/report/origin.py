"""Where figures come from: the commit that holds the results, machines, and the files that matrices were read from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotbench.bench.compare.errors import CompareError
from dotbench.bench.compare.repository import Commit, Repository
from dotbench.bench.compare.results import Results
from dotbench.bench.record.journal import Journal, JournalError

# Of a machine's metadata, what a reader asks for first; the rest follows by name.
FIRST = ("cpu_model_name", "cpu_count", "memory_bytes", "architecture", "platform", "python_version", "cpu_config")


@dataclass
class Origin:
    """``label``: what was asked for. ``commit``: HEAD of the repository that holds it, None where there is none.

    ``files``: by results file its ``path``, the commit that changed it last, and its ``state``: committed,
    changed since, or not committed. ``inputs``: by matrix hash the files that it was read from.
    """

    label: str
    commit: Commit | None = None
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    machines: dict[str, dict[str, Any]] = field(default_factory=dict)
    inputs: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def dirty(self) -> bool:
        """Whether some file is not as it was committed."""
        return any(known.get("state", "committed") != "committed" for known in self.files.values())


def origin(results: Results, name: str, folder: Path, journal: Path) -> Origin:
    """Of results that `bench.compare.results.find` found for ``name``; ``folder`` is where revisions hold theirs."""
    found = Origin(results.label, notes=list(results.notes))
    path = Path(name)
    inside = folder if not path.exists() else path if path.is_dir() else path.parent
    for file in results.rows:
        known = path if path.is_file() else inside / f"{file}.csv"
        found.files[file] = {"path": known.as_posix() if path.exists() else f"{file}.csv at {results.label}"}
    _git(found, inside, None if path.exists() else name)
    _journal(found, journal, results)
    return found


def _git(found: Origin, folder: Path, revision: str | None) -> None:
    """What git says of the files; nothing where there is no repository or no commit."""
    try:
        repository = Repository(folder)
        found.commit = commit = repository.commit(revision or "HEAD")
    except CompareError:
        return
    committed = repository.names(commit.sha)
    for file, known in found.files.items():
        name = f"{file}.csv" if revision else Path(known["path"]).name
        known["state"] = _state(repository, commit, committed, name, revision is None)
    if revision is None:
        _last_changes(found, repository)


def _state(repository: Repository, commit: Commit, committed: list[str], name: str, here: bool) -> str:
    if name not in committed:
        return "not committed"
    same = not here or repository.file(commit.sha, name) == (repository.folder / name).read_bytes()
    return "committed" if same else "changed since the commit"


def _last_changes(found: Origin, repository: Repository) -> None:
    """The newest commit that changed each file."""
    for touched in repository.history():
        for known in found.files.values():
            if Path(known["path"]).name in touched.blobs and "commit" not in known:
                known["commit"] = describe(touched.commit)


def describe(commit: Commit) -> dict[str, str]:
    """A commit for the page."""
    return {"sha": commit.sha, "short": commit.short, "date": commit.date, "subject": commit.subject}


def _journal(found: Origin, path: Path, results: Results) -> None:
    """Machines and input files, of the machines and matrices that are in the results."""
    if not path.is_file():
        return
    try:
        with Journal(path) as journal:
            machines, inputs = journal.machines(), journal.inputs()
    except JournalError as error:
        found.notes.append(f"the journal was not read: {error}")
        return
    rows = [row for known in results.rows.values() for row in known]
    names = {row.get("machine") for row in rows}
    hashes = {row["matrix_sha256"] for row in rows}
    found.machines = {name: _sorted(known) for name, known in machines.items() if name in names}
    for matrix, dataset, source, file in inputs:
        if matrix in hashes:
            found.inputs.setdefault(matrix, []).append({"dataset": dataset, "source": source, "sha256": file})


def _sorted(metadata: dict[str, Any]) -> dict[str, Any]:
    order = {name: place for place, name in enumerate(FIRST)}
    known = {name: value for name, value in metadata.items() if value not in (None, "", [], {})}
    return dict(sorted(known.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))
