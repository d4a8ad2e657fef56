"""A run from end to end on small files: rows, resuming, kills, crashes, wrong products, exit statuses."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from dotbench import formats
from dotbench.bench.metrics.messages import Done, Event, Started, Task, Worker
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.identity import definitions_sha
from dotbench.bench.record.journal import Journal
from dotbench.bench.record.sealed import write_sealed
from dotbench.bench.run import outcome, processes, session
from dotbench.bench.show import screen as screens
from dotbench.bench.targets import peers

ROOT = Path(__file__).resolve().parents[3]
FAST = Effort(passes=2, most_passes=2, rounds=2, sample_ms=0.2)


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    W = np.random.default_rng(0).integers(0, 4, (64, 48)).astype(np.float32)
    path = tmp_path / "w.npy"
    np.save(path, W * (W > 1))
    return path


def plan(*names: Path | str, **more: object) -> Plan:
    settings: dict[str, object] = {
        "datasets": tuple(map(str, names)),
        "formats": tuple(formats.get(name) for name in ("csc", "sham", "im")),
        "peers": tuple(map(peers.parse, ("blas_dense", "scipy_csc"))),
        "metrics": ("space", "time"),
        "effort": FAST,
        **more,
    }
    return Plan(**settings)  # type: ignore[arg-type]


def rows(out: Path, file: str) -> list[dict[str, str]]:
    with (out / f"{file}.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def run(plan_: Plan, home: Path, out: Path, terminal: bool = False) -> tuple[int, str]:
    text = io.StringIO()
    status = session.run_plan(plan_, home, out, Console(file=text, width=120, force_terminal=terminal), False)
    return status, text.getvalue()


def test_a_run_measures_everything_and_resumes(
    matrix: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "results"
    status, text = run(plan(matrix), home, out)
    assert status == 0 and "every product checked" in text and "23 of 23 cells ok" in text
    space, timed = rows(out, "space"), rows(out, "time")
    assert [(row["format"], row["status"], row["bytes"]) for row in space] == [
        (name, "ok", str(formats.get(name).encode(np.load(matrix)).nbytes)) for name in ("csc", "im", "sham")
    ]
    assert {row["source"] for row in space} == {"file"} and {row["dataset"] for row in space} == {str(matrix)}
    labels = {(row["format"], row["params"]) for row in timed}
    assert labels == {
        ("csc", ""), ("sham", ""), ("im", ""), ("blas_dense", ""), ("scipy_csc", ""),
        ("ceiling:memcpy", "format=csc"), ("ceiling:memcpy", "format=sham"), ("ceiling:memcpy", "format=im"),
        ("ceiling:decode", "format=sham"), ("ceiling:decode", "format=im"),
    }  # fmt: skip
    assert {row["batch"] for row in timed} == {"1", "8"} and {row["passes"] for row in timed} == {"2"}
    for row in timed:
        assert row["status"] == "ok" and float(row["ratio_low"]) <= float(row["time_ratio"]) <= float(row["ratio_high"])
        assert (row["call_ns"] != "") == (row["format"] in ("blas_dense", "scipy_csc"))
        assert (row["product_error"] == "") == row["format"].startswith("ceiling:")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(processes, "run", never)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert run(plan(matrix), home, out, terminal=True)[0] == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_changed_reference_is_measured_again(
    matrix: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ratios to another csc are other figures: none is taken from the journal, and exported ones are dropped."""
    from dotbench.bench.run import rows as rows_of_run

    chosen = plan(matrix, batches=(1,), peers=(), metrics=("time",), ceilings=False)
    assert run(chosen, home, tmp_path / "results")[0] == 0
    before = rows(tmp_path / "results", "time")
    assert session.current_sha("time", dict(before[1])) == before[1]["code_sha"]
    assert session.current_sha("time", {**before[1], "reference_sha": "of another csc"}) == "another reference"
    monkeypatch.setattr(rows_of_run.MatrixRows, "_reference", staticmethod(lambda cell: {"reference_sha": "newer"}))
    assert run(chosen, home, tmp_path / "other")[0] == 0
    after = rows(tmp_path / "other", "time")
    assert {row["reference_sha"] for row in after} == {"newer"}
    assert all(a["ns_per_dot"] != b["ns_per_dot"] for a, b in zip(before, after, strict=True))


