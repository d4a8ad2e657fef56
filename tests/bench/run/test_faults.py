"""Faults: each becomes a row with a status and a reason, the run goes on, and nothing finished is lost."""

from __future__ import annotations

import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from dotbench.bench.metrics.messages import Event, Task, TimedOut
from dotbench.bench.plan.cell import Cell
from dotbench.bench.run import processes
from dotbench.bench.timing import pairs
from dotbench.cdot import build
from dotbench.cdot.errors import ClockError

ROOT = Path(__file__).resolve().parents[3]
ELL = ROOT / "examples" / "ell" / "dotbench_ell"
# dotbench without pyperf's look at the host's /sys, and with short samples
COMMAND = (
    "import os\n"
    "from dotbench.bench import cli\nfrom dotbench.bench.machine import describe\nfrom dotbench.bench.plan import effort\n"
    "describe.pyperf_metadata = dict\n"
    "silence = float(os.environ.get('DOTBENCH_FAULT_SILENCE', '60'))\n"
    "effort.Effort.__init__.__defaults__ = (2, 2, 1, 0.05, 0.02, 32.0, silence)\n"
    "effort.QUICK = effort.Effort()\n"
    "cli.main()"
)
FAULTS = {
    "crash": "volatile uintptr_t where = 16; *(volatile int *)where = 1;",
    "hang": 'for (;;) __asm__ volatile("");',
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder of its own, but the compiled kernels of the checkout."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "build").symlink_to(build.build().parent)
    return folder


def plugin(folder: Path, name: str, number: int) -> Path:
    """A format from elsewhere, ELLPACK but for a product that does what `FAULTS` says; its built kernel."""
    c = (ELL / "ell.c").read_text().replace("ell", name).replace("0x8001", hex(number))
    fused = (
        f"static int {name}_dot(const cdot_view *v, const float *x, size_t lx, float *y, size_t ly, size_t b, "
        f"uint32_t begin, uint32_t end, void *s)\n{{ (void)v, (void)x, (void)lx, (void)y, (void)ly, (void)b, "
        f"(void)begin, (void)end, (void)s; {FAULTS[name]} return 0; }}\n"
    )
    head, _, _ = c.rpartition("const cdot_decoder")
    named = ", ".join(f".{one} = {name}_{one}" for one in ("open", "seek", "next", "dot"))
    table = f"const cdot_decoder {name}_decoder = {{.version = CDOT_VERSION, {named}}};\n"
    (folder / f"{name}.c").write_text(head + fused + table)
    python = (ELL / "__init__.py").read_text().replace("ell", name).replace("Ell", name.title())
    (folder / f"dotbench_{name}.py").write_text(python.replace("0x8001", hex(number)))
    info = folder / f"dotbench_{name}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dotbench-{name}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[dotbench.formats]\n{name} = dotbench_{name}:{name.title()}\n")
    return build.build(plugin=folder / f"{name}.c")  # here, so that no cell's time holds a compilation


def start(home: Path, out: Path, *arguments: str, **more: object) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(ROOT), str(home.parent / "site")])
    environment = {**os.environ, "PYTHONPATH": path, "DOTBENCH_HOME": str(home)}
    command = [sys.executable, "-c", COMMAND, "run", "--quick", "--out", str(out), *arguments]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more
    )  # type: ignore[call-overload,no-any-return]


