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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from dotbench.bench.metrics import messages
from dotbench.bench.metrics.messages import Ended, Failed, Order, Part, Ready, Started, Task, TimedOut, Worker
from dotbench.bench.metrics.typed_json import Malformed, to_json
from dotbench.bench.plan.cell import Cell
from dotbench.cdot import build
from dotbench.cdot.places import IMPORTED_FROM

# Some machines force an old kernel upon every OpenBLAS; ours is timed with its own choice.
FORCED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")


Listen = Callable[[Started | Ended, Worker | None], None]  # what is heard of a cell, and who says it; None: nobody did


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


def run(
    task: Task,
    cells: Sequence[Cell],
    listen: Listen,
    timeout: float,
    ready: Callable[[float], None] = lambda seconds: None,
) -> None:
    """Does a task's cells in fresh processes; every cell gets a `Done`, `Without`, `Failed` or `TimedOut`.

    Cells with other numbers of threads have processes of their own: a BLAS reads its number once, when it is loaded.

    A worker that dies, says what is no message or stays silent for ``timeout`` seconds fails the cell in hand, and a
    new one goes on with the rest. ``ready`` hears how long each took to start and import.
    """
    for threads, part in by_threads(cells).items():
        run_parts([Part(task, tuple(part))], listen, timeout, threads, ready)


def by_threads(cells: Iterable[Cell]) -> dict[int, list[Cell]]:
    """Cells by the number of threads that they ask for, 1 where their metric has none; fewest first, as they stand.

    >>> cells = [Cell("time", "w", "csc", threads=2), Cell("space", "w", "csc"), Cell("time", "w", "csc", threads=1)]
    >>> {threads: [cell.metric for cell in part] for threads, part in by_threads(cells).items()}
    {1: ['space', 'time'], 2: ['time']}
    """
    out: dict[int, list[Cell]] = {}
    for cell in sorted(cells, key=lambda cell: max(1, cell.threads)):
        out.setdefault(max(1, cell.threads), []).append(cell)
    return out


def run_parts(
    parts: Sequence[Part],
    listen: Listen,
    timeout: float,
    threads: int = 1,
    ready: Callable[[float], None] = lambda seconds: None,
) -> None:
    """The same for several tasks, one after the other in one process, as long as that lives."""
    left = [cell for part in parts for cell in part.cells]
    while left:
        todo = [replace(part, cells=tuple(cell for cell in part.cells if cell in left)) for part in parts]
        process = _Process([part for part in todo if part.cells], left, listen, ready)
        silent, reason = process.run(timeout, threads)
        if not left:
            return
        lost = [process.in_hand or left[0]]
        if process.in_hand is None and not silent:  # before a task's first cell: it would die there again
            lost = next(rest for part in todo if (rest := [cell for cell in part.cells if cell in left]))
        for cell in lost:
            left.remove(cell)
            listen(TimedOut(cell, reason) if silent else Failed(cell, reason), process.worker)


class _Process:
    """One worker: takes finished cells out of ``left``, and knows which one is in hand and who the worker is."""

    def __init__(self, parts: Sequence[Part], left: list[Cell], listen: Listen, ready: Callable[[float], None]) -> None:
        self._parts, self._left, self._listen, self._ready = parts, left, listen, ready
        self.in_hand: Cell | None = None
        self.worker: Worker | None = None

    def run(self, timeout: float, threads: int) -> tuple[bool, str]:
        """Until it ends: whether it was silent for too long, and what happened to the cell in hand."""
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
        try:
            order = json.dumps(to_json(Order(tuple(self._parts), sent_at)))
            process.stdin.write(order.encode() + b"\n")
            process.stdin.flush()
            reader = _Reader(process)
            while (line := reader.line(timeout)) is not None:
                self._hear(line)
            if reader.silent:
                return True, f"no news for {timeout:.0f} s: stopped"
            return False, _died(process.wait(), reader.words)
        except Malformed as error:
            return False, f"the measuring process said what is no message: {error}"
        except BrokenPipeError:
            return False, _died(process.wait(), process.stderr.read().decode(errors="replace"))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                with contextlib.suppress(OSError):
                    pipe.close()

    def _hear(self, line: bytes) -> None:
        event = messages.read(line)
        if isinstance(event, Ready):
            self.worker = event.worker
            self._ready(event.seconds)
            return
        if event.cell not in self._left:
            raise Malformed(f"it was not asked for {event.cell}, or has had its say of it")
        if isinstance(event, Started):
            self.in_hand = event.cell
        else:
            self.in_hand = None
            self._left.remove(event.cell)
        self._listen(event, self.worker)


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