def test_threads_and_cold_caches(matrix: Path, home: Path, tmp_path: Path) -> None:
    chosen = plan(
        matrix, formats=(formats.get("sham"),), batches=(1,), threads=(1, 2), caches=("warm", "cold"), metrics=("time",)
    )
    status, _ = run(chosen, home, tmp_path / "results")
    timed = rows(tmp_path / "results", "time")
    assert status == 0 and not (tmp_path / "results" / "space.csv").exists()
    assert {(row["threads"], row["cache"]) for row in timed} == {
        (threads, cache) for threads in "12" for cache in ("warm", "cold")
    }
    for row in timed:
        assert row["status"] == "ok", row["reason"]
        assert (row["speedup"] != "") == (row["probe_speedup"] != "") == (row["threads"] == "2")


def test_a_wrong_product_fails_its_cell_loudly_and_the_run_goes_on(matrix: Path, home: Path, tmp_path: Path) -> None:
    run(plan(matrix, metrics=("space",)), home, tmp_path / "other")
    (reference,) = (home / "payloads").iterdir()
    X = np.ones((1, 64), np.float32)
    Y = (X.astype(np.float64) @ np.load(matrix)) + np.eye(1, 48, 17)
    arrays = io.BytesIO()
    np.savez(arrays, X=X, Y=Y, scale=np.abs(Y))
    name = f"products-1-{definitions_sha('dotbench.bench.targets.checked.reference')}.sealed"
    write_sealed(reference / name, arrays.getvalue())
    status, text = run(plan(matrix), home, tmp_path / "results")
    timed = rows(tmp_path / "results", "time")
    wrong = [row for row in timed if row["batch"] == "1" and not row["format"].startswith("ceiling:")]
    assert status == 1 and "cells failed; their rows say why" in text
    assert {row["status"] for row in wrong} == {"failed"} and len(wrong) == 5
    assert "WrongProduct: wrong product: 1 of 48 entries; the worst is vector 0, column 17" in wrong[0]["reason"]
    assert {row["status"] for row in timed if row not in wrong} == {"ok"}
    assert all(row["time_ratio"] == "" for row in wrong)