def rows(out: Path, file: str) -> list[dict[str, str]]:
    with (out / f"{file}.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def save(path: Path, seed: int, n: int = 40, m: int = 30) -> Path:
    W = np.random.default_rng(seed).integers(0, 5, (n, m)).astype(np.float32)
    np.save(path, W * (W > 2))
    return path


def test_a_kernel_that_crashes_and_one_that_hangs(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fails its own timing, with the reason; space and all other cells are as ever."""
    monkeypatch.setenv("DOTBENCH_FAULT_SILENCE", "5")
    (tmp_path / "site").mkdir()
    built = [plugin(tmp_path / "site", name, 0x8101 + i) for i, name in enumerate(FAULTS)]
    matrix = save(tmp_path / "w.npy", 1)
    names = ("--datasets", str(matrix), "--formats", "csc,crash,hang,sham", "--batch", "1")
    process = start(home, tmp_path / "out", *names)
    text, _ = process.communicate(timeout=120)
    for path in built:
        path.unlink()
    assert process.returncode == 1 and "cells failed; their rows say why" in text
    assert {row["format"]: row["status"] for row in rows(tmp_path / "out", "space")} == {
        "csc": "ok", "crash": "ok", "hang": "ok", "sham": "ok",
    }  # fmt: skip
    timed = {row["format"]: row for row in rows(tmp_path / "out", "time") if not row["format"].startswith("ceiling")}
    assert {name: row["status"] for name, row in timed.items()} == {
        "csc": "ok", "crash": "failed", "hang": "timeout", "sham": "ok",
    }  # fmt: skip
    assert timed["crash"]["reason"].startswith("the measuring process was killed by SIGSEGV")
    assert timed["hang"]["reason"] == "no news for 5 s: stopped"


def test_a_memory_limit(home: Path, tmp_path: Path) -> None:
    """Formats that fit are measured; dense, which does not, says so."""
    import resource

    scipy.sparse.save_npz(tmp_path / "w.npz", scipy.sparse.eye_array(25_000, dtype=np.float32, format="csc"))
    limit = 2 << 30  # bytes of address space; dense takes 2.5e9

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    names = ("--datasets", str(tmp_path / "w.npz"), "--formats", "csc,dense", "--metrics", "space")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        process = start(home, tmp_path / "out", *names, preexec_fn=limited)
        text, _ = process.communicate(timeout=120)
    finally:
        del os.environ["OPENBLAS_NUM_THREADS"]
    found = {row["format"]: (row["status"], row["reason"]) for row in rows(tmp_path / "out", "space")}
    assert found["csc"][0] == "ok", text
    assert found["dense"][0] == "failed" and "MemoryError" in found["dense"][1], found


def exact(out: Path) -> list[list[str]]:
    """What two runs have to agree on: every row of space.csv, all columns."""
    return [list(row.values()) for row in rows(out, "space")]


def killed_and_resumed(home: Path, out: Path, names: tuple[str, ...], kills: int, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(kills):
        process = start(home, out, *names)
        time.sleep(rng.uniform(0.3, 1.6))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    process = start(home, out, *names)
    text, _ = process.communicate(timeout=300)
    assert process.returncode == 0, text


@pytest.mark.parametrize(("matrices", "kills"), [(5, 3)])
def test_killed_at_random_moments_gives_the_same_rows(home: Path, tmp_path: Path, matrices: int, kills: int) -> None:
    """Exact rows of a run that was killed again and again, and of one that was not. 500 cells: nox -s faults."""
    matrices = int(os.environ.get("DOTBENCH_FAULT_MATRICES", matrices))
    kills = int(os.environ.get("DOTBENCH_FAULT_KILLS", kills))
    paths = [str(save(tmp_path / f"w{seed}.npy", seed)) for seed in range(matrices)]
    chosen = ("csc", "csc_min", "im", "ham", "sham")
    names = ("--datasets", ",".join(paths), "--formats", ",".join(chosen), "--metrics", "space")
    killed_and_resumed(home, tmp_path / "killed", names, kills, 7)
    other = tmp_path / "other"
    other.mkdir()
    (other / "build").symlink_to(build.build().parent)
    killed_and_resumed(other, tmp_path / "whole", names, 0, 0)
    assert exact(tmp_path / "killed") == exact(tmp_path / "whole")
    assert len(exact(tmp_path / "whole")) == len(chosen) * matrices


def test_two_runs_in_one_checkout(home: Path, tmp_path: Path) -> None:
    """The same cells at the same time, one journal, one folder of results."""
    names = ("--datasets", str(save(tmp_path / "w.npy", 3)), "--formats", "csc,sham,ham", "--batch", "1")
    both = [start(home, tmp_path / "out", *names) for _ in range(2)]
    texts = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], texts
    assert [row["format"] for row in rows(tmp_path / "out", "space")] == ["csc", "ham", "sham"]
    assert {row["status"] for row in rows(tmp_path / "out", "time")} == {"ok"}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_helpers_of_a_hung_measuring_process_end_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as perf, which would count on for ever."""
    program, noted = tmp_path / "python", tmp_path / "pid"
    program.write_text(f"#!/bin/sh\nsleep 1000 &\necho $! > {noted}\ncat > {tmp_path}/task\n")
    program.chmod(0o755)
    monkeypatch.setattr(processes.sys, "executable", str(program))
    events: list[Event] = []
    processes.run(Task("time"), [Cell("time", "w", "csc")], lambda event, _: events.append(event), 1.5)
    assert [type(event) for event in events] == [TimedOut]
    assert wait_for(lambda: not alive(int(noted.read_text())), 5)


def test_helpers_of_a_measuring_process_whose_parent_is_gone_end_too() -> None:
    code = (
        "import subprocess, time; from dotbench.bench.run.worker import end_with_parent\n"
        "print(subprocess.Popen(['sleep', '1000']).pid, flush=True); end_with_parent(); time.sleep(1000)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdin and process.stdout
    helper = int(process.stdout.readline())
    process.stdin.close()
    assert process.wait(timeout=60) and wait_for(lambda: not alive(helper), 5)
    process.stdout.close()


def test_a_clock_that_steps_back_is_asked_again() -> None:
    """One sample of a negative length: its round is measured again. A clock that never works fails the cell."""
    lengths = iter([1000, 1000, 1000, 1000, -5000, *[1000] * 100])
    found = pairs.measure(lambda repeat: next(lengths) * repeat, lambda repeat: 500 * repeat, 2, 1000, random.Random(1))
    assert found.log_ratio == pytest.approx(np.log(2)) and len(found.rounds) == 2
    with pytest.raises(ClockError, match="stands still"):
        pairs.measure(lambda repeat: 0, lambda repeat: 500, 1, 1000, random.Random(1))
    starts = iter([1000, 1000])
    with pytest.raises(ClockError, match="stepped back or stood still"):
        pairs.measure(lambda repeat: next(starts, -1), lambda repeat: 500 * repeat, 1, 1000, random.Random(1))


def test_the_wall_clock_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows come back in the order of recording, whatever the date was."""
    from dotbench.bench.record import journal as journals

    dates = iter(["2030-01-01", "1990-01-01", "2026-01-01"])
    monkeypatch.setattr(journals, "_now", lambda: next(dates))
    with journals.Journal(tmp_path / "journal.sqlite") as journal:
        for name in "abc":
            journal.record({"cell": name}, {"status": "ok", "name": name})
        assert [row["name"] for _, row in journal.rows()] == ["a", "b", "c"]


# A journal that takes no more pages soon after the run has begun
NO_ROOM = (
    "from dotbench.bench.record import journal\nfrom dotbench.bench.run import runner\n"
    "old = runner.Runner._sizes\n"
    "def narrow(self, works):\n"
    "    (pages,) = self.journal._db.execute('PRAGMA page_count').fetchone()\n"
    "    self.journal._db.execute(f'PRAGMA max_page_count={pages + 1}')\n"
    "    old(self, works)\n"
    "runner.Runner._sizes = narrow\n"
)


def test_a_disk_that_is_full_before_the_end(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on: what was measured is in the results, what could not be says why; with room it is made good."""
    names = ("--datasets", str(save(tmp_path / "w.npy", 5)), "--formats", "csc,csc_min,im,ham,sham", "--batch", "1")
    everything = (*names, "--metrics", "space,time")
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules[__name__], "COMMAND", NO_ROOM + COMMAND)
        process = start(home, tmp_path / "out", *everything)
    text, _ = process.communicate(timeout=120)
    words = " ".join(text.split())
    assert process.returncode == 1 and "in the results and not in the journal" in words, text
    assert "database or disk is full" in words and "free some room and start again" in words
    assert [row["status"] for row in rows(tmp_path / "out", "space")] == ["ok"] * 5
    timed = rows(tmp_path / "out", "time")
    failed = [row["reason"] for row in timed if row["status"] == "failed"]
    assert len(timed) == 5 and failed and all("disk is full" in reason for reason in failed), timed
    process = start(home, tmp_path / "out", *everything)
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 0, text
    assert {row["status"] for row in rows(tmp_path / "out", "time")} == {"ok"}


def children(home: Path) -> list[str]:
    """Processes that were started with something below ``home``, valgrind that counts among them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace")
        except OSError:  # gone in the meantime
            continue
        if str(home) in words and "valgrind" in words.partition("\0")[0]:
            found.append(words)
    return found


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind: apt-get install valgrind brings it")
@pytest.mark.parametrize("killed", [False, True])
def test_what_a_measuring_process_started_ends_with_it(
    home: Path, tmp_path: Path, killed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel that hangs under valgrind takes no core from what is measured next, nor does a run that was killed."""
    monkeypatch.setenv("DOTBENCH_FAULT_SILENCE", "5")
    (tmp_path / "site").mkdir()
    built = plugin(tmp_path / "site", "hang", 0x8103)
    names = ("--datasets", str(save(tmp_path / "w.npy", 1)), "--formats", "hang", "--metrics", "instructions")
    process = start(home, tmp_path / "out", *names, "--batch", "1")
    try:
        assert wait_for(lambda: bool(children(home)), 60)
        if killed:
            process.kill()
        text, _ = process.communicate(timeout=60)
        assert wait_for(lambda: not children(home), 10)
    finally:
        built.unlink()
    if not killed:
        assert process.returncode == 1, text
        assert [row["status"] for row in rows(tmp_path / "out", "instructions")] == ["timeout"]
