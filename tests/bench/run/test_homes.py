"""The folder where caches, kernels and the journal live: odd paths, other people's, file modes, and who is blamed."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dotbench.bench.record.journal import Journal
from dotbench.bench.record.sealed import write_sealed
from dotbench.bench.run import processes
from dotbench.cdot import build, fresh, library, trust

ROOT = Path(__file__).resolve().parents[3]


def test_a_relative_home_is_the_same_folder_for_whoever_works_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOTBENCH_HOME", "here/home")
    assert build.state_folder() == tmp_path / "here" / "home"
    assert processes.environment(1)["DOTBENCH_HOME"] == str(tmp_path / "here" / "home")


@pytest.mark.parametrize("name", ["50%", "a:b"])
def test_the_compiler_works_elsewhere_where_it_would_lose_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It puts paths into lists of its own. The result is where it belongs, and nothing else stays."""
    monkeypatch.setenv("DOTBENCH_HOME", str(tmp_path / name))
    seen: list[str] = []

    def compiler(command: list[str], env: dict[str, str], **_: Any) -> Any:
        out = command[command.index("-o") + 1]
        seen.extend([out, env["ZIG_GLOBAL_CACHE_DIR"], env["ZIG_LOCAL_CACHE_DIR"]])
        Path(out).write_bytes(b"library")
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(subprocess, "run", compiler)
    out = tmp_path / name / "build" / "x.so"
    build._compile(["zig"], out)
    assert out.read_bytes() == b"library" and [path.name for path in out.parent.iterdir()] == ["x.so"]
    assert len(seen) == 3 and not any(letter in path for path in seen for letter in "%:")
    assert not any(Path(path).exists() for path in seen)


def test_a_build_that_was_killed_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTBENCH_HOME", str(tmp_path))
    old, new = tmp_path / "build" / ".new-0123", tmp_path / "build" / ".new-4567"
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (1e9, 1e9))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1, stderr="no"))
    with pytest.raises(build.BuildError, match="compiling x.so failed:\nno"):
        build._compile(["zig"], tmp_path / "build" / "x.so")
    assert list((tmp_path / "build").iterdir()) == [new]


# ---- whose code is run