def test_what_cannot_be_read_is_named_and_the_rest_is_measured(matrix: Path, home: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.npy"
    np.save(bad, np.array([[np.nan]], np.float32))
    status, text = run(plan(bad, matrix, metrics=("space",)), home, tmp_path / "results")
    assert status == 1 and "nan at row 0, column 0" in text and len(rows(tmp_path / "results", "space")) == 3


# dotbench without pyperf's look at the host's /sys
COMMAND = "from dotbench.bench import cli; from dotbench.bench.machine import describe as d; d.pyperf_metadata = dict; cli.main()"


def command(matrix: Path, out: Path) -> list[str]:
    return [
        sys.executable, "-c", COMMAND, "run", "--datasets", str(matrix), "--formats", "csc,sham,im,ham,dense",
        "--out", str(out), "--batch", "1",
    ]  # fmt: skip


def start(matrix: Path, home: Path, out: Path) -> subprocess.Popen[str]:
    """A real run in a process of its own, returned when its first passes are in the journal."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DOTBENCH_HOME": str(home)}
    process = subprocess.Popen(
        command(matrix, out), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    journal = home / "journal.sqlite"
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if journal.exists():
            with Journal(journal) as opened:
                if len(opened._read("passes")) > 5:
                    return process
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"no passes: {process.communicate()[0]}")


def passes_of(home: Path) -> int:
    with Journal(home / "journal.sqlite") as journal:
        return len(journal._read("passes"))


def test_kill_minus_nine_loses_no_pass_and_writes_no_half_file(matrix: Path, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    process = start(matrix, home, out)
    process.kill()
    process.communicate()
    kept = passes_of(home)
    assert kept > 5 and not out.exists()
    time.sleep(0.3)  # a worker ends with its parent
    chosen = plan(matrix, formats=tuple(formats.get(name) for name in ("csc", "sham", "im", "ham", "dense")), peers=())
    status, _ = run(Plan(**{**chosen.__dict__, "batches": (1,)}), home, out)
    assert status == 0 and passes_of(home) >= kept
    assert {row["status"] for row in rows(out, "time")} == {"ok"} and len(rows(out, "space")) == 5


def test_control_c(matrix: Path, home: Path, tmp_path: Path) -> None:
    process = start(matrix, home, tmp_path / "results")
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=240)
    assert process.returncode == 130 and "goes on from here" in text and "Traceback" not in text
    assert {row["status"] for row in rows(tmp_path / "results", "space")} == {"ok"} and passes_of(home) > 5


def test_a_process_that_times_imports_neither_scipy_nor_other_metrics() -> None:
    """Its start is most of what a run of small matrices takes."""
    code = "import sys, dotbench.bench.run.worker; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"numpy", "dotbench.bench.metrics.time"} <= set(loaded)
    assert not {"scipy", "pandas", "rich", "dotbench.bench.metrics.registry"} & set(loaded)


# ---- workers that die


def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """A worker that speaks the protocol and then does what ``body`` says."""
    path = tmp_path / "fake-python"
    path.write_text(
        f"#!{sys.executable}\n"
        "import json, os, signal, sys, time\n"
        "cells = [cell for part in json.loads(sys.stdin.readline())['parts'] for cell in part['cells']]\n"
        "def say(event, cell, **more):\n"
        "    print(json.dumps({'event': event, 'cell': cell, **more}), flush=True)\n" + body
    )
    path.chmod(0o755)
    monkeypatch.setattr(processes.sys, "executable", str(path))


CELLS = [Cell("space", "w", name) for name in ("a", "b", "c")]


def listen(timeout: float = 20) -> list[tuple[str, str, str]]:
    events: list[tuple[str, str, str]] = []

    def hear(event: Event, worker: Worker | None) -> None:
        if not isinstance(event, Started):
            events.append((event.cell.format, event.status, event.reason))

    processes.run(Task("x"), CELLS, hear, timeout)
    return sorted(events)


def test_cells_with_other_numbers_of_threads_have_processes_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A BLAS reads its number of threads when it is loaded: one thread's cells must not run on two."""
    body = (
        "for cell in cells:\n"
        "    say('started', cell)\n"
        "    data = {'given': os.environ['OPENBLAS_NUM_THREADS'], 'beside': len(cells)}\n"
        "    say('done', cell, data=data)\n"
    )
    fake(tmp_path, monkeypatch, body)
    cells = [Cell("time", "w", name, threads=threads) for threads in (2, 1) for name in ("blas_dense", "csc")]
    told: dict[tuple[str, int], tuple[str, int]] = {}

    def hear(event: Event, worker: Worker | None) -> None:
        if isinstance(event, Done):
            told[event.cell.format, event.cell.threads] = event.data["given"], event.data["beside"]

    processes.run(Task("x"), cells, hear, 20)
    assert told == {(name, threads): (str(threads), 2) for threads in (1, 2) for name in ("blas_dense", "csc")}


def test_a_crash_fails_one_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = (
        "for cell in cells:\n"
        "    say('started', cell)\n"
        "    if cell['format'] == 'b': os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    say('done', cell, data={})\n"
    )
    fake(tmp_path, monkeypatch, body)
    assert listen() == [
        ("a", "ok", ""), ("b", "failed", "the measuring process was killed by SIGSEGV"), ("c", "ok", ""),
    ]  # fmt: skip


def test_a_hang_times_out_one_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = (
        "for cell in cells:\n"
        "    say('started', cell)\n"
        "    if cell['format'] == 'b': time.sleep(60)\n"
        "    say('done', cell, data={})\n"
    )
    fake(tmp_path, monkeypatch, body)
    assert listen(1.0) == [("a", "ok", ""), ("b", "timeout", "no news for 1 s: stopped"), ("c", "ok", "")]


@pytest.mark.parametrize("body", ["sys.exit('it does not start')\n", "raise RuntimeError('it does not start')\n"])
def test_a_worker_that_does_not_start_fails_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    fake(tmp_path, monkeypatch, body)
    found = listen()
    assert [kind for _, kind, _ in found] == ["failed"] * 3
    assert "ended with status 1" in found[0][2] and "it does not start" in found[0][2]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("print('half a li', flush=True)", "no JSON"),
        ("print('[1]', flush=True)", "no object"),
        ("say('lack', cell, status='ok', reason='')", "there is no event 'lack'"),
        ("say('done', cell)", "Done lacks 'data'"),
        ("say('without', cell, status='ok', reason='')", "Without.status is 'ok'"),
        ("say('done', dict(cell, format='other'), data={})", "it was not asked for Cell("),
        ("say('done', dict(cell, batch='1'), data={})", "Done.cell.batch is '1', no int"),
    ],
)
def test_what_is_no_message_fails_the_cell_in_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, reason: str
) -> None:
    body = (
        "for cell in cells:\n"
        "    say('started', cell)\n"
        f"    if cell['format'] == 'b': {said}\n"
        "    say('done', cell, data={})\n"
    )
    fake(tmp_path, monkeypatch, body)
    a, b, c = listen()
    assert (a, c) == (("a", "ok", ""), ("c", "ok", ""))
    assert b[:2] == ("b", "failed") and b[2].startswith(f"the measuring process said what is no message: {reason}")


