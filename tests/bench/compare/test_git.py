"""Git's configuration changes nothing that is read from a repository, and runs nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dotbench.bench.compare.git import git_environment
from dotbench.bench.compare.repository import Repository
from dotbench.bench.compare.results import of_revision

from ..conftest import Checkout, make

SETTINGS = {
    "log.showSignature": "true", "log.follow": "true", "log.decorate": "full", "log.showRoot": "false",
    "log.mailmap": "true", "log.diffMerges": "combined", "log.date": "relative", "log.abbrevCommit": "true",
    "format.pretty": "oneline", "format.notes": "*", "color.ui": "always", "diff.renames": "copies",
    "diff.noprefix": "true", "diff.relative": "true", "diff.orderFile": "order", "core.quotePath": "false",
    "core.abbrev": "4", "i18n.logOutputEncoding": "UTF-16", "diff.submodule": "log", "submodule.recurse": "true",
    "core.pager": "PROGRAM", "pager.log": "PROGRAM", "pager.show": "PROGRAM", "core.fsmonitor": "PROGRAM",
    "gpg.program": "PROGRAM", "gpg.ssh.program": "PROGRAM", "diff.external": "PROGRAM", "core.sshCommand": "PROGRAM",
    "core.hooksPath": "hooks", "core.editor": "PROGRAM", "credential.helper": "!PROGRAM", "core.askPass": "PROGRAM",
    "diff.csv.textconv": "PROGRAM", "diff.csv.command": "PROGRAM", "alias.log": "!PROGRAM", "alias.show": "!PROGRAM",
}  # fmt: skip
VARIABLES = {
    "GIT_EXTERNAL_DIFF": "PROGRAM", "GIT_PAGER": "PROGRAM", "GIT_SSH_COMMAND": "PROGRAM", "GIT_ASKPASS": "PROGRAM",
    "GIT_DIR": "/nonexistent", "GIT_WORK_TREE": "/nonexistent", "GIT_INDEX_FILE": "/nonexistent",
    "GIT_OBJECT_DIRECTORY": "/nonexistent", "GIT_NAMESPACE": "other", "GIT_LITERAL_PATHSPECS": "1",
    "GIT_TRACE": "1", "GIT_DEFAULT_HASH": "sha256", "PAGER": "PROGRAM",
}  # fmt: skip


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """What nobody may run: it leaves a note."""
    path = tmp_path / "program"
    path.write_text(f"#!/bin/sh\necho ran >> {tmp_path}/ran\n")
    path.chmod(0o755)
    return path


def seen(results: Path) -> list[object]:
    """All that is ever read of a repository."""
    repository = Repository(results)
    commit = repository.commit("HEAD")
    with repository.blobs() as reader:
        blobs = [reader.read(blob) for one in repository.history() for blob in one.blobs.values() if blob]
    return [
        commit, repository.history(), blobs, repository.names(commit.sha), repository.file(commit.sha, "space.csv"),
        repository.find("main"), repository.branch, repository.top, repository.shallow, of_revision("HEAD~1", results),
    ]  # fmt: skip


def test_no_setting_changes_what_is_read_or_runs_a_program(
    checkout: Checkout, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout.folder / ".gitattributes").write_text("*.csv diff=csv\n")
    for day in (1, 2, 3):
        checkout.commit(f"ünïcode {day}", day, space=[make(bytes=day)])
    signature = checkout.git("cat-file", "commit", "HEAD").replace(
        "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n aaaa\n -----END PGP SIGNATURE-----\n\n", 1
    )
    (tmp_path / "signed").write_text(f"{signature}\n")
    signed = checkout.git("hash-object", "-t", "commit", "-w", str(tmp_path / "signed"))
    checkout.git("update-ref", "refs/heads/main", signed)
    plain = seen(checkout.results)
    assert "ünïcode 3" in str(plain[0])
    for name, value in SETTINGS.items():
        checkout.git("config", name, value.replace("PROGRAM", str(program)))
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value.replace("PROGRAM", str(program)))
    assert seen(checkout.results) == plain
    assert not (tmp_path / "ran").exists()


def test_the_users_own_configuration_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which repositories are safe is said there, and in CI by variables."""
    for name in ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_GLOBAL", "HOME"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("GIT_DIR", "x")
    found = git_environment()
    assert {name: found.get(name) for name in ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_GLOBAL", "HOME")} == {
        "GIT_CONFIG_COUNT": "x", "GIT_CONFIG_KEY_0": "x", "GIT_CONFIG_GLOBAL": "x", "HOME": "x",
    }  # fmt: skip
    assert "GIT_DIR" not in found and found["PATH"] == os.environ["PATH"]
