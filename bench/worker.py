"""The measuring process: one task on standard input, one line of JSON on standard output per event.

A fresh process encodes, or makes one pass over the cells of one matrix. It says which cell it starts, so
that its parent knows which one it was if it dies, and it ends with its parent.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from bench.plan import Cell, Effort


class Wire:
    """Events to the parent. What libraries print goes to standard error instead."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def _send(self, event: str, cell: Cell, **more: Any) -> None:
        self._out.write(json.dumps({"event": event, "cell": asdict(cell), **more}) + "\n")
        self._out.flush()

    def start(self, cell: Cell) -> None:
        self._send("start", cell)

    def done(self, cell: Cell, data: dict[str, Any]) -> None:
        self._send("done", cell, data=data)

    def fail(self, cell: Cell, error: Exception) -> None:
        text = str(error) or type(error).__name__
        self._send("fail", cell, reason=f"{type(error).__name__}: {text}")


def encode(task: dict[str, Any], cells: list[Cell], wire: Wire) -> None:
    """Encodes a cached matrix in every format asked for, verifies, saves, and counts bytes."""
    import formats
    from bench.bounds import bounds
    from bench.meters import space
    from bench.products import cached_reference
    from datasets.cache import CachedSource

    source = CachedSource(Path(task["matrix"]))
    folder = Path(task["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    for batch in task["batches"]:
        cached_reference(source, task["sha256"], batch, folder)
    known = bounds(source)
    for cell in cells:
        wire.start(cell)
        try:
            encoded = space.encode(formats.parse(cell.label), source, task["sha256"])
            path = Path(task["paths"][cell.label])
            encoded.payload.save(path)
            row = space.columns_of_row(encoded, source, known)
            wire.done(cell, {**row, "encode_seconds": encoded.seconds})
            del encoded
        except Exception as error:
            wire.fail(cell, error)


def time_pass(task: dict[str, Any], cells: list[Cell], wire: Wire) -> None:
    """One pass over the cells of a matrix."""
    from bench.meters.time import Bench, run_pass

    bench = Bench(task["paths"], task["sha256"], Path(task["folder"]))
    effort = Effort(**task["effort"])
    run_pass(cells, bench, effort, task["seed"], wire.start, wire.done, wire.fail)


JOBS: dict[str, Callable[[dict[str, Any], list[Cell], Wire], None]] = {
    "encode": encode,
    "time": time_pass,
}


def end_with_parent() -> None:
    """Ends this process when its standard input closes, which is when the parent is gone."""

    def wait() -> None:
        sys.stdin.read()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    """Reads the task, does it, and leaves without waiting for anything."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    task = json.loads(sys.stdin.readline())
    end_with_parent()
    cells = [Cell(**cell) for cell in task["cells"]]
    JOBS[task["job"]](task, cells, Wire(out))
    out.flush()


if __name__ == "__main__":
    main()
