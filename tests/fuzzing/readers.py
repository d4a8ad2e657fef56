"""Fuzzing what reads files: ``python -m fuzzing.readers KIND [libFuzzer's words]``, or ``KIND --check FILE...`` once.

atheris guides by coverage of our Python code. A reader may give something or one of its own errors; anything else is a
finding: another exception, a crash, an input that takes long, and memory that was asked for before sizes were
held against the file (a MemoryError, also one that was turned into a reader's own error).
"""

from __future__ import annotations

import contextlib
import resource
import sys
import tempfile
import time
from pathlib import Path

import fuzzing.kinds
from fuzzing.kinds import KINDS
from fuzzing.target import Target, Unavailable

INSTRUMENTED = [
    "dotbench.bench.record.journal",
    "dotbench.bench.record.columns",
    "dotbench.bench.record.csv_file",
    "datasets",
    "formats",
]
MEGABYTES = 1024  # of address space beyond what the libraries take when all are loaded
LIMITS = ("-rss_limit_mb=1536",)
SECONDS = 1  # of the processor, for one input: beside other work, time on the wall says nothing


def targets() -> list[Target]:
    """One a kind of file."""
    return [Target(f"reader:{name}", "python", LIMITS, kind.longest) for name, kind in KINDS.items()]


def command(target: Target) -> list[str]:
    """The fuzzer of one kind; Unavailable where there is no atheris."""
    try:
        import atheris  # noqa: F401
    except ImportError:
        raise Unavailable(
            "no atheris here; it has wheels for Linux and Python 3.11 to 3.13: pip install atheris"
        ) from None
    return [sys.executable, "-m", "fuzzing.readers", target.name.partition(":")[2]]


class Finding(Exception):
    """What a reader must not do."""


def check(name: str, data: bytes, path: Path) -> str:
    """``read`` or the class of the reader's own error; whatever else happens is raised."""
    kind = KINDS[name]
    try:
        kind.read(data, path)
        return "read"
    except kind.errors() as error:
        out_of_memory(error)
        return type(error).__name__


def timed(name: str, data: bytes, path: Path) -> str:
    """The same, within SECONDS."""
    start = time.process_time()
    ending = check(name, data, path)
    spent = time.process_time() - start
    if spent > SECONDS:
        raise Finding(f"{spent:.1f} s for one input of {len(data)} bytes, and {SECONDS} are allowed")
    return ending


def out_of_memory(error: BaseException) -> None:
    """Finding if an error goes back to memory that was not to be had."""
    known: BaseException | None = error
    while known is not None:
        if isinstance(known, MemoryError):
            raise Finding(f"memory was asked for that no file of this size needs: {known}") from error
        known = known.__cause__ or known.__context__


def limit_memory() -> None:
    """Of addresses: room for MEGABYTES more than now. Where there is no /proc, libFuzzer's own limit has to do."""
    with contextlib.suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + (MEGABYTES << 20)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def warm(name: str, path: Path) -> None:
    """Seeds first: libraries are loaded by the first input, and that is no hang."""
    for seed in KINDS[name].seeds():
        with contextlib.suppress(Exception):  # a seed that fails is found by the fuzzer again
            check(name, seed, path)


def fuzz(name: str, words: list[str]) -> None:
    """Hands the process over to libFuzzer."""
    import atheris

    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        path = Path(place) / f"fuzzed{KINDS[name].suffix}"
        warm(name, path)
        limit_memory()
        mutator = KINDS[name].mutate
        more = {"custom_mutator": lambda data, most, seed: mutator(atheris.Mutate, data, most, seed)} if mutator else {}
        atheris.Setup([sys.argv[0], *words], lambda data: timed(name, data, path), **more)
        atheris.Fuzz()


def replay(name: str, files: list[str]) -> None:
    """Each file once."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        path = Path(place) / f"fuzzed{KINDS[name].suffix}"
        warm(name, path)
        limit_memory()
        for file in files:
            print(f"{file}: {timed(name, Path(file).read_bytes(), path)}")


def main() -> None:
    name, *words = sys.argv[1:]
    if words[:1] == ["--check"]:
        replay(name, words[1:])
        return
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        fuzzing.kinds.load()
    fuzz(name, words)


if __name__ == "__main__":
    main()
