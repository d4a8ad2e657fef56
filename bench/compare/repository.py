"""Git, as far as results need it: what a revision is, which files it holds, and what changed them.

Git runs as a process of its own, without a shell; names from the command line stand behind
``--end-of-options``, so that none is taken for an option.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dotbench.bench.compare.errors import CompareError, near
from dotbench.bench.compare.git import git_command, git_environment

FIELDS = "%H%x00%cI%x00%s%x00"  # hash, date, subject


@dataclass(frozen=True)
class Commit:
    """A commit; ``date`` is ISO 8601, ``subject`` the message's first line."""

    sha: str
    date: str
    subject: str

    @property
    def short(self) -> str:
        return self.sha[:9]


@dataclass(frozen=True)
class Touched:
    """A commit, and of the files below the folder that it changed the blobs (None: deleted)."""

    commit: Commit
    blobs: dict[str, str | None]


class Repository:
    """The repository that holds ``folder``, seen from there; CompareError with a ``cure`` where there is none."""

    def __init__(self, folder: Path, cure: str = "") -> None:
        self.folder = folder.absolute()
        self._near = next(parent for parent in (self.folder, *self.folder.parents) if parent.is_dir())
        inside = self._text("rev-parse", "--show-prefix", cure=cure)
        within = (Path(inside) / self.folder.relative_to(self._near)).as_posix()
        self.prefix = "" if within == "." else within

    # ---- running git

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                git_command(self._near, *arguments),
                stdin=subprocess.DEVNULL, capture_output=True, env=git_environment(),
            )  # fmt: skip
        except OSError as error:
            raise CompareError(f"git cannot be run ({error}): install it, or compare folders or files") from error

    def _text(self, *arguments: str, cure: str = "") -> str:
        """What git says, without the last line end; CompareError with git's own words."""
        done = self._run(*arguments)
        if done.returncode:
            words = " ".join(done.stderr.decode(errors="replace").split())
            said = words.removeprefix("fatal: ").rstrip(".") or f"git {arguments[0]} failed"
            raise CompareError(f"{self.folder}: {said}.{cure or ' Compare folders or files instead'}")
        return done.stdout.decode(errors="replace").rstrip("\n")

    # ---- revisions

    @property
    def top(self) -> Path:
        """The root of the working tree."""
        return Path(self._text("rev-parse", "--show-toplevel"))

    @property
    def branch(self) -> str:
        """The branch that is checked out; HEAD where it is none."""
        return self._text("rev-parse", "--abbrev-ref", "HEAD")

    @property
    def shallow(self) -> bool:
        return self._text("rev-parse", "--is-shallow-repository") == "true"

    def find(self, name: str) -> str | None:
        """The commit of a revision's name, None where there is none."""
        if not name or any(ord(character) < 32 for character in name):
            return None
        done = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return None if done.returncode else done.stdout.decode().strip()

    def commit(self, name: str) -> Commit:
        """The commit of a revision's name; CompareError says what to do."""
        sha = self.find(name)
        if sha is None:
            raise CompareError(self._unknown(name))
        fields = self._text("log", "--no-walk", "--no-patch", f"--format={FIELDS}", sha, "--").split("\0")
        return Commit(*fields[:3])

    def _unknown(self, name: str) -> str:
        if ".." in name:
            return f"{name!r} is a range: write its two ends apart, as in dotbench diff A B"
        if self.shallow:
            return (
                f"no revision {name!r} here, and this clone is shallow: it has not got its whole history. "
                "git fetch --unshallow (in a GitHub workflow: fetch-depth: 0), then again"
            )
        names = self._text("for-each-ref", "--format=%(refname:short)").splitlines()
        return f"no revision {name!r} (and no such file or folder){near(name, ['HEAD', *names])}"

    # ---- files

    def names(self, sha: str) -> list[str]:
        """The files directly in the folder at that commit."""
        found = self._run("ls-tree", "-z", "--name-only", "--full-tree", f"{sha}:{self.prefix}")
        return [name for name in found.stdout.decode(errors="replace").split("\0") if name]

    def file(self, sha: str, name: str) -> bytes:
        """A file of the folder at that commit."""
        path = f"{self.prefix}/{name}".strip("/")
        done = self._run("cat-file", "blob", f"{sha}:{path}")
        if done.returncode:
            raise CompareError(f"{path} at {sha[:9]}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def history(self) -> list[Touched]:
        """Commits that changed the folder, the newest first, along the first parents."""
        log = ("log", "--first-parent", "-m")
        what = ("--raw", "-z", "--no-abbrev", "--no-renames", f"--format={FIELDS}")
        text = self._text(*log, *what, "HEAD", "--", f":(top,literal){self.prefix}", cure=" Nothing is committed here")
        found: list[Touched] = []
        tokens = iter(text.split("\0"))
        for token in (token.strip("\n") for token in tokens):
            if token.startswith(":"):  # of --raw: ":100644 100644 OLD NEW M", then the path
                new, path = token.split(" ")[3], next(tokens)
                found[-1].blobs[path.removeprefix(f"{self.prefix}/")] = new if new.strip("0") else None
            elif token:
                found.append(Touched(Commit(token, next(tokens), next(tokens)), {}))
        return found

    @contextmanager
    def blobs(self) -> Iterator[BlobReader]:
        """Reads many blobs through one process."""
        process = subprocess.Popen(
            git_command(self._near, "cat-file", "--batch"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=git_environment(),
        )  # fmt: skip
        try:
            yield BlobReader(process)
        finally:
            process.communicate()


class BlobReader:
    """``git cat-file --batch``: one request, one answer."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def read(self, blob: str) -> bytes:
        """A blob's bytes; CompareError where this clone has not got it."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(blob.encode() + b"\n")
        self._process.stdin.flush()
        header = self._process.stdout.readline().split()
        if len(header) != 3:
            raise CompareError(f"git has no blob {blob}: the clone is damaged or partial (git fsck)")
        data = self._process.stdout.read(int(header[2]) + 1)
        return data[:-1]
