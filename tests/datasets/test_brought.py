"""``dotbench fetch --from``: what is known comes out of an archive, what is hostile does not."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from dotbench import datasets
from dotbench.bench.cli import command
from dotbench.datasets import DataError, brought, registry
from dotbench.datasets.entry import Dataset, Remote
from dotbench.formats.sources.source import as_source, matrix_sha256

W = np.array([[0, 1.5, 0], [2, 0, -3]], np.float32)
TEXT = b"0,1.5,0\n2,0,-3\n"
SHA = hashlib.sha256(TEXT).hexdigest()
FIRST = Dataset("a/first", (2, 3), "a test", "none", matrix_sha256(as_source(W)), "a/first.csv", SHA, ())
REMOTE = Remote("https://example.org/nets/ham/second.csv")
SECOND = Dataset("a/second", (2, 3), "a test", "none", FIRST.matrix_sha256, "a/other.csv", "", (REMOTE,))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two data sets, an empty mirror, and a home of its own."""
    monkeypatch.setenv("DOTBENCH_HOME", str(tmp_path / "home"))
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv("DOTBENCH_DATA", str(tmp_path / "mirror"))
    known = {**registry.entries(), FIRST.name: FIRST, SECOND.name: SECOND}
    for where in ("dotbench.datasets.loading", "dotbench.datasets.brought"):
        monkeypatch.setattr(f"{where}.entries", lambda: known)
    return tmp_path / "home"


