"""Exact instruction counts: products of many payloads in one process under valgrind's callgrind.

`cdot/drivers/count.c` opens the library that is timed and runs each product FEW times, then MANY times;
callgrind counts what happens inside the product only and writes a dump after each of the two. The difference,
divided, is the number of instructions of one product: what happens once drops out, and it has to be a whole
number. It depends on the machine code and the payload alone, not on the processor, its libc, the folder or
the environment: everything counted must lie in our own objects, else there is an error and no figure.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot import build
from dotbench.cdot.errors import MESSAGES

AT_ONCE = 2  # processes: counts do not depend on who else runs
FEW, MANY = 1, 3  # repetitions, as in count.c
OLDEST = (3, 15)  # the first valgrind that has all instructions of x86-64-v3
INSTALL = "sudo apt-get install valgrind"
AGAIN = "sudo apt-get install --reinstall valgrind"
NEWER = "sudo apt-get update && sudo apt-get install valgrind"
OPTIONS = (
    "--tool=callgrind",
    "--command-line-only=yes",  # neither VALGRIND_OPTS nor a .valgrindrc
    "--quiet",
    "--vgdb=no",
    "--callgrind-out-file=counts",
    "--collect-atstart=no",
    "--toggle-collect=cdot_product",
    "--toggle-collect=cdot_product_s8",
    "--toggle-collect=count_decode",
    "--dump-after=count_dump",
    "--dump-line=no",
    "--compress-strings=no",
    "--compress-pos=no",
)
ARGUMENTS, PLUGIN = 5, 2  # of the program for each payload, and which of them is the plugin
FLOAT32 = np.dtype(np.float32)
Costs = Counter[tuple[str, str]]  # instructions by object file and function


class Unavailable(RuntimeError):
    """Nothing can be counted on this machine: ``what`` stands in the way, and the line ``cure`` changes that."""

    def __init__(self, what: str, cure: str = INSTALL) -> None:
        super().__init__(f"{what}: {cure}")
        self.what, self.cure = what, cure


class CountError(RuntimeError):
    """One payload's product could not be counted."""


@dataclass(frozen=True)
class Job:
    """A payload's file, the format that reads it, the C file of a format from elsewhere, and the columns asked for."""

    format: str
    path: Path
    begin: int
    end: int
    kernel_source: Path | None = None


@dataclass(frozen=True)
class Count:
    """Instructions of one product with one vector, and of its decoding alone (None: a fused kernel).

    ``y`` is the product with `vector`, (m,): float32, or of an int8 payload the bits of int32.
    """

    dot: int
    decode: int | None
    y: npt.NDArray[np.float32]


def vector(n: int, dtype: np.dtype[Any] = FLOAT32) -> npt.NDArray[Any]:
    """The x of all counted products: whole numbers and a half from -127.5 to 127.5, or all int8; as count.c has it."""
    steps = np.arange(n, dtype=np.uint32) * np.uint32(2654435761) >> np.uint32(24)
    return (steps - 128.0).astype(np.int8) if dtype == np.int8 else steps.astype(np.float32) - np.float32(127.5)