# ---- screens


def test_the_live_screen(matrix: Path, home: Path, tmp_path: Path) -> None:
    status, text = run(plan(matrix, batches=(1,)), home, tmp_path / "results", terminal=True)
    assert status == 0 and "pass 1" in text and "encoding" in text and "libraries" in text


def test_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoding counts as timing does: by what each cell may take, at the pace of those that are done."""
    now = [0.0]
    monkeypatch.setattr(screens.time, "monotonic", lambda: now[0])
    space, *timed = [Cell("space", "w", "ham"), *(Cell("time", "w", "ham", batch=batch) for batch in (1, 8, 32))]
    clock = screens.Clock()
    assert clock.share == 1.0 and clock.words() == "0 of 0 cells"
    clock.plan({space: 100.0, **dict.fromkeys(timed, 80.0)})
    now[0] = 20.0
    assert clock.left() == "" and clock.words() == "0 of 4 cells"
    clock.did(space)
    clock.finished(space)
    assert clock.words() == "1 of 4 cells, about 48 s left"  # 240 at a pace of 5
    clock.skip(timed[0], 0.5)
    clock.did(timed[0], 0.5)
    now[0] = 28.0
    assert clock.left() == "about 32 s left" and clock.share == 140 / 300
    clock.did(Cell("space", "w", "csc"))  # a payload that others need, and no cell of the plan
    clock.did(timed[1])
    clock.did(timed[2], 0.95)
    assert clock.left() == "nearly done"


@pytest.mark.parametrize("width", [80, 120])
def test_how_far_it_is_fits_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The live lines of a long name on a narrow terminal are cut, and stay three."""
    out = io.StringIO()
    screen = screens.LiveScreen(Console(file=out, width=width, force_terminal=True), plan("w"))
    cell = Cell(
        "time", "dlmc/transformer-variational-90-ffn", "ceiling:decode", "format=eie[coding=huffman]", 8, 1, "warm"
    )
    screen.plan({cell: 1e4})
    now = screens.time.monotonic()
    monkeypatch.setattr(screens.time, "monotonic", lambda: now + 60)
    screen.passed(cell)
    screen.running(cell, "pass 12")
    screen.console.print(screen._lines())
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in out.getvalue().splitlines()]
    assert len(lines) == 3 and max(map(len, lines)) <= width
    assert lines[0].startswith("dlmc/transformer-variational-90-ffn  ceiling:decode")
    assert lines[0].rstrip().endswith("…" if width == 80 else "pass 12")
    assert lines[1].startswith("0 of 1 cell, about 1 min 00 s left") and "50%" in lines[2]


def test_plain_logs_say_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    out, now = io.StringIO(), [0.0]
    monkeypatch.setattr(screens.time, "monotonic", lambda: now[0])
    screen = screens.Screen(Console(file=out, width=80), plan("w"))
    first, second = Cell("space", "w", "csc"), Cell("time", "w", "csc", batch=1)
    screen.plan({first: 1.0, second: 4.0})
    now[0] = 16.0
    screen.finished(first, {"status": "ok"})
    now[0] = 24.0
    screen.passed(second)
    now[0] = 32.0
    screen.finished(second, {"status": "failed", "reason": "WrongProduct"})
    assert out.getvalue().splitlines() == [
        "2 cells to measure",
        "  w: 1 of 2 cells, about 1 min 04 s left",
        "  csc, time batch 1: failed: WrongProduct",
        "  w: 2 of 2 cells, nearly done",
    ]


def test_twins_are_told(home: Path, tmp_path: Path) -> None:
    chosen: Callable[..., Plan] = plan
    status, text = run(chosen("deepdta/80-0-16~twin", metrics=("space",)), home, tmp_path / "results")
    assert status == 0 and "twins, not the real matrices: deepdta/80-0-16~twin" in text
    assert {row["source"] for row in rows(tmp_path / "results", "space")} == {"twin"}
    assert outcome.Outcome().failed() == []
