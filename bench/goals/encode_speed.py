"""How long encoding takes, and how much memory: every format of a matrix, each in a fresh process.

``python -m dotbench.bench.goals.encode_speed census~twin`` prints the table; ``--threads``, ``--formats`` and
``--array`` say how.
MB/s are of the dense matrix as float32 (4 n m bytes) and of CPU time: those of a core, whatever else it does.
Peaks are of all memory that a process has at once, mapped pages too, libraries included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click
from rich.console import Console

from dotbench import datasets, formats
from dotbench.bench.goals import encoding
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.plan import Plan, split_names
from dotbench.bench.record.journal import Journal
from dotbench.bench.run.outcome import Row
from dotbench.bench.run.runner import Runner
from dotbench.bench.show.escape import echo
from dotbench.bench.show.screen import Screen
from dotbench.cdot import build

MIB = 1 << 20
ROW = "{:<26} {:>9} {:>9} {:>9} {:>12} {:>10} {:>13}  {}"
HEAD = ("format", "seconds", "CPU s", "MB/s", "payload MiB", "peak MiB", "above payload", "")

MEASURED = ("seconds", "cpu_seconds", "payload_bytes", "peak_bytes")


@dataclass(frozen=True)
class Encoding:
    """One encoding: wall and CPU seconds, bytes of payload and of the process at its peak; or the ``trouble``."""

    format: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    payload_bytes: int = 0
    peak_bytes: int = 0
    trouble: str = ""

    def row(self, dense_bytes: int) -> str:
        """A line of the table."""
        if self.trouble:
            return ROW.format(self.format, f"{self.seconds:.3f}", "", "", "", "", "", self.trouble)
        rate = dense_bytes / max(self.cpu_seconds, 1e-9) / 1e6
        sizes = (size / MIB for size in (self.payload_bytes, self.peak_bytes, self.peak_bytes - self.payload_bytes))
        seconds = f"{self.seconds:.3f}", f"{self.cpu_seconds:.3f}", f"{rate:.0f}"
        return ROW.format(self.format, *seconds, *(f"{size:.1f}" for size in sizes), "")


class Told(Screen):
    """Says each encoding when it is there."""

    def __init__(self, plan: Plan, say: Callable[[Encoding], None]) -> None:
        super().__init__(Console(quiet=True), plan)
        self._tell_of = say

    def _row(self, cell: Cell, row: Row) -> None:
        known = {name: row[name] for name in MEASURED if name in row}
        if row["status"] == "timeout":
            timeout = self._plan.effort.cell_timeout
            known |= {"seconds": timeout, "trouble": f"not finished after {timeout:.0f} s"}
        elif row["status"] != "ok":
            known["trouble"] = row["reason"]
        self._tell_of(Encoding(cell.label, **known))


def table(
    name: str,
    labels: list[str],
    say: Callable[[str], None],
    threads: int = 1,
    array: bool = False,
    timeout: float = 600.0,
) -> list[Encoding]:
    """Says the table of a matrix, a line when it is there; what was measured. A table that was stopped goes on from its
    journal, one that was finished is measured anew."""
    home = build.state_folder()
    matrix = datasets.load(name, cache_dir=home)
    n, m = matrix.matrix.shape
    nnz, distinct = matrix.matrix.histogram().nnz, len(matrix.matrix.histogram().values)
    origin = "an array in row order" if array else "the cache"
    say(f"{name}: {n} x {m}, {nnz} nonzeros, {distinct} values; from {origin}, {threads} thread(s)")
    say(ROW.format(*HEAD).rstrip())
    found: list[Encoding] = []

    def tell(one: Encoding) -> None:
        found.append(one)
        say(one.row(4 * n * m).rstrip())

    cells = tuple(encoding.cell(matrix.name, formats.parse(label), threads, array) for label in labels)
    plan = Plan((name,), (), chosen=cells, effort=Effort(cell_timeout=timeout))
    path = home / "encode_speed.sqlite"
    with Journal(path) as journal, Told(plan, tell) as screen:
        Runner(plan, home, journal, screen, lambda _: matrix).measured()
    for file in home.glob(f"{path.name}*"):
        file.unlink()
    say(f"all of them: {sum(one.seconds for one in found):.1f} s")
    return found


@click.command()
@click.argument("matrices", nargs=-1, required=True)
@click.option("--formats", "kinds", default="", help="As csc,sham; default: all standard ones.")
@click.option("--threads", default=1, show_default=True)
@click.option("--transpose", is_flag=True, help="The files hold outputs by inputs, as PyTorch has it.")
@click.option("--array", is_flag=True, help="From a numpy array instead of the cache.")
@click.option("--timeout", default=600.0, show_default=True, help="Seconds for one format.")
def main(matrices: tuple[str, ...], kinds: str, threads: int, transpose: bool, array: bool, timeout: float) -> None:
    """Seconds, MB/s and peak memory of encoding MATRICES, names as `dotbench list datasets` has them or files."""
    labels = split_names(kinds) or [str(format_) for format_ in formats.standard()]
    names = datasets.resolve(list(matrices))
    for name in map(datasets.transpose, names) if transpose else names:
        table(name, labels, echo, threads, array, timeout)


if __name__ == "__main__":
    main()