def valgrind() -> tuple[str, str]:
    """Path and version, for example ``3.19.0``; Unavailable where there is none that can be used."""
    where = shutil.which("valgrind")
    if not where:
        raise Unavailable("valgrind is not installed")
    try:
        asked = subprocess.run([where, "--version"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{where} does not run ({error})", AGAIN) from error
    found = re.match(r"valgrind-((\d+)\.(\d+)\S*)", asked.stdout)
    if not found:
        words = (asked.stdout + asked.stderr).strip().splitlines()[:1] or ["nothing"]
        raise Unavailable(f"{where} --version says {words[0]!r}", AGAIN)
    if (int(found[2]), int(found[3])) < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise Unavailable(f"{where} is {found[1]}, and {wanted} or later is needed", NEWER)
    return where, found[1]


def count(jobs: Sequence[Job], folder: Path) -> Generator[Count | CountError | Unavailable]:
    """One result a job, in order: the count, or why there is none (`Unavailable`: there will be none here).

    `AT_ONCE` processes do every other job, or as many as it takes where a payload ends one. ``folder``: room for
    dumps; close the generator before it goes. Raises BuildError where the program cannot be built.
    """
    streams = [_in_turn(jobs[k::AT_ONCE], folder) for k in range(AT_ONCE)]
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:  # at its end it waits for what is being counted
            ahead = [pool.submit(next, stream, None) for stream in streams]
            for at in range(len(jobs)):
                result = ahead[at % AT_ONCE].result()
                assert result is not None, "a stream has a result for each of its jobs"
                ahead[at % AT_ONCE] = pool.submit(next, streams[at % AT_ONCE], None)
                yield result
    finally:
        for stream in streams:
            stream.close()


def _in_turn(jobs: Sequence[Job], folder: Path) -> Generator[Count | CountError | Unavailable]:
    """Results of jobs, one after the other."""
    left = list(jobs)
    while left:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            for result in _one_process(left, Path(scratch)):
                left.pop(0)
                yield result
                if isinstance(result, Unavailable):
                    yield from [result] * len(left)
                    return


def _one_process(jobs: list[Job], folder: Path) -> Generator[Count | CountError | Unavailable]:
    """Results of the jobs in front, up to the end or to the one that ended the process, with its error."""
    try:
        tool, version = valgrind()
    except Unavailable as lack:
        yield lack
        return
    program, library, arguments = str(build.driver("count")), str(build.build()), _arguments(jobs)
    ours = {Path(name).name for name in (program, library, *arguments[PLUGIN::ARGUMENTS])}
    environment = {name: os.environ[name] for name in ("PATH", "VALGRIND_LIB") if name in os.environ}
    with (folder / "words").open("w+") as words:
        process = subprocess.Popen(
            [tool, *OPTIONS, program, library, *arguments], cwd=folder, env=environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words,
        )  # fmt: skip
        assert process.stdout
        try:
            ready, done = process.stdout.readline() == "ready\n", 0
            for line in process.stdout:
                yield _result(folder, done, line, ours)
                done += 1
            if done < len(jobs):
                words.seek(0)
                yield _ended(process.wait(), words.read(), version, ready)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def _arguments(jobs: list[Job]) -> list[str]:
    """What the program is called with; see count.c."""
    out = []
    for job in jobs:
        plugin = str(build.build(plugin=job.kernel_source)) if job.kernel_source else "-"
        out += [job.format, str(job.path.absolute()), plugin, str(job.begin), str(job.end)]
    return out


def _ended(code: int, words: str, version: str, ready: bool) -> CountError | Unavailable:
    """What a process died of: the payload in hand, or the machine."""
    if "unhandled instruction" in words:
        return Unavailable(f"valgrind {version} does not know an instruction of the kernels", NEWER)
    said = [line for line in words.splitlines() if line.strip() and not line.startswith("==")]
    how = signal.Signals(-code).name if code < 0 else f"status {code}"
    why = said[-1] if said else how
    if not ready:
        return Unavailable(f"valgrind {version} does not run the kernels ({why})", AGAIN)
    return CountError(f"counting ended early: {why}")


def _result(folder: Path, index: int, line: str, ours: set[str]) -> Count | CountError:
    """The figures of one payload from the program's line and the dumps that end with it."""
    status, fused, dumps = map(int, line.split())
    if status:
        return CountError(f"{MESSAGES.get(status, 'its kernel refuses')} (error {status})")
    try:
        decode = None if fused else difference(folder, dumps - 1, ours)
        dot = difference(folder, dumps - (1 if fused else 3), ours)
        return Count(dot, decode, np.fromfile(folder / f"product-{index}", np.float32))
    except CountError as error:
        return error


def difference(folder: Path, number: int, ours: set[str]) -> int:
    """Instructions of one repetition, from the dump of FEW (``counts.<number>``) and that of MANY behind it."""
    few, many = (read_dump(folder / f"counts.{k}") for k in (number, number + 1))
    for where, function in few | many:
        if where not in ours:
            raise CountError(
                f"{function} of {where} is called, whose instructions differ between machines: "
                "kernels may call memcpy and memset and nothing else of libc"
            )
    each, rest = divmod(many.total() - few.total(), MANY - FEW)
    if rest or each <= 0:
        raise CountError(f"{few.total()} instructions in {FEW} and {many.total()} in {MANY} products: they differ")
    return each


def read_dump(path: Path) -> Costs:
    """Instructions by object file and function. CountError for what is no whole dump of instructions.

    A line of two numbers is a cost of the function above it, except behind ``calls=``, where it repeats
    what the called function has cost.
    """
    costs: Costs = Counter()
    here = {"ob": "", "fn": "", "events": "", "totals": ""}
    inclusive = False
    for line in path.read_text(errors="replace").splitlines():
        name, mark, rest = line.partition("=" if "=" in line else ":")
        if line[:1].isdigit():
            if not inclusive:
                costs[here["ob"], here["fn"]] += int(line.split()[1])
            inclusive = False
        elif mark and name in here:
            here[name] = Path(rest).name if name == "ob" else rest.strip()
        inclusive = inclusive or name == "calls"
    if here["events"] != "Ir" or here["totals"] != str(costs.total()):
        raise CountError(f"{path.name} is no whole dump: it adds up to {costs.total()}, and says {here['totals']!r}")
    return costs
