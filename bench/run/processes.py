"""Starting measuring processes, and surviving what happens to them: crashes, hangs, Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dotbench.bench.plan.cell import Cell
from dotbench.cdot import build
from dotbench.cdot.places import IMPORTED_FROM

# Some machines force an old kernel upon every OpenBLAS; ours is timed with its own choice.
FORCED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")


@dataclass(frozen=True)
class Event:
    """What a worker reports of a cell: ``start``, ``done`` with data, ``fail`` or ``timeout``, or ``lack``
    with the ``status`` of a row that says why there is nothing."""

    kind: str
    cell: Cell
    data: dict[str, Any]
    reason: str = ""
    status: str = ""


def environment(threads: int) -> dict[str, str]:
    """The environment of measuring processes: this checkout's code, and as many BLAS threads as asked for."""
    path = os.pathsep.join(filter(None, [str(IMPORTED_FROM), os.environ.get("PYTHONPATH")]))
    out = dict(os.environ, PYTHONPATH=path, PYTHONUNBUFFERED="1", DOTBENCH_HOME=str(build.state_folder()))
    for name in FORCED:
        out.pop(name, None)
    out.update(dict.fromkeys(ONE_THREAD, str(threads)))
    return out


def _died(code: int, words: str) -> str:
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
    if code == -signal.SIGKILL:
        how += " (the system does that where memory runs out)"
    last = words.strip().splitlines()[-1:] or [""]
    return f"the measuring process {how}" + (f": {last[0]}" if last[0] else "")


Part = tuple[dict[str, Any], Sequence[Cell]]  # a task, and the cells that it is of


def run(
    task: dict[str, Any],
    cells: Sequence[Cell],
    listen: Callable[[Event], None],
    timeout: float,
    threads: int = 1,
    ready: Callable[[float], None] = lambda seconds: None,
) -> None:
    """Does a task's cells in fresh processes; every cell gets a ``done``, ``lack``, ``fail`` or ``timeout``.

    A worker that dies or stays silent for ``timeout`` seconds fails the cell in hand, and a new one goes
    on with the rest. ``ready`` hears how long each took to start and import.
    """
    run_parts([(task, cells)], listen, timeout, threads, ready)


def run_parts(
    parts: Sequence[Part],
    listen: Callable[[Event], None],
    timeout: float,
    threads: int = 1,
    ready: Callable[[float], None] = lambda seconds: None,
) -> None:
    """The same for several tasks, one after the other in one process, as long as that lives."""
    left = [cell for _, cells in parts for cell in cells]
    while left:
        todo = [(task, [cell for cell in cells if cell in left]) for task, cells in parts]
        todo = [(task, cells) for task, cells in todo if cells]
        in_hand, reason, kind = _one_process(todo, left, listen, timeout, threads, ready)
        if not left:
            return
        if in_hand is None and kind == "fail":  # before a task's first cell: it would die there again
            for cell in next(rest for _, cells in todo if (rest := [one for one in cells if one in left])):
                left.remove(cell)
                listen(Event(kind, cell, {}, reason))
            continue
        failed = in_hand or left[0]
        left.remove(failed)
        listen(Event(kind, failed, {}, reason))


def _one_process(
    parts: Sequence[Part],
    left: list[Cell],
    listen: Callable[[Event], None],
    timeout: float,
    threads: int,
    ready: Callable[[float], None],
) -> tuple[Cell | None, str, str]:
    """Runs one worker; takes finished cells out of ``left``. What happened to the one in hand."""
    sent_at = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "dotbench.bench.run.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(threads),
        start_new_session=True,  # Ctrl-C is for us alone, and what it starts can be ended with it
    )
    assert process.stdin and process.stdout and process.stderr
    in_hand: Cell | None = None
    try:
        first, *then = [{**task, "cells": [asdict(cell) for cell in cells]} for task, cells in parts]
        message = json.dumps({**first, "sent_at": sent_at, "then": then})
        process.stdin.write(message.encode() + b"\n")
        process.stdin.flush()
        reader = _Reader(process)
        while (line := reader.line(timeout)) is not None:
            event = json.loads(line)
            if event["event"] == "ready":
                ready(event["seconds"])
                continue
            cell = Cell(**event["cell"])
            if event["event"] == "start":
                in_hand = cell
            else:
                in_hand = None
                left.remove(cell)
            words = event.get("reason", ""), event.get("status", "")
            listen(Event(event["event"], cell, event.get("data", {}), *words))
        if reader.silent:
            return in_hand, f"no news for {timeout:.0f} s: stopped", "timeout"
        return in_hand, _died(process.wait(), reader.words), "fail"
    except BrokenPipeError:
        return in_hand, _died(process.wait(), process.stderr.read().decode(errors="replace")), "fail"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(OSError):
                pipe.close()


class _Reader:
    """Lines of a worker's standard output, with a limit on silence; its standard error is kept."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._selector = selectors.DefaultSelector()
        assert process.stdout and process.stderr
        self._out, self._err = process.stdout.fileno(), process.stderr.fileno()
        for number in (self._out, self._err):
            os.set_blocking(number, False)
            self._selector.register(number, selectors.EVENT_READ)
        self._rest = b""
        self._error = b""
        self.silent = False

    @property
    def words(self) -> str:
        """What came on standard error, the last part of it."""
        return self._error[-10_000:].decode(errors="replace")

    def line(self, timeout: float) -> bytes | None:
        """The next line; None at the end, or after ``timeout`` seconds of silence (then ``silent``)."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self._rest:
            ready = self._selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                self.silent = True
                return None
            for key, _ in ready:
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    self._selector.unregister(key.fd)
                if key.fd == self._out:
                    self._rest += chunk
                    if not chunk and b"\n" not in self._rest:
                        self._drain()
                        return None
                else:
                    self._error += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _drain(self) -> None:
        """What standard error still holds when the worker has closed its output."""
        deadline = time.monotonic() + 2
        while self._err in self._selector.get_map() and self._selector.select(max(0.0, deadline - time.monotonic())):
            chunk = os.read(self._err, 65536)
            self._error += chunk
            if not chunk:
                return
