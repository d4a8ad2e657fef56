"""Processes that measure: how they start, crash, hang, and say what is no message."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dotbench.bench.metrics.messages import Done, Event, Started, Task, Worker
from dotbench.bench.plan.cell import Cell
from dotbench.bench.run import processes


def test_a_process_that_times_imports_neither_scipy_nor_other_metrics() -> None:
    """Its start is most of what a run of small matrices takes."""
    code = "import sys, dotbench.bench.run.worker; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"numpy", "dotbench.bench.metrics.time"} <= set(loaded)
    assert not {"scipy", "pandas", "rich", "dotbench.bench.metrics.registry"} & set(loaded)


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
