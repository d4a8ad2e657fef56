"""Rows under new hashes where only the way of hashing has changed: ``python -m dotbench.bench.run.restamp REVISION``.

For the commit that changes how `code_sha` is computed, and no figure. Rows whose ``code_sha`` and ``reference_sha`` are
those that REVISION's code gives them get those of this checkout, in results/*.csv and in the journal; nothing is
measured. Rows that were not current at REVISION, and those of libraries that are not installed, stay as they are.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from dotbench.bench.metrics import registry
from dotbench.bench.record import export, identity
from dotbench.bench.record.journal import Journal
from dotbench.bench.run.session import journal_path
from dotbench.bench.show.plural import counted
from dotbench.cdot import build

Row = dict[str, Any]
Asked = tuple[str, str, str]  # metric, format, parameters
Shas = dict[Asked, str | None]
# What REVISION's code is asked, in a checkout of its own: its hashes of what stands on standard input.
QUESTION = """
import json, sys
from {module} import code_sha
print(json.dumps([code_sha(*one) for one in json.load(sys.stdin)]))
"""
# Where the question is answered, the newest place first, by the file that is there.
PLACES = {
    "bench/metrics/hashes.py": "dotbench.bench.metrics.hashes",
    "bench/record/identity.py": "dotbench.bench.record.identity",
    "bench/identity.py": "bench.identity",
}


@dataclass
class Stamped:
    """How many rows got a new hash, had it already, or were left alone."""

    new: int = 0
    same: int = 0
    left: int = 0


def asked_of(metric: str, row: Row) -> list[Asked]:
    """Whose hashes a row carries: its own, and its reference's."""
    own = (metric, row["format"], row["params"])
    return [own, (metric, row["reference"], "")] if row.get("reference_sha") else [own]


def hashes_at(folder: Path, asked: Iterable[Asked]) -> Shas:
    """The hashes that the code in a folder gives; CalledProcessError with its words where it gives none."""
    wanted = sorted(set(asked))
    module = next(name for file, name in PLACES.items() if (folder / file).exists())
    done = subprocess.run(
        [sys.executable, "-c", QUESTION.format(module=module)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "DOTBENCH_HOME": str(build.state_folder())},
        input=json.dumps(wanted),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dict(zip(wanted, json.loads(done.stdout), strict=True))


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """A folder with the code of a revision, gone afterwards."""
    git = ["git", "-C", str(identity.ROOT), "worktree"]
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder) / "checkout"
        subprocess.run([*git, "add", "--quiet", "--detach", str(there), revision], check=True)
        try:
            yield there
        finally:
            subprocess.run([*git, "remove", "--force", str(there)], check=True)


def stamp(metric: str, row: Row, old: Shas, new: Shas, counts: Stamped) -> Row:
    """The row under this checkout's hashes, or as it was."""
    names = ("code_sha", "reference_sha")
    asked = dict(zip(names, asked_of(metric, row), strict=False))
    fresh = {name: new[one] for name, one in asked.items()}
    if any(row[name] != old[one] for name, one in asked.items()) or None in fresh.values():
        counts.left += 1
        return row
    if identity.is_lacking(row["format"], row["params"]):
        counts.left += 1
        return row
    changed = any(row[name] != sha for name, sha in fresh.items())
    counts.new, counts.same = counts.new + changed, counts.same + (not changed)
    return row | fresh


def results(folder: Path, old_of: Callable[[Iterable[Asked]], Shas], say: Callable[[str], None]) -> None:
    """Stamps the CSV files of a folder, each written whole; nothing but hashes changes in them."""
    found = {file: export.read(path, file) for file in registry.names() if (path := folder / f"{file}.csv").exists()}
    asked = {one for file, rows in found.items() for row in rows for one in asked_of(file, row)}
    old, new = old_of(asked), hashes_at(identity.ROOT, asked)
    for file, rows in found.items():
        counts = Stamped()
        stamped = [stamp(file, row, old, new, counts) for row in rows]
        export.write_whole(folder / f"{file}.csv", export.render(file, stamped))
        new_rows = counted(counts.new, "row")
        say(f"{file}.csv: {new_rows} under new hashes, {counts.same} had them, {counts.left} left alone")


def journal(path: Path, old_of: Callable[[Iterable[Asked]], Shas], say: Callable[[str], None]) -> None:
    """Stamps the finished cells of a journal, and moves their passes with them."""
    with Journal(path) as opened:
        cells = opened.rows()
        asked = {one for known, row in cells for one in asked_of(known["metric"], row)}
        old, new = old_of(asked), hashes_at(identity.ROOT, asked)
        counts = Stamped()
        for known, row in cells:
            stamped = stamp(known["metric"], row, old, new, counts)
            fresh = {name: stamped[name] for name in ("code_sha", "reference_sha") if name in known}
            if known | fresh != known:
                opened.rename(known, known | fresh, stamped)
    say(f"journal: {counted(counts.new, 'cell')} under new hashes, {counts.same} had them, {counts.left} left alone")


@click.command()
@click.argument("revision")
@click.option("--results", "folder", type=click.Path(path_type=Path), default=identity.ROOT / "results")
def main(revision: str, folder: Path) -> None:
    """Gives rows that are of REVISION's code this checkout's hashes; measures nothing."""
    with checked_out(revision) as there:

        def old_of(asked: Iterable[Asked]) -> Shas:
            return hashes_at(there, asked)

        results(folder, old_of, click.echo)
        path = journal_path(build.state_folder(), False)
        if path.exists():
            journal(path, old_of, click.echo)


if __name__ == "__main__":
    main()