def packed(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def fetch(archive: Path) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(command, ["fetch", "--from", str(archive)])


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_what_is_known_is_taken(ending: str, home: Path, tmp_path: Path) -> None:
    mode = f"w:{ending.partition('.')[2]}".rstrip(":")
    archive = packed(tmp_path / f"some.{ending}", {"x/first.csv": TEXT, "x/readme.md": b"hello", "x/b.py": b""}, mode)
    done = fetch(archive)
    assert done.exit_code == 0, done.output
    assert "a/first: mirror, 2 x 3, 3 nonzeros" in done.output
    assert "not known, and left: 2 files: x/readme.md, x/b.py" in done.output
    assert (home / "brought/a/first.csv").read_bytes() == TEXT
    assert [path.name for path in (home / "brought").iterdir()] == ["a"]
    found = datasets.load("a/first", cache_dir=home)
    assert (found.source, found.matrix_sha256) == ("mirror", FIRST.matrix_sha256)
    assert datasets.source_now("a/first") == "mirror"


def test_another_file_of_a_known_name(home: Path, tmp_path: Path) -> None:
    done = fetch(packed(tmp_path / "a.tar.gz", {"first.csv": b"1,2,3\n4,5,6\n"}))
    assert done.exit_code == 2
    assert "first.csv is not the published file: its sha256 is" in done.output and f"not {SHA[:16]}" in done.output
    assert "holds nothing of the registry" in done.output and not (home / "brought/a").exists()


def test_without_a_hash_the_content_decides(home: Path, tmp_path: Path) -> None:
    """Of two files of one name that which lies as at the address; a wrong one is taken out again."""
    done = fetch(packed(tmp_path / "a.tar.gz", {"sham/second.csv": b"9,9,9\n9,9,9\n", "ham/second.csv": TEXT}))
    assert done.exit_code == 0 and "a/second: mirror, 2 x 3" in done.output, done.output
    assert (home / "brought/a/second.csv").read_bytes() == TEXT
    done = fetch(packed(tmp_path / "b.tar.gz", {"ham/second.csv": b"9,9,9\n9,9,9\n"}))
    assert done.exit_code == 2 and "holds another matrix than a/second" in done.output
    assert not (home / "brought/a/second.csv").exists()


def test_one_of_two_files_is_not_enough(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two = replace(SECOND, remotes=(REMOTE, Remote("https://example.org/code.pkl")))
    for where in ("dotbench.datasets.loading", "dotbench.datasets.brought"):
        monkeypatch.setattr(f"{where}.entries", lambda: {two.name: two})
    done = fetch(packed(tmp_path / "a.tar.gz", {"second.csv": TEXT}))
    assert done.exit_code == 2
    assert "a/second: of several files these are not in the archive: a/code.pkl" in done.output


def test_a_model_of_the_registry(home: Path, tmp_path: Path) -> None:
    """Known by its name, told apart by its hash."""
    done = fetch(packed(tmp_path / "a.tar.gz", {"model.onnx": b"some other model"}))
    assert done.exit_code == 2 and "not fe2d2eb49c5f88a9 or 8199be6f699a395f" in done.output


def link(kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo("first.csv")
    member.type, member.linkname = kind, "/etc/passwd"
    return member


def named(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = len(TEXT)
    return member


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (link(tarfile.SYMTYPE), "is a link, a device or sparse"),
        (link(tarfile.LNKTYPE), "is a link, a device or sparse"),
        (link(tarfile.FIFOTYPE), "is a link, a device or sparse"),
        (link(tarfile.CHRTYPE), "is a link, a device or sparse"),
        (named("../first.csv"), "'../first.csv' leads out of it"),
        (named("a/../../first.csv"), "leads out of it"),
        (named("/first.csv"), "leads out of it"),
    ],
    ids=["symbolic link", "hard link", "pipe", "device", "above", "above inside", "absolute"],
)
def test_hostile_members(member: tarfile.TarInfo, words: str, home: Path, tmp_path: Path) -> None:
    """Nothing is taken, not even what is right and comes first."""
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        tar.addfile(named("good/first.csv"), io.BytesIO(TEXT))
        tar.addfile(member, io.BytesIO(TEXT))
    done = fetch(tmp_path / "a.tar.gz")
    assert done.exit_code == 2 and "is refused" in done.output and words in done.output
    assert not [path for path in (home / "brought").rglob("*") if path.is_file()]


def bomb(path: Path, member: tarfile.TarInfo, zeros: int) -> Path:
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(member.tobuf())
        for _ in range(zeros >> 20):
            file.write(bytes(1 << 20))
    return path


def claiming(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XGLTYPE])
def test_headers_that_are_bombs(kind: bytes, home: Path, tmp_path: Path) -> None:
    archive = bomb(tmp_path / "a.tar.gz", claiming("x", 1 << 26, kind), 1 << 26)
    with pytest.raises(DataError, match=r"is refused: one of its headers takes 67108864 bytes"):
        brought.take(archive)


def test_members_that_are_bombs(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brought, "ALWAYS", 1 << 24)
    monkeypatch.setattr(brought, "GROWTH", 4)
    monkeypatch.setattr(brought, "MOST_AT_ONCE", 1 << 20)
    for name in ("first.csv", "unknown"):
        archive = bomb(tmp_path / "a.tar.gz", claiming(name, 1 << 26), 1 << 26)
        with pytest.raises(DataError, match="is refused: unpacked it takes more than 18874368 bytes"):
            brought.take(archive)
    assert not [path for path in (home / "brought").rglob("*") if path.is_file()]


def damaged() -> list[Callable[[bytes], bytes]]:
    return [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-4],
        lambda data: b"no archive at all",
        lambda data: b"",
        lambda data: gzip.compress(b"no archive at all" * 99),
        lambda data: data[:60] + bytes(8) + data[68:],
    ]


@pytest.mark.parametrize("change", damaged())
def test_damaged_archives(change: Callable[[bytes], bytes], home: Path, tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.tar.gz", {"x/first.csv": TEXT, "y": bytes(range(256)) * 99})
    archive.write_bytes(change(archive.read_bytes()))
    try:
        taken = brought.take(archive)
        assert not taken.files or taken.files.keys() == {"a/first.csv"}
    except DataError as error:
        assert str(archive) in str(error)
    assert not list((home / "brought").glob(".new-*"))
