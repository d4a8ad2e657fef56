"""How long encoding takes, and how much memory: every format of a matrix, each in a fresh process.

``python -m dotbench.bench.goals.encode_speed census~twin`` prints the table; ``--threads``, ``--formats`` and
``--array`` say how.
MB/s are of the dense matrix as float32 (4 n m bytes) and of CPU time: those of a core, whatever else it does.
Peaks are of all memory that a process has at once, mapped pages too, libraries included.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from dotbench import datasets, formats
from dotbench.bench.plan.plan import split_names
from dotbench.bench.run import processes
from dotbench.bench.show.escape import echo
from dotbench.cdot import build, library
from dotbench.datasets.cache import CachedSource
from dotbench.formats.sources.source import Source

MIB = 1 << 20
ROW = "{:<26} {:>9} {:>9} {:>9} {:>12} {:>10} {:>13}  {}"
HEAD = ("format", "seconds", "CPU s", "MB/s", "payload MiB", "peak MiB", "above payload", "")


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


def peak_bytes() -> int:
    """The most memory that this process has had: of its own since it started, where the system says so."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def as_array(source: Source) -> np.ndarray[Any, np.dtype[Any]]:
    """The whole matrix in row order, as users have it."""
    n, m = source.shape
    return np.ascontiguousarray(source.columns(0, m).dense(n).T)


def encode_here(folder: Path, label: str, threads: int, array: bool) -> Encoding:
    """Encodes a cached matrix, or the array of it, in this process."""
    library.library()
    source = CachedSource(folder)
    matrix = as_array(source) if array else source
    format_ = formats.parse(label)
    start, used = time.perf_counter(), time.process_time()
    try:
        payload = format_.encode(matrix, threads)
    except ValueError as error:
        return Encoding(label, time.perf_counter() - start, trouble=f"refused: {error}")
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    return Encoding(label, seconds, cpu, payload.nbytes, peak_bytes())


def encode_apart(folder: Path, label: str, threads: int, array: bool, timeout: float) -> Encoding:
    """The same in a fresh process."""
    options = ["--one", label, "--threads", str(threads), *(["--array"] if array else [])]
    command = [sys.executable, "-m", "dotbench.bench.goals.encode_speed", str(folder), *options]
    start = time.perf_counter()
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, env=processes.environment(threads)
        )
    except subprocess.TimeoutExpired:
        return Encoding(label, time.perf_counter() - start, trouble=f"not finished after {timeout:.0f} s")
    if done.returncode:
        words = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        return Encoding(label, time.perf_counter() - start, trouble=words)
    return Encoding(**json.loads(done.stdout))


def table(
    name: str, labels: list[str], threads: int = 1, array: bool = False, timeout: float = 600.0
) -> Iterator[tuple[str, Encoding | None]]:
    """Lines of the table of a matrix, each with what it says; the head and the sum come with None."""
    matrix = datasets.load(name, cache_dir=build.state_folder()).matrix
    n, m = matrix.shape
    nnz, distinct = matrix.histogram().nnz, len(matrix.histogram().values)
    origin = "an array in row order" if array else "the cache"
    yield f"{name}: {n} x {m}, {nnz} nonzeros, {distinct} values; from {origin}, {threads} thread(s)", None
    yield ROW.format(*HEAD).rstrip(), None
    total = 0.0
    for label in labels:
        found = encode_apart(matrix.folder, label, threads, array, timeout)
        total += found.seconds
        yield found.row(4 * n * m).rstrip(), found
    yield f"all of them: {total:.1f} s", None


@click.command()
@click.argument("matrices", nargs=-1, required=True)
@click.option("--formats", "kinds", default="", help="As csc,sham; default: all standard ones.")
@click.option("--threads", default=1, show_default=True)
@click.option("--transpose", is_flag=True, help="The files hold outputs by inputs, as PyTorch has it.")
@click.option("--array", is_flag=True, help="From a numpy array instead of the cache.")
@click.option("--timeout", default=600.0, show_default=True, help="Seconds for one format.")
@click.option("--one", hidden=True, default="", help="Encode in this process: of the folder of a cached matrix.")
def main(
    matrices: tuple[str, ...], kinds: str, threads: int, transpose: bool, array: bool, timeout: float, one: str
) -> None:
    """Seconds, MB/s and peak memory of encoding MATRICES, names as `dotbench list datasets` has them or files."""
    if one:
        click.echo(json.dumps(asdict(encode_here(Path(matrices[0]), one, threads, array))))
        return
    labels = split_names(kinds) or [str(format_) for format_ in formats.standard()]
    names = datasets.resolve(list(matrices))
    for name in map(datasets.transpose, names) if transpose else names:
        for line, _ in table(name, labels, threads, array, timeout):
            echo(line)


if __name__ == "__main__":
    main()