@pytest.fixture
def kernels(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "build"
    folder.mkdir(parents=True)
    for one in (tmp_path / "home", folder):
        one.chmod(0o755)
    (folder / "cdot.so").write_bytes(b"no library")
    return folder / "cdot.so"


@pytest.mark.parametrize("what", ["file", "folder", "home"])
def test_what_anybody_may_write_is_not_loaded(kernels: Path, what: str) -> None:
    path = {"file": kernels, "folder": kernels.parent, "home": kernels.parent.parent}[what]
    path.chmod(path.stat().st_mode | stat.S_IWOTH)
    with pytest.raises(
        build.BuildError, match=f"the kernels are not loaded: anybody may write to {path}, so.*chmod o-w"
    ):
        library.opened(library.ffi, kernels)
    if path.is_dir():  # as /tmp: nobody takes another's file away
        path.chmod(path.stat().st_mode | stat.S_ISVTX)
        trust.check(kernels)


def test_code_of_another_user_is_not_loaded(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = Path.stat
    monkeypatch.setattr(
        Path, "stat", lambda self, **more: os.stat_result([*state(self, **more)[:4], 64000, *state(self, **more)[5:10]])
    )
    monkeypatch.setattr(os, "geteuid", lambda: 64001)
    with pytest.raises(
        trust.Untrusted, match=r"cdot.so belongs to the user number 64000, and code of others is not run"
    ):
        trust.check(kernels)
    monkeypatch.setenv("DOTBENCH_HOME", str(kernels.parent.parent))
    assert build.build_folder().name == "build-64001"  # two users of one home: each compiles for itself
    monkeypatch.setattr(os, "geteuid", lambda: 64000)
    assert build.build_folder().name == "build"


def test_a_group_of_ours_may_write_and_another_may_not(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for one in (kernels, kernels.parent, kernels.parent.parent):
        one.chmod(0o775)
    trust.check(kernels)
    monkeypatch.setattr(os, "getegid", lambda: 64000)
    monkeypatch.setattr(os, "getgroups", lambda: [64001])
    with pytest.raises(trust.Untrusted, match="a group that is not yours may write to"):
        trust.check(kernels)


def test_a_home_where_nothing_may_run(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(build.BuildError, match="cannot be loaded: .*cdot.so.* Set DOTBENCH_HOME to a folder where"):
        library.opened(library.ffi, kernels)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_NOEXEC))
    with pytest.raises(build.BuildError, match=f"{kernels.parent} is on a file system that is mounted noexec"):
        library.opened(library.ffi, kernels)


def test_a_compiler_that_is_missing_is_no_fault_of_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "ok.npy", np.eye(3, dtype=np.float32))
    code = (
        "import sys; from dotbench.cdot import build\n"
        "def version(name): raise build.PackageNotFoundError(name)\n"
        "build.version = version\n"
        "from dotbench.bench import cli; sys.argv = ['dotbench', 'fetch', sys.argv[1]]; cli.main()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DOTBENCH_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "ok.npy")], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 2 and "cannot be read as a matrix" not in done.stderr, done.stderr
    assert done.stderr.startswith("Error: the compiler is missing: python -m pip install ziglang"), done.stderr


# ---- modes


@pytest.mark.parametrize(("mask", "file", "folder"), [(0o077, 0o600, 0o700), (0o002, 0o664, 0o775)])
def test_modes_are_those_of_the_umask(tmp_path: Path, mask: int, file: int, folder: int) -> None:
    """Private where that is asked for, and shared where a group shares a home."""
    from dotbench.bench.record.export import write_whole
    from dotbench.datasets.cache import write_cache
    from dotbench.formats import as_source

    before = os.umask(mask)
    try:
        write_sealed(tmp_path / "w.sealed", b"x")
        write_whole(tmp_path / "space.csv", b"x\n")
        Journal(tmp_path / "journal.sqlite").close()
        write_cache(as_source(np.eye(3, dtype=np.float32)), tmp_path / "matrix")
    finally:
        os.umask(before)
    modes = {path.relative_to(tmp_path): stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert {mode for path, mode in modes.items() if (tmp_path / path).is_file()} == {file}, modes
    assert modes[Path("matrix")] == folder


def test_sweeping_takes_what_is_old_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".new-old").mkdir()
    (tmp_path / ".new-old" / "part").touch()
    (tmp_path / "kept").touch()
    (tmp_path / ".new-link").symlink_to(tmp_path / "kept")
    os.utime(tmp_path / ".new-old", (1e9, 1e9))
    os.utime(tmp_path / "kept", (1e9, 1e9))
    os.utime(tmp_path / ".new-link", (1e9, 1e9), follow_symlinks=False)
    fresh.sweep(tmp_path, ".new-*")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


# ---- a reader that leaves


def test_run_into_head(home: Path, tmp_path: Path) -> None:
    """What is finished is exported, as after Ctrl-C, and the status is the shell's for a pipe that broke."""
    rng = np.random.default_rng(1)
    for number in range(8):
        np.save(tmp_path / f"w{number}.npy", (rng.random((300, 200)) < 0.1).astype(np.float32))
    code = "from dotbench.bench import cli; from dotbench.bench.machine import describe as d; d.pyperf_metadata = dict; cli.main()"
    names = ",".join(str(tmp_path / f"w{number}.npy") for number in range(8))
    arguments = ["run", "--datasets", names, "--formats", "csc,sham", "--metrics", "space", "--out", str(tmp_path / "out")]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment,
    )  # fmt: skip
    assert process.stdout and process.stderr
    fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)  # more than that waits for a reader
    while not process.stdout.readline().startswith(f"{tmp_path / 'w0.npy'}: 300 x 200"):
        assert process.poll() is None
    process.stdout.close()
    said = process.stderr.read()
    assert process.wait(timeout=120) == 141 and "Traceback" not in said, said
    process.stderr.close()
    assert "the same command goes on from here" in said
    from dotbench.bench.record import export

    rows = export.read(tmp_path / "out" / "space.csv", "space")
    assert f"{len(rows)} rows in {tmp_path / 'out'}" in said and len(rows) >= 2, said
    assert {row["status"] for row in rows} == {"ok"}
